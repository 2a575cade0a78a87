// mcpo's own environment.

import CSystem

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The environment that mcpo was started with.
package enum ProcessEnvironment {
    /// Every variable as `NAME=value`.
    package static var all: [String] {
        var entries: [String] = []
        var next = mcpo_environment()
        while let entry = next?.pointee {
            entries.append(String(cString: entry))
            next = next?.advanced(by: 1)
        }
        return entries
    }

    /// The value of a variable; nil when it is not set.
    package static func value(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }

    /// A path that does not depend on where mcpo was started; nil is mcpo's own working directory.
    package static func absolutePath(_ path: String?) -> String {
        if let path, path.hasPrefix("/") { return path }
        let buffer = getcwd(nil, 0)
        defer { free(buffer) }
        let own = buffer.map { String(cString: $0) } ?? ""
        return path.map { "\(own)/\($0)" } ?? own
    }
}
