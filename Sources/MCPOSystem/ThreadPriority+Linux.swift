#if os(Linux)
    import Glibc

    /// Makes the calling thread one that lets others go first.
    ///
    /// Linux gives each thread its own niceness (against POSIX, which has one for a process). At 5 it
    /// has a third of an ordinary thread's weight.
    func lowerThreadPriority() {
        setpriority(Int32(PRIO_PROCESS.rawValue), 0, 5)
    }
#endif
