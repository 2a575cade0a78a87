// Running mcpo to its end with a whole command line, for what it says and how it ends.

import Foundation

/// What came of a command line.
struct Outcome: CustomStringConvertible {
    let exit: Exit
    let output: String
    let errors: String

    /// Lines on stderr.
    var complaints: [Substring] { errors.split(separator: "\n", omittingEmptySubsequences: false) }

    /// The only line on stderr; nil when there are none or several.
    var complaint: String? {
        guard errors.hasSuffix("\n"), errors.dropLast().contains("\n") == false else { return nil }
        return String(errors.dropLast())
    }

    var description: String { "\(exit); stdout: \(output); stderr: \(errors)" }
}

/// Runs mcpo with these arguments, nothing on stdin, and waits for its end.
func runMCPO(
    _ arguments: [String], environment: [String: String] = [:], input: String = ""
) throws -> Outcome {
    let directory = try TemporaryDirectory()
    let flags = O_WRONLY | O_CREAT | O_CLOEXEC
    let given = open(try directory.write(input, to: "stdin"), O_RDONLY | O_CLOEXEC)
    let output = open(directory.file("stdout"), flags, 0o600)
    let errors = open(directory.file("stderr"), flags, 0o600)
    let child = try spawnChild(
        [Products.mcpo] + arguments,
        environment: Setup.environment("mcpo-mark-\(UUID().uuidString)", environment),
        streams: ChildStreams(input: given, output: output, errors: errors))
    for descriptor in [given, output, errors] { close(descriptor) }
    var exit: Exit?
    do {
        try eventually("the end of mcpo \(arguments)") {
            exit = reap(child)
            return exit != nil
        }
    } catch {
        kill(child, SIGKILL)
        throw error
    }
    return Outcome(
        exit: exit ?? .status(-1), output: directory.read("stdout"),
        errors: directory.read("stderr"))
}
