// The parts of the screen above the table of tools, each in several sizes: the smallest says what
// matters in a line.

internal import MCPOCore

struct TopSections {
    let model: TopModel
    let address: MetricsAddress
    let now: Instant
    let width: Int

    private var reading: MetricsReading? { model.reading }

    private static func seconds(_ from: Instant, _ to: Instant) -> Double {
        Double(max(0, to.since(from).wholeNanoseconds)) / 1e9
    }

    static func style(ofStatus status: String) -> TextStyle {
        switch status {
        case "healthy", "ready", "ok": .good
        case "unhealthy", "failed", "down", "unavailable": .bad
        case "idle", "disabled": .faint
        default: .warning
        }
    }

    // MARK: Header

    /// What mcpo is and how it is.
    func header(isPaused: Bool, clock: String) -> ScreenLine {
        var line = ScreenLine("mcpo" + (reading?.version.map { " \($0)" } ?? ""), .strong)
        line.add("  ")
        if model.failure != nil {
            let time = TopFigure.duration(
                Self.seconds(model.failedAt, now).rounded(.down))
            line.add("not reachable for \(time)", .bad)
        } else if let reading {
            line.add(reading.status, Self.style(ofStatus: reading.status))
            if reading.isReady == false { line.add(", not ready", .warning) }
            if let uptime = reading.uptime {
                line.add(", up \(TopFigure.duration(uptime < 60 ? uptime.rounded(.down) : uptime))")
            }
        } else {
            line.add("asking", .faint)
        }
        if isPaused { line.add("  paused", .warning) }
        if model.failure == nil, model.isNews(at: now) { line.add("  was restarted", .warning) }
        line.add("  \(address)", .faint)
        return line.filled(to: width, end: ScreenLine(clock, .faint)).shortened(to: width)
    }

    // MARK: Key figures

    /// As many lines as the figures need, at most `lines`.
    func figures(lines limit: Int) -> [ScreenLine] {
        guard let reading else { return [] }
        var lines = [ScreenLine()]
        for figure in figures(reading) {
            let gap = lines[lines.count - 1].width == 0 ? 0 : 3
            if lines[lines.count - 1].width + gap + figure.width > width, gap > 0 {
                if lines.count == limit { continue }
                lines.append(figure)
            } else {
                lines[lines.count - 1].add(String(repeating: " ", count: gap))
                lines[lines.count - 1] = lines[lines.count - 1] + figure
            }
        }
        return lines.map { $0.shortened(to: width) }
    }

    private func figures(_ reading: MetricsReading) -> [ScreenLine] {
        var figures = [
            Self.figure("", TopFigure.rate(model.rate), " req/s"),
            Self.figure("p50 ", TopFigure.duration(reading.quantile(0.5))),
            Self.figure("p99 ", TopFigure.duration(reading.quantile(0.99))),
            Self.figure("hits ", TopFigure.percent(reading.hitRate)),
        ]
        let time = reading.timeSaved.map { ", \(TopFigure.duration($0))" } ?? ""
        let calls = TopFigure.count(reading.callsSaved)
        figures.append(
            Self.figure("saved ", "\(calls) \(calls == "1" ? "call" : "calls")\(time)"))
        let limit = reading.limit.map { " of \(TopFigure.count($0))" } ?? ""
        figures.append(Self.figure("in flight ", TopFigure.count(reading.inFlight), limit))
        let queued = reading.queued ?? 0
        figures.append(
            Self.figure("queued ", TopFigure.count(queued), style: queued > 0 ? .warning : .strong))
        if let rejected = reading.rejected, rejected > 0 {
            figures.append(Self.figure("rejected ", TopFigure.count(rejected), style: .bad))
        }
        return figures
    }

    private static func figure(
        _ before: String, _ value: String, _ after: String = "", style: TextStyle = .strong
    ) -> ScreenLine {
        var line = ScreenLine(before, .faint)
        line.add(value, style)
        line.add(after, .faint)
        return line
    }

    // MARK: The last minute

    private static let heights: [String] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]

    /// The rate of the last minute, its newest end on the right.
    func sparkline() -> ScreenLine {
        let peak = model.history.reduce(0) { max($0, $1.rate) }
        var end = ScreenLine(" peak \(TopFigure.rate(peak))", .faint)
        if model.history.isEmpty { end = ScreenLine(" nothing yet", .faint) }
        var line = ScreenLine("last minute ", .faint)
        let columns = min(60, width - line.width - 12)
        guard columns >= 6 else { return line }
        let step = TopModel.minute.wholeNanoseconds / Int64(columns)
        var bars = ""
        for column in 0..<columns {
            let to = now.advanced(byNanoseconds: -step * Int64(columns - 1 - column))
            let from = to.advanced(byNanoseconds: -step)
            let rates = model.history.filter { $0.from < to && $0.to > from }.map(\.rate)
            bars += rates.max().map { Self.bar($0, of: peak) } ?? " "
        }
        line.add(bars, .accent)
        return (line + end).shortened(to: width)
    }

    private static func bar(_ rate: Double, of peak: Double) -> String {
        let height = rate / peak * 8
        guard height.isFinite, height > 0 else { return heights[0] }
        return heights[Int(min(7, height))]
    }

    // MARK: Alerts

    /// Everything that somebody should look at, the first `limit` of it.
    func alerts(limit: Int) -> [ScreenLine] {
        var lines: [ScreenLine] = []
        if let failure = model.failure {
            let advice = failure.advice.map { "; \($0)" } ?? ""
            lines.append(ScreenLine("! \(failure.words)\(advice)", .bad))
        }
        for alert in reading?.alerts ?? [] { lines.append(line(alert)) }
        return Self.cut(lines, limit, "alert").map { $0.shortened(to: width) }
    }

    private func line(_ alert: MetricsReading.Alert) -> ScreenLine {
        var line = ScreenLine("! \(alert.kind)", .bad)
        line.add("  \(alert.endpoint)", .strong)
        line.add("  " + words(alert))
        if let since = alert.since, let timestamp = reading?.timestamp, timestamp >= since + 1 {
            line.add("  for \(TopFigure.duration((timestamp - since).rounded(.down)))", .faint)
        }
        return line
    }

    private func words(_ alert: MetricsReading.Alert) -> String {
        let (value, threshold) = (alert.value, alert.threshold)
        switch alert.kind {
        case "slow":
            return "takes \(TopFigure.duration(value)) on average, more than "
                + TopFigure.duration(threshold)
        case "failing":
            return "\(TopFigure.percent(value)) succeed, less than \(TopFigure.percent(threshold))"
        case "cold":
            return "\(TopFigure.percent(value)) are hits, less than \(TopFigure.percent(threshold))"
        case "anomaly" where alert.unit == "percent":
            return "\(TopFigure.percent(value)) of the latest calls fail, usual are less than "
                + TopFigure.percent(threshold)
        case "anomaly":
            return "takes \(TopFigure.duration(value)) of late, where it used to be "
                + (value ?? 0 < threshold ?? 0 ? "more than " : "less than ")
                + TopFigure.duration(threshold)
        default:
            return "\(value.map { "\($0)" } ?? "?"), threshold "
                + (threshold.map { "\($0)" } ?? "?")
        }
    }

    /// The first lines, and how many there are more.
    private static func cut(
        _ lines: [ScreenLine], _ limit: Int, _ what: String
    ) -> [ScreenLine] {
        if lines.count <= limit { return lines }
        guard limit > 1 else {
            var line = lines[0]
            line.add("  and \(lines.count - 1) more", .faint)
            return [line]
        }
        let left = lines.count - limit + 1
        let more = "  and \(left) more \(what)\(left == 1 ? "" : "s")"
        return lines.prefix(limit - 1) + [ScreenLine(more, .faint)]
    }

    // MARK: Servers

    /// How many servers are in which state, in a line.
    func serverSummary() -> ScreenLine? {
        guard let servers = reading?.servers, !servers.isEmpty else { return nil }
        if servers.count == 1 {
            var line = ScreenLine("server ", .faint)
            line.add(servers[0].name + " ", .strong)
            line.add(servers[0].status, Self.style(ofStatus: servers[0].status))
            return line.shortened(to: width)
        }
        var line = ScreenLine("servers ", .faint)
        line.add("\(servers.count)", .strong)
        var statuses: [String] = []
        for server in servers where !statuses.contains(server.status) {
            statuses.append(server.status)
        }
        for (place, status) in statuses.enumerated() {
            let those = servers.filter { $0.status == status }
            let names = status == "healthy" ? "" : " (\(those.map(\.name).joined(separator: ", ")))"
            line.add(place == 0 ? ": " : ", ")
            line.add("\(those.count) \(status)\(names)", Self.style(ofStatus: status))
        }
        return line.shortened(to: width)
    }

    /// The table of servers, those that are not healthy first, with at most `limit` rows.
    func servers(limit: Int) -> [ScreenLine] {
        guard let servers = reading?.servers, !servers.isEmpty else { return [] }
        let ordered =
            servers.filter { $0.status != "healthy" } + servers.filter { $0.status == "healthy" }
        let rows = ordered.map { server in
            [
                server.name, server.status, TopFigure.count(server.connections),
                TopFigure.count(server.restarts),
                TopFigure.count(server.inFlight)
                    + (server.limit.map { "/\(TopFigure.count($0))" } ?? ""),
                TopFigure.count(server.queued), server.reason ?? "",
            ].map(TerminalText.safe)
        }
        let heading = ["SERVER", "STATUS", "CONNECTIONS", "RESTARTS", "IN FLIGHT", "QUEUED", ""]
        let widths = heading.indices.map { column in
            let widest = rows.reduce(0) { max($0, TerminalText.width($1[column])) }
            return column == 0
                ? min(max(widest, 6), max(12, width / 3))
                : max(widest, heading[column].utf8.count)
        }
        let lines = zip(rows, ordered).map { row, server in
            serverLine(row, widths) { column in
                column == 0 ? .strong : column == 1 ? Self.style(ofStatus: server.status) : .plain
            }
        }
        let top = serverLine(heading, widths) { _ in .heading }.filled(to: width)
        return [top] + Self.cut(lines, limit, "server")
    }

    /// Columns that do not fit are left out, the last first.
    private func serverLine(
        _ cells: [String], _ widths: [Int], style: (Int) -> TextStyle
    ) -> ScreenLine {
        var line = ScreenLine()
        var used = 0
        for (column, cell) in cells.enumerated() {
            let isLast = column == cells.count - 1
            let gap = column == 0 ? 0 : 2
            if used + gap + (isLast ? 1 : widths[column]) > width { break }
            let style = style(column)
            if gap > 0 { line.add("  ", style == .heading ? .heading : .plain) }
            line.add(
                isLast
                    ? cell
                    : TerminalText.fitted(cell, widths[column], column < 2 ? .left : .right), style)
            used += gap + widths[column]
        }
        return line.shortened(to: width)
    }

    // MARK: Caches

    /// A line for each cache, the fullest first, at most `limit`.
    func caches(limit: Int) -> [ScreenLine] {
        let caches = (reading?.caches ?? []).enumerated().sorted {
            ($1.element.occupancy, $0.offset) < ($0.element.occupancy, $1.offset)
        }.map(\.element)
        let names = caches.map { TerminalText.safe($0.name) }
        let widest = min(names.reduce(0) { max($0, TerminalText.width($1)) }, max(8, width / 4))
        let lines = zip(caches, names).map { cache, name in
            line(cache, TerminalText.fitted(name, widest))
        }
        return Self.cut(lines, limit, "cache").map { $0.shortened(to: width) }
    }

    private func line(_ cache: MetricsReading.Cache, _ name: String) -> ScreenLine {
        var line = ScreenLine("cache ", .faint)
        line.add(name + " ", .strong)
        let bar = max(5, min(24, (width - line.width) / 4))
        let full = min(bar, Int((cache.occupancy * Double(bar)).rounded(.up)))
        line.add(String(repeating: "█", count: full), .accent)
        line.add(String(repeating: "░", count: bar - full), .faint)
        line.add(" \(TopFigure.count(cache.size)) of \(TopFigure.count(cache.room))")
        if let memory = cache.memory { line.add("  \(TopFigure.bytes(memory))") }
        let asked = cache.hits + cache.misses
        let hitRate = cache.hitRate ?? (asked > 0 ? 100 * cache.hits / asked : nil)
        line.add(asked > 0 ? "  \(TopFigure.percent(hitRate)) hits" : "  not asked yet", .faint)
        return line
    }
}

extension MetricsReading.Cache {
    /// From 0 to 1.
    fileprivate var occupancy: Double {
        guard let size, let room, room > 0 else { return 0 }
        return max(0, min(1, size / room))
    }
}
