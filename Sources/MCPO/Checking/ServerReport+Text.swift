// The report as `mcpo check` prints it: a few facts, and tables.
//
//     server    mcp-server-time: uvx mcp-server-time
//     says      mcp-time 1.2.3
//     era       legacy (2025-11-25)
//     start-up  412 ms
//     offers    tools
//     policy    smart, default TTL 5m
//     cache     1000 entries, 64 MiB, strategy lru_ttl
//     dedup     equal requests share the answer to one that is at most 1m old
//     tools     2, 0 of them cached
//
//     TOOL              CACHED  TTL  EFFECT  WHY
//     get_current_time  no      -    reads   5. realtime: "current"
//     convert_time      no      -    reads   5. realtime: "time"

internal import MCPOCore

extension ServerReport {
    /// The whole report, lines for a person.
    public var text: String {
        var blocks = [facts]
        blocks += tables(width: nil)
        return blocks.joined(separator: "\n")
    }

    private var facts: String {
        let own = [serverName, serverVersion].compactMap(\.self).joined(separator: " ")
        var rows = [
            ["server", "\(server): \(command.joined(separator: " "))"],
            ["says", own.isEmpty ? "nothing of its name and version" : own],
            ["era", "\(era.rawValue) (\(revision))"],
            ["start-up", startupText],
            ["offers", capabilities.isEmpty ? "nothing" : capabilities.joined(separator: ", ")],
            ["policy", policy],
            ["cache", room],
            ["dedup", merging],
            ["tools", toolCount],
        ]
        if nonsense > 0 {
            rows.append(["warning", "\(nonsense) lines on its stdout were no messages of MCP"])
        }
        return TextColumns(rows).text()
    }

    private var startupText: String {
        "\(startup.wholeNanoseconds / 1_000_000) ms"
            + (ignoresProbe ? ", 2 s of them spent on server/discover, which it ignores" : "")
    }

    var toolCount: String {
        if tools.isEmpty { return capabilities.contains("tools") ? "none" : "none offered" }
        return "\(tools.count), \(tools.count { $0.cache != nil }) of them cached"
    }

    /// The tools and the other requests.
    func tables(width: Int?) -> [String] {
        [("TOOL", tools), ("REQUEST", requests)].filter { !$0.1.isEmpty }.map {
            Self.table($0, $1, width)
        }
    }

    private static func table(
        _ heading: String, _ decisions: [Decision], _ width: Int?
    ) -> String {
        TextColumns(
            [[heading, "CACHED", "TTL", "EFFECT", "WHY"]]
                + decisions.map { decision in
                    [
                        label(decision), cached(decision), lifetime(decision),
                        decision.effect.rawValue, decision.reason,
                    ]
                }
        ).text(width: width)
    }

    /// What clients call it, and the server's own name if that does not show.
    private static func label(_ decision: Decision) -> String {
        guard let exposed = decision.exposedName else { return "\(decision.name) (hidden)" }
        return exposed.hasSuffix(decision.name) ? exposed : "\(exposed) (\(decision.name))"
    }

    private static func cached(_ decision: Decision) -> String {
        switch decision.cache {
        case nil: "no"
        case "default": "yes"
        case let name?: "in \(name)"
        }
    }

    private static func lifetime(_ decision: Decision) -> String {
        switch decision.lifetime {
        case nil: "-"
        case .duration(let duration): duration.text
        case .unlimited: "no end"
        case .decidedByServer: "ttlMs"
        }
    }
}
