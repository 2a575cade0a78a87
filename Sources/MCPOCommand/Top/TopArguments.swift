// Reading the command line of `mcpo top`.

import MCPO

/// What a command line of `mcpo top` asks for.
struct TopArguments: Equatable {
    enum Form: Equatable {
        /// On a terminal, until somebody quits.
        case live
        /// A report.
        case once
        /// The document as it came.
        case json
        /// Document after document, a line each.
        case jsonLines
    }

    var options = TopOptions()
    var form = Form.live

    private static let flags = ["once", "json", "help", "interval", "sort", "token"]

    /// - Parameters:
    ///   - arguments: those behind `top`.
    ///   - environment: looks up a variable.
    /// - Returns: nil when help is wanted.
    static func parse(
        _ arguments: ArraySlice<String>, environment: (String) -> String?
    ) throws(UsageError) -> TopArguments? {
        var reader = TopArgumentReader(rest: arguments)
        guard try reader.read() else { return nil }
        if reader.arguments.options.token == nil, let token = environment("MCPO_HTTP_TOKEN") {
            try reader.setToken(token, from: "MCPO_HTTP_TOKEN")
        }
        if !reader.hasAddress, let address = environment("MCPO_HTTP"), !address.isEmpty {
            try reader.setAddress(address, from: "MCPO_HTTP is")
        }
        reader.arguments.options.hasColours = (environment("NO_COLOR") ?? "").isEmpty
        return reader.arguments
    }

    fileprivate static func unknown(_ option: String) -> UsageError {
        let hint =
            Spelling.nearest(to: String(option.drop { $0 == "-" }), in: flags)
            .map { "did you mean --\($0)?" } ?? "see mcpo top --help"
        return UsageError(message: "unknown option \(option); \(hint)")
    }
}

private struct TopArgumentReader {
    var rest: ArraySlice<String>
    var arguments = TopArguments()
    var hasAddress = false
    private var isOnce = false
    private var isJSON = false
    private var hasInterval = false

    init(rest: ArraySlice<String>) {
        self.rest = rest
    }

    /// - Returns: false when help is wanted.
    mutating func read() throws(UsageError) -> Bool {
        while let argument = rest.popFirst() {
            guard argument.hasPrefix("-"), argument != "-" else {
                if hasAddress {
                    throw UsageError(message: "unexpected argument \(argument): one URL is enough")
                }
                try setAddress(argument, from: "the URL is")
                hasAddress = true
                continue
            }
            if argument == "--help" || argument == "-h" { return false }
            try readOption(argument)
        }
        arguments.form =
            isJSON ? (hasInterval && !isOnce ? .jsonLines : .json) : isOnce ? .once : .live
        return true
    }

    private mutating func readOption(_ argument: String) throws(UsageError) {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let given = parts.count == 2 ? String(parts[1]) : nil
        switch parts[0] {
        case "--once":
            try refuseValue(given, argument)
            isOnce = true
        case "--json":
            try refuseValue(given, argument)
            isJSON = true
        case "--interval": try setInterval(value(given, "--interval", "a duration, such as 500ms"))
        case "--sort": try setSort(value(given, "--sort", Self.columns))
        case "--token": try setToken(value(given, "--token", "the token"), from: "--token")
        default: throw TopArguments.unknown(String(parts[0]))
        }
    }

    private func refuseValue(_ given: String?, _ argument: String) throws(UsageError) {
        guard given != nil else { return }
        let name = argument.prefix { $0 != "=" }
        throw UsageError(message: "\(name) takes no value: write \(name) alone")
    }

    private mutating func value(
        _ given: String?, _ option: String, _ allowed: String
    ) throws(UsageError) -> String {
        if let value = given ?? rest.popFirst() { return value }
        throw UsageError(message: "\(option) needs a value: \(allowed)")
    }

    private static let columns = Spelling.alternatives(TopColumn.allCases.map(\.rawValue))

    private mutating func setInterval(_ text: String) throws(UsageError) {
        let range = TopOptions.intervals
        guard let interval = Duration(text: text), range.contains(interval) else {
            throw UsageError(
                message: "--interval is \"\(text)\" but must be a duration from "
                    + "\(range.lowerBound.text) to \(range.upperBound.text), such as 500ms or 5s")
        }
        arguments.options.interval = interval
        hasInterval = true
    }

    private mutating func setSort(_ text: String) throws(UsageError) {
        guard let column = TopColumn(rawValue: text.lowercased()) else {
            let names = TopColumn.allCases.map(\.rawValue)
            let hint = Spelling.nearest(to: text, in: names).map { "; did you mean \"\($0)\"?" }
            throw UsageError(
                message: "--sort is \"\(text)\" but must be \(Self.columns)" + (hint ?? ""))
        }
        arguments.options.sort = column
    }

    /// An empty token is none. What it is does not appear in errors.
    mutating func setToken(_ text: String, from source: String) throws(UsageError) {
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw UsageError(message: "\(source) has a character that no token can have")
        }
        arguments.options.token = text.isEmpty ? nil : text
    }

    mutating func setAddress(_ text: String, from source: String) throws(UsageError) {
        do throws(MetricsAddress.Refusal) {
            arguments.options.address = try MetricsAddress(text)
        } catch {
            throw UsageError(message: "\(source) \"\(text)\": \(error.words)")
        }
    }
}
