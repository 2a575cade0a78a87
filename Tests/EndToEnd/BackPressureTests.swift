// Whoever does not read makes others wait, and costs no memory (SPEC §9).
//
// The bound on mcpo's resident memory, from the limits in ProxySettings: a queue of 1 MiB and the
// message that exceeds it, in a buffer that doubles when it grows and is copied then, towards each
// side (2 × 3 MiB); a framer of at most 256 KiB for each; the log's 256 KiB; and the program with
// its libraries, about 12 MiB in a debug build.

import Foundation
import Testing

@Suite struct BackPressureTests {
    static let bound = 24
    private static let count = 4000
    private static let bytes = 60_000

    @Test("A client that does not read while the server floods costs no memory and loses nothing")
    func slowClient() throws {
        let subject = try Subject()
        try subject.initialize()
        try subject.send(
            Line.call("1", "flood", #"{"count":\#(Self.count),"bytes":\#(Self.bytes)}"#))
        try untilStalled(subject)
        #expect(try subject.peakMebibytes() < Self.bound)
        for number in 0..<Self.count {
            let line = try #require(try subject.reader.nextLine())
            #expect(line.count > Self.bytes)
            let start = String(decoding: line.prefix(100), as: UTF8.self)
            #expect(start.contains("\"number\":\(number),"))
        }
        #expect(try subject.answer("1").text == "flooded")
        #expect(try subject.peakMebibytes() < Self.bound)
        #expect(try subject.finish() == .status(0))
    }

    /// Waits until mcpo has used no processor time for a while: all that can move has moved.
    private func untilStalled(_ subject: Subject) throws {
        var (before, quiet) = ("", 0)
        try eventually("a stall") {
            let text = try String(
                contentsOfFile: "/proc/\(subject.processID)/stat", encoding: .utf8)
            let fields = text.split(separator: " ")
            let used = "\(fields[13]) \(fields[14])"
            quiet = used == before ? quiet + 1 : 0
            before = used
            return quiet > 100
        }
    }

    @Test("A server that does not read while the client floods costs no memory and loses nothing")
    func slowServer() throws {
        let subject = try Subject()
        try subject.initialize()
        let file = subject.directory.file("listen")
        try subject.call("1", "deaf", #"{"until":"\#(file)"}"#)
        let text = String(repeating: "n", count: Self.bytes)
        let line = Array(
            (#"{"jsonrpc":"2.0","method":"notifications/x","params":{"t":"\#(text)"}}"# + "\n").utf8
        )
        let sender = Sender(subject, line, count: Self.count)
        try eventually("back-pressure") { sender.isStalled }
        #expect(sender.sent < Self.count)
        #expect(try subject.peakMebibytes() < Self.bound)
        _ = try subject.directory.write("", to: "listen")
        try eventually("the rest") { sender.sent == Self.count }
        let session = try #require(try subject.call("2", "session").text)
        // `initialized` is the one more.
        #expect(session.contains(#""notifications":\#(Self.count + 1),"#), "\(session)")
        #expect(session.contains(#""unreadable":0"#))
        #expect(try subject.peakMebibytes() < Self.bound)
        #expect(try subject.finish() == .status(0))
    }

    @Test("A server that does not read can still be heard")
    func otherDirection() throws {
        let subject = try Subject()
        try subject.initialize()
        let file = subject.directory.file("listen")
        try subject.send(
            Line.request(
                "1", "tools/call",
                #"{"name":"progress","arguments":{"steps":50,"ms":20},"#
                    + #""_meta":{"progressToken":"t"}}"#))
        try subject.call("2", "deaf", #"{"until":"\#(file)"}"#)
        let text = String(repeating: "n", count: Self.bytes)
        let line = Array(
            (#"{"jsonrpc":"2.0","method":"notifications/x","params":{"t":"\#(text)"}}"# + "\n").utf8
        )
        let sender = Sender(subject, line, count: 200)
        #expect(try subject.answer("1").text == "done")
        #expect(sender.sent < 200)
        _ = try subject.directory.write("", to: "listen")
        try eventually("the rest") { sender.sent == 200 }
        #expect(try subject.call("3", "echo", #"{"text":"all"}"#).text == "all")
        #expect(try subject.finish() == .status(0))
    }

    @Test("A client and a server that both only write, and read later, do not lock each other up")
    func bothWrite() throws {
        let subject = try Subject()
        try subject.initialize()
        let sender = Sender(
            subject, Array((Line.call("1", "echo", #"{"text":"x"}"#) + "\n").utf8), count: 0)
        _ = sender
        for number in 0..<300 {
            try subject.send(Line.call("\(number)", "big", #"{"bytes":2000}"#))
        }
        for number in 0..<300 { #expect(try subject.answer("\(number)").text?.count == 2000) }
        #expect(try subject.finish() == .status(0))
    }
}

/// Sends a line many times from a thread of its own.
final class Sender: Sendable {
    private let progress = Counter()
    private let subject: Unchecked

    /// The subject outlives the thread: the test waits for the last line.
    private struct Unchecked: @unchecked Sendable { let subject: Subject }

    init(_ subject: Subject, _ line: [UInt8], count: Int) {
        self.subject = Unchecked(subject: subject)
        Thread { [progress, subject = self.subject] in
            for _ in 0..<count {
                guard (try? subject.subject.send(bytes: line)) != nil else { return }
                progress.add()
            }
        }.start()
    }

    var sent: Int { progress.value }

    /// Whether no line has been taken for half a second.
    var isStalled: Bool { progress.quietSeconds > 0.5 }
}

/// A number that grows, and when it last did.
final class Counter: @unchecked Sendable {
    private let lock = NSLock()
    private var number = 0
    private var changed = monotonicSeconds()

    func add() {
        lock.withLock {
            number += 1
            changed = monotonicSeconds()
        }
    }

    var value: Int { lock.withLock { number } }
    var quietSeconds: Double { lock.withLock { monotonicSeconds() - changed } }
}
