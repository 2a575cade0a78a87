// Programs are found as a shell finds them, and a person is told why one is not.

import Foundation
import MCPOSystem
import Testing

@Suite struct ExecutableSearchTests {
    /// A new directory with a program, a file that may not be executed, and a directory.
    private static func makeDirectory() throws -> String {
        let path = NSTemporaryDirectory() + "search-\(UUID().uuidString)"
        let files = FileManager.default
        try files.createDirectory(atPath: path + "/folder", withIntermediateDirectories: true)
        for (name, mode) in [("program", 0o755), ("data", 0o644)] {
            _ = files.createFile(
                atPath: "\(path)/\(name)", contents: Data("#!/bin/sh\n".utf8),
                attributes: [.posixPermissions: mode])
        }
        return path
    }

    private static func find(
        _ command: String, path: String = "", directory: String? = nil
    ) -> Result<String, SearchFailure> {
        ExecutableSearch.find(command, searchPath: path, directory: directory)
    }

    private static func complaint(_ result: Result<String, SearchFailure>) -> String? {
        if case .failure(let failure) = result { failure.text } else { nil }
    }

    @Test func `a name is found in the first directory that has it`() throws {
        let (first, second) = (try Self.makeDirectory(), try Self.makeDirectory())
        let path = "/nowhere:\(first)::\(second)"
        #expect(Self.find("program", path: path) == .success("\(first)/program"))
    }

    @Test func `a name that is nowhere is explained with the places and what to do`() throws {
        let path = try Self.makeDirectory()
        let text = try #require(Self.complaint(Self.find("uvx", path: path)))
        for part in ["command not found: uvx", path, "full path", "PATH"] {
            #expect(text.contains(part), "\(part)")
        }
    }

    @Test func `a file in PATH that may not be executed is pointed out`() throws {
        let path = try Self.makeDirectory()
        let text = try #require(Self.complaint(Self.find("data", path: path)))
        #expect(text.contains("\(path)/data") && text.contains("chmod +x"))
    }

    @Test func `a path is taken as it is`() throws {
        let path = try Self.makeDirectory()
        #expect(Self.find("\(path)/program") == .success("\(path)/program"))
        #expect(Self.find("./program", directory: path) == .success("./program"))
        #expect(Self.complaint(Self.find("\(path)/no"))?.contains("no such file") == true)
        #expect(Self.complaint(Self.find("\(path)/folder"))?.contains("not a program") == true)
        #expect(Self.complaint(Self.find("\(path)/data"))?.contains("chmod +x") == true)
        #expect(Self.complaint(Self.find("")) == "the command is empty")
    }
}
