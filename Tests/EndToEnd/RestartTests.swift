// A server that dies is started again, and the client notices no more than one failed call.

import Foundation
import Testing

@Suite struct RestartTests {
    @Test(
        "A call under way when the server dies gets error 1003 at once",
        arguments: [
            #"{"status":0}"#, #"{"status":3}"#, #"{"signal":11}"#, #"{"signal":9}"#,
            #"{"status":3,"after":"partial"}"#,
        ])
    func deathIsAnError(arguments: String) throws {
        try promptly(2) {
            let subject = try Subject()
            try subject.initialize()
            try subject.send(Line.call("7", "silent"))
            var answer: Message?
            let time = try seconds { answer = try subject.call("8", "die", arguments) }
            for answer in [answer, try subject.answer("7")] {
                let own = answer?.value("error", "data", "mcpo") as? [String: Any]
                #expect(answer?.errorCode == 1003)
                #expect(own?["kind"] as? String == "unavailable")
                #expect(own?["server"] as? String == "StubServer")
                #expect(own?["retrySafe"] as? Bool == false)
            }
            #expect(try subject.call("9", "echo", #"{"text":"up"}"#).text == "up")
            #expect(try subject.finish() == .status(0))
            try subject.expectNothingLeft()
            return time
        }
    }

    @Test("An answer that was written before the death is delivered")
    func lastWords() throws {
        let subject = try Subject()
        try subject.initialize()
        #expect(try subject.call("1", "die", #"{"after":"answer"}"#).text == "goodbye")
        // The next call may still be written to the process that is about to be gone.
        let next = try subject.call("2", "echo", #"{"text":"up"}"#)
        #expect(next.text == "up" || next.errorCode == 1003)
        #expect(try subject.call("3", "echo", #"{"text":"up"}"#).text == "up")
        #expect(try subject.finish() == .status(0))
    }

    @Test("A new process is initialised with the client's own parameters and told what was set up")
    func setUpAgain() throws {
        let subject = try Subject()
        try subject.initialize()
        try subject.request("1", "logging/setLevel", #"{"level":"warning"}"#)
        try subject.request("2", "resources/subscribe", #"{"uri":"stub://a"}"#)
        try subject.request("3", "resources/subscribe", #"{"uri":"stub://b"}"#)
        try subject.request("4", "resources/unsubscribe", #"{"uri":"stub://a"}"#)
        let before = try subject.serverProcess()
        try subject.call("5", "die")
        let session = try #require(try subject.call("6", "session").text)
        #expect(session.contains(#""initialize":\#(Line.initialize),"initialized":true"#))
        #expect(session.contains(#""logLevel":"warning","subscriptions":["stub://b"]"#))
        #expect(try subject.serverProcess(#""again""#) != before)
        try subject.call("7", "touch", #"{"uri":"stub://b"}"#)
        _ = try subject.notification("notifications/resources/updated")
        #expect(subject.others.isEmpty, "nothing else reaches the client: \(subject.others)")
        #expect(try subject.finish() == .status(0))
    }

    @Test("A modern subscription is renewed in the new process under the client's id")
    func subscriptionRenewed() throws {
        let subject = try Subject(server: ["--era", "modern"])
        let wanted = #""notifications":{"resourceSubscriptions":["stub://a"]}"#
        try subject.send(
            Line.request("1", "subscriptions/listen", "{\(wanted),\(Line.modernMeta)}"))
        _ = try subject.notification("notifications/subscriptions/acknowledged")
        try subject.send(Line.modernCall("2", "die"))
        #expect(try subject.answer("2").errorCode == 1003)
        try subject.send(Line.modernCall("3", "touch", #"{"uri":"stub://a"}"#))
        let update = try subject.notification("notifications/resources/updated")
        #expect(update.line.contains(#""io.modelcontextprotocol/subscriptionId":1"#))
        #expect(try subject.finish() == .status(0))
    }

    @Test("A server that closes its stdout and lives on is replaced")
    func closedOutput() throws {
        let subject = try Subject()
        try subject.initialize()
        #expect(try subject.call("1", "close").errorCode == 1003)
        #expect(try subject.call("2", "echo", #"{"text":"up"}"#).text == "up")
        #expect(try subject.finish() == .status(0))
        try subject.expectNothingLeft()
    }

    @Test("A grandchild that keeps the dead server's stdout open does not delay the restart")
    func grandchildHoldsOutput() throws {
        try promptly(4) {
            let subject = try Subject()
            try subject.initialize()
            let lurker = try #require(pid_t(try subject.call("1", "spawn").text ?? ""))
            let time = try seconds { () throws in
                #expect(try subject.call("2", "die").errorCode == 1003)
                #expect(try subject.call("3", "echo", #"{"text":"up"}"#).text == "up")
            }
            try eventually("the end of the grandchild") {
                ProcessEntry(lurker).map { $0.state == "Z" } ?? true
            }
            #expect(try subject.finish() == .status(0))
            try subject.expectNothingLeft()
            return time
        }
    }

    @Test("A server killed from outside is replaced")
    func killedFromOutside() throws {
        let subject = try Subject()
        try subject.initialize()
        let process = try subject.serverProcess()
        kill(process, SIGKILL)
        try eventually("the end of the server") { ProcessEntry(process) == nil }
        #expect(try subject.call("1", "echo", #"{"text":"up"}"#).text == "up")
        #expect(try subject.finish() == .status(0))
    }

    @Test("Fifty deaths in a row cost no descriptor, no memory and no reconnection")
    func fiftyDeaths() throws {
        // A clock a hundred times as fast: pauses between restarts grow to 30 s.
        guard let faults = try FaultShim.environment(["MCPO_FAULT_WARP": "100"]) else { return }
        let subject = try Subject(Setup(options: ["--log-level=warning"], environment: faults))
        try subject.initialize()
        var (descriptors, memory) = (0, 0)
        for death in 1...50 {
            try subject.send(Line.call("\(death)", "die", #"{"signal":9}"#))
            #expect(try subject.answer("\(death)").errorCode == 1003)
            try callUntilAnswered(subject, death)
            if death == 10 {
                descriptors = try ProcessTable.openDescriptors(of: subject.processID)
                memory = try ProcessTable.kibibytes("VmRSS", of: subject.processID)
            }
        }
        #expect(try ProcessTable.openDescriptors(of: subject.processID) == descriptors)
        let growth = try ProcessTable.kibibytes("VmRSS", of: subject.processID) - memory
        #expect(growth < 1024, "40 deaths may cost an allocator's page or two, not \(growth) KiB")
        #expect(try subject.finish() == .status(0))
        try subject.expectNothingLeft()
    }

    /// Calls while the server pauses get *unavailable*; soon one is answered.
    private func callUntilAnswered(_ subject: Subject, _ death: Int) throws {
        var attempt = 0
        try eventually("an answer after death \(death)") {
            attempt += 1
            let answer = try subject.call("\"\(death).\(attempt)\"", "echo", #"{"text":"up"}"#)
            return answer.text == "up"
        }
    }
}
