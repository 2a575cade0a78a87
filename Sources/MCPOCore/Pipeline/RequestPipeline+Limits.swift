// How many calls run at once (SPEC §6): a call has a permit for as long as it is under way, and waits
// for one in the limiter's queue, its line kept.
//
//     admit ─▶ admitted ─▶ sent ─▶ answered, given up, or its connection died: the permit is free
//          ─▶ queued ──── turn ─▶ sent, or held if no connection is open any more
//          ─▶ shed: *overloaded*

extension ProxyCore {
    /// Whether a call takes a place in the limiter. A subscription lasts, and what opens a session
    /// must not wait behind calls.
    private mutating func isLimited(_ plan: RequestPlan) -> Bool {
        guard isLimiting else { return false }
        switch plan.method {
        case .initialize, .discover, .listen, .ping: return false
        default: return true
        }
    }

    private mutating func lane(of plan: RequestPlan) -> LimitedLane {
        let rule = plan.call.tool.rule
        if plan.method == .callTool, rule >= 0, Int(rule) < servers[plan.server].ruleLanes.count,
            let lane = servers[plan.server].ruleLanes[Int(rule)]
        {
            return lane
        }
        return servers[plan.server].lane
    }

    /// Gives a call a permit, or lets it wait, or sends it away.
    /// - Returns: whether it goes now, and then its permit if it has one.
    mutating func takePermit(
        for index: ExchangeIndex, _ plan: RequestPlan, _ line: RawSpan,
        into effects: inout Effects
    ) -> (goes: Bool, permit: Permit?) {
        guard isLimited(plan) else { return (true, nil) }
        if let permit = granted {
            granted = nil
            return (true, permit)
        }
        let waiter = Int32(truncatingIfNeeded: index)
        switch limiter.admit(lane(of: plan), waiter: waiter, at: present) {
        case .admitted(let permit): return (true, permit)
        case .queued(let ticket): queue(index, ticket, line, into: &effects)
        case .shed(let reason): shed(index, reason, into: &effects)
        }
        return (false, nil)
    }

    /// A permit for a call of mcpo's own, which does not wait for one.
    /// - Returns: as above.
    mutating func takePermit(for plan: RequestPlan) -> (goes: Bool, permit: Permit?) {
        guard isLimited(plan) else { return (true, nil) }
        let permit = limiter.tryAdmit(lane(of: plan), at: present)
        return (permit != nil, permit)
    }

    private mutating func queue(
        _ index: ExchangeIndex, _ ticket: WaitTicket, _ line: RawSpan,
        into effects: inout Effects
    ) {
        if !exchanges[index].hasLine, hasRoomToHold(line.byteCount) {
            exchanges.keep(line, in: index)
        }
        exchanges[index].stage = .queued
        exchanges[index].ticket = ticket
        guard exchanges[index].hasLine else {
            shed(index, .queueFull, into: &effects)
            return
        }
    }

    private mutating func shed(
        _ index: ExchangeIndex, _ reason: ShedReason, into effects: inout Effects
    ) {
        let settings = limiter.settings
        let detail: String =
            switch reason {
            case .queueFull:
                "\(settings.maximum) calls are under way and \(settings.maxQueue) may wait"
            case .queueTimeout:
                "it waited \(Duration.nanoseconds(settings.queueTimeout)) for its turn"
            }
        let server = exchanges[index].server
        let error = ProxyError(
            .overloaded, "too many calls at once", server: servers[server].name, retrySafe: true,
            detail: "\(detail); the request was not sent")
        fail(index, error, into: &effects)
    }

    /// A flight is over, or nobody waits for it any more.
    mutating func releasePermit(
        _ permit: Permit?, _ outcome: PermitOutcome, kind: Int32 = 0
    ) {
        guard let permit else { return }
        limiter.release(permit, outcome, kind: kind, at: present)
    }

    /// Sends the calls whose turn it is, and sends away those that have waited too long.
    mutating func runTurns(into effects: inout Effects) {
        guard isLimiting else { return }
        while let waiter = limiter.expire(at: present) {
            exchanges[Int(waiter)].ticket = nil
            shed(Int(waiter), .queueTimeout, into: &effects)
        }
        while let turn = limiter.next(at: present) {
            let index = Int(turn.waiter)
            exchanges[index].ticket = nil
            exchanges[index].stage = .held
            granted = turn.permit
            sendHeld(index, sharing: true, into: &effects)
            // It has joined another call, was answered, or waits for its server.
            releasePermit(granted.take(), .unmeasured)
        }
    }
}
