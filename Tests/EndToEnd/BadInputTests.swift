// What bad input gets (SPEC §9), through the real binary: an error where one is due, and the stream
// goes on.

import Foundation
import Testing

@Suite struct BadInputTests {
    /// What a line of the client gets: a code, and the id it comes under.
    static let refused: [(line: [UInt8], code: Int, id: String)] = [
        (Array("this is not JSON".utf8), -32700, "null"),
        (Array(#"{"jsonrpc":"2.0","id":1,"method":"ping""#.utf8), -32700, "null"),
        (Array(#"{"jsonrpc":"2.0","id":01,"method":"ping"}"#.utf8), -32700, "null"),
        (Array(#"{"jsonrpc":"2.0","id":1,"method":"ping"} x"#.utf8), -32700, "null"),
        ([0xFF, 0xFE], -32700, "null"),
        (Array(#"{"a":""#.utf8) + [0xC3, 0x28] + Array(#""}"#.utf8), -32700, "null"),
        (Array(#"{"a":""#.utf8) + [0xED, 0xA0, 0x80] + Array(#""}"#.utf8), -32700, "null"),
        (Array(#"{"jsonrpc":"2.0","id":1"#.utf8) + [0] + Array("}".utf8), -32700, "null"),
        ([0], -32700, "null"),
        (Array("42".utf8), -32600, "null"),
        (Array("{}".utf8), -32600, "null"),
        (Array("[]".utf8), -32600, "null"),
        (Array(#"[{"jsonrpc":"2.0","id":5,"method":"ping"}]"#.utf8), -32600, "null"),
        (Array(#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#.utf8), -32600, "null"),
        (Array(#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#.utf8), -32600, "null"),
        (Array(#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#.utf8), -32600, "null"),
        (Array(#"{"jsonrpc":"2.0","id":5,"method":7}"#.utf8), -32600, "5"),
    ]

    @Test("A line that is no message gets an error, and the stream goes on", arguments: refused)
    func isRefused(line: [UInt8], code: Int, id: String) throws {
        let subject = try Subject()
        try subject.initialize()
        try subject.send(bytes: line + [0x0A])
        let answer = try subject.nextMessage()
        #expect(answer.errorCode == code)
        #expect(answer.line.contains(#""id":\#(id),"#), "\(answer)")
        #expect(try subject.call("9", "echo", #"{"text":"on"}"#).text == "on")
        #expect(try subject.finish() == .status(0))
    }

    @Test(
        "Lines that need no answer get none",
        arguments: [
            "", "   ", "\r", #"{"jsonrpc":"2.0","id":4711,"result":{}}"#,
            #"{"jsonrpc":"2.0","id":"x","error":{"code":1,"message":"m"}}"#,
            #"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":99}}"#,
            #"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":9}}"#,
        ])
    func isIgnored(line: String) throws {
        let subject = try Subject()
        try subject.initialize()
        try subject.send(line)
        try subject.send(Line.call("9", "echo", #"{"text":"on"}"#))
        #expect(try subject.nextMessage().answers("9"))
        #expect(try subject.finish() == .status(0))
    }

    @Test("A line that ends in CR and LF is a line")
    func carriageReturn() throws {
        let subject = try Subject()
        try subject.initialize()
        try subject.send(Line.call("1", "echo", #"{"text":"dos"}"#) + "\r")
        #expect(try subject.answer("1").text == "dos")
        #expect(try subject.finish() == .status(0))
    }

    @Test("A second request with an id in flight is refused without a name; the first is answered")
    func duplicateID() throws {
        let subject = try Subject()
        try subject.initialize()
        try subject.send(
            Line.call("1", "sleep", #"{"ms":300}"#) + "\n" + Line.call("1", "echo"))
        let refusal = try subject.nextMessage()
        #expect(refusal.errorCode == -32600 && refusal.line.contains(#""id":null"#))
        #expect(try subject.answer("1").text == "slept")
        #expect(try subject.finish() == .status(0))
    }

    @Test("A request before initialize, without a version of its own, is refused and not stuck")
    func beforeInitialize() throws {
        let subject = try Subject()
        #expect(try subject.request("1", "tools/list").errorCode == -32602)
        try subject.initialize()
        #expect(try subject.request("2", "tools/list").errorCode == nil)
        #expect(try subject.finish() == .status(0))
    }

    private static func nested(_ depth: Int) -> String {
        // The message and its params are two levels.
        let (open, close) = (
            String(repeating: "[", count: depth - 2), String(repeating: "]", count: depth - 2)
        )
        return "{\"v\":\(open)\(close)}"
    }

    @Test("Nesting of 512 levels passes, of 513 is refused under its id")
    func nesting() throws {
        let subject = try Subject()
        try subject.initialize()
        #expect(try subject.request("1", "x/deep", Self.nested(512)).errorCode == -32601)
        #expect(try subject.request("2", "x/deep", Self.nested(513)).errorCode == -32600)
        #expect(try subject.request("3", "x/deep", Self.nested(100_000)).errorCode == -32600)
        #expect(try subject.call("9", "echo", #"{"text":"on"}"#).text == "on")
        #expect(try subject.finish() == .status(0))
    }

    /// Twice the longest message: the framer's buffer doubles when it grows, and is copied then.
    private static let skippedBound = 2 * 64 + BackPressureTests.bound
    /// A message that passes lies in the framer and in a queue, whose buffer grows likewise.
    private static let passedBound = 2 * skippedBound

    @Test("A line of 70 MB from the client is refused under its id, in bounded memory")
    func longLineOfClient() throws {
        let subject = try Subject()
        try subject.initialize()
        try subject.send(
            bytes: Array(#"{"jsonrpc":"2.0","id":"long","method":"x","params":{"t":""#.utf8))
        let block = [UInt8](repeating: 0x61, count: 1_000_000)
        for _ in 0..<70 { try subject.send(bytes: block) }
        try subject.send(#""}}"#)
        let answer = try subject.answer(#""long""#)
        #expect(answer.errorCode == -32600)
        #expect(answer.errorMessage?.contains("67108864") == true)
        #expect(try subject.peakMebibytes() < Self.skippedBound)
        #expect(try subject.call("9", "echo", #"{"text":"on"}"#).text == "on")
        #expect(try subject.finish() == .status(0))
    }

    @Test("An answer of 70 MB becomes an error for its caller, in bounded memory")
    func longAnswer() throws {
        let subject = try Subject()
        try subject.initialize()
        let answer = try subject.call("1", "big", #"{"bytes":70000000}"#)
        #expect(answer.errorCode == 1003)
        #expect(answer.errorMessage?.contains("too large") == true)
        #expect(try subject.peakMebibytes() < Self.skippedBound)
        #expect(try subject.call("9", "echo", #"{"text":"on"}"#).text == "on")
        #expect(try subject.finish() == .status(0))
    }

    @Test("Messages of 60 MB pass both ways, in bounded memory, which is given back")
    func largeMessages() throws {
        let subject = try Subject()
        try subject.initialize()
        try subject.send(Line.call("1", "big", #"{"bytes":60000000}"#))
        let line = try #require(try subject.reader.nextLine())
        #expect(line.count > 60_000_000)
        try subject.send(
            bytes: Array(#"{"jsonrpc":"2.0","id":"up","method":"x","params":{"t":""#.utf8))
        let block = [UInt8](repeating: 0x61, count: 1_000_000)
        for _ in 0..<60 { try subject.send(bytes: block) }
        try subject.send(#""}}"#)
        #expect(try subject.answer(#""up""#).errorCode == -32601)
        #expect(try subject.peakMebibytes() < Self.passedBound)
        #expect(try subject.call("9", "echo", #"{"text":"on"}"#).text == "on")
        let resident = try ProcessTable.kibibytes("VmRSS", of: subject.processID) / 1024
        #expect(resident < BackPressureTests.bound)
        #expect(try subject.finish() == .status(0))
    }
}

@Suite struct BadServerTests {
    private func hex(_ text: String) -> String {
        text.utf8.map { String(format: "%02x", $0) }.joined()
    }

    @Test("What a server prints on stdout that is no message goes to stderr under its name")
    func garbage() throws {
        let subject = try Subject(options: ["--name", "noisy"])
        try subject.initialize()
        #expect(try subject.call("1", "garbage", #"{"lines":3}"#).text == "sorry")
        #expect(try subject.finish() == .status(0))
        #expect(subject.others.isEmpty, "nothing of it reaches the client")
        let lines = subject.errors.split(separator: "\n").filter { $0.contains("Loading model") }
        #expect(lines.count == 3)
        #expect(lines.allSatisfy { $0.contains("noisy") })
    }

    @Test("A second answer, and answers to nobody, are dropped", arguments: ["twice", "unknown"])
    func extraAnswers(tool: String) throws {
        let subject = try Subject()
        try subject.initialize()
        #expect(try subject.call("1", tool).text != nil)
        #expect(try subject.call("2", "echo", #"{"text":"on"}"#).text == "on")
        #expect(subject.others.isEmpty)
        #expect(try subject.finish() == .status(0))
        #expect(try subject.reader.rest().isEmpty)
    }

    @Test("An answer nested too deep becomes an error for its caller")
    func deepAnswer() throws {
        let subject = try Subject()
        try subject.initialize()
        try subject.send(Line.call("1", "silent"))
        let deep = String(repeating: "[", count: 600) + String(repeating: "]", count: 600)
        // On the way to the server initialize was 1, mcpo's own tools/list 2, the silent call is 3.
        let line = #"{"jsonrpc":"2.0","id":3,"result":\#(deep)}"#
        try subject.call("2", "raw", #"{"hex":"\#(hex(line))"}"#)
        let answer = try subject.answer("1")
        #expect(answer.errorCode == 1003)
        #expect(answer.detail?.contains("512") == true)
        #expect(try subject.finish() == .status(0))
    }

    @Test("A server that never answers is told so and the caller gets error 1002")
    func timeout() throws {
        let subject = try Subject(options: ["--timeout", "2s"])
        try subject.initialize()
        let answer = try subject.call("1", "silent")
        #expect(answer.errorCode == 1002)
        #expect(try subject.call("2", "session").text?.contains(#""cancelled":[3]"#) == true)
        #expect(try subject.finish() == .status(0))
    }

    @Test("Progress keeps a call from timing out")
    func progressProlongs() throws {
        let subject = try Subject(options: ["--timeout", "2s"])
        try subject.initialize()
        try subject.send(
            Line.request(
                "1", "tools/call",
                #"{"name":"progress","arguments":{"steps":30,"ms":100},"#
                    + #""_meta":{"progressToken":1}}"#))
        #expect(try subject.answer("1").text == "done")
        #expect(try subject.finish() == .status(0))
    }
}
