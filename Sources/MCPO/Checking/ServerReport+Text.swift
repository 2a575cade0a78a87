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
        if !tools.isEmpty { blocks.append(Self.table("TOOL", tools)) }
        if !requests.isEmpty { blocks.append(Self.table("REQUEST", requests)) }
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
        return Self.aligned(rows)
    }

    private var startupText: String {
        "\(startup.wholeNanoseconds / 1_000_000) ms"
            + (ignoresProbe ? ", 2 s of them spent on server/discover, which it ignores" : "")
    }

    private var toolCount: String {
        if tools.isEmpty { return capabilities.contains("tools") ? "none" : "none offered" }
        return "\(tools.count), \(tools.count { $0.cache != nil }) of them cached"
    }

    private static func table(_ heading: String, _ decisions: [Decision]) -> String {
        aligned(
            [[heading, "CACHED", "TTL", "EFFECT", "WHY"]]
                + decisions.map { decision in
                    [
                        decision.name, cached(decision), lifetime(decision),
                        decision.effect.rawValue, decision.reason,
                    ]
                })
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

    /// Rows with their columns below each other. The last one is not padded.
    private static func aligned(_ rows: [[String]]) -> String {
        let rows = rows.map { $0.map(printable) }
        let columns = rows.first?.count ?? 0
        let widths = (0..<columns).map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = row.indices.map { column in
                let gap = column == columns - 1 ? 0 : widths[column] - row[column].count
                return row[column] + String(repeating: " ", count: gap)
            }
            return cells.joined(separator: "  ") + "\n"
        }.joined()
    }
}
