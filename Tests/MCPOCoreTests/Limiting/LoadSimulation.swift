// Callers, the real limiter and the model of a server, in virtual time.

import MCPOCore

/// How long a call takes, and of what kind it is, when it is the `load`-th under way.
typealias ServerModel = (_ load: Int, _ now: Instant, _ random: inout SeededRandom) -> ModelCall

struct ModelCall {
    var nanoseconds: Int64
    var kind: Int32 = 0
    var outcome = PermitOutcome.answered
}

let millisecond: Int64 = 1_000_000

/// What happened after the time to warm up.
struct LoadReport {
    var calls = 0
    var seconds = 0.0
    var smallest = Int.max
    var largest = 0
    /// Over time.
    var meanLimit = 0.0
    var latency: Int64 = 0

    var throughput: Double { Double(calls) / seconds }
}

/// A closed loop: each caller makes the next call when it has the answer to its last.
struct LoadSimulation: ~Copyable {
    private struct Event {
        var time: Int64
        var number: Int
        /// nil: a caller makes a call.
        var permit: Permit?
        var call = ModelCall(nanoseconds: 0)
    }

    private(set) var limiter: ConcurrencyLimiter
    private let server: LimitedServer
    private let lane: LimitedLane
    private var random: SeededRandom
    /// The next one last.
    private var events: [Event] = []
    private var eventNumber = 0
    private(set) var now: Int64 = 0
    private var running = 0
    /// How many callers are awake; the others stop when they have their answer.
    private(set) var callers = 0

    init(isAdaptive: Bool, maximum: Int = 200, limit: Int? = nil, seed: Int = 1) {
        limiter = ConcurrencyLimiter(
            ConcurrencySettings(maximum: maximum, maxQueue: 10_000, queueTimeout: .max))
        server = limiter.addServer(limit: limit)
        lane = limiter.lane(of: server)
        limiter.setAdaptive(isAdaptive, of: server, at: Instant(nanoseconds: 0))
        random = SeededRandom(seed: seed)
    }

    var limit: Int { limiter.load(of: server).limit ?? .max }

    /// Changes the number of callers.
    mutating func setCallers(_ count: Int) {
        let more = count - callers
        callers = count
        guard more > 0 else { return }
        for _ in 0..<more { schedule(Event(time: now, number: 0)) }
    }

    /// Runs for a while.
    mutating func run(seconds: Double, _ model: ServerModel) -> LoadReport {
        let end = now + Int64(seconds * 1e9)
        var report = LoadReport(seconds: seconds)
        while let event = events.last, event.time <= end {
            report.meanLimit += Double(min(limit, 100_000)) * Double(event.time - now)
            now = event.time
            events.removeLast()
            if let permit = event.permit {
                report.calls += 1
                report.latency += event.call.nanoseconds
                finish(permit, event.call, model)
            } else {
                arrive(model)
            }
            report.smallest = min(report.smallest, limit)
            report.largest = max(report.largest, limit)
        }
        report.meanLimit += Double(min(limit, 100_000)) * Double(end - now)
        report.meanLimit /= seconds * 1e9
        report.latency /= Int64(max(report.calls, 1))
        now = end
        return report
    }

    private mutating func arrive(_ model: ServerModel) {
        if case .admitted(let permit) = limiter.admit(lane, waiter: 0, at: instant) {
            start(permit, model)
        }
    }

    private mutating func finish(_ permit: Permit, _ call: ModelCall, _ model: ServerModel) {
        running -= 1
        limiter.release(permit, call.outcome, kind: call.kind, at: instant)
        // The waiting and the running are all the callers there are.
        if running + limiter.figures.queued < callers { schedule(Event(time: now, number: 0)) }
        while let turn = limiter.next(at: instant) { start(turn.permit, model) }
    }

    private mutating func start(_ permit: Permit, _ model: ServerModel) {
        running += 1
        let call = model(running, instant, &random)
        schedule(
            Event(time: now + max(call.nanoseconds, 1), number: 0, permit: permit, call: call))
    }

    private mutating func schedule(_ event: Event) {
        eventNumber += 1
        var event = event
        event.number = eventNumber
        var (low, high) = (0, events.count)
        while low < high {
            let middle = (low + high) / 2
            let other = events[middle]
            let isLater = (other.time, other.number) > (event.time, event.number)
            if isLater { low = middle + 1 } else { high = middle }
        }
        events.insert(event, at: low)
    }

    private var instant: Instant { Instant(nanoseconds: now) }
}

// MARK: - Models

/// `workers` calls at once take `base` each; more wait for one another.
func parallelServer(workers: Int, base: Int64) -> ServerModel {
    { load, _, _ in
        ModelCall(nanoseconds: max(base, base * Int64(load) / Int64(workers)))
    }
}

/// Likewise, but what is more makes the server slower as a whole: it swaps, or its locks contend.
func thrashingServer(workers: Int, base: Int64) -> ServerModel {
    { load, _, _ in
        let share = max(Double(load) / Double(workers), 1)
        let factor = share * (1 + (share - 1) * (share - 1))
        return ModelCall(nanoseconds: Int64(Double(base) * factor))
    }
}

/// Durations of a model multiplied by chance: usually 0.5 to 1.5, and one in `rarity` by 10.
func noisy(_ model: @escaping ServerModel, rarity: Int = 20) -> ServerModel {
    { load, now, random in
        var call = model(load, now, &random)
        let percent = 50 + random.below(101)
        call.nanoseconds = call.nanoseconds * Int64(percent) / 100
        if random.below(rarity) == 0 { call.nanoseconds *= 10 }
        return call
    }
}
