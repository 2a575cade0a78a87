// The columns of the table of tools: what is in them, how they sort, and which of them a narrow
// terminal does without.

/// A column; the raw value is its name on the command line.
package enum TopColumn: String, CaseIterable, Sendable {
    case tool, server, requests, rate, p50, p90, p99, success, hits
    case inFlight = "in-flight"
    case saved, cost

    var title: String {
        switch self {
        case .tool: "TOOL"
        case .server: "SERVER"
        case .requests: "REQUESTS"
        case .rate: "REQ/S"
        case .p50: "P50"
        case .p90: "P90"
        case .p99: "P99"
        case .success: "SUCCESS"
        case .hits: "HITS"
        case .inFlight: "IN FLIGHT"
        case .saved: "SAVED"
        case .cost: "COST"
        }
    }

    /// What stays longest when there is no room for all.
    static let byImportance: [TopColumn] = [
        .tool, .cost, .requests, .p50, .rate, .hits, .success, .p99, .server, .inFlight, .saved,
        .p90,
    ]

    var isText: Bool { self == .tool || self == .server }

    /// The columns of the screen that the figures of this one usually need, so that a table does
    /// not tremble when they change.
    var usualWidth: Int {
        switch self {
        case .tool, .server: 0
        case .requests: 9
        case .inFlight: 10
        case .success: 8
        default: 6
        }
    }

    func text(_ row: TopRow) -> String {
        let endpoint = row.endpoint
        switch self {
        case .tool: return TerminalText.safe(endpoint.name)
        case .server: return TerminalText.safe(endpoint.server ?? TopFigure.none)
        case .requests: return TopFigure.count(endpoint.total)
        case .rate: return TopFigure.rate(row.rate)
        case .p50: return TopFigure.duration(endpoint.p50)
        case .p90: return TopFigure.duration(endpoint.p90)
        case .p99: return TopFigure.duration(endpoint.p99)
        case .success: return TopFigure.percent(endpoint.success)
        case .hits: return TopFigure.percent(row.hitRate)
        case .inFlight: return TopFigure.count(endpoint.inFlight)
        case .saved: return TopFigure.duration(endpoint.savedDuration)
        case .cost: return TopFigure.duration(endpoint.cost)
        }
    }

    private func number(_ row: TopRow) -> Double? {
        let endpoint = row.endpoint
        switch self {
        case .tool, .server: return nil
        case .requests: return endpoint.total
        case .rate: return row.rate
        case .p50: return endpoint.p50
        case .p90: return endpoint.p90
        case .p99: return endpoint.p99
        case .success: return endpoint.success
        case .hits: return row.hitRate
        case .inFlight: return endpoint.inFlight
        case .saved: return endpoint.savedDuration
        case .cost: return endpoint.cost
        }
    }

    /// Whether `left` comes first: text from A, figures from the greatest, success from the least,
    /// what is not known last in both directions, and equals by name.
    private func isBefore(_ left: TopRow, _ right: TopRow, isReversed: Bool) -> Bool {
        let byName = left.endpoint.name < right.endpoint.name
        switch self {
        case .tool: return byName != isReversed
        case .server:
            guard left.endpoint.server != right.endpoint.server else { return byName }
            guard let first = left.endpoint.server else { return false }
            guard let second = right.endpoint.server else { return true }
            return (first < second) != isReversed
        default:
            let (first, second) = (number(left), number(right))
            guard first != second else { return byName }
            guard let first else { return false }
            guard let second else { return true }
            return (first < second) != ((self != .success) != isReversed)
        }
    }

    func sorted(_ rows: [TopRow], isReversed: Bool) -> [TopRow] {
        rows.sorted { isBefore($0, $1, isReversed: isReversed) }
    }

    /// Whether the greatest is first.
    func isDescending(isReversed: Bool) -> Bool {
        (isText || self == .success) == isReversed
    }
}
