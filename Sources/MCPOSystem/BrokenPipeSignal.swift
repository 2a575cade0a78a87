// A write to a pipe that nobody reads must be an error, not the end of the process.
//
// Only the calling thread's mask is changed: the rest of the program keeps its own ideas.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Runs `body` with SIGPIPE blocked on this thread.
package func withBrokenPipeSignalBlocked<Value, Failure>(
    _ body: () throws(Failure) -> Value
) throws(Failure) -> Value {
    let signals = BrokenPipeSignal.block()
    defer { signals.restore() }
    return try body()
}

/// SIGPIPE, blocked on this thread until `restore`.
struct BrokenPipeSignal {
    private let before: sigset_t

    static func block() -> BrokenPipeSignal {
        var signals = only
        var before = sigset_t()
        pthread_sigmask(SIG_BLOCK, &signals, &before)
        return BrokenPipeSignal(before: before)
    }

    /// Gives the thread its mask back, without a signal that a write of mcpo's has left waiting.
    func restore() {
        var before = before
        var waiting = sigset_t()
        if sigismember(&before, SIGPIPE) == 0, sigpending(&waiting) == 0,
            sigismember(&waiting, SIGPIPE) == 1
        {
            var signals = Self.only
            var number: Int32 = 0
            sigwait(&signals, &number)
        }
        pthread_sigmask(SIG_SETMASK, &before, nil)
    }

    private static var only: sigset_t {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        return signals
    }
}
