// Requests a second, on virtual time: exact while they are rare, tight when they are many.

import MCPOCore
import Testing

@Suite struct RequestRateTests {
    private static let millisecond: Int64 = 1_000_000
    private static let second: Int64 = 1_000_000_000

    private static func rates(
        _ arrivals: [Int64], at now: Int64
    ) throws -> (last: Int, lastFive: Int) {
        var monitor = PerformanceMonitor(windowSize: 10)
        let add = monitor.endpoint("add")
        for arrival in arrivals { monitor.noteHit(add, at: Instant(nanoseconds: arrival)) }
        let figures = try monitor.figures(of: "add", at: now)
        #expect(figures.qps1s == Double(figures.arrivedInLastSecond))
        #expect(figures.qps5s == Double(figures.arrivedInLastFiveSeconds) / 5)
        return (figures.arrivedInLastSecond, figures.arrivedInLastFiveSeconds)
    }

    @Test func `a request counts for one second and for five, to the nanosecond`() throws {
        let arrival = 7 * Self.second
        for (age, last, lastFive) in [
            (0, 1, 1), (1, 1, 1), (Self.second - 1, 1, 1), (Self.second, 0, 1),
            (5 * Self.second - 1, 0, 1), (5 * Self.second, 0, 0), (3_600 * Self.second, 0, 0),
        ] {
            let rates = try Self.rates([arrival], at: arrival + age)
            #expect(rates == (last, lastFive), "\(age) ns later")
        }
    }

    @Test(arguments: 0..<40)
    func `rare requests are counted exactly`(seed: Int) throws {
        var random = SeededRandom(seed: seed)
        var model = EndpointModel(windowSize: 10)
        var now: Int64 = 0
        for _ in 0..<400 {
            // Pairs, at most: no three requests within 10 ms.
            now += Int64(random.below(300)) * Self.millisecond + 10 * Self.millisecond
            model.hit(at: now)
            guard random.chance(30) else { continue }
            now += Int64(random.below(Int(10 * Self.millisecond)))
            model.hit(at: now)
        }
        for _ in 0..<20 {
            now += Int64(random.below(Int(Self.second / 2)))
            let rates = try Self.rates(model.arrivals, at: now)
            #expect(rates.last == model.arrived(inLast: Self.second, at: now))
            #expect(rates.lastFive == model.arrived(inLast: 5 * Self.second, at: now))
        }
    }

    @Test(arguments: 0..<20)
    func `many requests are counted but for those of ten milliseconds`(seed: Int) throws {
        var random = SeededRandom(seed: seed)
        let gap = random.pick([1, 1_000, 100_000, 3_000_000])
        var model = EndpointModel(windowSize: 10)
        var now: Int64 = 0
        while now < 7 * Self.second, model.arrivals.count < 8_000 {
            now += random.chance(1) ? Int64(random.below(50_000_000)) : Int64(random.below(gap))
            model.hit(at: now)
        }
        for _ in 0..<6 {
            now += Int64(random.below(Int(Self.second)))
            let rates = try Self.rates(model.arrivals, at: now)
            for (length, count) in [(Int64(1), rates.last), (5, rates.lastFive)] {
                let edge = now - length * Self.second
                let exact = model.arrived(inLast: length * Self.second, at: now)
                let nearEdge = model.arrivals.count {
                    abs($0 - edge) <= 10 * Self.millisecond
                }
                #expect(abs(count - exact) <= nearEdge)
            }
        }
    }

    @Test func `an even load is counted to within a hundredth`() throws {
        let arrivals = (0..<120_000).map { Int64($0) * 50_000 }  // 20,000 a second for 6 s
        let rates = try Self.rates(arrivals, at: 6 * Self.second)
        #expect(abs(rates.last - 20_000) <= 200)
        #expect(abs(rates.lastFive - 100_000) <= 200)
    }

    @Test func `after a long pause nothing of before counts`() throws {
        let before = (0..<10_000).map { Int64($0) * Self.millisecond }
        let rates = try Self.rates(before + [100 * Self.second], at: 100 * Self.second)
        #expect(rates == (1, 1))
    }
}
