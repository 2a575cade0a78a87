// Reading the command line: options, `--`, the server's command.

import MCPO

/// What is wrong with the command line or the environment, and what to write instead, in one line.
struct UsageError: Error, Equatable {
    var message: String
}

/// What a command line asks for.
enum CommandLineArguments: Equatable {
    case help
    case version
    case serve(ProxyConfiguration)

    /// - Parameters:
    ///   - arguments: without the program's own name.
    ///   - environment: looks up a variable.
    static func parse(
        _ arguments: [String], environment: (String) -> String?
    ) throws(UsageError) -> CommandLineArguments {
        var options: [(option: Option, value: String)] = []
        var rest = arguments[...]
        var command: [String]?
        while command == nil, let argument = rest.popFirst() {
            switch argument {
            case "--": command = Array(rest)
            case "--help", "-h": return .help
            case "--version": return .version
            default: options.append(try option(argument, &rest))
            }
        }
        guard let command, let program = command.first else {
            throw UsageError(message: "no server: write mcpo [options] -- COMMAND [ARG...]")
        }
        return .serve(
            try configuration(program, Array(command.dropFirst()), options, environment))
    }

    /// Reads one option and its value.
    private static func option(
        _ argument: String, _ rest: inout ArraySlice<String>
    ) throws(UsageError) -> (Option, String) {
        guard argument.hasPrefix("--") else {
            throw UsageError(
                message: "unexpected argument \(argument): the server's command comes after --, "
                    + "as in mcpo -- \(argument)")
        }
        let parts = argument.dropFirst(2).split(
            separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts.first ?? "")
        guard let option = Option(rawValue: name) else {
            throw UsageError(message: "unknown option --\(name)\(suggestion(for: name))")
        }
        if parts.count == 2 { return (option, String(parts[1])) }
        guard let value = rest.popFirst(), value != "--" else {
            throw UsageError(message: "--\(name) needs a value: \(option.allowed)")
        }
        return (option, value)
    }

    private static func suggestion(for name: String) -> String {
        let known = Option.allCases.map(\.rawValue) + ["help", "version"]
        let nearest = known.min { editDistance(name, $0) < editDistance(name, $1) }
        guard let nearest, editDistance(name, nearest) <= 3 else { return "; see mcpo --help" }
        return "; did you mean --\(nearest)?"
    }

    private static func configuration(
        _ program: String, _ arguments: [String], _ options: [(option: Option, value: String)],
        _ environment: (String) -> String?
    ) throws(UsageError) -> ProxyConfiguration {
        var configuration = ProxyConfiguration(
            server: ServerConfiguration(command: program, arguments: arguments))
        if let level = environment("MCPO_LOG_LEVEL") {
            try Option.logLevel.apply(level, to: &configuration, as: "MCPO_LOG_LEVEL")
        }
        for (option, value) in options {
            try option.apply(value, to: &configuration, as: "--\(option.rawValue)")
        }
        // A timeout above the default longest one moves that along.
        configuration.maximumTimeout = max(configuration.maximumTimeout, configuration.timeout)
        return configuration
    }
}

/// The options that take a value.
enum Option: String, CaseIterable {
    case name
    case timeout
    case logLevel = "log-level"
    case logFormat = "log-format"

    /// What a value looks like.
    var allowed: String {
        switch self {
        case .name: "letters, digits, '.', '_' and '-'"
        case .timeout: "a duration above 0, such as 90, 250ms, 30s, 5m or 1h"
        case .logLevel: Self.list(ProxyConfiguration.LogLevel.allCases.map(\.rawValue))
        case .logFormat: Self.list(ProxyConfiguration.LogFormat.allCases.map(\.rawValue))
        }
    }

    private static func list(_ words: [String]) -> String {
        words.dropLast().joined(separator: ", ") + " or " + (words.last ?? "")
    }

    /// Sets the value in the configuration.
    /// - Parameter source: where the value was written, for the error.
    func apply(
        _ value: String, to configuration: inout ProxyConfiguration, as source: String
    ) throws(UsageError) {
        var isUsable = true
        switch self {
        case .name:
            configuration.server.name = value
            isUsable = ServerConfiguration.isValidName(value)
        case .timeout:
            configuration.timeout = Duration(text: value) ?? .zero
            isUsable = configuration.timeout > .zero
        case .logLevel:
            isUsable = Self.set(&configuration.logLevel, .init(rawValue: value))
        case .logFormat:
            isUsable = Self.set(&configuration.logFormat, .init(rawValue: value))
        }
        if !isUsable {
            throw UsageError(message: "\(source) is \"\(value)\" but must be \(allowed)")
        }
    }

    private static func set<Value>(_ target: inout Value, _ value: Value?) -> Bool {
        guard let value else { return false }
        target = value
        return true
    }
}

/// The least number of letters to insert, delete or replace to make one word the other.
func editDistance(_ left: String, _ right: String) -> Int {
    let target = Array(right)
    var previous = Array(0...target.count)
    for (row, letter) in left.enumerated() {
        var current = [row + 1]
        for (column, other) in target.enumerated() {
            let replaced = previous[column] + (letter == other ? 0 : 1)
            current.append(min(replaced, previous[column + 1] + 1, current[column] + 1))
        }
        previous = current
    }
    return previous[target.count]
}
