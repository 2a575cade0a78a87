// How many calls are under way at once, and who goes next (SPEC §6).
//
//     all calls      running ≤ max          the server whose first waiter came first goes next,
//       server 0     running ≤ its limit    among those with a place and a waiter who may go
//         lane       (its other calls)      ╮ within a server likewise the lane, and
//         lane       running ≤ tool limit   ╯ within a lane who came first
//       server 1 …
//
//     admit ──▶ admitted ───────────────────────▶ release     a place in every scope
//       ├────▶ queued ──▶ next: admitted ────────▶ release
//       │         ├─────▶ expire: shed, it has waited for queueTimeout
//       │         └─────▶ withdraw: the caller has gone
//       └────▶ shed: maxQueue wait already
//
// Who is blocked by its own server or tool alone stands in nobody's way. Nobody starves: a place goes
// to the one who came first of all those who may take it, so that those who came later pass one only
// while its own server or tool is full; and who comes newly waits as long as somebody is due.
// Example, max 2, server B has a limit of 1:
//
//     A1 B1 run; B2, A2, B3 wait    B2 and B3 for B, A2 for any place
//     B1 is released                B2 goes (it came first); then A1 is released: A2 goes
//     A2 is released                nobody: B3 waits for B alone, and the place is free for others
//
// After `release`, `withdraw` and a change of limits somebody may be due: call `next` until it is
// nil. Every operation takes constant time, or the logarithm of the number of servers and lanes
// if somebody waits, and allocates nothing once the queue has been as long as it gets.

/// Gives permits to callers, in order.
package struct ConcurrencyLimiter: ~Copyable {
    package internal(set) var settings: ConcurrencySettings
    var servers = GrowingTable<ServerScope>()
    var lanes = GrowingTable<LaneScope>()
    /// The servers with a place and somebody who may take it, by arrival.
    var openServers = EarliestTree()
    var queue = WaitingQueue()
    /// Calls under way.
    private var running = 0
    private var peak = 0
    private var rejected = 0

    package init(_ settings: ConcurrencySettings = ConcurrencySettings()) {
        self.settings = settings
    }

    /// Lets a call go at once, or wait, or neither.
    /// - Parameter waiter: what `next` and `expire` call it.
    package mutating func admit(
        _ lane: LimitedLane, waiter: Int32, at now: Instant
    ) -> Admission {
        if let permit = tryAdmit(lane, at: now) { return .admitted(permit) }
        return enqueue(lane, waiter, at: now)
    }

    /// Lets a call go at once or not at all; a refusal is not counted as one.
    package mutating func tryAdmit(_ lane: LimitedLane, at now: Instant) -> Permit? {
        guard running < settings.maximum, queue.count == 0 || openServers.isEmpty else {
            return nil
        }
        let index = Int(lane.index)
        let server = Int(lanes[index].server)
        guard lanes[index].hasPlace, servers[server].hasPlace else { return nil }
        return take(lane, server, at: now)
    }

    /// The next one who may go; nil if there is none at present.
    package mutating func next(at now: Instant) -> Turn? {
        guard queue.count > 0, running < settings.maximum, let server = openServers.first,
            let leaf = servers[server].openLanes.first
        else { return nil }
        let lane = LimitedLane(index: servers[server].laneOfLeaf[leaf])
        let place = lanes[Int(lane.index)].line.first
        let token = queue[place].token
        let permit = take(lane, server, at: now)
        remove(place)
        return Turn(waiter: token, permit: permit)
    }

    /// Takes a permit back.
    /// - Parameter kind: of the call, such as its endpoint's number; calls of one kind take about
    ///   equally long (see `AdaptiveLimit`).
    package mutating func release(
        _ permit: Permit, _ outcome: PermitOutcome, kind: Int32 = 0, at now: Instant
    ) {
        let lane = Int(permit.lane.index)
        let server = Int(lanes[lane].server)
        precondition(lanes[lane].running > 0, "a permit was released twice")
        lanes[lane].running &-= 1
        servers[server].running &-= 1
        running &-= 1
        if servers[server].adaptive.isOn {
            servers[server].learn(permit, outcome, kind, at: now)
        }
        if queue.count > 0 { refresh(lane) }
    }

    /// Takes a caller who has gone out of the queue; false if it does not wait any more.
    @discardableResult
    package mutating func withdraw(_ ticket: WaitTicket) -> Bool {
        guard let place = queue.place(of: ticket) else { return false }
        remove(place)
        return true
    }

    /// When somebody will have waited too long.
    package var nextDeadline: Instant? {
        queue.first < 0 ? nil : deadline(queue.first)
    }

    /// Takes out one who has waited too long, to be shed with `.queueTimeout`; nil if nobody has.
    package mutating func expire(at now: Instant) -> Int32? {
        guard queue.first >= 0, deadline(queue.first) <= now else { return nil }
        let token = queue[queue.first].token
        remove(queue.first)
        rejected += 1
        return token
    }

    /// The figures of SPEC §6.
    package var figures: ConcurrencyFigures {
        var figures = ConcurrencyFigures()
        figures.maximum = settings.maximum
        figures.current = running
        figures.peak = peak
        figures.queued = queue.count
        figures.rejected = rejected
        return figures
    }

    /// What one server does.
    package func load(of server: LimitedServer) -> ServerLoad {
        let scope = servers[Int(server.index)]
        var load = ServerLoad()
        load.current = Int(scope.running)
        load.queued = Int(scope.waiting)
        load.limit = scope.limit == .max ? nil : Int(scope.limit)
        return load
    }

    private func deadline(_ place: Int32) -> Instant {
        queue[place].since.advanced(byNanoseconds: settings.queueTimeout)
    }

    @inline(__always)
    private mutating func take(_ lane: LimitedLane, _ server: Int, at now: Instant) -> Permit {
        lanes[Int(lane.index)].running &+= 1
        servers[server].running &+= 1
        running &+= 1
        if running > peak { peak = running }
        if servers[server].adaptive.isOn {
            servers[server].adaptive.noteStart(running: Int(servers[server].running))
        }
        return Permit(lane: lane, started: now)
    }

    @inline(never)
    private mutating func enqueue(
        _ lane: LimitedLane, _ waiter: Int32, at now: Instant
    ) -> Admission {
        guard queue.count < settings.maxQueue, settings.queueTimeout > 0 else {
            rejected += 1
            return .shed(queue.count < settings.maxQueue ? .queueTimeout : .queueFull)
        }
        let index = Int(lane.index)
        let isFirst = lanes[index].line.first < 0
        let ticket = queue.append(
            waiter, lane: lane.index, line: &lanes[index].line, at: now)
        servers[Int(lanes[index].server)].waiting += 1
        if isFirst { refresh(index) }
        return .queued(ticket)
    }

    private mutating func remove(_ place: Int32) {
        let lane = Int(queue[place].lane)
        queue.remove(place, line: &lanes[lane].line)
        servers[Int(lanes[lane].server)].waiting -= 1
        refresh(lane)
    }

    /// Brings up to date whether the first in a lane may go, and its server's place among others.
    mutating func refresh(_ lane: Int) {
        let server = Int(lanes[lane].server)
        let arrival = queue.arrival(ofFirstIn: lanes[lane].line)
        let key = lanes[lane].hasPlace ? arrival : EarliestTree.none
        servers[server].openLanes.set(Int(lanes[lane].leaf), key)
        refreshServer(server)
    }

    mutating func refreshServer(_ server: Int) {
        let hasPlace = servers[server].hasPlace
        openServers.set(
            server, hasPlace ? servers[server].openLanes.earliest : EarliestTree.none)
    }
}
