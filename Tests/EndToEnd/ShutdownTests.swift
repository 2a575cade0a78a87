// How mcpo comes to its end (SPEC §10). Clients wait about two seconds before they kill.

import Foundation
import Testing

@Suite struct ShutdownTests {
    /// What mcpo promises, in seconds, with as much again for the machine.
    private static let soon = 4.0

    @Test("The end of stdin with nothing in flight ends mcpo quickly, with 0")
    func endOfInput() throws {
        try promptly(1) {
            let subject = try Subject()
            try subject.initialize()
            let time = try seconds { () throws in #expect(try subject.finish() == .status(0)) }
            try subject.expectNothingLeft()
            return time
        }
    }

    @Test("The end of stdin before any message ends mcpo, with 0")
    func endOfInputAtOnce() throws {
        try promptly(Self.soon) {
            let subject = try Subject()
            let time = try seconds { () throws in #expect(try subject.finish() == .status(0)) }
            try subject.expectNothingLeft()
            return time
        }
    }

    @Test("The end of stdin lets calls in flight finish")
    func drains() throws {
        let subject = try Subject()
        try subject.initialize()
        try subject.send(Line.call("1", "sleep", #"{"ms":700}"#))
        try subject.send(Line.call("2", "sleep", #"{"ms":300}"#))
        subject.closeInput()
        #expect(try subject.answer("2").text == "slept")
        #expect(try subject.answer("1").text == "slept")
        #expect(try subject.waitForExit() == .status(0))
        try subject.expectNothingLeft()
    }

    @Test("SIGTERM and SIGINT let calls in flight finish", arguments: [SIGTERM, SIGINT])
    func signalDrains(signal: Int32) throws {
        let subject = try Subject()
        try subject.initialize()
        try subject.send(Line.call("1", "sleep", #"{"ms":500}"#))
        try subject.call("2", "echo")
        subject.signal(signal)
        #expect(try subject.answer("1").text == "slept")
        #expect(try subject.waitForExit() == .status(0))
        try subject.expectNothingLeft()
    }

    @Test("A request that comes after SIGTERM is refused, not forgotten")
    func refusedWhileDraining() throws {
        let subject = try Subject(options: ["--log-level", "debug"])
        try subject.initialize()
        try subject.send(Line.call("1", "sleep", #"{"ms":1500}"#))
        try subject.call("2", "echo")
        subject.signal(SIGTERM)
        try eventually("the note that it stops") { subject.errors.contains("stopping") }
        #expect(try subject.call("3", "echo").errorCode == 1003)
        #expect(try subject.answer("1").text == "slept")
        #expect(try subject.waitForExit() == .status(0))
    }

    @Test("A call that is not answered in time gets error 1002 when shutdownTimeout is over")
    func unansweredAtTheEnd() throws {
        try promptly(5 + Self.soon) {
            let subject = try Subject()
            try subject.initialize()
            try subject.send(Line.call("1", "silent"))
            try subject.call("2", "echo")
            let time = try seconds { () throws in
                subject.closeInput()
                #expect(try subject.answer("1").errorCode == 1002)
                #expect(try subject.waitForExit() == .status(0))
            }
            #expect(time >= 5)
            return time
        }
    }

    @Test("A second SIGTERM does not wait for calls in flight")
    func secondSignal() throws {
        try promptly(Self.soon) {
            let subject = try Subject(options: ["--log-level", "debug"])
            try subject.initialize()
            try subject.send(Line.call("1", "silent"))
            try subject.call("2", "echo")
            let time = try seconds { () throws in
                subject.signal(SIGTERM)
                try eventually("the note that it stops") { subject.errors.contains("stopping") }
                subject.signal(SIGTERM)
                #expect(try subject.answer("1").errorCode == 1002)
                #expect(try subject.waitForExit() == .status(0))
            }
            try subject.expectNothingLeft()
            return time
        }
    }

    @Test("The end of stdin after SIGTERM is no second request to stop: calls still finish")
    func endOfInputAfterSignal() throws {
        let subject = try Subject(options: ["--log-level", "debug"])
        try subject.initialize()
        try subject.send(Line.call("1", "sleep", #"{"ms":1000}"#))
        try subject.call("2", "echo")
        subject.signal(SIGTERM)
        try eventually("the note that it stops") { subject.errors.contains("stopping") }
        subject.closeInput()
        #expect(try subject.answer("1").text == "slept")
        #expect(try subject.waitForExit() == .status(0))
    }

    @Test("SIGTERM and SIGINT count even if whoever started mcpo had blocked them")
    func inheritedMask() throws {
        for signal in [SIGTERM, SIGINT] {
            let subject = try Subject(Setup(blocked: [SIGTERM, SIGINT, SIGHUP]))
            try subject.initialize()
            subject.signal(signal)
            #expect(try subject.waitForExit(within: 10) == .status(0))
        }
    }

    @Test("SIGHUP is noted and harmless")
    func hangUp() throws {
        let subject = try Subject()
        try subject.initialize()
        for _ in 1...3 { subject.signal(SIGHUP) }
        try eventually("a note of SIGHUP") { subject.errors.contains("SIGHUP") }
        #expect(try subject.call("1", "echo", #"{"text":"alive"}"#).text == "alive")
        #expect(try subject.finish() == .status(0))
    }

    @Test(
        "A server that does not go by itself is made to, in about two seconds",
        arguments: [["--ignore-eof"], ["--ignore-eof", "--ignore-sigterm"]])
    func stubbornServer(server: [String]) throws {
        try promptly(Self.soon) {
            let subject = try Subject(server: server)
            try subject.initialize()
            return try seconds {
                #expect(try subject.finish() == .status(0))
                try subject.expectNothingLeft()
            }
        }
    }

    @Test("A stopped server is made to go as well")
    func stoppedServer() throws {
        try promptly(Self.soon) {
            let subject = try Subject()
            try subject.initialize()
            kill(try subject.serverProcess(), SIGSTOP)
            return try seconds {
                #expect(try subject.finish() == .status(0))
                try subject.expectNothingLeft()
            }
        }
    }

    @Test("What a server has left in its process group ends with it")
    func grandchildren() throws {
        try promptly(Self.soon) {
            let subject = try Subject()
            try subject.initialize()
            try subject.call("1", "spawn", #"{"count":3}"#)
            #expect(ProcessTable.marked(subject.mark).count >= 5)
            return try seconds {
                #expect(try subject.finish() == .status(0))
                try subject.expectNothingLeft()
            }
        }
    }

    @Test("Ctrl-C in a terminal, SIGINT to mcpo's whole process group, drains like SIGINT")
    func interruptOfTheGroup() throws {
        let subject = try Subject(Setup(ownGroup: true))
        try subject.initialize()
        try subject.send(Line.call("1", "sleep", #"{"ms":500}"#))
        try subject.call("2", "echo")
        kill(-subject.processID, SIGINT)
        #expect(try subject.answer("1").text == "slept")
        #expect(try subject.waitForExit() == .status(0))
        try subject.expectNothingLeft()
    }

    @Test("A client that is gone ends mcpo when there is something to tell it")
    func closedOutput() throws {
        try promptly(Self.soon) {
            let subject = try Subject()
            try subject.initialize()
            subject.closeOutput()
            try subject.send(Line.call("1", "echo"))
            let time = try seconds { () throws in #expect(try subject.waitForExit() == .status(0)) }
            try subject.expectNothingLeft()
            return time
        }
    }

    @Test("A client that does not read does not keep mcpo from ending")
    func unreadOutput() throws {
        try promptly(6 + Self.soon) {
            let subject = try Subject(options: ["--log-level", "debug"])
            try subject.initialize()
            try subject.send(Line.call("1", "flood", #"{"count":300,"bytes":60000}"#))
            try eventually("a full pipe") {
                let polled = try isReadable(subject.reader.descriptor, by: monotonicSeconds())
                return polled
            }
            let time = try seconds { () throws in
                subject.signal(SIGTERM)
                try eventually("the note that it stops") { subject.errors.contains("stopping") }
                subject.signal(SIGTERM)
                #expect(try subject.waitForExit() == .status(0))
            }
            try subject.expectNothingLeft()
            return time
        }
    }

    @Test("A client that reads a little now and then does not outlast repeated SIGTERMs")
    func trickledOutput() throws {
        try promptly(Self.soon) {
            let subject = try Subject()
            try subject.initialize()
            try subject.send(Line.call("1", "flood", #"{"count":300,"bytes":60000}"#))
            #expect(try isReadable(subject.reader.descriptor, by: monotonicSeconds() + patience))
            var byte: UInt8 = 0
            let time = try seconds { () throws in
                try eventually("the end of mcpo", within: 30) {
                    subject.signal(SIGTERM)
                    _ = read(subject.reader.descriptor, &byte, 1)
                    return (try? subject.waitForExit(within: 0.1)) != nil
                }
            }
            try subject.expectNothingLeft()
            return time
        }
    }

    @Test("mcpo has no zombies while it runs, whatever died")
    func noZombies() throws {
        let subject = try Subject()
        try subject.initialize()
        for number in 1...3 {
            try subject.call("\(number)", "die", #"{"signal":9}"#)
        }
        try subject.call("9", "echo")
        try eventually("nothing but the server and the watchdog") {
            let children = ProcessTable.children(of: subject.processID)
            return children.count == 2 && children.allSatisfy { $0.state != "Z" }
        }
        #expect(try subject.finish() == .status(0))
        try subject.expectNothingLeft()
    }
}
