// Alerts by thresholds: raised when over, cleared when clearly back and not at once, and never more
// than there is room for.

import MCPOCore
import Testing

@Suite struct AlertBookTests {
    private static var thresholds: AlertThresholds {
        var thresholds = AlertThresholds()
        thresholds.averageDuration = 1_000_000_000
        thresholds.successRate = 95
        thresholds.hitRate = 70
        return thresholds
    }

    private static func trace(windowSize: Int = 40) -> AlertTrace {
        AlertTrace(seed: 1, thresholds: thresholds, windowSize: windowSize)
    }

    @Test func `twenty requests are needed before anything is said`() {
        var trace = Self.trace()
        for _ in 0..<19 { trace.call(5, .failed) }
        trace.read()
        #expect(trace.book.alerts.isEmpty)
        trace.call(5, .failed)
        trace.read()
        #expect(trace.book.alerts.map(\.reading.kind) == [.slow, .failing])
        #expect(trace.book.alerts.map(\.reading.value) == [5, 0])
        #expect(trace.book.alerts.map(\.reading.threshold) == [1, 95])
    }

    @Test func `a window of fewer requests has alerts as well, and cancelled ones do not count`() {
        var trace = Self.trace(windowSize: 5)
        for _ in 0..<19 { trace.call(5) }
        for _ in 0..<100 { trace.call(5, .cancelled) }
        trace.read()
        #expect(trace.raised == 0)
        trace.call(5)
        trace.read()
        #expect(trace.book.alerts.map(\.reading.kind) == [.slow])
    }

    @Test func `many endpoints are read in parts, and none is forgotten`() {
        var monitor = PerformanceMonitor(windowSize: 100)
        let start = Instant(nanoseconds: 0)
        for number in 0..<200 {
            let endpoint = monitor.endpoint("tool \(number)")
            for _ in 0..<20 {
                monitor.begin(endpoint, at: start)
                monitor.end(endpoint, since: start, at: start, outcome: .failed, from: .server)
            }
        }
        var thresholds = AlertThresholds()
        thresholds.successRate = 50
        var book = AlertBook(thresholds)
        let first = monitor.read(into: &book, at: start)
        let (hasMore, isStirred) = (monitor.hasMoreToRead, monitor.isStirred)
        #expect(first.count == 64 && hasMore && !isStirred)
        let second = monitor.read(into: &book, at: start)
        #expect(second.count == 64, "and there is no room for more")
        for _ in 0..<2 { _ = monitor.read(into: &book, at: start) }
        let isDone = !monitor.hasMoreToRead
        #expect(isDone)
        #expect(Set(book.alerts.map(\.reading.kind)) == [.failing])
        #expect(book.alerts.count == AlertBook.maximum)
    }

    @Test func `without thresholds nothing is slow or failing`() {
        var trace = AlertTrace(seed: 1)
        for _ in 0..<500 { trace.call(20, .failed) }
        #expect(trace.raised == 0)
    }

    @Test func `exactly the threshold is no alert`() {
        var trace = Self.trace()
        for number in 0..<40 { trace.call(1, number % 20 == 0 ? .failed : .answered) }
        #expect(trace.raised == 0)
    }

    /// Averages that sway by a tenth around the threshold for an hour.
    @Test func `a figure that sways around its threshold raises one alert`() {
        var trace = Self.trace()
        for _ in 0..<72_000 {
            trace.call(0.8 + 0.4 * DurationShape.uniform.sample(&trace.random) / 1.0 - 0.18)
        }
        #expect(trace.raised == 1)
        #expect(trace.cleared == 0)
    }

    @Test func `what is clearly back is cleared, after ten seconds at the soonest`() {
        var trace = Self.trace(windowSize: 20)
        for _ in 0..<20 { trace.call(5) }
        #expect(trace.raised == 1)
        let since = trace.now
        for _ in 0..<100 { trace.call(0.1) }
        #expect(trace.now - since < 10_000_000_000)
        #expect(trace.cleared == 0)
        for _ in 0..<120 { trace.call(0.1) }
        #expect(trace.cleared == 1 && trace.book.alerts.isEmpty)
    }

    @Test func `what is back when requests stop is cleared all the same`() {
        var trace = Self.trace(windowSize: 20)
        for _ in 0..<20 { trace.call(5) }
        for _ in 0..<40 { trace.call(0.1) }
        #expect(trace.cleared == 0)
        let wanted = trace.book.nextDeadline
        trace.pass(seconds: 11)
        #expect(trace.cleared == 1)
        #expect(wanted.nanoseconds <= trace.now)
        #expect(trace.book.nextDeadline == .never, "without alerts nobody is woken")
    }

    @Test func `an alert of what nobody asks for any more ends`() {
        var trace = Self.trace()
        for _ in 0..<40 { trace.call(5) }
        trace.pass(seconds: 590)
        #expect(trace.cleared == 0)
        trace.pass(seconds: 20)
        guard case .cleared(let alert, let reason)? = trace.changes.last else {
            Issue.record("not cleared")
            return
        }
        #expect(alert.reading.kind == .slow && reason == .forgotten)
    }

    @Test func `another threshold ends what the old one has raised`() {
        var book = AlertBook(Self.thresholds)
        let now = Instant(nanoseconds: 0)
        let readings: [AlertReading] = [Self.reading(.slow), Self.reading(.anomaly)]
        for reading in readings { _ = book.note(reading, of: .endpoint(1), at: now) }
        var thresholds = Self.thresholds
        thresholds.averageDuration = nil
        let changes = book.set(thresholds)
        #expect(changes.count == 1 && book.alerts.map(\.reading.kind) == [.anomaly])
    }

    @Test func `there is room for so many and no more`() {
        var book = AlertBook(AlertThresholds())
        for place in 0..<1_000 {
            let now = Instant(nanoseconds: Int64(place))
            let change = book.note(Self.reading(.anomaly), of: .endpoint(place), at: now)
            #expect((change != nil) == (place < AlertBook.maximum))
        }
        #expect(book.alerts.count == AlertBook.maximum)
        let later = Instant(nanoseconds: 700_000_000_000)
        #expect(book.expire(at: later).count == AlertBook.maximum)
        #expect(book.note(Self.reading(.anomaly), of: .endpoint(999), at: later) != nil)
    }

    private static func reading(_ kind: MetricsAlert.Kind) -> AlertReading {
        AlertReading(kind, .seconds, value: 5, threshold: 1, isOver: true, isBack: false)
    }
}

// MARK: - Caches

extension AlertBookTests {
    @Test func `a cache is cold by its latest lookups, and recovers`() {
        var book = AlertBook(Self.thresholds)
        var (hits, misses, seconds) = (0, 0, Int64(0))
        var changes: [AlertBook.Change] = []
        for (phase, isHit) in [(0, true), (1, false), (2, true)] {
            for _ in 0..<3_000 {
                if isHit { hits += 1 } else { misses += 1 }
                guard (hits + misses) % 20 == 0 else { continue }
                seconds += 1
                let now = Instant(nanoseconds: seconds * 1_000_000_000)
                if let change = book.note(hits: hits, misses: misses, ofCache: 0, at: now) {
                    changes.append(change)
                }
            }
            #expect(changes.count == phase)
        }
        #expect(book.alerts.isEmpty)
    }

    @Test func `nothing is said of a cache out of force, nor of what it counted before`() {
        var book = AlertBook(Self.thresholds)
        let now = Instant(nanoseconds: 0)
        for place in 1...2 { _ = book.note(hits: 0, misses: 600, ofCache: place, at: now) }
        #expect(book.alerts.map(\.subject) == [.cache(1), .cache(2)])
        let changes = book.forget(cache: 1, hits: 0, misses: 600)
        #expect(book.alerts.map(\.subject) == [.cache(2)])
        guard case .cleared(let alert, .retired)? = changes.first, changes.count == 1 else {
            Issue.record("\(changes)")
            return
        }
        #expect(alert.subject == .cache(1))
        #expect(book.note(hits: 0, misses: 600, ofCache: 1, at: now) == nil)
        #expect(book.note(hits: 600, misses: 600, ofCache: 1, at: now) == nil, "all it has is hits")
    }

    @Test func `a cache that nobody asks is not cold`() {
        var book = AlertBook(Self.thresholds)
        for second in 0..<100 {
            let now = Instant(nanoseconds: Int64(second) * 1_000_000_000)
            #expect(book.note(hits: 0, misses: 0, ofCache: 0, at: now) == nil)
            #expect(book.note(hits: 0, misses: min(second, 19), ofCache: 1, at: now) == nil)
        }
    }
}
