// One process of a server: spawned in a process group of its own, with pipes for its three streams.

import CSystem
internal import MCPOCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// How to start a server's process.
package struct ServerCommand: Sendable {
    /// The program and its arguments; never empty.
    package var arguments: [String]
    /// The whole environment, each `NAME=value`.
    package var environment: [String]
    /// The working directory; nil for mcpo's own.
    package var directory: String?

    package init(arguments: [String], environment: [String], directory: String? = nil) {
        self.arguments = arguments
        self.environment = environment
        self.directory = directory
    }

    var searchPath: String {
        let entry = environment.last { $0.hasPrefix("PATH=") }
        return entry.map { String($0.dropFirst("PATH=".count)) } ?? ""
    }
}

/// A running process and mcpo's ends of its pipes.
struct SpawnedProcess: ~Copyable {
    let processID: pid_t
    let input: Descriptor
    let output: Descriptor
    let errors: Descriptor
}

/// What `spawn` returns: `Result` cannot hold what cannot be copied.
enum SpawnOutcome: ~Copyable {
    case success(SpawnedProcess)
    case failure(SearchFailure)
}

/// Pipes that carry answers hold this much, where the system lets one choose: an answer of 64 KiB
/// with its envelope then takes one write and one read instead of two of each. No more, because the
/// capacity of all pipes of a user has a quota (Linux: 64 MiB, the default pipe counting 64 KiB).
let answerPipeCapacity: Int32 = 128 * 1024

/// Starts a process; the error is in words for a person.
func spawn(_ command: ServerCommand) -> SpawnOutcome {
    let program: String
    switch ExecutableSearch.find(
        command.arguments.first ?? "", searchPath: command.searchPath, directory: command.directory)
    {
    case .success(let path): program = path
    case .failure(let failure): return .failure(failure)
    }
    do throws(SystemError) {
        let input = try Pipe()
        let output = try Pipe()
        let errors = try Pipe()
        enlargePipe(output.read.number)
        let processID = try spawn(
            program, command, (input.read.number, output.write.number, errors.write.number))
        input.write.setNonBlocking()
        output.read.setNonBlocking()
        errors.read.setNonBlocking()
        return .success(
            SpawnedProcess(
                processID: processID, input: input.write, output: output.read, errors: errors.read))
    } catch {
        return .failure(SearchFailure(text: explain(error, program, command)))
    }
}

private func explain(_ error: SystemError, _ program: String, _ command: ServerCommand) -> String {
    switch error.code {
    case ENOEXEC:
        return "cannot execute \(program): it is neither a binary for this machine nor a script "
            + "that begins with #!"
    case ENOENT where command.directory.map { access($0, X_OK) != 0 } ?? false:
        return "no such working directory: \(command.directory ?? "")"
    case ENOENT:
        return "cannot execute \(program): the interpreter that its first line names is missing"
    default:
        return "cannot start \(program): \(error)"
    }
}

/// The system call itself.
private func spawn(
    _ program: String, _ command: ServerCommand, _ streams: (Int32, Int32, Int32)
) throws(SystemError) -> pid_t {
    var actions = SpawnActions(streams: streams, directory: command.directory)
    var arguments = command.arguments.map { strdup($0) } + [nil]
    var environment = command.environment.map { strdup($0) } + [nil]
    defer {
        for string in arguments + environment { free(string) }
    }
    var processID: pid_t = 0
    let code = posix_spawn(
        &processID, program, &actions.files, &actions.attributes, &arguments, &environment)
    guard code == 0 else { throw SystemError("posix_spawn", code: code) }
    return processID
}

extension ProcessEnd {
    /// Reads the status of a process that has ended, and lets the system forget the process.
    static func reap(_ processID: pid_t) -> ProcessEnd? {
        var status: Int32 = 0
        var result: pid_t
        repeat { result = waitpid(processID, &status, WNOHANG) } while result < 0 && errno == EINTR
        if result == 0 { return nil }
        // A host program that ignores SIGCHLD has the system reap for it: the status is lost.
        guard result > 0 else { return .status(0) }
        return mcpo_exited(status) != 0
            ? .status(mcpo_exit_status(status)) : .signal(mcpo_term_signal(status))
    }
}
