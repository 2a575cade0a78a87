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
/// - Parameter watchdog: the pipe on which the child tells of itself; -1 when there is none.
func spawn(_ command: ServerCommand, watchdog: Int32) -> SpawnOutcome {
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
        let streams = [input.read.number, output.write.number, errors.write.number]
        let result = try start(program, command, streams, watchdog)
        guard result.step == Int32(MCPO_SPAWN_DONE.rawValue) else {
            return .failure(SearchFailure(text: explain(result, program, command)))
        }
        input.write.setNonBlocking()
        output.read.setNonBlocking()
        errors.read.setNonBlocking()
        return .success(
            SpawnedProcess(
                processID: result.process, input: input.write, output: output.read,
                errors: errors.read))
    } catch {
        return .failure(SearchFailure(text: "cannot start \(program): \(error)"))
    }
}

/// The system call itself; see shim.h.
private func start(
    _ program: String, _ command: ServerCommand, _ streams: [Int32], _ watchdog: Int32
) throws(SystemError) -> mcpo_spawn_result {
    let report = try Pipe().give()
    var arguments = command.arguments.map { strdup($0) } + [nil]
    var environment = command.environment.map { strdup($0) } + [nil]
    defer {
        for string in arguments + environment { free(string) }
    }
    return mcpo_spawn(
        program, &arguments, &environment, command.directory, streams, watchdog, report)
}

private func explain(
    _ result: mcpo_spawn_result, _ program: String, _ command: ServerCommand
) -> String {
    let reason = SystemError("exec", code: result.error)
    if result.step == Int32(MCPO_SPAWN_DIRECTORY.rawValue) {
        return "cannot use the working directory \(command.directory ?? ""): \(reason.words)"
    }
    switch result.error {
    case ENOEXEC:
        return "cannot execute \(program): it is neither a binary for this machine nor a script "
            + "that begins with #!"
    case ENOENT:
        return "cannot execute \(program): the interpreter that its first line names is missing"
    default:
        return "cannot start \(program): \(reason.words)"
    }
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
