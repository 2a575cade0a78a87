// The table of tools: which columns there is room for, and how wide they are.
//
//     TOOL                   SERVER  REQUESTS   REQ/S     P50 …   COST▼
//     github__search_issues  github     1,500    25.3    80ms …   2m13s

struct TopTable {
    private static let gap = 2
    /// Names are cut before columns are dropped, but not to less than this.
    private static let narrowestName = 14
    /// A server's name, which most tools begin with anyway.
    private static let widestServer = 16

    let columns: [TopColumn]
    private let widths: [Int]
    private let sort: TopColumn
    private let isReversed: Bool

    /// - Parameters:
    ///   - rows: all of them, also those out of sight: scrolling must not move the columns.
    ///   - width: columns of the screen.
    init(_ rows: [TopRow], sort: TopColumn, isReversed: Bool, width: Int) {
        self.sort = sort
        self.isReversed = isReversed
        let hasServers = rows.contains { $0.endpoint.server != nil }
        let candidates =
            [.tool, sort] + TopColumn.byImportance.filter { $0 != .tool && $0 != sort }
        let longestName = Self.width(.tool, rows, sort)
        var rest = width - min(longestName, max(Self.narrowestName, width * 3 / 10))
        var chosen: [TopColumn: Int] = [:]
        for column in candidates where column != .tool && (column != .server || hasServers) {
            let wanted = Self.width(column, rows, sort) + Self.gap
            if wanted > rest, column != sort { continue }
            chosen[column] = wanted - Self.gap
            rest -= wanted
        }
        let others = chosen.values.reduce(0) { $0 + $1 + Self.gap }
        chosen[.tool] = max(0, min(longestName, width - others))
        columns = TopColumn.allCases.filter { chosen[$0] != nil }
        widths = columns.map { chosen[$0] ?? 0 }
    }

    private static func width(_ column: TopColumn, _ rows: [TopRow], _ sort: TopColumn) -> Int {
        let widest = rows.reduce(0) { max($0, TerminalText.width(column.text($1))) }
        let heading = column.title.utf8.count + 1
        let width = max(widest, heading, column.usualWidth)
        return column == .server ? min(width, widestServer) : width
    }

    /// - Parameter width: up to where the bar of the heading goes.
    func heading(width: Int) -> ScreenLine {
        var line = ScreenLine()
        for (place, column) in columns.enumerated() {
            let isChosen = column == sort
            let arrow = column.isDescending(isReversed: isReversed) ? "▼" : "▲"
            add(
                column.title + (isChosen ? arrow : ""), place, isChosen ? .chosen : .heading,
                gap: .heading, to: &line)
        }
        return line.filled(to: width)
    }

    func line(_ row: TopRow) -> ScreenLine {
        var line = ScreenLine()
        for (place, column) in columns.enumerated() {
            add(column.text(row), place, Self.style(column, row), gap: .plain, to: &line)
        }
        return line
    }

    private func add(
        _ text: String, _ place: Int, _ style: TextStyle, gap: TextStyle,
        to line: inout ScreenLine
    ) {
        let column = columns[place]
        if place > 0 { line.add(String(repeating: " ", count: Self.gap), gap) }
        line.add(
            TerminalText.fitted(text, widths[place], column.isText ? .left : .right), style)
    }

    private static func style(_ column: TopColumn, _ row: TopRow) -> TextStyle {
        switch column {
        case .tool: return .strong
        case .success:
            guard let success = row.endpoint.success else { return .faint }
            return success < 80 ? .bad : success < 95 ? .warning : .plain
        case .server: return .faint
        case .inFlight: return row.endpoint.inFlight > 0 ? .accent : .faint
        case .rate: return row.rate ?? 0 > 0 ? .accent : .faint
        default: return [TopFigure.none, "0%"].contains(column.text(row)) ? .faint : .plain
        }
    }
}
