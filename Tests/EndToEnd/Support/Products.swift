// Where the programs under test are.

import Foundation

/// Paths of the built programs.
enum Products {
    /// The executable under test; `MCPO_BINARY` names another.
    static let mcpo = ProcessInfo.processInfo.environment["MCPO_BINARY"] ?? built("mcpo")
    static let stub = built("StubServer")
    /// `MCPO_RELEASE_BINARY`, the executable as it is shipped, or what lies in its usual place.
    static var release: String? {
        let named = ProcessInfo.processInfo.environment["MCPO_RELEASE_BINARY"]
        let usual = packageDirectory.appending(path: ".build/release/mcpo").path
        return named ?? (FileManager.default.fileExists(atPath: usual) ? usual : nil)
    }

    static let packageDirectory = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// A product next to the test bundle; on macOS the bundle is a directory a few levels deep.
    private static func built(_ name: String) -> String {
        var directory = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        while directory.path.count > 1 {
            let path = directory.appending(path: name).path
            if FileManager.default.isExecutableFile(atPath: path) { return path }
            directory.deleteLastPathComponent()
        }
        return packageDirectory.appending(path: ".build/debug/\(name)").path
    }
}

/// A directory that is removed with its owner.
final class TemporaryDirectory {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.path + "/mcpo-test-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a file and returns its path.
    func write(_ text: String, to name: String, executable: Bool = false) throws -> String {
        let path = file(name)
        try text.write(toFile: path, atomically: false, encoding: .utf8)
        if executable { chmod(path, 0o755) }
        return path
    }

    func read(_ name: String) -> String {
        let data = FileManager.default.contents(atPath: file(name)) ?? Data()
        return String(decoding: data, as: UTF8.self)
    }
}
