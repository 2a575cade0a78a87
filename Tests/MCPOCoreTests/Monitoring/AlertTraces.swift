// Calls as tools have them, with durations from distributions of different shapes, and a watch that
// reads them once a second as the core does.

import Foundation
import MCPOCore

/// Durations in seconds, with a median of about one `scale`.
enum DurationShape: CaseIterable, Sendable {
    case constant, uniform, exponential, lognormal
    /// Pareto with exponent 1.1: one call in a hundred takes sixty times as long as the median.
    case heavyTailed
    /// One call in ten takes a hundred times as long: a cache of the server's own.
    case rarelySlow
    /// Half of the calls take a hundred times as long: the medians flip from one to the other.
    case half
    /// Steps of 16 ms, as some clocks have: many equal durations.
    case coarse

    func sample(_ random: inout SeededRandom) -> Double {
        let uniform = (Double(random.below(1_000_000)) + 0.5) / 1_000_000
        switch self {
        case .constant: return 1
        case .uniform: return 0.5 + uniform
        case .exponential: return -log(uniform) / log(2)
        case .lognormal:
            let other = Double(random.below(1_000_000)) / 1_000_000
            return exp((-2 * log(uniform)).squareRoot() * cos(2 * .pi * other))
        case .heavyTailed: return pow(2 * uniform, -1 / 1.1)
        case .rarelySlow: return random.chance(10) ? 100 : 0.9 + uniform / 5
        case .half: return random.chance(50) ? 10 : 0.1
        case .coarse: return (-log(uniform) * 4).rounded() / 4
        }
    }
}

/// One tool, called so many times a second, and the alerts that it gets.
struct AlertTrace: ~Copyable {
    private(set) var monitor: PerformanceMonitor
    private(set) var book: AlertBook
    let tool: EndpointID
    var random: SeededRandom
    private(set) var now: Int64 = 0
    private(set) var calls = 0
    private(set) var changes: [AlertBook.Change] = []
    private var sinceRead = 0
    private let rate: Int

    init(
        seed: Int, rate: Int = 20, thresholds: AlertThresholds = AlertThresholds(),
        windowSize: Int = 1_000
    ) {
        monitor = PerformanceMonitor(windowSize: windowSize)
        book = AlertBook(thresholds)
        tool = monitor.endpoint("tool")
        random = SeededRandom(seed: seed)
        self.rate = rate
    }

    var raised: Int { changes.count { if case .raised = $0 { true } else { false } } }
    var cleared: Int { changes.count - raised }

    mutating func call(_ seconds: Double, _ outcome: RequestOutcome = .answered) {
        let start = Instant(nanoseconds: now)
        monitor.begin(tool, at: start)
        let end = Instant(nanoseconds: now + Int64(min(seconds, 10_000) * 1e9))
        monitor.end(tool, since: start, at: end, outcome: outcome, from: .server)
        noteCall()
    }

    mutating func hit() {
        monitor.noteHit(tool, at: Instant(nanoseconds: now))
        noteCall()
    }

    private mutating func noteCall() {
        calls += 1
        now += 1_000_000_000 / Int64(rate)
        sinceRead += 1
        if sinceRead >= rate { read() }
    }

    mutating func read() {
        sinceRead = 0
        let time = Instant(nanoseconds: now)
        changes += monitor.read(into: &book, at: time) + book.expire(at: time)
    }

    mutating func pass(seconds: Int) {
        now += Int64(seconds) * 1_000_000_000
        changes += book.expire(at: Instant(nanoseconds: now))
    }
}
