// What the executable needs of the machine it runs on.

import Foundation
import Testing

@Suite struct LinkageTests {
    /// The libraries that the dynamic linker would load.
    private func libraries(of program: String) throws -> [String] {
        let tool = try #require(
            ["/usr/bin/ldd", "/bin/ldd"].first { FileManager.default.isExecutableFile(atPath: $0) })
        let output = try makePipe()
        defer { close(output[0]) }
        let child = try spawnChild(
            [tool, program], environment: ["PATH": "/usr/bin:/bin"],
            streams: ChildStreams(input: 0, output: output[1], errors: output[1]))
        close(output[1])
        let lines = try LineReader(output[0]).rest().map { String(decoding: $0, as: UTF8.self) }
        try eventually("the end of ldd") { reap(child) != nil }
        #expect(lines.contains { $0.contains("libc.so") } || lines.joined().contains("statically"))
        return lines
    }

    @Test("The executable links no Foundation")
    func noFoundation() throws {
        for line in try libraries(of: Products.mcpo) { #expect(!line.contains("Foundation")) }
    }

    @Test(
        "The executable that is shipped links no Swift library at all",
        .enabled(if: Products.release != nil, "MCPO_RELEASE_BINARY names it"))
    func noSwiftLibrary() throws {
        for line in try libraries(of: try #require(Products.release)) {
            #expect(!line.contains("Foundation") && !line.contains("libswift"), "\(line)")
        }
    }

    @Test(
        "The executable that is shipped has no regular expressions in it",
        .enabled(if: Products.release != nil, "MCPO_RELEASE_BINARY names it"))
    func noRegularExpressions() throws {
        let program = try Data(contentsOf: URL(fileURLWithPath: try #require(Products.release)))
        // Symbols of the module; one call of String.contains(String) brings two megabytes of it.
        #expect(program.range(of: Data("17_StringProcessing".utf8)) == nil)
        #expect(program.range(of: Data("$s8MCPOCore".utf8)) != nil, "there are symbols to look at")
    }

    @Test("The stub server links no Foundation")
    func stubHasNoFoundation() throws {
        for line in try libraries(of: Products.stub) { #expect(!line.contains("Foundation")) }
    }
}
