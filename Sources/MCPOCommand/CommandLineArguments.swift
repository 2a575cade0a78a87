// Reading the command line: the subcommand, options, then `--` and the server's command, or --config.
//
// The command line wins over the environment, the environment over the file, the file over the
// defaults (SPEC §2); of an option given twice the last counts.

import MCPO

/// What a command line asks for.
enum CommandLineArguments: Equatable {
    case help(String)
    case version
    case serve(ConfigurationSource)
    case check(ConfigurationSource)
    case top(TopArguments)

    /// - Parameters:
    ///   - arguments: without the program's own name.
    ///   - environment: looks up a variable.
    static func parse(
        _ arguments: [String], environment: (String) -> String?
    ) throws(UsageError) -> CommandLineArguments {
        if arguments.first == "top" {
            let top = try TopArguments.parse(arguments.dropFirst(), environment: environment)
            return top.map { .top($0) } ?? .help(Usage.top)
        }
        guard arguments.first == "check" else {
            var reader = CommandLineReader(arguments[...], program: "mcpo")
            switch try reader.read() {
            case .help: return .help(Usage.mcpo)
            case .version: return .version
            case .source: return .serve(try reader.source(environment))
            }
        }
        var reader = CommandLineReader(arguments.dropFirst(), program: "mcpo check")
        switch try reader.read() {
        case .help: return .help(Usage.check)
        case .version: return .version
        case .source: return .check(try reader.source(environment))
        }
    }
}

/// Where the configuration comes from.
enum ConfigurationSource: Equatable {
    /// `-- COMMAND`
    case command(ProxyConfiguration)
    /// `--config FILE`
    case file(ConfigurationFile)
}

/// Reads options and the server's command.
private struct CommandLineReader {
    enum Goal {
        case help, version, source
    }

    private var rest: ArraySlice<String>
    private let program: String
    private var settings: [(setting: Setting, value: String, source: String)] = []
    private var file: String?
    private var command: [String] = []

    init(_ arguments: ArraySlice<String>, program: String) {
        rest = arguments
        self.program = program
    }

    /// How the whole line looks, for errors.
    private var form: String { "\(program) [options] -- COMMAND [ARG...]" }

    mutating func read() throws(UsageError) -> Goal {
        while let argument = rest.popFirst() {
            switch argument {
            case "--":
                command = Array(rest)
                guard !command.isEmpty else { throw noServer }
                guard file == nil else {
                    throw UsageError(
                        message: "two kinds of servers: write either --config FILE or -- COMMAND")
                }
                return .source
            case "--help", "-h": return .help
            case "--version": return .version
            default: try readOption(argument)
            }
        }
        guard file != nil else { throw noServer }
        return .source
    }

    private var noServer: UsageError {
        UsageError(message: "no server: write \(form), or \(program) [options] --config FILE")
    }

    /// Reads one option and its value.
    private mutating func readOption(_ argument: String) throws(UsageError) {
        guard argument.hasPrefix("--") else {
            throw UsageError(
                message: "unexpected argument \(argument): the server's command comes after --, "
                    + "as in \(program) -- \(argument)")
        }
        let parts = argument.dropFirst(2).split(
            separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts.first ?? "")
        let given = parts.count == 2 ? String(parts[1]) : nil
        let source = "--\(name)"
        if name == "config" {
            file = try value(given, of: source, "the path of a file")
            return
        }
        guard let setting = Setting.option(name) else { throw unknown(name) }
        if let flag = setting.flag {
            guard given == nil else {
                throw UsageError(message: "\(source) takes no value: write \(source) alone")
            }
            settings.append((setting, flag, source))
        } else {
            settings.append((setting, try value(given, of: source, setting.allowed), source))
        }
    }

    private mutating func value(
        _ given: String?, of source: String, _ allowed: @autoclosure () -> String
    ) throws(UsageError) -> String {
        if let given { return given }
        if let next = rest.popFirst(), next != "--" { return next }
        throw UsageError(message: "\(source) needs a value: \(allowed())")
    }

    private func unknown(_ name: String) -> UsageError {
        let known = Setting.all.compactMap(\.option) + ["config", "help", "version"]
        let hint =
            Spelling.nearest(to: name, in: known).map { "did you mean --\($0)?" }
            ?? "see mcpo --help"
        return UsageError(message: "unknown option --\(name); \(hint)")
    }
}

// MARK: - What comes of it

extension CommandLineReader {
    func source(_ environment: (String) -> String?) throws(UsageError) -> ConfigurationSource {
        var overrides: [ConfigurationOverride] = []
        for setting in Setting.all {
            guard let variable = setting.variable, let value = environment(variable),
                let override = try setting.override(value, from: variable)
            else { continue }
            overrides.append(override)
        }
        for (setting, value, source) in settings {
            if let override = try setting.override(value, from: source) {
                overrides.append(override)
            }
        }
        let name = settings.last { $0.setting.key == nil }?.value
        guard let file else { return .command(configuration(name, overrides)) }
        guard name == nil else {
            throw UsageError(
                message: "--name is for the server behind --: with --config the file has the names")
        }
        return .file(ConfigurationFile(path: file, overrides: overrides))
    }

    private func configuration(
        _ name: String?, _ overrides: [ConfigurationOverride]
    ) -> ProxyConfiguration {
        let server = ServerConfiguration(
            name: name, command: command.first ?? "", arguments: Array(command.dropFirst()))
        var configuration = ProxyConfiguration(server: server)
        for override in overrides { _ = configuration.apply(override) }
        return configuration
    }
}
