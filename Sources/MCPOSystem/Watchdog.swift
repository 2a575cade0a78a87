// No server outlives mcpo, not even when mcpo is killed with SIGKILL.
//
// A forked child (shim.h) waits at the end of a pipe that only mcpo holds. mcpo tells it each
// process group as it comes and goes; when the pipe ends, it ends the groups that are left. What
// remains is the instant between the return of `posix_spawn` and the writing of the group's number:
// a server that begins in it and ignores the end of its stdin would be missed.

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

    func watch(_ group: pid_t) { send("+\(group)\n") }
    func forget(_ group: pid_t) { send("-\(group)\n") }

    private func send(_ line: String) {
        guard isRunning else { return }
        // Shorter than PIPE_BUF: written whole. The watchdog reads at once, so it is never full.
        Array(line.utf8).withUnsafeBytes { _ = writeSome(pipeNumber, $0) }
    }

    /// Lets the watchdog go and waits for it: it has nothing left to do.
    mutating func end() {
        pipe = nil
        guard isRunning else { return }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
    }
}
