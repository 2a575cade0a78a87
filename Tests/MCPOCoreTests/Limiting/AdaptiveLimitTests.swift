// An adaptive limit in front of models of servers. A server "for 8" has its knee at 8 calls at once.

import MCPOCore
import Testing

private let base = 20 * millisecond

/// What `workers` make of calls of `base` each.
private func peak(_ workers: Int, base: Int64 = base) -> Double {
    Double(workers) * 1e9 / Double(base)
}

private func adaptive(callers: Int = 100, maximum: Int = 200, seed: Int = 1) -> LoadSimulation {
    var simulation = LoadSimulation(isAdaptive: true, maximum: maximum, seed: seed)
    simulation.setCallers(callers)
    return simulation
}

private func withLimit(_ limit: Int?, _ model: ServerModel) -> LoadReport {
    var simulation = LoadSimulation(isAdaptive: false, limit: limit)
    simulation.setCallers(100)
    return simulation.run(seconds: 30, model)
}

@Suite("An adaptive limit")
struct AdaptiveLimitTests {
    @Test("It settles at the knee of a server with a queue", arguments: [1, 2, 4, 8, 20, 50])
    func parallel(workers: Int) {
        let model = parallelServer(workers: workers, base: base)
        var simulation = adaptive()
        _ = simulation.run(seconds: 20, model)
        let report = simulation.run(seconds: 40, model)
        #expect(report.throughput >= 0.9 * peak(workers))
        #expect(report.meanLimit >= 0.9 * Double(workers))
        #expect(report.meanLimit <= 1.6 * Double(workers))
        #expect(report.largest <= 2 * workers)
        #expect(report.smallest >= max(workers / 2, 1))
    }

    @Test("It keeps a server from thrashing", arguments: [1, 2, 4, 8, 20])
    func thrashing(workers: Int) {
        let model = thrashingServer(workers: workers, base: base)
        var simulation = adaptive()
        _ = simulation.run(seconds: 20, model)
        let report = simulation.run(seconds: 40, model)
        #expect(report.throughput >= 0.9 * peak(workers))
        #expect(report.largest <= 2 * workers)
        let unlimited = withLimit(nil, model)
        #expect(report.throughput >= 15 * unlimited.throughput)
    }

    @Test("Durations that vary widely change little of that", arguments: [4, 8, 20], 1...3)
    func noise(workers: Int, seed: Int) {
        let model = noisy(thrashingServer(workers: workers, base: base))
        var simulation = adaptive(seed: seed)
        _ = simulation.run(seconds: 20, model)
        let report = simulation.run(seconds: 60, model)
        #expect(report.throughput >= 0.85 * withLimit(workers, model).throughput)
        #expect(report.meanLimit >= 0.7 * Double(workers))
        #expect(report.meanLimit <= 1.6 * Double(workers))
    }

    @Test("A server that gets slower, or faster, for good keeps its limit")
    func step() {
        let model: ServerModel = { load, now, random in
            let slow = (20..<60).contains(now.nanoseconds / 1_000_000_000)
            return thrashingServer(workers: 8, base: slow ? 4 * base : base)(load, now, &random)
        }
        var simulation = adaptive()
        let before = simulation.run(seconds: 20, model)
        let slower = simulation.run(seconds: 20, model)
        let slow = simulation.run(seconds: 20, model)
        let faster = simulation.run(seconds: 10, model)
        let after = simulation.run(seconds: 30, model)
        #expect(before.throughput >= 0.85 * peak(8))
        #expect(slower.throughput >= 0.7 * peak(8, base: 4 * base))
        #expect(slow.throughput >= 0.9 * peak(8, base: 4 * base))
        #expect(after.throughput >= 0.9 * peak(8))
        for report in [slower, slow, faster, after] {
            #expect(report.smallest >= 2, "not even in a probe")
            #expect(report.largest <= 16)
        }
    }

    @Test("It follows a server whose knee moves")
    func movingKnee() {
        let model: ServerModel = { load, now, random in
            let seconds = now.nanoseconds / 1_000_000_000
            let workers = seconds < 20 ? 8 : seconds < 60 ? 2 : 32
            return thrashingServer(workers: workers, base: base)(load, now, &random)
        }
        var simulation = adaptive()
        _ = simulation.run(seconds: 40, model)
        let narrow = simulation.run(seconds: 20, model)
        _ = simulation.run(seconds: 10, model)
        let wide = simulation.run(seconds: 20, model)
        #expect(narrow.throughput >= 0.85 * peak(2))
        #expect(narrow.largest <= 4)
        #expect(wide.throughput >= 0.85 * peak(32))
    }

    @Test("A limit that is not used does not move, and serves the next burst")
    func idleThenBurst() {
        let model = thrashingServer(workers: 8, base: base)
        var simulation = adaptive()
        _ = simulation.run(seconds: 20, model)
        simulation.setCallers(0)
        _ = simulation.run(seconds: 5, model)
        let settled = simulation.limit
        simulation.setCallers(2)
        let quiet = simulation.run(seconds: 600, model)
        #expect(quiet.largest <= max(settled, 11))
        simulation.setCallers(100)
        let burst = simulation.run(seconds: 5, model)
        #expect(burst.throughput >= 0.85 * peak(8))
        #expect(burst.largest <= 16)
    }

    @Test("Few callers never raise it, however fast the server is")
    func unused() {
        let model = parallelServer(workers: 100, base: base)
        var simulation = adaptive(callers: 2)
        let report = simulation.run(seconds: 60, model)
        #expect(report.largest <= 4)
        #expect(report.throughput >= 0.99 * 2e9 / Double(base))
    }

    @Test("It grows to the maximum of a server that has no knee below it, and no further")
    func ceiling() {
        let model = parallelServer(workers: 500, base: base)
        var simulation = adaptive(maximum: 40)
        _ = simulation.run(seconds: 5, model)
        let report = simulation.run(seconds: 20, model)
        #expect(report.largest == 40)
        #expect(report.meanLimit >= 36)
        #expect(simulation.limiter.figures.peak == 40)
    }

    @Test("Calls that time out bring it down to 1 and never below, and it recovers")
    func timeouts() {
        let model: ServerModel = { load, now, random in
            guard now.nanoseconds < 60_000 * millisecond else {
                return parallelServer(workers: 8, base: base)(load, now, &random)
            }
            return ModelCall(nanoseconds: 1000 * millisecond, outcome: .overloaded)
        }
        var simulation = adaptive()
        _ = simulation.run(seconds: 20, model)
        let failing = simulation.run(seconds: 40, model)
        #expect(failing.smallest == 1)
        #expect(failing.largest == 1)
        #expect(failing.calls >= 39, "one after the other is tried")
        _ = simulation.run(seconds: 10, model)
        #expect(simulation.run(seconds: 10, model).throughput >= 0.9 * peak(8))
    }

    @Test("Calls that time out from a load on are found out by that")
    func overload() {
        let model: ServerModel = { load, _, _ in
            load > 6
                ? ModelCall(nanoseconds: 2000 * millisecond, outcome: .overloaded)
                : ModelCall(nanoseconds: base)
        }
        var simulation = adaptive()
        _ = simulation.run(seconds: 20, model)
        let report = simulation.run(seconds: 100, model)
        #expect(report.largest <= 9)
        #expect(report.throughput >= 0.25 * peak(6))
    }

    @Test("Calls without a meaning for load teach nothing")
    func unmeasured() {
        let model: ServerModel = { _, _, random in
            ModelCall(nanoseconds: Int64(random.below(1_000_000_000)), outcome: .unmeasured)
        }
        var simulation = adaptive()
        let report = simulation.run(seconds: 60, model)
        #expect(report.smallest == report.largest)
    }

    @Test("Slow tools in place of fast ones are no load", arguments: 1...3)
    func mix(seed: Int) {
        let model: ServerModel = { load, now, random in
            let isLate = now.nanoseconds > 30_000 * millisecond
            let isSlow = random.below(10) < (isLate ? 9 : 1)
            var call = thrashingServer(workers: 8, base: base / 4)(load, now, &random)
            if isSlow { call.nanoseconds *= 50 }
            call.kind = isSlow ? 1 : 0
            return call
        }
        var simulation = adaptive(seed: seed)
        _ = simulation.run(seconds: 20, model)
        let fast = simulation.run(seconds: 10, model)
        let slow = simulation.run(seconds: 60, model)
        #expect(fast.meanLimit >= 6 && fast.meanLimit <= 13)
        #expect(slow.meanLimit >= 6 && slow.meanLimit <= 13)
    }

    @Test("The same calls lead to the same limits")
    func deterministic() {
        let model = noisy(parallelServer(workers: 8, base: base))
        var first = adaptive(seed: 5)
        var second = adaptive(seed: 5)
        let reports = (first.run(seconds: 20, model), second.run(seconds: 20, model))
        #expect(reports.0.calls == reports.1.calls)
        #expect(reports.0.meanLimit == reports.1.meanLimit)
    }

    @Test("It is switched on and off while calls are under way")
    func switching() {
        let now = Instant(nanoseconds: 0)
        var limiter = ConcurrencyLimiter()
        let server = limiter.addServer(limit: 3)
        let lane = limiter.lane(of: server)
        limiter.setAdaptive(true, of: server, at: now)
        #expect(limiter.load(of: server).limit == 3)
        for waiter in 0..<3 as Range<Int32> { _ = limiter.admit(lane, waiter: waiter, at: now) }
        limiter.setLimit(nil, of: server)
        #expect(limiter.load(of: server).limit == 3, "it grows by itself, if it is used")
        limiter.setAdaptive(false, of: server, at: now)
        #expect(limiter.load(of: server).limit == nil)
        #expect(limiter.load(of: server).current == 3)
    }
}

@Suite("Logarithms without a library")
struct BinaryLogarithmTests {
    @Test("Powers of two are exact")
    func powers() {
        for exponent in -40...62 {
            let power = BinaryLogarithm.power(Double(exponent))
            #expect(power == Double(sign: .plus, exponent: exponent, significand: 1))
            #expect(BinaryLogarithm.of(power) == Double(exponent))
        }
    }

    @Test("Between them each undoes the other nearly, and doubling adds one")
    func between() {
        for step in 1..<4096 {
            let number = Double(step) / 64
            let logarithm = BinaryLogarithm.of(number)
            #expect(abs(BinaryLogarithm.power(logarithm) / number - 1) < 0.01)
            #expect(abs(BinaryLogarithm.of(2 * number) - logarithm - 1) < 1e-12)
        }
        #expect(abs(BinaryLogarithm.of(3) - 1.58496) < 0.009)
        #expect(abs(BinaryLogarithm.power(0.5) / 1.41421 - 1) < 0.003)
    }
}
