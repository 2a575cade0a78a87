// What glibc is told about a child: see `spawn`.

#if os(Linux)
    import CSystem
    import Glibc

    /// The attributes and file actions of one `posix_spawn`.
    struct SpawnActions {
        var attributes = posix_spawnattr_t()
        var files = posix_spawn_file_actions_t()

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
            let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK
            posix_spawnattr_setflags(&attributes, Int16(flags))
            posix_spawn_file_actions_adddup2(&files, streams.0, 0)
            posix_spawn_file_actions_adddup2(&files, streams.1, 1)
            posix_spawn_file_actions_adddup2(&files, streams.2, 2)
            posix_spawn_file_actions_addclosefrom_np(&files, 3)
            if let directory { posix_spawn_file_actions_addchdir_np(&files, directory) }
        }
    }

    /// Asks for a larger pipe; a refusal (no pipe, or the user's quota is used up) costs only speed.
    func enlargePipe(_ descriptor: Int32) {
        let capacity = mcpo_get_pipe_capacity(descriptor)
        if capacity > 0, capacity < answerPipeCapacity {
            _ = mcpo_set_pipe_capacity(descriptor, answerPipeCapacity)
        }
    }
#endif
