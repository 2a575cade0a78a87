// The door: which requests go no further, and what is noted of those that do.

extension ProxyCore {
    /// Why a request goes no further than the door.
    enum Refusal {
        case longID, duplicateID, noEra, longToken, stopping, tooMany
    }

    mutating func refuseRequest(
        _ id: Lexeme, _ refusal: Refusal, batch: BatchID?, into effects: inout Effects
    ) {
        counters.refusedRequests += 1
        refuse(id, error(for: refusal), batch: batch, into: &effects)
    }

    private mutating func error(for refusal: Refusal) -> ProxyError {
        switch refusal {
        case .longID:
            ProxyError(.invalidRequest, "an id longer than \(Lexeme.maximumLength) bytes")
        case .duplicateID:
            ProxyError(.invalidRequest, "a request with this id is still in flight")
        case .noEra:
            ProxyError(
                .invalidParams,
                "send initialize first, or give the protocol version with each request in "
                    + #"_meta["io.modelcontextprotocol/protocolVersion"]"#)
        case .longToken:
            ProxyError(
                .invalidParams, "a progress token longer than \(Lexeme.maximumLength) bytes")
        case .stopping:
            ProxyError(
                .unavailable, "mcpo is shutting down", server: onlyServerName, retrySafe: true,
                detail: "the request was not sent to the server")
        case .tooMany:
            ProxyError(
                .overloaded, "too many requests without an answer", server: onlyServerName,
                retrySafe: true, detail: "\(settings.limits.exchanges) requests are in flight")
        }
    }

    /// The server that a request is for when nobody has looked at it.
    private var onlyServerName: String? { order.count == 1 ? servers[order[0]].name : nil }

    /// Whether a request with this id is in flight. One whose end the server has announced gives
    /// its id up.
    mutating func isTaken(
        _ id: Lexeme, _ hash: UInt64, into effects: inout Effects
    ) -> Bool {
        guard let earlier = exchanges.find(id, hash: hash) else { return false }
        guard exchanges[earlier].stage == .tornDown else { return true }
        // Not answered: its answer would be taken for that of the new request.
        if let batch = end(earlier)?.batch { completePart(of: batch, into: &effects) }
        return false
    }

    mutating func refusal(of envelope: Envelope, _ method: Method) -> Refusal? {
        if !hasEra(envelope, method) { return .noEra }
        if envelope.metaProgressToken.range.count > Lexeme.maximumLength { return .longToken }
        if client.hasEnded { return .stopping }
        return isFull ? .tooMany : nil
    }

    /// Subscriptions that the server has ended do not count; those it has answered since are gone.
    private var isFull: Bool {
        mutating get {
            if exchanges.count < settings.limits.exchanges { return false }
            endedSubscriptions.removeAll { exchanges.live($0.index)?.arrival != $0.arrival }
            return exchanges.count - endedSubscriptions.count >= settings.limits.exchanges
        }
    }

    /// A request belongs to a legacy client that has opened with `initialize`, or says by itself
    /// which revision it speaks. A modern server must refuse any other as malformed; a legacy one
    /// may do anything with it, silence included, so it does not get there.
    private mutating func hasEra(_ envelope: Envelope, _ method: Method) -> Bool {
        if envelope.metaProtocolVersion.isPresent { return true }
        guard case .none = client.handshake else { return true }
        return method == .initialize || method == .ping
    }

    mutating func makeExchange(
        _ id: consuming Lexeme, _ hash: UInt64, _ plan: RequestPlan, _ line: RawSpan,
        _ envelope: Envelope, _ batch: BatchID?
    ) -> Exchange {
        arrivals += 1
        let method = plan.method
        let token = envelope.metaProgressToken
        let hasToken = token.kind == .string || token.kind == .integer
        let patience = plan.timeout ?? servers[plan.server].timeout
        var exchange = Exchange(
            id: id, hash: hash, token: hasToken ? Lexeme(line, token.range) : Lexeme(),
            method: method, batch: batch, arrival: arrivals, patience: patience,
            deadline: .never, lastDeadline: .never, began: present, endpoint: plan.endpoint)
        exchange.server = plan.server
        exchange.era = plan.era
        exchange.takesStale = plan.hasKey && plan.call.looksUp && plan.call.maximumAge == .max
        exchange.isRepeatable = isRepeatable(plan)
        if method != .listen {
            exchange.deadline = present.advanced(byNanoseconds: patience)
            exchange.lastDeadline = present.advanced(
                byNanoseconds: max(patience, servers[plan.server].maximumTimeout))
            nextTimeout = min(nextTimeout, exchange.deadline)
        }
        return exchange
    }

    /// Gives a request that came before its server was known the times of that server and its tool.
    mutating func place(_ index: ExchangeIndex, _ plan: RequestPlan) {
        exchanges[index].isPlaced = true
        let patience = plan.timeout ?? servers[plan.server].timeout
        let began = exchanges[index].began
        exchanges[index].patience = patience
        exchanges[index].deadline = began.advanced(byNanoseconds: patience)
        exchanges[index].lastDeadline = began.advanced(
            byNanoseconds: max(patience, servers[plan.server].maximumTimeout))
        nextTimeout = min(nextTimeout, exchanges[index].deadline)
    }

    /// Keeps a request that a new process may have to be sent or told again, as long as there is
    /// room.
    mutating func keepIfNeeded(_ index: ExchangeIndex, _ plan: RequestPlan, _ line: RawSpan) {
        guard
            plan.method.setsUpState || isRetrying && (isGateway || exchanges[index].isRepeatable),
            plan.method == .initialize || hasRoomToHold(line.byteCount)
        else { return }
        exchanges.keep(line, in: index)
    }

    /// Keeps a request until a connection is open, or refuses it when that will take long.
    mutating func hold(_ index: ExchangeIndex, _ line: RawSpan, into effects: inout Effects) {
        if !exchanges[index].hasLine, hasRoomToHold(line.byteCount) {
            exchanges.keep(line, in: index)
        }
        if let error = holdError(index) {
            counters.refusedRequests += 1
            fail(index, error, into: &effects)
            return
        }
        let server = exchanges[index].server
        servers[server].held.append(.request(index, arrival: exchanges[index].arrival))
    }

    private mutating func holdError(_ index: ExchangeIndex) -> ProxyError? {
        let server = exchanges[index].server
        let name = servers[server].name
        if isBroken(server) {
            return ProxyError(
                .unavailable, "the server is not running", server: name, retrySafe: true,
                detail: "it keeps exiting and is started again after a pause")
        }
        guard exchanges[index].hasLine, hasRoomToHold(0) else {
            return ProxyError(
                .overloaded, "too much waits for the server to start", server: name,
                retrySafe: true, detail: "\(exchanges.keptBytes) bytes are waiting already")
        }
        return nil
    }

    /// Whether a server is away for longer than a call is made to wait: it has been lost so often
    /// that its next process comes after a pause, or is the trial after one.
    mutating func isBroken(_ server: ServerIndex) -> Bool {
        switch connections[servers[server].first].phase {
        case .down(let until): !RestartPolicy.isBearable(until, at: present)
        case .starting, .reopening: servers[server].restarts.isTrial
        case .open, .ending: false
        }
    }

    /// Whether one more line may be kept for later.
    mutating func hasRoomToHold(_ byteCount: Int) -> Bool {
        exchanges.keptBytes + heldNotices + byteCount <= settings.limits.heldBytes
            && heldCount < settings.limits.exchanges
    }

    /// Messages that wait for servers to start.
    private var heldCount: Int {
        mutating get {
            var count = 0
            for server in servers.indices { count += servers[server].held.messages.count }
            return count
        }
    }
}
