// What macOS is told about a child: see `spawn`. Not run by the project's tests.

#if canImport(Darwin)
    import Darwin

    /// The attributes and file actions of one `posix_spawn`.
    struct SpawnActions {
        var attributes: posix_spawnattr_t?
        var files: posix_spawn_file_actions_t?

        init() {
            posix_spawnattr_init(&attributes)
            posix_spawn_file_actions_init(&files)
        }

        mutating func destroy() {
            posix_spawnattr_destroy(&attributes)
            posix_spawn_file_actions_destroy(&files)
        }

        mutating func set(_ streams: (Int32, Int32, Int32), directory: String?) {
            var all = sigset_t()
            var none = sigset_t()
            sigfillset(&all)
            sigemptyset(&none)
            posix_spawnattr_setsigdefault(&attributes, &all)
            posix_spawnattr_setsigmask(&attributes, &none)
            posix_spawnattr_setpgroup(&attributes, 0)
            // Closes all descriptors that no action names.
            let flags =
                POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK
                | POSIX_SPAWN_CLOEXEC_DEFAULT
            posix_spawnattr_setflags(&attributes, Int16(flags))
            posix_spawn_file_actions_adddup2(&files, streams.0, 0)
            posix_spawn_file_actions_adddup2(&files, streams.1, 1)
            posix_spawn_file_actions_adddup2(&files, streams.2, 2)
            if let directory { posix_spawn_file_actions_addchdir_np(&files, directory) }
        }
    }

    /// Pipes grow by themselves here.
    func enlargePipe(_ descriptor: Int32) {}
#endif
