// Compiling and preloading faults.c, which makes system calls of mcpo fail.

import Foundation
import Testing

/// The preloaded library.
enum FaultShim {
    /// Its path; nil when this machine has no C compiler. Compiled once.
    private static let library: Result<String?, Failure> = compile()

    /// Variables that preload it with these faults; nil, with a message, where there is no C
    /// compiler. On CI (`CI` set) that is a failure.
    static func environment(_ faults: [String: String]) throws -> [String: String]? {
        guard let path = try library.get() else {
            print("No C compiler: tests with faulty system calls are skipped.")
            #expect(ProcessInfo.processInfo.environment["CI"] == nil, "CI has a C compiler")
            return nil
        }
        return faults.merging(["LD_PRELOAD": path]) { own, _ in own }
    }

    private static func compile() -> Result<String?, Failure> {
        let places = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        let compiler = places.map { "\($0)/cc" }.first(where: FileManager.default.isExecutableFile)
        guard let compiler else { return .success(nil) }
        let source = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "faults.c").path
        // Beside the test bundle: it is built once and goes with the build.
        let directory = URL(filePath: Products.stub).deletingLastPathComponent().path
        let target = "\(directory)/libfaults-\(getpid()).so"
        let arguments = [compiler, "-shared", "-fPIC", "-O1", "-Wall", "-o", target, source]
        do {
            let child = try spawnChild(
                arguments, environment: ProcessInfo.processInfo.environment,
                streams: ChildStreams(input: 0, output: 2, errors: 2))
            var exit: Exit?
            try eventually("the end of cc") {
                exit = reap(child)
                return exit != nil
            }
            guard exit == .status(0) else { return .failure(Failure("cc: \(exit ?? .status(-1))")) }
        } catch {
            return .failure(Failure("cc: \(error)"))
        }
        atexit(removeLibrary)
        return .success(target)
    }
}

private func removeLibrary() {
    let directory = URL(filePath: Products.stub).deletingLastPathComponent().path
    unlink("\(directory)/libfaults-\(getpid()).so")
}
