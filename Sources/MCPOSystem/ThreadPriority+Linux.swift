#if os(Linux)
    import Glibc

    /// Makes the calling thread one that lets others go first.
    ///
    /// Linux gives each thread its own niceness (against POSIX, which has one for a process). At 3 it
    /// has half of an ordinary thread's weight. Less would protect others better from a flood, and
    /// keep work pending beside them for longer: each of their turns costs more then.
    func lowerThreadPriority() {
        setpriority(Int32(PRIO_PROCESS.rawValue), 0, 3)
    }
#endif
