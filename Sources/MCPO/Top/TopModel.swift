// What `mcpo top` knows: the last document, what has changed since the one before, and the last
// minute.
//
//     document at 10 s: 100 requests ─┐
//     document at 12 s: 150 requests ─┴─▶ 25 requests in a second
//     document at 13 s: 3 requests, up for 1 s ─▶ another mcpo: no rate until the next document

package import MCPOCore

/// An endpoint with its rate.
package struct TopRow: Equatable, Sendable {
    package var endpoint: MetricsReading.Endpoint
    /// Requests in a second, between the last two documents; of a first one as mcpo says.
    package var rate: Double?

    var hitRate: Double? {
        endpoint.total > 0 ? min(100, 100 * endpoint.hits / endpoint.total) : nil
    }
}

/// The state of what is watched.
package struct TopModel: Sendable {
    /// How long the history is.
    static let minute = Duration.seconds(60)
    /// Documents in it, however short the interval: those of a minute at 100 ms.
    private static let longestHistory = 600
    /// By how many seconds the start of one mcpo may seem to move: its times are rounded.
    private static let rounding = 0.02
    /// How long it is told that mcpo was restarted.
    private static let newsTime = Duration.seconds(10)

    /// The rate of a stretch of time.
    package struct Sample: Equatable, Sendable {
        package var from: Instant
        package var to: Instant
        package var rate: Double
    }

    package private(set) var reading: MetricsReading?
    package private(set) var rows: [TopRow] = []
    package private(set) var rate: Double?
    package private(set) var history: [Sample] = []
    /// Why there is no news, and since when.
    private(set) var failure: MetricsFailure?
    private(set) var failedAt = Instant.never
    private(set) var takenAt = Instant.never
    private var restartedAt: Instant?

    package init() {}

    /// A document has come.
    package mutating func take(_ new: MetricsReading, at now: Instant) {
        let old = reading
        let isAnother = old.map { Self.isRestart($0, new) } ?? false
        if isAnother { restartedAt = now }
        let elapsed = old.map { seconds(between: $0, and: new, at: now) } ?? 0
        if let old, !isAnother, elapsed > 0.01 {
            rows = Self.rows(new, since: old, seconds: elapsed)
            rate = rows.reduce(0) { $0 + ($1.rate ?? 0) }
            note(rate ?? 0, until: now, seconds: elapsed)
        } else {
            rows = new.endpoints.map { TopRow(endpoint: $0, rate: $0.rate) }
            let rates = rows.compactMap(\.rate)
            rate = rates.isEmpty && !rows.isEmpty ? nil : rates.reduce(0, +)
        }
        reading = new
        takenAt = now
        failure = nil
    }

    /// No document has come.
    package mutating func lose(_ failure: MetricsFailure, at now: Instant) {
        if self.failure == nil { failedAt = now }
        self.failure = failure
    }

    /// Whether mcpo was restarted a moment ago.
    package func isNews(at now: Instant) -> Bool {
        restartedAt.map { now < $0.advanced(by: Self.newsTime) } ?? false
    }

    // MARK: Two documents

    private static func isRestart(_ old: MetricsReading, _ new: MetricsReading) -> Bool {
        guard let before = old.started, let after = new.started else {
            return new.total < old.total
        }
        return abs(after - before) > rounding
    }

    /// Seconds between two documents of one mcpo, on its own clock if it tells that.
    private func seconds(
        between old: MetricsReading, and new: MetricsReading, at now: Instant
    ) -> Double {
        if let before = old.uptime, let after = new.uptime, after > before {
            return after - before
        }
        return Self.seconds(from: takenAt, to: now)
    }

    private static func seconds(from: Instant, to: Instant) -> Double {
        Double(to.since(from).wholeNanoseconds) / 1e9
    }

    private static func rows(
        _ new: MetricsReading, since old: MetricsReading, seconds: Double
    ) -> [TopRow] {
        var before: [String: Double] = [:]
        for endpoint in old.endpoints { before[endpoint.name] = endpoint.total }
        return new.endpoints.map { endpoint in
            let change = endpoint.total - before[endpoint.name, default: 0]
            return TopRow(endpoint: endpoint, rate: max(0, change) / seconds)
        }
    }

    private mutating func note(_ rate: Double, until now: Instant, seconds: Double) {
        let length = Int64(min(seconds, 3_600) * 1e9)
        let from = max(takenAt, now.advanced(byNanoseconds: -length))
        history.append(Sample(from: from, to: now, rate: rate))
        let start = now.advanced(byNanoseconds: -Self.minute.wholeNanoseconds)
        history.removeAll { $0.to <= start }
        history.removeFirst(max(0, history.count - Self.longestHistory))
    }
}

// MARK: - All endpoints together

extension MetricsReading {
    var total: Double { endpoints.reduce(0) { $0 + $1.total } }

    /// Percent of what was asked of the caches; nil when nothing was.
    var hitRate: Double? {
        let hits = caches.reduce(0) { $0 + $1.hits }
        let asked = caches.reduce(hits) { $0 + $1.misses }
        return asked > 0 ? 100 * hits / asked : nil
    }

    /// Calls that no server has seen.
    var callsSaved: Double {
        if let savedCalls { return savedCalls }
        return endpoints.reduce(0) { $0 + ($1.savedCalls ?? ($1.hits + $1.joined)) }
    }

    /// Seconds that callers did not wait; nil when mcpo does not tell.
    var timeSaved: Double? {
        if let savedDuration { return savedDuration }
        let parts = endpoints.compactMap(\.savedDuration)
        return parts.isEmpty ? nil : parts.reduce(0, +)
    }

    /// The duration that `part` of all requests stay below, as far as each endpoint's own figures
    /// tell: between them it is taken to grow evenly. An estimate: the document does not say how
    /// many of an endpoint's requests are recent.
    package func quantile(_ part: Double) -> Double? {
        let curves = endpoints.compactMap(DurationCurve.init)
        let total = curves.reduce(0) { $0 + $1.weight }
        guard total > 0 else { return nil }
        var (low, high) = (0.0, curves.reduce(0) { max($0, $1.points.last?.duration ?? 0) })
        // Forty halvings are more than the digits of the document.
        for _ in 0..<40 {
            let middle = (low + high) / 2
            let below = curves.reduce(0) { $0 + $1.weight * $1.part(below: middle) }
            if below < part * total { low = middle } else { high = middle }
        }
        return high
    }
}

/// How the durations of an endpoint are spread.
private struct DurationCurve {
    var weight: Double
    /// Both members grow.
    var points: [(duration: Double, part: Double)]

    /// nil without requests or figures.
    init?(_ endpoint: MetricsReading.Endpoint) {
        guard endpoint.total > 0, let p50 = endpoint.p50 else { return nil }
        weight = endpoint.total
        points = [(endpoint.minimum ?? 0, 0)]
        for (duration, part) in [
            (p50, 0.5), (endpoint.p90 ?? p50, 0.9), (endpoint.p99 ?? p50, 0.99),
            (endpoint.maximum ?? p50, 1),
        ] {
            points.append((max(duration, points[points.count - 1].duration), part))
        }
    }

    func part(below duration: Double) -> Double {
        var before = points[0]
        if duration < before.duration { return 0 }
        for point in points.dropFirst() {
            if duration < point.duration {
                let share = (duration - before.duration) / (point.duration - before.duration)
                return before.part + share * (point.part - before.part)
            }
            before = point
        }
        return 1
    }
}
