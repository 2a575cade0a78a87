// Starting the process under test: `posix_spawn`, because Foundation's Process takes 50 ms to
// notice an end, leaves SIGPIPE ignored in the child, and knows neither groups nor closed streams.

import CSystem
import Foundation

/// What becomes stdin, stdout and stderr; nil starts the process with that stream closed.
struct ChildStreams {
    var input: Int32?
    var output: Int32?
    var errors: Int32?
}

/// How a process ended.
enum Exit: Equatable, CustomStringConvertible {
    case status(Int32)
    case signal(Int32)

    var description: String {
        switch self {
        case .status(let code): "status \(code)"
        case .signal(let number): "signal \(number)"
        }
    }
}

/// Starts a program with nothing but these streams.
/// - Parameters:
///   - ownGroup: whether it leads a new process group.
///   - blocked: signals that it inherits as blocked.
func spawnChild(
    _ arguments: [String], environment: [String: String], streams: ChildStreams,
    ownGroup: Bool = false, blocked: [Int32] = []
) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    var attributes = posix_spawnattr_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
        posix_spawn_file_actions_destroy(&actions)
        posix_spawnattr_destroy(&attributes)
    }
    for (number, descriptor) in [streams.input, streams.output, streams.errors].enumerated() {
        if let descriptor {
            posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(number))
        } else {
            posix_spawn_file_actions_addclose(&actions, Int32(number))
        }
    }
    mcpo_spawn_close_on_exec()
    setSignals(&attributes, ownGroup: ownGroup, blocked: blocked)
    var argv = arguments.map { strdup($0) } + [nil]
    var envp = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for string in argv + envp { free(string) } }
    var number: pid_t = 0
    let code = posix_spawn(&number, arguments[0], &actions, &attributes, &argv, &envp)
    guard code == 0 else { throw Failure("cannot start \(arguments[0]): errno \(code)") }
    return number
}

/// The test runner's own ideas about signals do not reach the process under test.
private func setSignals(
    _ attributes: inout posix_spawnattr_t, ownGroup: Bool, blocked: [Int32]
) {
    var all = sigset_t()
    var mask = sigset_t()
    sigfillset(&all)
    sigemptyset(&mask)
    for signal in blocked { sigaddset(&mask, signal) }
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setsigmask(&attributes, &mask)
    posix_spawnattr_setpgroup(&attributes, 0)
    let signals = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK
    posix_spawnattr_setflags(
        &attributes, Int16(ownGroup ? signals | POSIX_SPAWN_SETPGROUP : signals))
}

/// Reaps a child if it has ended.
func reap(_ child: pid_t) -> Exit? {
    var status: Int32 = 0
    guard waitpid(child, &status, WNOHANG) == child else { return nil }
    return mcpo_exited(status) != 0
        ? .status(mcpo_exit_status(status)) : .signal(mcpo_term_signal(status))
}
