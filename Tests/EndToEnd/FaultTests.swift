// The Nth system call fails: mcpo works all the same, or ends with a line that says why. It never
// hangs, never crashes, never leaves a process behind. (faults.c makes the calls fail.)

import Foundation
import Testing

@Suite struct FaultTests {
    /// A fault as faults.c reads it.
    private static func faults(_ call: String, _ numbers: ClosedRange<Int>, _ codes: [String])
        -> [String]
    {
        codes.flatMap { code in numbers.map { "\(call):\($0):\(code)" } }
    }

    static let survivable =
        faults("read", 1...12, ["EINTR", "EAGAIN", "SHORT"])
        + faults("write", 1...12, ["EINTR", "EAGAIN", "SHORT"])
        + faults("epoll_wait", 1...6, ["EINTR"]) + faults("poll", 1...3, ["EINTR"])
        + faults("waitpid", 1...3, ["EINTR"]) + faults("fork", 1...1, ["EAGAIN", "ENOMEM"])
        + faults("pidfd_open", 1...1, ["EMFILE", "ENOSYS", "EPERM"])
        + faults("timerfd_create", 1...1, ["EMFILE", "ENOSYS"])
        + faults("timerfd_settime", 1...2, ["EINVAL"])

    static let fatal =
        faults("pipe", 1...8, ["EMFILE"]) + faults("epoll_ctl", 1...6, ["ENOMEM", "ENOSPC"])
        + faults("vfork", 1...1, ["EAGAIN", "ENOMEM"])
        + faults("execve", 1...1, ["EACCES", "E2BIG", "ENOMEM", "ETXTBSY"])
        + faults("epoll_create1", 1...1, ["EMFILE"])

    @Test(
        "A fault that passes, or that mcpo can do without, changes nothing", arguments: survivable)
    func survives(fault: String) throws {
        guard let run = try Run(fault) else { return }
        #expect(run.exit == .status(0), "\(run)")
        #expect(run.answered == ["1", "2", "3", "4"], "\(run)")
    }

    @Test("A fault that mcpo cannot do without ends it with a reason", arguments: fatal)
    func failsClearly(fault: String) throws {
        guard let run = try Run(fault) else { return }
        if run.exit == .status(0) {
            #expect(run.answered == ["1", "2", "3", "4"], "\(run)")
        } else {
            #expect(run.exit == .status(1), "\(run)")
            #expect(run.errors.contains("mcpo"), "\(run)")
        }
    }

    @Test("A machine without pidfd_open ends a session as quickly as another")
    func withoutExitDescriptors() throws {
        guard let faults = try FaultShim.environment(["MCPO_FAULT": "pidfd_open:*:ENOSYS"])
        else { return }
        try promptly(4) {
            let subject = try Subject(Setup(environment: faults))
            try subject.initialize()
            let time = try seconds { () throws in
                #expect(try subject.call("1", "die").errorCode == 1003)
                #expect(try subject.call("2", "echo", #"{"text":"up"}"#).text == "up")
                #expect(try subject.finish() == .status(0))
            }
            try subject.expectNothingLeft()
            return time
        }
    }
}

/// One session of mcpo with a fault.
private struct Run: CustomStringConvertible {
    let exit: Exit
    let answered: [String]
    let errors: String

    var description: String { "\(exit), answered \(answered): \(errors)" }

    /// Returns nil where faults cannot be made.
    init?(_ fault: String) throws {
        guard let faults = try FaultShim.environment(["MCPO_FAULT": fault]) else { return nil }
        let subject = try Subject(Setup(environment: faults))
        Foundation.signal(SIGPIPE, SIG_IGN)  // mcpo may be gone before it has read
        let lines = [
            Line.request("1", "initialize", Line.initialize), Line.initialized,
            Line.call("2", "echo", #"{"text":"x"}"#), Line.request("3", "tools/list"),
            Line.call("4", "sleep", #"{"ms":20}"#),
        ]
        try? subject.send(lines.joined(separator: "\n"))
        subject.closeInput()
        exit = try subject.waitForExit(within: 12)
        answered = try subject.reader.rest().map { try Message($0) }
            .filter { $0.value("result") != nil }
            .compactMap { ($0.value("id") as? Int).map(String.init) }.sorted()
        errors = subject.errors
        try subject.expectNothingLeft()
    }
}
