// What a check of several servers has found out, and how `mcpo check --config FILE` prints it.
//
//     policy  smart, default TTL 5m
//     …
//     SERVER  STATUS    ERA                  START-UP  TOOLS  PROMPTS  RESOURCES  REMARK
//     github  ok        legacy (2025-11-25)  412 ms    26     2        0          5 tools cached
//     files   failed    -                    -         -      -        -          command not found: …
//     old     disabled  -                    -         -      -        -
//
//     github: mcp-github 1.2.3
//     TOOL                   CACHED  TTL  EFFECT  WHY
//     github__search_issues  yes     1m   reads   6. dynamic: "search"

internal import MCPOCore

/// What the servers of a configuration are, and what the proxy would do with their tools.
public struct ConfigurationReport: Equatable, Sendable {
    /// What has become of a server.
    public enum Status: Equatable, Sendable {
        case ok(ServerReport, Counts)
        case failed(ServerCheckError)
        /// It was left out.
        case disabled
    }

    /// How much a server has; nil where it offers none of the kind, or does not give the list.
    public struct Counts: Equatable, Sendable {
        public var tools: Int?
        public var prompts: Int?
        public var resources: Int?
    }

    /// One server.
    public struct Entry: Equatable, Sendable {
        /// As in the configuration.
        public var name: String
        public var status: Status
    }

    /// In the order of the configuration.
    public var servers: [Entry]
    /// The policy in force, the room of the cache, and which requests are merged; in words.
    public var policy: String
    public var room: String
    public var merging: String

    init(_ configuration: ProxyConfiguration, _ servers: [Entry]) {
        self.servers = servers
        policy = configuration.cache.policyWords
        room = configuration.cache.roomWords
        merging = configuration.dedup.words
    }

    /// Whether any server cannot be used.
    public var hasFailure: Bool {
        servers.contains { entry in
            if case .failed = entry.status { true } else { false }
        }
    }
}

// MARK: - As text

extension ConfigurationReport {
    /// The whole report, lines for a person.
    /// - Parameter width: columns of the terminal; nil (the default) breaks no line.
    public func text(width: Int? = nil) -> String {
        let facts = [["policy", policy], ["cache", room], ["dedup", merging]]
        var blocks = [TextColumns(facts).text(width: width), overview(width)]
        for entry in servers {
            guard case .ok(let report, _) = entry.status else { continue }
            let tables = report.tables(width: width)
            if tables.isEmpty { continue }
            blocks.append(Self.heading(entry.name, report) + tables.joined(separator: "\n"))
        }
        return blocks.joined(separator: "\n")
    }

    private func overview(_ width: Int?) -> String {
        TextColumns(
            [
                [
                    "SERVER", "STATUS", "ERA", "START-UP", "TOOLS", "PROMPTS", "RESOURCES",
                    "REMARK",
                ]
            ] + servers.map(Self.row)
        ).text(width: width)
    }

    private static func row(_ entry: Entry) -> [String] {
        let nothing = [String](repeating: "-", count: 5)
        switch entry.status {
        case .ok(let report, let counts):
            let numbers = [counts.tools, counts.prompts, counts.resources]
            return [
                entry.name, "ok", "\(report.era.rawValue) (\(report.revision))",
                "\(report.startup.wholeNanoseconds / 1_000_000) ms",
            ] + numbers.map { $0.map { "\($0)" } ?? "-" } + [remark(report)]
        case .failed(let error):
            let advice = error.advice.isEmpty ? "" : "; \(error.advice)"
            return [entry.name, "failed"] + nothing + [error.reason + advice]
        case .disabled: return [entry.name, "disabled"] + nothing + [""]
        }
    }

    private static func remark(_ report: ServerReport) -> String {
        var remarks = ["\(report.tools.count { $0.cache != nil }) tools cached"]
        if report.ignoresProbe { remarks.append("ignores server/discover, which costs it 2 s") }
        if report.nonsense > 0 {
            remarks.append("\(report.nonsense) lines on its stdout were no messages of MCP")
        }
        return remarks.joined(separator: "; ")
    }

    private static func heading(_ name: String, _ report: ServerReport) -> String {
        let own = [report.serverName, report.serverVersion].compactMap(\.self)
        return printable("\(name)\(own.isEmpty ? "" : ": \(own.joined(separator: " "))")") + "\n"
    }
}
