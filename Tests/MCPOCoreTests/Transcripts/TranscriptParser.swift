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
        settings = first ?? finished
    }

    /// The settings as far as they have been read.
    private var finished: ProxySettings {
        var (settings, caching) = (settings, caching)
        caching?.needsTools = servers.needsTools
        settings.caching = caching?.settings
        servers.finish(&settings, caching)
        return settings
    }

    /// `reload without time; server news; rule report ttl=5m`: what changes, the rest stays.
    private mutating func reload(_ changes: String) throws(Complaint) -> Statement {
        if first == nil { first = finished }
        for change in changes.components(separatedBy: "; ") {
            if change == "without rules" {
                caching?.removeRules()
            } else if change == "without caches" {
                caching?.removeCaches()
            } else if let name = change.after("without ") {
                guard servers.remove(name) else { throw Complaint(text: "no server \(name)") }
            } else {
                try apply(change, isChange: true)
            }
        }
        reloads.append(finished)
        return .reload(reloads.count - 1)
    }

    private struct Complaint: Error {
        var text: String
    }

    private mutating func read(_ line: String, at number: Int) throws(Complaint) {
        if line.isEmpty || line.hasPrefix("#") { return }
        if let message = try message(line) {
            steps.append(TranscriptStep(line: number, statement: message))
        } else if let reason = line.after("known issue ") {
            knownIssue = reason
        } else if let setting = line.after("set ") {
            guard steps.isEmpty else { throw Complaint(text: "settings come first") }
            try apply(setting)
        } else if let changes = line.after("reload ") {
            let statement = try reload(changes)
            steps.append(TranscriptStep(line: number, statement: statement))
        } else if let statement = Self.fixed[line] {
            steps.append(TranscriptStep(line: number, statement: statement))
        } else if let statement = aboutServer(line) ?? Self.happening(line)
            ?? Self.expectation(line)
        {
            steps.append(TranscriptStep(line: number, statement: statement))
        } else {
            throw Complaint(text: "not understood: \(line)")
        }
    }

    /// Statements without parameters.
    private static let fixed: [String: Statement] = [
        "client stalls": .stall(.client),
        "client reads on": .resume(.client),
        "client ends": .clientEnds,
        "client vanishes": .clientVanishes,
        "client is greeted": .clientIsGreeted,
        "stop": .stop,
        "hang up": .hangUp,
        "client must wait": .waits(.client, true),
        "client may write": .waits(.client, false),
        "idle": .idle,
    ]

    /// Who `C`, `S`, `time` or `time#2` is.
    private func peer(_ name: String) -> Peer? {
        name == "C" ? .client : process(name == "S" ? "server" : name).map { .server($0) }
    }

    /// Which process `server`, `time` or `time#2` is.
    private func process(_ name: String) -> ProcessName? {
        let server = name.before(upTo: "#") ?? name
        let number = name.after(upTo: "#").map { Int($0) } ?? 1
        guard let number, number > 0 else { return nil }
        if server == "server" || server == "S" { return ProcessName(number: number) }
        return servers.names.firstIndex(of: server).map {
            ProcessName(server: $0, number: number)
        }
    }

    /// `C> …` and its kin.
    private func message(_ line: String) throws(Complaint) -> Statement? {
        let word = line.prefix { $0 != " " }
        guard let arrow = word.firstIndex(where: { "<>".contains($0) }),
            let peer = peer(String(word[..<arrow]))
        else { return nil }
        let (sign, rest) = (word[arrow...], line.after(upTo: " ") ?? "")
        switch sign {
        case ">": return .write(peer, try Self.bytes(rest), hasNewline: true)
        case ">|": return .write(peer, try Self.bytes(rest), hasNewline: false)
        case "<": return .read(peer, try Self.bytes(rest))
        case "<~":
            let data = Data(rest.utf8)
            guard (try? JSONSerialization.jsonObject(with: data, options: .fragmentsAllowed)) != nil
            else { throw Complaint(text: "the pattern is no JSON") }
            return .readMatching(peer, rest)
        default: return nil
        }
    }

    private static func happening(_ line: String) -> Statement? {
        if let revision = line.after("open ") { return .open(revision: revision) }
        if let revision = line.after("client opens ") { return .clientOpens(revision: revision) }
        if let text = line.after("@ +") { return duration(text).map { .time($0) } }
        return nil
    }

    /// `server …`, `time …`, `time#2 …`.
    private func aboutServer(_ line: String) -> Statement? {
        guard let word = line.before(upTo: " "), let rest = line.after(upTo: " "),
            let process = process(word.before("'s") ?? word)
        else { return nil }
        if word.hasSuffix("'s") { return rest == "stdin is closed" ? .inputCloses(process) : nil }
        switch rest {
        case "starts": return .serverStarts(process)
        case "opens": return .opens(process)
        case "closes stdout": return .serverClosesOutput(process)
        case "closes stdin": return .serverBreaksInput(process)
        case "stalls": return .stall(.server(process))
        case "reads on": return .resume(.server(process))
        case "gets SIGTERM": return .signal(process, .terminate)
        case "gets SIGKILL": return .signal(process, .kill)
        case "must wait": return .waits(.server(process), true)
        case "may write": return .waits(.server(process), false)
        default: break
        }
        if let words = rest.after("lists ") { return Self.lists(process, words) }
        if let words = rest.after("is modern with ") {
            return Self.opening(process, .modern, words)
        }
        if let words = rest.after("is legacy with ") {
            return Self.opening(process, .legacy, words)
        }
        if let reason = rest.after("cannot start: ") {
            return .serverCannotStart(process, reason: reason)
        }
        return rest.after("exits ").flatMap { Self.exits(process, $0) }
    }

    /// `add sub+`, or `prompts: greet`.
    private static func lists(_ process: ProcessName, _ words: String) -> Statement {
        for kind in EntryList.Kind.allCases {
            if let entries = words.after("\(kind):") { return .lists(process, kind, entries) }
        }
        return .lists(process, .tools, words)
    }

    /// `add sub+, prompts, resources`, or `no tools, …`.
    private static func opening(
        _ process: ProcessName, _ era: Era, _ words: String
    ) -> Statement {
        let parts = words.components(separatedBy: ", ")
        let hasTools = parts[0] != "no tools"
        return .isOf(
            process, era, tools: hasTools ? parts[0] : "",
            capabilities: (hasTools ? ["tools"] : []) + parts.dropFirst())
    }

    /// `1`, `on signal 9`, and either with `, leaving its group`.
    private static func exits(_ process: ProcessName, _ text: String) -> Statement? {
        let suffix = ", leaving its group"
        let remains = text.hasSuffix(suffix)
        let end = remains ? String(text.dropLast(suffix.count)) : text
        if let signal = end.after("on signal ").flatMap({ Int32($0) }) {
            return .serverExits(process, .signal(signal), groupRemains: remains)
        }
        return Int32(end).map { .serverExits(process, .status($0), groupRemains: remains) }
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

    /// - Parameter isChange: whether a server of this name may be there already.
    private mutating func apply(_ setting: String, isChange: Bool = false) throws(Complaint) {
        let words = setting.split(separator: " ").map(String.init)
        var caching = caching ?? TranscriptCaching()
        switch words.isEmpty ? false : servers.apply(words, isChange: isChange) {
        case true?: return
        case false?: break
        case nil: throw Complaint(text: "no such setting: \(setting)")
        }
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
        "watchedResources": \.limits.watchedResources, "watchedBytes": \.limits.watchedBytes,
    ]

    private static let durations: [String: Path<Duration>] = [
        "timeout": \.timeout, "maximumTimeout": \.maximumTimeout,
        "shutdownTimeout": \.shutdownTimeout,
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
