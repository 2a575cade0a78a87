// Reading the command line: the subcommand, options, `--`, the server's command.
//
// The command line wins over the environment, the environment over the defaults (SPEC §2); of an
// option given twice the last counts.

import MCPO

/// What a command line asks for.
enum CommandLineArguments: Equatable {
    case help(String)
    case version
    case serve(ProxyConfiguration)
    case check(ProxyConfiguration)

    /// - Parameters:
    ///   - arguments: without the program's own name.
    ///   - environment: looks up a variable.
    static func parse(
        _ arguments: [String], environment: (String) -> String?
    ) throws(UsageError) -> CommandLineArguments {
        guard arguments.first == "check" else {
            var reader = CommandLineReader(
                arguments[...], form: "mcpo [options] -- COMMAND [ARG...]")
            switch try reader.read() {
            case .help: return .help(Usage.mcpo)
            case .version: return .version
            case .command: return .serve(try reader.configuration(environment))
            }
        }
        var reader = CommandLineReader(
            arguments.dropFirst(), form: "mcpo check [options] -- COMMAND [ARG...]")
        switch try reader.read() {
        case .help: return .help(Usage.check)
        case .version: return .version
        case .command: return .check(try reader.configuration(environment))
        }
    }
}

/// Reads options and the server's command.
private struct CommandLineReader {
    enum Goal {
        case help, version, command
    }

    private var rest: ArraySlice<String>
    /// How the whole line looks, for errors.
    private let form: String
    private var settings: [(setting: Setting, value: String, source: String)] = []
    private var command: [String] = []

    init(_ arguments: ArraySlice<String>, form: String) {
        rest = arguments
        self.form = form
    }

    mutating func read() throws(UsageError) -> Goal {
        while let argument = rest.popFirst() {
            switch argument {
            case "--":
                command = Array(rest)
                guard !command.isEmpty else { throw noServer }
                return .command
            case "--help", "-h": return .help
            case "--version": return .version
            default: try readOption(argument)
            }
        }
        throw noServer
    }

    private var noServer: UsageError { UsageError(message: "no server: write \(form)") }

    /// Reads one option and its value.
    private mutating func readOption(_ argument: String) throws(UsageError) {
        guard argument.hasPrefix("--") else {
            let program = form.prefix { $0 != "[" }
            throw UsageError(
                message: "unexpected argument \(argument): the server's command comes after --, "
                    + "as in \(program)-- \(argument)")
        }
        let parts = argument.dropFirst(2).split(
            separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts.first ?? "")
        guard let setting = Setting(option: name) else { throw unknown(name) }
        let source = "--\(name)"
        if setting.isFlag {
            guard parts.count == 1 else {
                throw UsageError(message: "\(source) takes no value: write \(source) alone")
            }
            settings.append((setting, "", source))
        } else if parts.count == 2 {
            settings.append((setting, String(parts[1]), source))
        } else if let value = rest.popFirst(), value != "--" {
            settings.append((setting, value, source))
        } else {
            throw UsageError(message: "\(source) needs a value: \(setting.allowed)")
        }
    }

    private func unknown(_ name: String) -> UsageError {
        if name == "config" {
            return UsageError(
                message: "--config is not supported in this version: write \(form)")
        }
        let known = Setting.allCases.compactMap(\.option) + ["help", "version"]
        let hint =
            Spelling.nearest(to: name, in: known).map { "did you mean --\($0)?" }
            ?? "see mcpo --help"
        return UsageError(message: "unknown option --\(name); \(hint)")
    }

    func configuration(
        _ environment: (String) -> String?
    ) throws(UsageError) -> ProxyConfiguration {
        let server = ServerConfiguration(
            command: command.first ?? "", arguments: Array(command.dropFirst()))
        var configuration = ProxyConfiguration(server: server)
        for setting in Setting.allCases {
            guard let variable = setting.variable, let value = environment(variable) else {
                continue
            }
            try setting.apply(value, to: &configuration, as: variable)
        }
        for (setting, value, source) in settings {
            try setting.apply(value, to: &configuration, as: source)
        }
        // A timeout above the default longest one moves that along.
        configuration.maximumTimeout = max(configuration.maximumTimeout, configuration.timeout)
        return configuration
    }
}
