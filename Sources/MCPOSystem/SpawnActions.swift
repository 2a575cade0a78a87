// What the system is told about a child: see `spawn`. The types differ between Linux and macOS, and
// so does how all other descriptors are closed; both are in leaf files.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The attributes and file actions of one `posix_spawn`.
struct SpawnActions: ~Copyable {
    var attributes = SpawnPlatform.noAttributes
    var files = SpawnPlatform.noFileActions

    /// A process group of its own, default signals, none blocked; of all descriptors only these
    /// three, as stdin, stdout and stderr.
    init(streams: (Int32, Int32, Int32), directory: String?) {
        posix_spawnattr_init(&attributes)
        posix_spawn_file_actions_init(&files)
        setSignals()
        posix_spawnattr_setpgroup(&attributes, 0)
        let flags =
            Int32(POSIX_SPAWN_SETPGROUP) | Int32(POSIX_SPAWN_SETSIGDEF)
            | Int32(POSIX_SPAWN_SETSIGMASK) | SpawnPlatform.extraFlags
        posix_spawnattr_setflags(&attributes, Int16(flags))
        posix_spawn_file_actions_adddup2(&files, streams.0, 0)
        posix_spawn_file_actions_adddup2(&files, streams.1, 1)
        posix_spawn_file_actions_adddup2(&files, streams.2, 2)
        SpawnPlatform.closeOthers(&files)
        if let directory { SpawnPlatform.changeDirectory(&files, directory) }
    }

    deinit {
        var (attributes, files) = (attributes, files)
        posix_spawnattr_destroy(&attributes)
        posix_spawn_file_actions_destroy(&files)
    }

    private mutating func setSignals() {
        var all = sigset_t()
        var none = sigset_t()
        sigfillset(&all)
        sigemptyset(&none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setsigmask(&attributes, &none)
    }
}
