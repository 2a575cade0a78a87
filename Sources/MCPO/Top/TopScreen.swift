// The screen of `mcpo top`: what goes where, on a terminal of any size.
//
//     mcpo 0.1.0  healthy, up 3h12m  http://127.0.0.1:9300/                    14:03:22
//     25.3 req/s   p50 80ms   p99 412ms   hits 80%   saved 1,214 calls, 3m12s   …
//     last minute ▁▁▂▃▅▇█▇▅▃▂▁ peak 31.2
//     ! slow  github__search_issues  takes 1.4s on average, more than 1s  for 3m12s
//     SERVER  STATUS   CONNECTIONS  …
//     cache default ██████░░░░░░░░░░ 150 of 1,000  2.5MB  80% hits
//     TOOL                   REQUESTS  …   COST▼
//     github__search_issues     1,500  …   2m13s
//     q quit  h help  ←→ sort  / filter  p pause  r reverse                   1-12 of 40
//
// The table gets what is left, and at least two fifths of the screen if it has so many rows. Every
// other part has a small form and a large one: first all get the small one, in the order of what is
// needed most, then the large one while there is room.

package import MCPOCore

package struct TopScreen {
    private static let narrowest = 20
    private static let lowest = 5

    package private(set) var lines: [ScreenLine] = []
    package private(set) var extent = TopExtent()

    /// - Parameters:
    ///   - scroll: is put right when there are fewer rows than before.
    ///   - clock: the time of day.
    package init(
        _ model: TopModel, _ state: inout TopState, address: MetricsAddress, columns: Int,
        lines height: Int, clock: String, at now: Instant
    ) {
        guard columns >= Self.narrowest, height >= Self.lowest else {
            lines = [ScreenLine("too small").shortened(to: columns)]
            return
        }
        let sections = TopSections(model: model, address: address, now: now, width: columns)
        lines = [sections.header(isPaused: state.isPaused, clock: clock)]
        if state.showsHelp {
            lines += Self.help.map { ScreenLine($0).shortened(to: columns) }
            lines = Array(lines.prefix(height))
            return
        }
        let rows = state.rows(of: model)
        let room = height - lines.count - 2
        let tableRoom = min(room, max(3, min(rows.count, height * 2 / 5)))
        lines += Self.upper(sections, room: room - tableRoom, height: height)
        let visible = max(0, height - lines.count - 2)
        state.scroll = max(0, min(state.scroll, rows.count - visible))
        let table = TopTable(
            model.rows, sort: state.sort, isReversed: state.isReversed, width: columns)
        lines.append(table.heading(width: columns).shortened(to: columns))
        let shown = rows.dropFirst(state.scroll).prefix(visible)
        lines += shown.map { table.line($0).shortened(to: columns) }
        if rows.isEmpty, visible > 0 {
            lines.append(ScreenLine(Self.emptiness(model, state), .faint).shortened(to: columns))
        }
        extent = TopExtent(rows: rows.count, visible: visible, columns: table.columns)
        while lines.count < height - 1 { lines.append(ScreenLine()) }
        lines.append(Self.footer(state, shown: shown.count, of: rows.count, columns))
    }

    private static func emptiness(_ model: TopModel, _ state: TopState) -> String {
        if model.reading == nil { return "nothing is known yet" }
        if state.filter.isEmpty { return "no requests yet" }
        return "no tool or server has \(state.filter) in its name"
    }

    // MARK: Above the table

    private static func upper(
        _ sections: TopSections, room: Int, height: Int
    ) -> [ScreenLine] {
        let some = max(2, height / 6)
        // In the order of the screen; `rank` is the order in which they get their places.
        let parts: [(rank: Int, forms: [[ScreenLine]])] = [
            (0, [sections.figures(lines: 1), sections.figures(lines: height < 14 ? 2 : 3)]),
            (3, [[sections.sparkline()]]),
            (1, [sections.alerts(limit: 1), sections.alerts(limit: some)]),
            (
                2,
                [
                    sections.serverSummary().map { [$0] } ?? [],
                    sections.servers(limit: some), sections.servers(limit: 2 * some),
                ]
            ),
            (4, [sections.caches(limit: 1), sections.caches(limit: some)]),
        ]
        var chosen = [[ScreenLine]](repeating: [], count: parts.count)
        var left = room
        let ranked = parts.indices.sorted { parts[$0].rank < parts[$1].rank }
        for form in 0..<3 {
            for place in ranked where parts[place].forms.indices.contains(form) {
                let lines = parts[place].forms[form]
                // A larger form never comes before the smaller ones of the others.
                let cost = lines.count - chosen[place].count
                if cost > left || chosen[place].isEmpty && form > 0 { continue }
                chosen[place] = lines
                left -= cost
            }
        }
        let upper = chosen.flatMap(\.self)
        // A line of air in front of the table, if there is plenty.
        return left > 2 && height >= 20 ? upper + [ScreenLine()] : upper
    }

    // MARK: Below

    private static func footer(
        _ state: TopState, shown: Int, of rows: Int, _ width: Int
    ) -> ScreenLine {
        var line = ScreenLine()
        if state.isTyping {
            line.add("filter: ", .faint)
            line.add(state.filter + "▏", .strong)
            line.add(" Enter keeps it, Esc clears it", .faint)
        } else if !state.filter.isEmpty {
            line.add("filter: \(state.filter)  ", .accent)
        }
        let range = shown == 0 ? "0" : "\(state.scroll + 1)-\(state.scroll + shown)"
        let end = ScreenLine("\(range) of \(rows)", .faint)
        let room = max(0, width - end.width - 1)
        if !state.isTyping {
            for key in keys where line.width + TerminalText.width(key) <= room {
                line.add(key, .faint)
            }
        }
        return line.shortened(to: room).filled(to: width, end: end)
    }

    /// As many as there is room for.
    private static let keys = [
        "q quit", "  h help", "  ←→ sort", "  / filter", "  p pause", "  r reverse", "  ↑↓ scroll",
    ]

    private static let help = [
        "",
        "q, Ctrl-C        quit",
        "← →, < >         sort by the column to the left, to the right",
        "1 to 9, 0        sort by that column; again: the other way around",
        "r                the other way around",
        "↑ ↓, j k         scroll",
        "PgUp PgDn        scroll by a page; Home and End (g, G) to the ends",
        "/                show only tools and servers with a text in their name",
        "Esc              show all of them again",
        "p, Space         pause, go on",
        "h, ?             this help; any key goes back",
        "",
        "REQ/S    requests in a second, since the last look",
        "P50 P90  that part of the last requests was faster",
        "SUCCESS  percent of the last requests without an error",
        "HITS     percent of all requests that the cache has answered",
        "SAVED    what callers would have waited without the cache",
        "COST     what callers have waited in all",
    ]
}

// MARK: - The report of --once

/// The same on paper: everything, and no control sequences.
package enum TopReport {
    /// - Parameter columns: no line is longer.
    package static func text(
        _ model: TopModel, _ state: TopState, address: MetricsAddress, columns: Int,
        clock: String, at now: Instant
    ) -> String {
        let columns = max(columns, 40)
        let sections = TopSections(model: model, address: address, now: now, width: columns)
        let rows = state.rows(of: model)
        let table = TopTable(
            model.rows, sort: state.sort, isReversed: state.isReversed, width: columns)
        var tools = [table.heading(width: 0)] + rows.map(table.line)
        if rows.isEmpty { tools = [ScreenLine("no requests yet")] }
        let blocks = [
            [sections.header(isPaused: false, clock: clock)] + sections.figures(lines: .max),
            sections.alerts(limit: .max), sections.servers(limit: .max),
            sections.caches(limit: .max), tools,
        ]
        return blocks.filter { !$0.isEmpty }.map { block in
            block.map { $0.shortened(to: columns).plainText + "\n" }.joined()
        }.joined(separator: "\n")
    }
}
