// Anomalies: few false alarms on calls that go on as they were, quick alarms when they do not.

import MCPOCore
import Testing

@Suite struct AnomalyTests {
    /// All shapes and seeds together: 192,000 calls without a change. Eighty times as many, of other
    /// seeds, raised none.
    @Test func `calls that stay as they are raise next to no alarm`() {
        var (alarms, calls) = (0, 0)
        for shape in DurationShape.allCases {
            for seed in 0..<4 {
                var trace = AlertTrace(seed: seed)
                for _ in 0..<6_000 {
                    let isFailure = trace.random.chance(3)
                    let duration = 0.1 * shape.sample(&trace.random)
                    trace.call(duration, isFailure ? .failed : .answered)
                }
                alarms += trace.raised
                calls += trace.calls
            }
        }
        #expect(calls == 192_000)
        #expect(alarms <= 1)
    }

    /// But for `half`: there the half of what is new is as usual as before.
    @Test(arguments: DurationShape.allCases.filter { $0 != .half }, [0.1, 10])
    func `a shift of ten times is noticed within a hundred calls, mostly within forty`(
        shape: DurationShape, factor: Double
    ) {
        var soon = 0
        for seed in 0..<4 {
            var trace = AlertTrace(seed: seed)
            for _ in 0..<500 { trace.call(0.3 * shape.sample(&trace.random)) }
            let before = trace.raised
            var needed = 0
            while trace.raised == before, needed < 200 {
                needed += 1
                trace.call(0.3 * factor * shape.sample(&trace.random))
            }
            #expect(before == 0)
            #expect(needed <= 100, "\(shape) by \(factor): \(needed) calls")
            soon += needed <= 40 ? 1 : 0
            guard let alert = trace.book.alerts.first?.reading else { continue }
            #expect(alert.kind == .anomaly && alert.unit == .seconds)
            #expect((alert.value > alert.threshold) == (factor > 1))
        }
        #expect(soon >= 3)
    }

    @Test func `what is new becomes usual, and the alarm ends by itself`() {
        var trace = AlertTrace(seed: 1)
        for _ in 0..<1_000 { trace.call(0.1 * DurationShape.lognormal.sample(&trace.random)) }
        for _ in 0..<3_000 { trace.call(1.0 * DurationShape.lognormal.sample(&trace.random)) }
        #expect(trace.raised == 1 && trace.cleared == 1)
    }

    @Test func `a tool that is slow for a while and well again has one alarm`() {
        var trace = AlertTrace(seed: 1)
        for phase in [0.1, 1, 0.1] {
            for _ in 0..<200 {
                trace.call(phase * DurationShape.exponential.sample(&trace.random))
            }
        }
        #expect(trace.raised == 1 && trace.cleared == 1)
        #expect(trace.book.alerts.isEmpty)
    }

    @Test(arguments: [(0.000_05, 0.000_2), (0.001, 0.015), (0.02, 0.002)])
    func `differences that nobody feels raise nothing`(before: Double, after: Double) {
        var trace = AlertTrace(seed: 1)
        for _ in 0..<500 { trace.call(before) }
        for _ in 0..<200 { trace.call(after) }
        #expect(trace.raised == 0)
    }

    @Test func `calls that become hits, and hits that become calls, are nothing unusual`() {
        var trace = AlertTrace(seed: 1)
        for phase in 0..<6 {
            for _ in 0..<400 {
                if phase % 2 == 1, !trace.random.chance(10) {
                    trace.hit()
                } else {
                    trace.call(0.5 * DurationShape.lognormal.sample(&trace.random))
                }
            }
        }
        #expect(trace.raised == 0)
    }

    @Test(arguments: [(0, 30), (1, 40), (10, 60), (30, 90)])
    func `failures that become many are noticed`(before: Int, after: Int) {
        for seed in 0..<8 {
            var trace = AlertTrace(seed: seed)
            for _ in 0..<500 {
                let isFailure = trace.random.chance(before)
                trace.call(0.01, isFailure ? .failed : .answered)
            }
            #expect(trace.raised == 0)
            var needed = 0
            while trace.raised == 0, needed < 200 {
                needed += 1
                let isFailure = trace.random.chance(after)
                trace.call(0.01, isFailure ? .failed : .answered)
            }
            #expect(needed <= 80, "\(before) % to \(after) %: \(needed) calls")
            #expect(trace.book.alerts.first?.reading.unit == .percent)
        }
    }

    @Test func `the first calls of a tool are not unlike anything`() {
        var trace = AlertTrace(seed: 1)
        for _ in 0..<60 { trace.call(0.01) }
        for _ in 0..<35 { trace.call(10, .failed) }
        #expect(trace.raised == 0)
    }
}
