// Spawning with glibc.

#if os(Linux)
    import CSystem
    import Glibc

    enum SpawnPlatform {
        static var noAttributes: posix_spawnattr_t { posix_spawnattr_t() }
        static var noFileActions: posix_spawn_file_actions_t { posix_spawn_file_actions_t() }
        static let extraFlags: Int32 = 0

        static func closeOthers(_ files: inout posix_spawn_file_actions_t) {
            posix_spawn_file_actions_addclosefrom_np(&files, 3)
        }

        static func changeDirectory(_ files: inout posix_spawn_file_actions_t, _ path: String) {
            posix_spawn_file_actions_addchdir_np(&files, path)
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
