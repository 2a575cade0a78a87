// Rewriting a client's request for a server: several places at once, everything else as it was.

import Foundation
import MCPOCore
import Testing

private func applied(_ rewrite: borrowing LineRewrite, to line: [UInt8]) -> [UInt8] {
    var queue = ByteQueue()
    rewrite.apply(to: line.span.bytes, appendingTo: &queue)
    var bytes: [UInt8] = []
    queue.take { waiting in
        bytes = Array(waiting)
        return waiting.count
    }
    return bytes
}

@Suite struct LineRewriteTests {
    @Test func `no edit leaves the line as it is`() {
        #expect(applied(LineRewrite(), to: Array("abc".utf8)) == Array("abc".utf8))
        #expect(applied(LineRewrite(), to: []) == [])
    }

    @Test func `what is put in comes before what is replaced there`() {
        var rewrite = LineRewrite()
        rewrite.replace(ByteRange(1, 2), withNumber: 42)
        rewrite.insert([0x2D], at: 1)
        rewrite.insert([0x2B], at: 3)
        rewrite.replace(ByteRange(0, 1), with: Lexeme([0x78]))
        #expect(applied(rewrite, to: Array("abc".utf8)) == Array("x-42c+".utf8))
    }

    @Test(arguments: 0..<300)
    func `edits in any order change their places and no others`(seed: UInt64) {
        var random = SplitMix64(state: seed)
        let line = (0..<80).map { _ in UInt8.random(in: 32..<127, using: &random) }
        let count = Int.random(in: 0...LineRewrite.maximumEdits, using: &random)
        let cuts = Set((0..<2 * count).map { _ in Int.random(in: 0...80, using: &random) }).sorted()
        var ranges = stride(from: 0, to: cuts.count - 1, by: 2).map { cuts[$0]..<cuts[$0 + 1] }
        if let last = cuts.last, ranges.count < count { ranges.append(last..<last) }
        let values = ranges.map { _ in UInt32.random(in: 0 ... .max, using: &random) }
        var expected: [UInt8] = []
        var position = 0
        for (range, value) in zip(ranges, values) {
            expected += line[position..<range.lowerBound] + Array("\(value)".utf8)
            position = range.upperBound
        }
        expected += line[position...]
        var rewrite = LineRewrite()
        for (range, value) in zip(ranges, values).shuffled(using: &random) {
            let place = ByteRange(range.lowerBound, range.upperBound)
            switch (range.isEmpty, Int.random(in: 0..<3, using: &random)) {
            case (true, _): rewrite.insert(Array("\(value)".utf8), at: range.lowerBound)
            case (_, 0): rewrite.replace(place, withNumber: value)
            case (_, 1): rewrite.replace(place, with: Lexeme(value))
            default: rewrite.replace(place, with: Array("\(value)".utf8))
            }
        }
        #expect(applied(rewrite, to: line) == expected)
    }
}

@Suite struct CallRewriteTests {
    private static let meta = ModernMeta(
        revision: "2026-07-28", clientInfo: Array(#"{"name":"c","version":"1"}"#.utf8),
        clientCapabilities: [])
    private static let version = #""io.modelcontextprotocol/protocolVersion":"2026-07-28""#
    private static let info = #""io.modelcontextprotocol/clientInfo":{"name":"c","version":"1"}"#
    private static let capabilities = #""io.modelcontextprotocol/clientCapabilities":{}"#
    private static let all = "\(version),\(info),\(capabilities)"

    private func rewritten(
        _ text: String, meta: ModernMeta? = Self.meta, progressToken: UInt32? = nil
    ) throws -> String {
        let line = try Scanned(text)
        var rewrite = LineRewrite()
        rewrite.addMeta(
            line.bytes.span.bytes, line.envelope, meta, progressToken: progressToken)
        return String(decoding: applied(rewrite, to: line.bytes), as: UTF8.self)
    }

    @Test(arguments: [
        (#"{"id":1}"#, #"{"params":{"_meta":{ALL}},"id":1}"#),
        (#"{"id":1,"params":{}}"#, #"{"id":1,"params":{"_meta":{ALL}}}"#),
        (#"{"params": { }}"#, #"{"params": {"_meta":{ALL} }}"#),
        (#"{"params":{"a":1}}"#, #"{"params":{"_meta":{ALL},"a":1}}"#),
        (#"{"params":{"_meta":{}}}"#, #"{"params":{"_meta":{ALL}}}"#),
        (#"{"params":{"_meta":{"x":1.0}}}"#, #"{"params":{"_meta":{ALL,"x":1.0}}}"#),
        (#"{"params":{"a":1,"_meta":null}}"#, #"{"params":{"a":1,"_meta":{ALL}}}"#),
        (#"{"params":null,"id":1}"#, #"{"params":{"_meta":{ALL}},"id":1}"#),
        (#"{"params":[1]}"#, #"{"params":[1]}"#),
        (#"{"params":{"_meta":5}}"#, #"{"params":{"_meta":5}}"#),
    ])
    func `what a modern server wants is added where it is missing`(pair: (String, String)) throws {
        let expected = pair.1.replacingOccurrences(of: "ALL", with: Self.all)
        #expect(try rewritten(pair.0) == expected)
        #expect(try rewritten(pair.0, meta: nil) == pair.0)
    }

    @Test func `what the request has itself is left to it`() throws {
        let own = #""io.modelcontextprotocol/clientInfo":null"#
        #expect(
            try rewritten("{\"params\":{\"_meta\":{\(own)}}}")
                == "{\"params\":{\"_meta\":{\(Self.version),\(Self.capabilities),\(own)}}}")
    }

    @Test func `progress is asked for unless the client does`() throws {
        #expect(
            try rewritten(#"{"params":{}}"#, meta: nil, progressToken: 7)
                == #"{"params":{"_meta":{"progressToken":7}}}"#)
        #expect(
            try rewritten(#"{"params":{}}"#, progressToken: 7)
                == "{\"params\":{\"_meta\":{\"progressToken\":7,\(Self.all)}}}")
        let own = #"{"params":{"_meta":{"progressToken":"p"}}}"#
        #expect(try rewritten(own, meta: nil, progressToken: 7) == own)
    }

    @Test func `a call goes out with the server's name, mcpo's number and what its era wants`()
        throws
    {
        let list = try entryList(.tools, pages: [[#"{"name":"se\u0061r\"ch"}"#]])
        let line = try Scanned(
            #"{"jsonrpc":"2.0","params":{"arguments":{"n":1.0,"name":"x"},"_meta":{"#
                + #""progressToken":"p"},"name":"gh__sear\"ch"},"method":"tools/call","id":"a"}"#)
        var rewrite = LineRewrite()
        rewrite.rename(line.envelope.name, to: list.content, 0)
        rewrite.number(line.envelope, 42)
        rewrite.addMeta(line.bytes.span.bytes, line.envelope, Self.meta, progressToken: 42)
        let sent = applied(rewrite, to: line.bytes)
        #expect(
            String(decoding: sent, as: UTF8.self)
                == #"{"jsonrpc":"2.0","params":{"arguments":{"n":1.0,"name":"x"},"_meta":{"#
                + Self.all
                + #","progressToken":42},"name":"se\u0061r\"ch"},"method":"tools/call","id":42}"#)
        let params = try #require(try parsed(sent)["params"] as? [String: Any])
        #expect(params["name"] as? String == "sear\"ch")
        #expect((params["_meta"] as? [String: Any])?.count == 4)
    }

    @Test func `a completion names a prompt or a resource`() throws {
        func reference(_ ref: String) throws -> String? {
            let line = try Scanned(#"{"params":{"ref":\#(ref)}}"#)
            switch CompletionReference(line.bytes.span.bytes, line.envelope) {
            case .prompt(let name): return "prompt " + text(line, name)
            case .resource(let uri): return "resource " + text(line, uri)
            case nil: return nil
            }
        }
        func text(_ line: Scanned, _ value: JSONValue) -> String {
            String(decoding: line.bytes[value.range.bounds], as: UTF8.self)
        }
        #expect(try reference(#"{"type":"ref/prompt","name":"p"}"#) == #"prompt "p""#)
        #expect(
            try reference(#"{"uri":"a://{x}","type":"ref/resource"}"#) == #"resource "a://{x}""#)
        #expect(try reference(#"{"type":"ref\/prompt"}"#) == "prompt ")
        for other in ["5", "{}", #"{"type":"ref/x","name":"p"}"#, "null"] {
            #expect(try reference(other) == nil)
        }
    }

    @Test(arguments: 0..<300)
    func `whatever a request has, the result is JSON and the rest is as it was`(seed: UInt64) throws
    {
        var random = RandomJSON(seed: seed)
        let meta = random.chance(60) ? [#""_meta":\#(random.object(depth: 3))"#] : []
        let members = meta + ["\"arguments\":\(random.value())", #""name":"n""#].shuffled()
        let text =
            "{\(random.space())\"jsonrpc\":\"2.0\",\"id\":1,"
            + "\"params\":{\(random.space())\(members.joined(separator: ","))\(random.space())}}"
        let before = try parsed(Array(text.utf8)) as NSDictionary
        let sent = try rewritten(text, progressToken: 9)
        let after = try NSMutableDictionary(dictionary: parsed(Array(sent.utf8)))
        let params = NSMutableDictionary(
            dictionary: try #require(after["params"] as? [String: Any]))
        let own = NSMutableDictionary(dictionary: try #require(params["_meta"] as? [String: Any]))
        #expect(own["progressToken"] as? Int == 9)
        own.removeObject(forKey: "progressToken")
        for key in ["protocolVersion", "clientInfo", "clientCapabilities"] {
            #expect(own["io.modelcontextprotocol/\(key)"] != nil)
            own.removeObject(forKey: "io.modelcontextprotocol/\(key)")
        }
        params["_meta"] = meta.isEmpty ? nil : own
        after["params"] = params
        #expect(after == before, "\(sent)")
    }
}
