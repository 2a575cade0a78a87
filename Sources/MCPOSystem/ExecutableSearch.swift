// Finding a server's program the way a shell does, and saying why when it cannot be found.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Where a command name leads.
package enum ExecutableSearch {
    /// The path to execute for `command`, or a whole explanation for a person.
    ///
    /// - Parameters:
    ///   - command: a name to look for in `searchPath`, or a path if it has a slash.
    ///   - searchPath: directories separated by colons, as in the environment's `PATH`.
    ///   - directory: where a relative path starts; nil for mcpo's own working directory.
    package static func find(
        _ command: String, searchPath: String, directory: String?
    ) -> Result<String, SearchFailure> {
        if command.isEmpty { return .failure(SearchFailure(text: "the command is empty")) }
        if command.utf8.contains(UInt8(ascii: "/")) {
            return check(resolve(command, directory)).map { command }
        }
        let directories = searchPath.split(separator: ":", omittingEmptySubsequences: true)
        var forbidden: String?
        for entry in directories {
            let path = resolve("\(entry)/\(command)", directory)
            guard isRegularFile(path) else { continue }
            if access(path, X_OK) == 0 { return .success("\(entry)/\(command)") }
            forbidden = forbidden ?? path
        }
        if let forbidden { return check(forbidden).map { command } }
        let places = directories.isEmpty ? "nothing" : directories.joined(separator: ", ")
        return .failure(
            SearchFailure(
                text: "command not found: \(command); looked in \(places). Give its full path (in "
                    + "a terminal: command -v \(command)), or set PATH in the server's environment: "
                    + "programs started from a desktop have a short PATH"))
    }

    /// Where a path leads for a process that starts in `directory`.
    private static func resolve(_ path: String, _ directory: String?) -> String {
        guard let directory, path.utf8.first != UInt8(ascii: "/") else { return path }
        return "\(directory)/\(path)"
    }

    private static func check(_ path: String) -> Result<Void, SearchFailure> {
        if access(path, F_OK) != 0 {
            return .failure(
                SearchFailure(text: "no such file: \(path); check the command's path"))
        }
        if !isRegularFile(path) {
            return .failure(SearchFailure(text: "not a program: \(path) is not a regular file"))
        }
        if access(path, X_OK) != 0 {
            return .failure(
                SearchFailure(text: "not executable: \(path); allow it with: chmod +x \(path)"))
        }
        return .success(())
    }

    private static func isRegularFile(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }
}

/// Why a program cannot be started, in words for a person.
package struct SearchFailure: Error, Equatable {
    package var text: String
}
