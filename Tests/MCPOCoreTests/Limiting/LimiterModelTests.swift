import MCPOCore
import Testing

/// Random operations on a limiter and on its model.
private struct LimiterDuel: ~Copyable {
    var limiter: ConcurrencyLimiter
    var model: LimiterModel
    var random: SeededRandom
    var now: Int64 = 0
    var token: Int32 = 0
    /// Permits that are out, with the place of their lanes in the model.
    var permits: [(permit: Permit, lane: Int)] = []
    var tickets: [(ticket: WaitTicket, token: Int32)] = []
    var differences: [String] = []
    /// What happened, so that no case goes untested.
    var seen: [String: Int] = [:]

    init(seed: Int) {
        let settings = ConcurrencySettings(maximum: 6, maxQueue: 12, queueTimeout: 500)
        limiter = ConcurrencyLimiter(settings)
        model = LimiterModel(settings: settings)
        random = SeededRandom(seed: seed)
        for _ in 0..<3 { addServer() }
        for _ in 0..<4 { addTool() }
    }

    var instant: Instant { Instant(nanoseconds: now) }

    mutating func step() {
        now += Int64(random.below(20))
        switch random.below(1000) {
        case ..<400: admit()
        case ..<430: tryAdmit()
        case ..<760: release()
        case ..<800: withdraw()
        case ..<900: expire()
        case ..<925: changeSettings()
        case ..<950: changeServerLimit()
        case ..<975: changeToolLimit()
        case ..<980: addTool()
        case ..<985: removeTool()
        case ..<987: addServer()
        case ..<989: removeServer()
        default: now += 300
        }
        // Somebody who is due is not always asked for before the next operation.
        if random.below(10) > 0 { goOn() }
        compare()
    }

    mutating func check(_ isRight: Bool, _ what: String) {
        if !isRight { differences.append(what) }
    }

    mutating func note(_ what: String) { seen[what, default: 0] += 1 }

    mutating func compare() {
        check(limiter.figures == model.figures, "figures \(limiter.figures) \(model.figures)")
        let deadline = model.waiting.first.map {
            Instant(nanoseconds: $0.since).advanced(byNanoseconds: model.settings.queueTimeout)
        }
        check(limiter.nextDeadline == deadline, "deadline")
        for place in model.servers.indices where !model.servers[place].isRemoved {
            let server = model.servers[place]
            var load = ServerLoad()
            load.current = server.running
            load.limit = server.limit == .max ? nil : server.limit
            load.queued = model.waiting.count { model.lanes[$0.lane].server == place }
            check(limiter.load(of: server.handle) == load, "load of server \(place)")
        }
    }

    // MARK: Calls

    private mutating func anyLane() -> Int {
        while true {
            let lane = random.below(model.lanes.count)
            if !model.lanes[lane].isRemoved { return lane }
        }
    }

    private mutating func admit() {
        let lane = anyLane()
        token += 1
        let expected = model.admit(lane, token, at: now)
        note(expected)
        switch limiter.admit(model.lanes[lane].handle, waiter: token, at: instant) {
        case .admitted(let permit):
            check(expected == "admitted", "admitted, not \(expected)")
            permits.append((permit, lane))
        case .queued(let ticket):
            check(expected == "queued", "queued, not \(expected)")
            if tickets.count == 20 { tickets.removeFirst() }
            tickets.append((ticket, token))
        case .shed(let reason):
            check("\(reason)" == expected, "\(reason), not \(expected)")
        }
    }

    private mutating func tryAdmit() {
        let lane = anyLane()
        let expected = model.tryAdmit(lane)
        let permit = limiter.tryAdmit(model.lanes[lane].handle, at: instant)
        check(expected == (permit != nil), "tryAdmit")
        if let permit { permits.append((permit, lane)) }
    }

    private mutating func release() {
        guard !permits.isEmpty else { return }
        let held = permits.remove(at: random.below(permits.count))
        model.release(held.lane)
        limiter.release(held.permit, .answered, at: instant)
    }

    mutating func goOn() {
        while true {
            let expected = model.next()
            let turn = limiter.next(at: instant)
            check(turn?.waiter == expected?.token, "turn of another")
            guard let turn, let expected else { return }
            note("turn")
            permits.append((turn.permit, expected.lane))
        }
    }

    /// Also with tickets of those who have gone long ago.
    private mutating func withdraw() {
        guard !tickets.isEmpty else { return }
        let (ticket, token) = tickets.remove(at: random.below(tickets.count))
        let place = model.waiting.firstIndex { $0.token == token }
        if let place { model.waiting.remove(at: place) }
        note(place == nil ? "withdrawn too late" : "withdrawn")
        check(limiter.withdraw(ticket) == (place != nil), "withdrawal")
    }

    private mutating func expire() {
        while true {
            let expected = model.expire(at: now)
            check(limiter.expire(at: instant) == expected, "expiry of another")
            guard expected != nil else { return }
            note("expired")
        }
    }

    // MARK: Limits

    private mutating func changeSettings() {
        let settings = ConcurrencySettings(
            maximum: 1 + random.below(10), maxQueue: random.below(20),
            queueTimeout: Int64([0, 200, 500, 1000][random.below(4)]))
        model.settings = settings
        limiter.set(settings)
    }

    private mutating func changeServerLimit() {
        let place = random.below(model.servers.count)
        guard !model.servers[place].isRemoved else { return }
        let limit = random.below(3) == 0 ? nil : 1 + random.below(5)
        model.servers[place].limit = limit ?? .max
        limiter.setLimit(limit, of: model.servers[place].handle)
    }

    private mutating func changeToolLimit() {
        let lane = anyLane()
        guard model.lanes[lane].limit < .max else { return }
        let limit = 1 + random.below(4)
        model.lanes[lane].limit = limit
        limiter.setLimit(limit, of: model.lanes[lane].handle)
    }

    private mutating func addServer() {
        let handle = limiter.addServer()
        note(model.servers.contains { $0.handle == handle } ? "number used again" : "new number")
        model.servers.append(LimiterModel.Server(handle: handle))
        model.lanes.append(
            LimiterModel.Lane(handle: limiter.lane(of: handle), server: model.servers.count - 1))
    }

    private mutating func addTool() {
        let place = random.below(model.servers.count)
        guard !model.servers[place].isRemoved else { return }
        let limit = 1 + random.below(4)
        let handle = limiter.addTool(of: model.servers[place].handle, limit: limit)
        model.lanes.append(LimiterModel.Lane(handle: handle, server: place, limit: limit))
    }

    private mutating func removeTool() {
        let lane = anyLane()
        guard model.lanes[lane].limit < .max else { return }
        model.lanes[lane].isRemoved = true
        limiter.remove(model.lanes[lane].handle)
    }

    private mutating func removeServer() {
        let alive = model.servers.indices.filter { !model.servers[$0].isRemoved }
        guard alive.count > 2 else { return }
        let place = alive[random.below(alive.count)]
        model.servers[place].isRemoved = true
        for lane in model.lanes.indices where model.lanes[lane].server == place {
            model.lanes[lane].isRemoved = true
        }
        limiter.remove(model.servers[place].handle)
    }

    /// Ends everything; whoever waits gets a turn.
    mutating func drain() {
        goOn()
        while !permits.isEmpty {
            release()
            goOn()
            compare()
        }
        check(model.waiting.isEmpty, "somebody waits for ever")
    }
}

@Suite("A limiter against its model")
struct LimiterModelTests {
    @Test(
        "It admits, queues, sheds and counts what an obvious implementation does",
        arguments: 1...8)
    func sameAsModel(seed: Int) {
        var duel = LimiterDuel(seed: seed)
        for step in 0..<10_000 {
            duel.step()
            guard duel.differences.isEmpty else {
                Issue.record("seed \(seed), step \(step): \(duel.differences)")
                return
            }
        }
        duel.drain()
        #expect(duel.differences.isEmpty)
        let wanted = [
            ("admitted", 300), ("queued", 300), ("queueFull", 50), ("queueTimeout", 20),
            ("turn", 300), ("withdrawn", 20), ("withdrawn too late", 20), ("expired", 50),
            ("number used again", 3),
        ]
        for (what, count) in wanted {
            #expect(duel.seen[what, default: 0] >= count, "\(what): \(duel.seen)")
        }
    }
}
