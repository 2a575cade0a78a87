// A second, naive monitor, that the real one is held against: it keeps every request and counts when
// asked.

import MCPOCore
import Testing

/// What the monitor says of one endpoint, by the definitions of SPEC §8 taken literally.
struct EndpointModel {
    let windowSize: Int
    var arrivals: [Int64] = []
    /// Of those that were answered, failed or hit, in the order of their ends.
    var ended: [(nanoseconds: Int64, isFailure: Bool)] = []
    var outcomes: [RequestOutcome: Int] = [:]
    var inFlight = 0
    var peak = 0
    var joined = 0
    /// The durations of the successful calls that a server has answered for themselves.
    var mean: Double = 0
    var calls = 0
    var savedCalls = 0
    var saved: Double = 0

    mutating func begin(at now: Int64) {
        arrivals.append(now)
        inFlight += 1
        peak = max(peak, inFlight)
    }

    mutating func end(
        after nanoseconds: Int64, _ outcome: RequestOutcome, from source: AnswerSource
    ) {
        inFlight -= 1
        note(nanoseconds, outcome)
        switch (source, outcome) {
        case (.server, .answered):
            calls += 1
            mean += (Double(nanoseconds) - mean) / Double(min(calls, 32))
        case (.shared, .hit), (.shared, .joined):
            savedCalls += 1
            saved += max(0, mean - Double(nanoseconds))
        default: break
        }
    }

    mutating func hit(at now: Int64) {
        arrivals.append(now)
        note(0, .hit)
        savedCalls += 1
        saved += mean
    }

    /// How many requests took up to each of the bounds and longer than the one before.
    private var histogram: [Int] {
        let bounds = [
            0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
            Double.infinity,
        ]
        var counts = bounds.map { _ in 0 }
        for (nanoseconds, _) in ended {
            let place = bounds.firstIndex { Double(nanoseconds) / 1e9 <= $0 }
            if let place { counts[place] += 1 }
        }
        return counts
    }

    private mutating func note(_ nanoseconds: Int64, _ outcome: RequestOutcome) {
        outcomes[outcome, default: 0] += 1
        if outcome != .cancelled { ended.append((nanoseconds, outcome == .failed)) }
    }

    /// Nanoseconds, rounded to microseconds, from 2³⁰ µs on down to 1,024 µs; shortest first.
    private var sorted: [Int64] {
        let rounded = ended.suffix(windowSize).map {
            let microseconds = ($0.nanoseconds + 500) / 1_000
            return microseconds < 1 << 30 ? microseconds : microseconds / 1_024 * 1_024
        }
        return rounded.map { $0 * 1_000 }.sorted()
    }

    private func percentile(_ percent: Double) -> Int64 {
        guard !ended.isEmpty else { return 0 }
        let sorted = sorted
        return sorted[Int((percent / 100 * Double(sorted.count)).rounded(.up)) - 1]
    }

    func arrived(inLast nanoseconds: Int64, at now: Int64) -> Int {
        arrivals.count { $0 > now - nanoseconds && $0 <= now }
    }

    /// What the monitor should say, but for the arrivals, which it may guess at high rates.
    func figures(_ name: [UInt8], arrivedLike other: EndpointFigures) -> EndpointFigures {
        var figures = EndpointFigures(name: name, total: arrivals.count)
        figures.answered = outcomes[.answered, default: 0]
        figures.failed = outcomes[.failed, default: 0]
        figures.cancelled = outcomes[.cancelled, default: 0]
        figures.hits = outcomes[.hit, default: 0]
        figures.joined = joined
        figures.joinedAnswers = outcomes[.joined, default: 0]
        // The means of whole nanoseconds are off by one for each call that they are of.
        let isNear = abs(Double(other.callDuration) - mean) <= 64
        figures.callDuration = isNear ? other.callDuration : Int64(mean)
        figures.savedCalls = savedCalls
        let isSavedNear = abs(Double(other.savedDuration) - saved) <= 64 * Double(savedCalls)
        figures.savedDuration = isSavedNear ? other.savedDuration : Int64(saved)
        figures.histogram = histogram
        figures.inFlight = inFlight
        figures.peakInFlight = peak
        figures.totalDuration = ended.reduce(0) { $0 + $1.nanoseconds }
        figures.durations = durations
        figures.arrivedInLastSecond = other.arrivedInLastSecond
        figures.arrivedInLastFiveSeconds = other.arrivedInLastFiveSeconds
        return figures
    }

    private var durations: DurationSummary {
        var durations = DurationSummary()
        let sorted = sorted
        guard let first = sorted.first, let last = sorted.last else { return durations }
        durations.count = sorted.count
        durations.failures = ended.suffix(windowSize).count { $0.isFailure }
        durations.average = (sorted.reduce(0, +) + Int64(sorted.count / 2)) / Int64(sorted.count)
        durations.minimum = first
        durations.maximum = last
        durations.p50 = percentile(50)
        durations.p90 = percentile(90)
        durations.p99 = percentile(99)
        return durations
    }
}

extension PerformanceMonitor {
    mutating func endpoint(_ name: String, _ standing: NameStanding = .listed) -> EndpointID {
        let bytes = Array(name.utf8)
        return endpoint(bytes.span.bytes, standing)
    }

    /// The figures of the endpoint of this name, which has had a request.
    func figures(of name: String, at now: Int64) throws -> EndpointFigures {
        let all = figures(at: Instant(nanoseconds: now))
        return try #require(all.first { $0.name == Array(name.utf8) })
    }
}
