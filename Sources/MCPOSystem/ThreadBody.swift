// A thread of the system's.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What a thread runs. It keeps itself until it has run.
package class ThreadBody {
    private var thread: pthread_t?

    package init() {}

    package func run() {}

    /// - Returns: whether there is a thread for it.
    package func start() -> Bool {
        let argument = Unmanaged.passRetained(self).toOpaque()
        #if canImport(Darwin)
            var started: pthread_t?
        #else
            var started = pthread_t()
        #endif
        guard pthread_create(&started, nil, runBody, argument) == 0 else {
            Unmanaged<ThreadBody>.fromOpaque(argument).release()
            return false
        }
        thread = started
        return true
    }

    /// Waits until it has run; returns at once when it was not started.
    package func join() {
        if let thread { pthread_join(thread, nil) }
        thread = nil
    }
}

#if canImport(Darwin)
    private func runBody(_ argument: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
        Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().run()
        return nil
    }
#else
    private func runBody(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        if let argument { Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().run() }
        return nil
    }
#endif
