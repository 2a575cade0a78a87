// No server outlives mcpo, not even when mcpo is killed with SIGKILL.
//
// A forked child (shim.h) waits at the end of a pipe that only mcpo holds. Each server tells it of
// its process group before it becomes the server, and mcpo when the group is gone; when the pipe
// ends, the watchdog ends the groups that are left.

import CSystem

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// mcpo's line to its watchdog.
struct Watchdog: ~Copyable {
    private let process: pid_t
    private var pipe: Descriptor?
    private let pipeNumber: Int32

    /// Starts the watchdog; without one (no more processes allowed) mcpo runs all the same.
    init() {
        guard let ends = try? Pipe() else {
            process = -1
            pipe = nil
            pipeNumber = -1
            return
        }
        process = mcpo_watchdog_start(ends.read.number)
        pipeNumber = ends.write.number
        pipe = .some(ends.write)
    }

    var isRunning: Bool { process > 0 }

    /// Where a child tells of itself; -1 when there is no watchdog.
    var descriptor: Int32 { isRunning ? pipeNumber : -1 }

    /// The process group is gone.
    func forget(_ group: pid_t) {
        guard isRunning else { return }
        // Shorter than PIPE_BUF: written whole. The watchdog reads at once, so it is never full.
        Array("-\(group)\n".utf8).withUnsafeBytes { _ = writeSome(pipeNumber, $0) }
    }

    /// Lets the watchdog go and waits for it: it has nothing left to do.
    mutating func end() {
        pipe = nil
        guard isRunning else { return }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
    }
}
