// Requests on their way to one of several servers: decided at once, or parked until servers have said
// what they have; rewritten for their server, and their answers for the client.

extension ProxyCore {
    /// Takes a request of the client in, in front of several servers.
    mutating func admitToGateway(
        _ id: Lexeme, _ hash: UInt64, _ method: Method, _ line: RawSpan, _ envelope: Envelope,
        _ batch: BatchID?, at now: Instant, into effects: inout Effects
    ) {
        if isForMetricsTool(line, envelope, method) {
            answerMetrics(id, line, envelope, batch: batch, into: &effects)
            return
        }
        switch decide(line, envelope, method, since: now, at: now, into: &effects) {
        case .forward(let target):
            let plan = makePlan(
                target.server, line, envelope, method, target, into: &effects)
            admit(id, hash, plan, line, envelope, batch, into: &effects)
        case .answer(let result):
            noteOwnAnswer(method, at: now)
            if let batch { batches.update(batch) { $0?.outstanding += 1 } }
            deliver(result, to: id, batch, into: &effects)
        case .refuse(let error):
            counters.refusedRequests += 1
            refuse(id, error, batch: batch, into: &effects)
        case .wait, .listen:
            if let batch { batches.update(batch) { $0?.outstanding += 1 } }
            let plan = planOfOwn(method, envelope)
            let index = enter(id, hash, plan, line, envelope, batch)
            exchanges[index].isPlaced = false
            if method == .listen {
                beginListening(index, line, envelope, at: now, into: &effects)
            } else {
                park(index, line, into: &effects)
            }
        }
    }

    /// The plan of a request that mcpo may answer itself: it is measured, no more. Until its server is
    /// known the first one in force stands for it.
    private mutating func planOfOwn(_ method: Method, _ envelope: Envelope) -> RequestPlan {
        var plan = RequestPlan(forwarding: method, to: order[0])
        if envelope.metaProtocolVersion.isPresent { plan.era = .modern }
        if caching.isOn, method != .listen, method != .callTool {
            plan.endpoint = caching.place(order[0], of: method).endpoint
        }
        return plan
    }

    private mutating func park(
        _ index: ExchangeIndex, _ line: RawSpan, into effects: inout Effects
    ) {
        if !exchanges[index].hasLine, hasRoomToHold(line.byteCount) {
            exchanges.keep(line, in: index)
        }
        guard exchanges[index].hasLine else {
            let error = ProxyError(
                .overloaded, "too much waits for the servers to start", server: nil,
                retrySafe: true, detail: "\(exchanges.keptBytes) bytes are waiting already")
            fail(index, error, into: &effects)
            return
        }
        gateway.parked.append((index, exchanges[index].arrival))
        let end = endOfWaiting(since: exchanges[index].began)
        // What waits for something else, as a greeting, has its own end.
        if end > present { gateway.parkedUntil = min(gateway.parkedUntil, end) }
    }

    /// Looks again at a request that was parked, or held for its server.
    mutating func sendParked(
        _ index: ExchangeIndex, _ line: RawSpan, _ envelope: Envelope, _ method: Method,
        sharing: Bool, into effects: inout Effects
    ) {
        let since = exchanges[index].began
        switch decide(line, envelope, method, since: since, at: present, into: &effects) {
        case .forward(let target):
            var plan = makePlan(
                target.server, line, envelope, method, target, into: &effects)
            plan.isShareable = plan.isShareable && sharing
            if exchanges[index].endpoint == nil, let endpoint = plan.endpoint {
                exchanges[index].endpoint = endpoint
                caching.monitor.begin(endpoint, at: present)
            }
            let isElsewhere = exchanges[index].server != target.server
            exchanges[index].server = target.server
            if method == .unsubscribeResource, isElsewhere || !exchanges[index].isPlaced {
                noteUnsubscribing(index, line, envelope)
            }
            if !exchanges[index].isPlaced { place(index, plan) }
            exchanges[index].isRepeatable = isRepeatable(plan)
            proceed(index, plan, line, envelope, into: &effects)
        case .answer(let result):
            if method == .initialize { client.handshake = .agreed(agreedByGateway) }
            measureEnd(index, .answered, from: .own)
            guard let caller = end(index) else { return }
            deliver(result, to: caller.id, caller.batch, into: &effects)
        case .refuse(let error):
            fail(index, error, into: &effects)
        case .wait, .listen:
            park(index, line, into: &effects)
        }
    }

    /// A request was answered at once.
    private mutating func noteOwnAnswer(_ method: Method, at now: Instant) {
        if method == .initialize { client.handshake = .agreed(agreedByGateway) }
        guard caching.isOn else { return }
        caching.monitor.noteOwnAnswer(caching.place(order[0], of: method).endpoint, at: now)
    }

    private var agreedByGateway: Revision {
        agreedRevision == "2025-03-26" ? .v2025March : .other
    }
}

// MARK: - Rewriting

extension ProxyCore {
    /// Whether more than the id of a request is changed for its server.
    mutating func needsRewrite(_ plan: RequestPlan) -> Bool {
        guard isGateway, let target = plan.target else { return false }
        return target.entry != nil && order.count > 1
            || plan.era == .legacy && servers[target.server].era == .modern
    }

    /// Writes a request for its server: under its own name, with what its era requires.
    mutating func rewrite(
        _ line: RawSpan, _ envelope: Envelope, _ plan: RequestPlan, _ number: UInt32,
        asksForProgress: Bool, to connection: ConnectionID, into effects: inout Effects
    ) {
        guard connections[connection].isRunning, !connections[connection].isInputClosed
        else { return }
        let isBridged = plan.era == .legacy && servers[plan.server].era == .modern
        if !isBridged, !asksForProgress, !envelope.metaProgressToken.isPresent,
            let target = plan.target, let entry = target.entry
        {
            rename(line, envelope.id.range, number, target, entry, to: connection)
            scheduleFlush(of: connection, into: &effects)
            return
        }
        var edits = LineRewrite()
        edits.number(envelope, number)
        if let target = plan.target, let entry = target.entry {
            edits.rename(
                target.name, to: gateway.parts[target.server][entry.kind].list.content,
                entry.place)
        }
        edits.addMeta(
            line, envelope, isBridged ? gateway.meta : nil,
            progressToken: asksForProgress ? number : nil)
        edits.apply(to: line, appendingTo: &connections[connection].outbound)
        connections[connection].outbound.append(UInt8(ascii: "\n"))
        scheduleFlush(of: connection, into: &effects)
    }

    /// The same where nothing but the id and the name change, as mostly.
    private mutating func rename(
        _ line: RawSpan, _ id: ByteRange, _ number: UInt32, _ target: GatewayTarget,
        _ entry: (kind: EntryList.Kind, place: Int), to connection: ConnectionID
    ) {
        let list = Int(entry.kind.rawValue)
        gateway.parts[target.server].lists[list].list.content.withKeyLexeme(entry.place) { name in
            connections[connection].outbound.appendLine(
                line, replacing: id, withNumber: number, and: target.name.range, with: name)
        }
    }

    /// The answer of a server of the other era as the client's era has it; nil leaves it as it is.
    mutating func bridged(
        _ era: Era, of server: ServerIndex, _ line: RawSpan, _ envelope: Envelope
    ) -> [UInt8]? {
        guard isGateway, let own = servers[server].era, own != era,
            envelope.result.kind == .object
        else { return nil }
        if era == .legacy { return withoutQuestions(line, envelope, server) }
        var members = ""
        if !envelope.resultType.isPresent { members += #""resultType":"complete","# }
        if members.isEmpty { return nil }
        let start = Int(envelope.result.range.lower) + 1
        if line.isObjectEmpty(envelope.result) { members.removeLast() }
        return line.inserting(Array(members.utf8), at: start)
    }

    /// A legacy client cannot be asked for input by an answer.
    private mutating func withoutQuestions(
        _ line: RawSpan, _ envelope: Envelope, _ server: ServerIndex
    ) -> [UInt8]? {
        guard line.stringEquals(envelope.resultType, "input_required") else { return nil }
        let error = ProxyError(
            .unavailable, "the server asks for input that this client cannot be asked for",
            server: servers[server].name, retrySafe: true,
            detail: "the server speaks \(Self.modernRevision), the client an earlier revision")
        return error.answer(to: Lexeme(line, envelope.id.range))
    }

    /// Sets for how long the client's first requests wait for servers that are starting.
    mutating func startWaiting(at now: Instant) {
        guard isGateway else { return }
        for server in order {
            gateway.parts[server].startUntil = now.advanced(by: gateway.settings.startupWait)
        }
    }
}
