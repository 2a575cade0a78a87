// No process outlives mcpo, not even when it is killed with SIGKILL (SPEC §10).

import Foundation
import Testing

@Suite struct OrphanTests {
    /// The watchdog gives the group a quarter of a second after SIGTERM; the rest is for the machine.
    private static let limit = 10.0

    @Test("kill -9 of mcpo at any moment leaves no process", arguments: 0..<40)
    func killedAtRandom(round: Int) throws {
        let stubborn = round % 2 == 0 ? ["--ignore-eof", "--ignore-sigterm"] : []
        let subject = try Subject(server: stubborn)
        if round % 4 == 3 {
            try subject.initialize()
            try subject.call("1", "spawn", #"{"count":2}"#)
        }
        // From right after the start to well after the server runs.
        usleep(UInt32.random(in: 0...12_000))
        subject.signal(SIGKILL)
        #expect(try subject.waitForExit() == .signal(SIGKILL))
        try subject.expectNothingLeft(within: Self.limit)
    }

    @Test("kill -9 while the server dies and is started again leaves no process", arguments: 0..<8)
    func killedDuringRestart(round: Int) throws {
        let subject = try Subject(server: ["--ignore-eof", "--ignore-sigterm"])
        try subject.initialize()
        try subject.call("1", "spawn")
        try subject.send(Line.call("2", "die", #"{"signal":9}"#))
        usleep(UInt32.random(in: 0...400_000))
        subject.signal(SIGKILL)
        #expect(try subject.waitForExit() == .signal(SIGKILL))
        try subject.expectNothingLeft(within: Self.limit)
    }

    @Test("kill -9 during the shutdown leaves no process")
    func killedDuringShutdown() throws {
        let subject = try Subject(server: ["--ignore-eof", "--ignore-sigterm"])
        try subject.initialize()
        try subject.call("1", "spawn")
        subject.closeInput()
        usleep(UInt32.random(in: 0...900_000))
        subject.signal(SIGKILL)
        #expect(try subject.waitForExit() == .signal(SIGKILL))
        try subject.expectNothingLeft(within: Self.limit)
    }

    @Test("SIGKILL to mcpo's whole process group leaves no process")
    func killedGroup() throws {
        let subject = try Subject(
            Setup(server: ["--ignore-eof", "--ignore-sigterm"], ownGroup: true))
        try subject.initialize()
        try subject.call("1", "spawn")
        kill(-subject.processID, SIGKILL)
        #expect(try subject.waitForExit() == .signal(SIGKILL))
        try subject.expectNothingLeft(within: Self.limit)
    }

    @Test(
        "Signals to the group that end mcpo by themselves leave no process",
        arguments: [SIGQUIT, SIGUSR1, SIGALRM, SIGABRT])
    func otherSignals(signal: Int32) throws {
        let subject = try Subject(Setup(server: ["--ignore-eof"], ownGroup: true))
        try subject.initialize()
        kill(-subject.processID, signal)
        _ = try subject.waitForExit()
        try subject.expectNothingLeft(within: Self.limit)
    }

    @Test(
        "A signal to the group does not reach a watchdog that has not come to run yet",
        arguments: [SIGKILL, SIGALRM])
    func lateWatchdog(signal: Int32) throws {
        guard let faults = try FaultShim.environment(["MCPO_FAULT": "fork:1:SLOW"]) else { return }
        let subject = try Subject(
            Setup(server: ["--ignore-eof"], environment: faults, ownGroup: true))
        try subject.initialize()
        kill(-subject.processID, signal)
        _ = try subject.waitForExit()
        try subject.expectNothingLeft(within: Self.limit)
    }
}
