// Reads the text of a transcript. Whatever it does not understand is an error with its line: a
// transcript that silently checks less than it says would be worse than none.

import Foundation
import MCPOCore

extension Transcript {
    init(name: String, path: String, text: String) throws(TranscriptError) {
        self.name = name
        self.path = path
        for (index, line) in text.components(separatedBy: "\n").enumerated() {
            do throws(Complaint) {
                try read(line, at: index + 1)
            } catch {
                throw TranscriptError(file: name, line: index + 1, message: error.text)
            }
        }
        settings.caching = caching?.settings
    }

    private struct Complaint: Error {
        var text: String
    }

    private mutating func read(_ line: String, at number: Int) throws(Complaint) {
        if line.isEmpty || line.hasPrefix("#") { return }
        if let message = try Self.message(line) {
            steps.append(TranscriptStep(line: number, statement: message))
        } else if let reason = line.after("known issue ") {
            knownIssue = reason
        } else if let setting = line.after("set ") {
            guard steps.isEmpty else { throw Complaint(text: "settings come first") }
            try apply(setting)
        } else if let statement = Self.fixed[line] {
            steps.append(TranscriptStep(line: number, statement: statement))
        } else if let statement = Self.happening(line) ?? Self.expectation(line) {
            steps.append(TranscriptStep(line: number, statement: statement))
        } else {
            throw Complaint(text: "not understood: \(line)")
        }
    }

    /// Statements without parameters.
    private static let fixed: [String: Statement] = [
        "server starts": .serverStarts,
        "server closes stdout": .serverClosesOutput,
        "server closes stdin": .serverBreaksInput,
        "server stalls": .stall(.server),
        "server reads on": .resume(.server),
        "client stalls": .stall(.client),
        "client reads on": .resume(.client),
        "client ends": .clientEnds,
        "client vanishes": .clientVanishes,
        "stop": .stop,
        "hang up": .hangUp,
        "server's stdin is closed": .inputCloses,
        "server gets SIGTERM": .signal(.terminate),
        "server gets SIGKILL": .signal(.kill),
        "client must wait": .waits(.client, true),
        "client may write": .waits(.client, false),
        "server must wait": .waits(.server, true),
        "server may write": .waits(.server, false),
        "idle": .idle,
    ]

    /// `C> …` and its kin.
    private static func message(_ line: String) throws(Complaint) -> Statement? {
        guard let peer = Peer(rawValue: String(line.prefix(1))) else { return nil }
        let (sign, rest) = (line.dropFirst().prefix { $0 != " " }, line.after(upTo: " ") ?? "")
        switch sign {
        case ">": return .write(peer, try bytes(rest), hasNewline: true)
        case ">|": return .write(peer, try bytes(rest), hasNewline: false)
        case "<": return .read(peer, try bytes(rest))
        case "<~":
            let data = Data(rest.utf8)
            guard (try? JSONSerialization.jsonObject(with: data, options: .fragmentsAllowed)) != nil
            else { throw Complaint(text: "the pattern is no JSON") }
            return .readMatching(peer, rest)
        default: return nil
        }
    }

    private static func happening(_ line: String) -> Statement? {
        if let words = line.after("server lists ") { return .lists(words) }
        if let revision = line.after("open ") { return .open(revision: revision) }
        if let text = line.after("@ +") { return duration(text).map { .time($0) } }
        if let reason = line.after("server cannot start: ") {
            return .serverCannotStart(reason: reason)
        }
        if let end = line.after("server exits ") { return exits(end) }
        return nil
    }

    /// `1`, `on signal 9`, and either with `, leaving its group`.
    private static func exits(_ text: String) -> Statement? {
        let suffix = ", leaving its group"
        let remains = text.hasSuffix(suffix)
        let end = remains ? String(text.dropLast(suffix.count)) : text
        if let signal = end.after("on signal ").flatMap({ Int32($0) }) {
            return .serverExits(.signal(signal), groupRemains: remains)
        }
        return Int32(end).map { .serverExits(.status($0), groupRemains: remains) }
    }

    private static func expectation(_ line: String) -> Statement? {
        if let rest = line.after("log ") {
            let word = rest.prefix { $0 != " " }
            let level = LogLevel.allCases.first { "\($0)" == word }
            guard let level, let text = rest.after(upTo: " ") else { return nil }
            return .log(level, text)
        }
        if let code = line.after("exit ") { return Int32(code).map { .exit($0) } }
        if let rest = line.after("count ") {
            let words = rest.split(separator: " ")
            guard words.count == 2, let number = Int(words[1]) else { return nil }
            return .count(String(words[0]), number)
        }
        return nil
    }
}

// MARK: - Values

extension Transcript {
    /// `50ms`, `2s`, `5m`, `1h`.
    static func duration(_ text: String) -> Duration? {
        if let number = text.before("ms").flatMap({ Int($0) }) { return .milliseconds(number) }
        for (unit, seconds) in [("s", 1), ("m", 60), ("h", 3600)] {
            if let number = text.before(unit).flatMap({ Int($0) }) {
                return .seconds(number * seconds)
            }
        }
        return nil
    }

    private mutating func apply(_ setting: String) throws(Complaint) {
        let words = setting.split(separator: " ").map(String.init)
        var caching = caching ?? TranscriptCaching()
        switch words.isEmpty ? false : caching.apply(words) {
        case true?:
            self.caching = caching
            return
        case false?: break
        case nil: throw Complaint(text: "no such setting: \(setting)")
        }
        guard words.count == 2 else { throw Complaint(text: "a setting has a name and a value") }
        if let path = Self.sizes[words[0]], let value = Int(words[1]) {
            settings[keyPath: path] = value
        } else if let path = Self.durations[words[0]], let value = Self.duration(words[1]) {
            settings[keyPath: path] = value
        } else {
            throw Complaint(text: "no such setting: \(setting)")
        }
    }

    private typealias Path<Value> = WritableKeyPath<ProxySettings, Value> & Sendable

    private static let sizes: [String: Path<Int>] = [
        "messageBytes": \.limits.messageBytes, "depth": \.limits.depth,
        "exchanges": \.limits.exchanges, "serverRequests": \.limits.serverRequests,
        "queueBytes": \.limits.queueBytes, "heldBytes": \.limits.heldBytes,
        "taskTokens": \.limits.taskTokens, "batchMessages": \.limits.batchMessages,
    ]

    private static let durations: [String: Path<Duration>] = [
        "timeout": \.timeout, "maximumTimeout": \.maximumTimeout,
        "shutdownTimeout": \.shutdownTimeout,
        "connectionTimeout": \.servers[0].pool.connectionTimeout,
    ]

    /// What a modern client puts into each request's `_meta`.
    static let modernMeta =
        #""io.modelcontextprotocol/protocolVersion":"2026-07-28","#
        + #""io.modelcontextprotocol/clientInfo":{"name":"c","version":"1"},"#
        + #""io.modelcontextprotocol/clientCapabilities":{}"#

    /// The bytes of a message, with what stands in guillemets replaced.
    private static func bytes(_ text: String) throws(Complaint) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = text[...]
        while let start = rest.firstIndex(of: "«") {
            bytes += Array(rest[..<start].utf8)
            rest = rest[rest.index(after: start)...]
            guard let end = rest.firstIndex(of: "»") else { throw Complaint(text: "« without »") }
            bytes += try expansion(of: String(rest[..<end]))
            rest = rest[rest.index(after: end)...]
        }
        return bytes + Array(rest.utf8)
    }

    private static func expansion(of word: String) throws(Complaint) -> [UInt8] {
        if word == "meta" { return Array(modernMeta.utf8) }
        if word == "metrics tool" { return MetricsTool.definition }
        if let text = word.after(upTo: " × "),
            let count = word.before(upTo: " × ").flatMap({ Int($0) })
        {
            return Array(repeatElement(Array(text.utf8), count: count).joined())
        }
        if let digits = word.after("hex ") {
            let parsed = digits.split(separator: " ").map { UInt8($0, radix: 16) }
            if !parsed.contains(nil) { return parsed.compactMap { $0 } }
        }
        throw Complaint(text: "no such abbreviation: «\(word)»")
    }
}

extension String {
    /// What follows `prefix`, if this starts with it.
    func after(_ prefix: String) -> String? {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
    }

    /// What precedes `suffix`, if this ends with it.
    func before(_ suffix: String) -> String? {
        hasSuffix(suffix) ? String(dropLast(suffix.count)) : nil
    }

    /// What follows the first `mark`.
    func after(upTo mark: String) -> String? {
        range(of: mark).map { String(self[$0.upperBound...]) }
    }

    /// What precedes the first `mark`.
    func before(upTo mark: String) -> String? {
        range(of: mark).map { String(self[..<$0.lowerBound]) }
    }
}
