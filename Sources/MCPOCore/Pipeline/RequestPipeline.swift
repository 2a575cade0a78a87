// The way of a request down to the server and of its answer back: the only file that knows the
// order of the stages (SPEC §4).
//
//     client ─▶ id ─▶ era ─▶ bounds ─▶ plan ─▶ cache ─▶ dedup ─▶ pool ─▶ limiter ─▶ server
//            ◀─ id and token ◀─ batch ◀─ restoration ◀─ fan-out ◀─ store ◀─ permit ◀────
//                                its process died: to dedup once more, or the caller is told
//
// The plan is what the policy says of the request. The cache answers at once; dedup lets it wait
// for the answer to an equal one; the pool has a connection for it, or it is held until the server is
// up, or refused; the limiter lets it go, wait for its turn, or sends it away.

extension ProxyCore {
    /// Takes a request of the client in.
    mutating func admit(
        _ line: RawSpan, _ envelope: Envelope, batch: BatchID?, at now: Instant,
        into effects: inout Effects
    ) {
        guard envelope.id.range.count <= Lexeme.maximumLength else {
            let id = Lexeme(line, envelope.id.range)
            refuseRequest(id, .longID, batch: batch, into: &effects)
            return
        }
        let id = Lexeme(line, envelope.id.range)
        let hash = id.idHash
        if isTaken(id, hash, into: &effects) {
            // `null`, so that the first request's answer stays unambiguous (SPEC §12).
            refuseRequest(.null, .duplicateID, batch: batch, into: &effects)
            return
        }
        let method = Method.of(line, envelope)
        if let refusal = refusal(of: envelope, method) {
            refuseRequest(id, refusal, batch: batch, into: &effects)
            return
        }
        if isGateway {
            noteHello(line, envelope, method, at: now, into: &effects)
            admitToGateway(id, hash, method, line, envelope, batch, at: now, into: &effects)
            return
        }
        noteClient(of: 0, line, envelope, method, into: &effects)
        let plan = makePlan(0, line, envelope, method, into: &effects)
        admit(id, hash, plan, line, envelope, batch, into: &effects)
    }

    /// Takes a request in whose server is known.
    mutating func admit(
        _ id: consuming Lexeme, _ hash: UInt64, _ plan: RequestPlan, _ line: RawSpan,
        _ envelope: Envelope, _ batch: BatchID?, into effects: inout Effects
    ) {
        if caching.isOn, answerHere(id, plan, line, envelope, batch, into: &effects) { return }
        if let batch { batches.update(batch) { $0?.outstanding += 1 } }
        let index = enter(id, hash, plan, line, envelope, batch)
        if plan.method == .unsubscribeResource { noteUnsubscribing(index, line, envelope) }
        proceed(index, plan, line, envelope, into: &effects)
    }

    /// Takes a request on from the cache: to an equal one under way, or to a connection, or lets it
    /// wait for one.
    mutating func proceed(
        _ index: ExchangeIndex, _ plan: RequestPlan, _ line: RawSpan, _ envelope: Envelope,
        into effects: inout Effects
    ) {
        if granted != nil, answerLate(index, plan, into: &effects) { return }
        if let leader = caching.leader(for: plan, at: present),
            connections[caching.flights[leader].connection].isOpen,
            exchanges[index].hasLine || hasRoomToHold(line.byteCount)
        {
            join(index, leader, line)
        } else if let connection = checkOut(for: plan) {
            let (goes, permit) = takePermit(for: index, plan, line, into: &effects)
            guard goes else { return }
            send(index, plan, to: connection, permit, line, envelope, into: &effects)
        } else {
            hold(index, line, into: &effects)
        }
    }

    /// Takes the server's answer to a request under way back to those who wait for it.
    mutating func settle(
        _ number: UInt32, of connection: ConnectionID, _ line: RawSpan, _ envelope: Envelope,
        at now: Instant, into effects: inout Effects
    ) {
        guard let flight = connections[connection].flights.remove(number) else { return }
        if !flight.purpose.opensConnection { connections[connection].hasAnswered = true }
        if flight.purpose != .check { connections[connection].usedAt = now }
        releasePermit(flight.permit, .answered, kind: kind(of: flight))
        let server = connections[connection].server
        switch flight.purpose {
        case .reopen:
            reopened(connection, line, envelope, at: now, into: &effects)
        case .restore:
            break
        case .watch:
            let isAgreed = envelope.result.isPresent
            noteWatch(number, of: server, isAgreed ? nil : "refused", into: &effects)
        case .probe:
            probed(connection, line, envelope, at: now, into: &effects)
        case .list(let kind):
            readList(kind, of: server, number, line, envelope, at: now, into: &effects)
        case .listen:
            if gateway.parts[server].listen?.number == number {
                gateway.parts[server].listen = nil
            }
        case .check:
            let isWell = !envelope.error.isPresent || isMethodUnknown(line, envelope)
            noteCheck(connection, isWell: isWell, at: now, into: &effects)
        case .abandoned:
            counters.unknownServerAnswers += 1
            caching.noteWrite(server, rule: flight.rule)
            caching.abandonedWriteEnded(server)
        case .catalog:
            readTools(of: server, number, line, envelope, into: &effects)
            fanOut(flight, number, of: connection, line, envelope, into: &effects)
        case .exchange, .refresh:
            fanOut(flight, number, of: connection, line, envelope, into: &effects)
        }
    }

    /// Ends an exchange with an error of mcpo's own, or with a stored answer in its place.
    mutating func fail(
        _ index: ExchangeIndex, _ error: ProxyError, into effects: inout Effects
    ) {
        if fallBack(index, error, into: &effects) { return }
        measureFailure(index)
        guard let caller = end(index) else { return }
        let answer = error.answer(to: caller.id)
        deliver(to: .client, batch: caller.batch, into: &effects) { $0.append(answer) }
    }

    /// What calls that take about equally long have in common.
    private mutating func kind(of flight: Flight) -> Int32 {
        guard flight.permit != nil, let index = flight.waiter else { return 0 }
        return exchanges[index].endpoint?.index ?? 0
    }

    /// Takes an exchange out of all tables; its caller gets nothing here.
    @discardableResult
    mutating func end(_ index: ExchangeIndex) -> Caller? {
        guard exchanges.isLive(index) else { return nil }
        switch exchanges[index].stage {
        case .held: break
        case .queued: if let ticket = exchanges[index].ticket { limiter.withdraw(ticket) }
        case .sent, .tornDown: leaveFlight(index)
        }
        return exchanges.remove(index)
    }
}

// MARK: - Stages on the way down

extension ProxyCore {
    /// What a request tells of the client, and mcpo's own question for the tools where it is due.
    private mutating func noteClient(
        of server: ServerIndex, _ line: RawSpan, _ envelope: Envelope, _ method: Method,
        into effects: inout Effects
    ) {
        guard caching.isOn, method != .initialize else { return }
        if envelope.metaProtocolVersion.isPresent {
            noteModern(server, line, envelope, method, into: &effects)
        }
        if method != .discover { checkTools(of: server, into: &effects) }
    }

    /// - Parameter target: in front of several servers, what was found out about it.
    mutating func makePlan(
        _ server: ServerIndex, _ line: RawSpan, _ envelope: Envelope, _ method: Method,
        _ target: GatewayTarget? = nil, into effects: inout Effects
    ) -> RequestPlan {
        guard caching.isOn else {
            var plan = RequestPlan(forwarding: method, to: server)
            if envelope.metaProtocolVersion.isPresent { plan.era = .modern }
            plan.target = target
            return plan
        }
        let isWatched =
            method == .readResource
            && servers[server].restoration.hasSubscription(to: envelope.uri, in: line)
        let before = caching.unknownDirectives
        var plan = caching.plan(
            server, line, envelope, method, tool: target?.tool, isWatched: isWatched, at: present)
        plan.target = target
        if let target, target.tool == nil, plan.call.tool.rule < 0, target.rule >= 0 {
            // Limits and times hold although the tool is not known to be there now.
            plan.call.tool.rule = target.rule
            plan.timeout = caching.parts[server].tables.ruleTimeouts[Int(target.rule)]
        }
        if before == 0, caching.unknownDirectives > 0 {
            effects.log(
                .warning,
                #"a request's _meta["mcpo/cache"] is not understood and ignored; it may be "#
                    + #""no-store", "no-cache", "only-if-cached" or {"maxAge": seconds}"#)
        }
        return plan
    }

    /// Answers what needs no server: mcpo's own tool, and what is stored.
    mutating func answerHere(
        _ id: Lexeme, _ plan: RequestPlan, _ line: RawSpan, _ envelope: Envelope,
        _ batch: BatchID?, into effects: inout Effects
    ) -> Bool {
        // In front of several servers that was looked at before.
        if !isGateway, isForMetricsTool(line, envelope, plan.method) {
            answerMetrics(id, line, envelope, batch: batch, into: &effects)
            return true
        }
        if !isGateway, isForLoneTool(plan) {
            answerLoneTool(id, batch, into: &effects)
            return true
        }
        if plan.call.looksUp, answerFromCache(id, plan, line, envelope, batch, into: &effects) {
            return true
        }
        guard plan.call.isOnlyIfCached else { return false }
        if let endpoint = plan.endpoint {
            caching.monitor.begin(endpoint, at: present)
            caching.monitor.end(endpoint, since: present, at: present, outcome: .failed, from: .own)
        }
        refuse(id, missError(of: plan.server), batch: batch, into: &effects)
        return true
    }

    private mutating func missError(of server: ServerIndex) -> ProxyError {
        ProxyError(
            .cacheMiss, "no stored answer", server: servers[server].name, retrySafe: true,
            detail: #"the request asked for "only-if-cached"; nothing was sent"#)
    }

    /// Enters a request into the table of those without an answer.
    mutating func enter(
        _ id: consuming Lexeme, _ hash: UInt64, _ plan: RequestPlan, _ line: RawSpan,
        _ envelope: Envelope, _ batch: BatchID?
    ) -> ExchangeIndex {
        if plan.method == .initialize {
            client.handshake = .requested
            client.isReady = false
        }
        if let endpoint = plan.endpoint { caching.monitor.begin(endpoint, at: present) }
        let index = exchanges.insert(makeExchange(id, hash, plan, line, envelope, batch))
        keepIfNeeded(index, plan, line)
        return index
    }

    /// The server that a request to unsubscribe is for is known: what was watched there is no more.
    mutating func noteUnsubscribing(
        _ index: ExchangeIndex, _ line: RawSpan, _ envelope: Envelope
    ) {
        let server = exchanges[index].server
        servers[server].restoration.doubtSubscriptions(until: arrivals)
        caching.dropResource(envelope.uri, line, of: server)
        if !exchanges[index].hasLine, connections[servers[server].first].isOpen {
            // When its answer comes nobody will know what it was about.
            servers[server].restoration.forgetSubscription(in: line.array)
        }
    }

    /// Ends the measuring of an exchange that is still in the table.
    mutating func measureEnd(
        _ index: ExchangeIndex, _ outcome: RequestOutcome, from source: AnswerSource
    ) {
        guard exchanges.isLive(index), let endpoint = exchanges[index].endpoint else { return }
        caching.monitor.end(
            endpoint, since: exchanges[index].began, at: present, outcome: outcome, from: source)
        exchanges[index].endpoint = nil
    }

    /// The same where mcpo answers with an error: the server's own, if it was sent there.
    private mutating func measureFailure(_ index: ExchangeIndex) {
        guard exchanges.isLive(index) else { return }
        let isCall = exchanges[index].wasSent && !exchanges[index].hasJoined
        measureEnd(index, .failed, from: isCall ? .server : .own)
    }
}
