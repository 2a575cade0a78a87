// Spawning on macOS. Not run by the project's tests, which know Linux only.

#if canImport(Darwin)
    import Darwin

    enum SpawnPlatform {
        static var noAttributes: posix_spawnattr_t? { nil }
        static var noFileActions: posix_spawn_file_actions_t? { nil }
        /// Closes all descriptors that no action names.
        static let extraFlags = Int32(POSIX_SPAWN_CLOEXEC_DEFAULT)

        static func closeOthers(_ files: inout posix_spawn_file_actions_t?) {}

        static func changeDirectory(_ files: inout posix_spawn_file_actions_t?, _ path: String) {
            posix_spawn_file_actions_addchdir_np(&files, path)
        }
    }

    /// Pipes grow by themselves here.
    func enlargePipe(_ descriptor: Int32) {}
#endif
