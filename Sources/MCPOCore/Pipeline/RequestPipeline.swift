// The way of a request down to the server and of its answer back: the only file that knows the
// order of the stages.
//
//     client ─▶ id ─▶ era ─▶ bounds ─▶ connection (sent, held or unavailable) ─▶ server
//            ◀─ id and token restored ◀─ batch ◀─ restoration noted ◀───────────
//
// Later stages (policy, cache, flights shared by several exchanges, limiter, retries) go between
// the bounds and the connection on the way down, and in front of the batch on the way back.

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
        if method == .initialize { client.handshake = .requested }
        if let batch { batches.update(batch) { $0?.outstanding += 1 } }
        let index = exchanges.insert(
            makeExchange(id, hash, line, envelope, method, batch: batch, at: now))
        switch server.phase {
        case .open:
            if method == .unsubscribeResource, exchanges[index].line == nil {
                // When its answer comes nobody will know what it was about.
                restoration.forgetSubscription(in: line.array)
            }
            send(index, line, envelope, into: &effects)
        default: hold(index, line, at: now, into: &effects)
        }
    }

    /// Takes the server's answer to a request under way back to its caller.
    mutating func settle(
        _ number: UInt32, _ line: RawSpan, _ envelope: Envelope, at now: Instant,
        into effects: inout Effects
    ) {
        guard let flight = server.flights.remove(number) else { return }
        server.hasAnswered = true
        switch flight.purpose {
        case .reopen:
            reopened(line, envelope, at: now, into: &effects)
        case .restore:
            break
        case .exchange(let index):
            if exchanges[index].concernsLater {
                noteAnswer(to: index, number, line, envelope, into: &effects)
            }
            if exchanges[index].isPlain {
                deliverPlain(index, line, envelope, into: &effects)
            } else if let caller = exchanges.remove(index) {
                deliver(to: caller, number, line, envelope, into: &effects)
            }
        }
    }

    /// Ends an exchange with an error of mcpo's own.
    mutating func fail(
        _ index: ExchangeIndex, _ error: ProxyError, into effects: inout Effects
    ) {
        guard let caller = end(index) else { return }
        let answer = error.answer(to: caller.id)
        deliver(to: .client, batch: caller.batch, into: &effects) { $0.append(answer) }
    }

    /// Takes an exchange out of all tables; its caller gets nothing here.
    @discardableResult
    mutating func end(_ index: ExchangeIndex) -> Caller? {
        guard let exchange = exchanges.live(index) else { return nil }
        switch exchange.stage {
        case .held: break
        case .sent, .tornDown: server.flights.remove(exchange.flight)
        }
        return exchanges.remove(index)
    }
}

// MARK: - The way down

extension ProxyCore {
    /// Why a request goes no further than the door.
    private enum Refusal {
        case longID, duplicateID, noEra, longToken, stopping, tooMany
    }

    private mutating func refuseRequest(
        _ id: Lexeme, _ refusal: Refusal, batch: BatchID?, into effects: inout Effects
    ) {
        counters.refusedRequests += 1
        refuse(id, error(for: refusal), batch: batch, into: &effects)
    }

    private func error(for refusal: Refusal) -> ProxyError {
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
                .unavailable, "mcpo is shutting down", server: settings.serverName,
                retrySafe: true, detail: "the request was not sent to the server")
        case .tooMany:
            ProxyError(
                .overloaded, "too many requests without an answer", server: settings.serverName,
                retrySafe: true, detail: "\(settings.limits.exchanges) requests are in flight")
        }
    }

    /// Whether a request with this id is in flight. One whose end the server has announced gives
    /// its id up.
    private mutating func isTaken(
        _ id: Lexeme, _ hash: UInt64, into effects: inout Effects
    ) -> Bool {
        guard let earlier = exchanges.find(id, hash: hash) else { return false }
        guard exchanges[earlier].stage == .tornDown else { return true }
        // Not answered: its answer would be taken for that of the new request.
        if let batch = end(earlier)?.batch { completePart(of: batch, into: &effects) }
        return false
    }

    private mutating func refusal(of envelope: Envelope, _ method: Method) -> Refusal? {
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
    private func hasEra(_ envelope: Envelope, _ method: Method) -> Bool {
        if envelope.metaProtocolVersion.isPresent { return true }
        guard case .none = client.handshake else { return true }
        return method == .initialize || method == .ping
    }

    private mutating func makeExchange(
        _ id: consuming Lexeme, _ hash: UInt64, _ line: RawSpan, _ envelope: Envelope,
        _ method: Method,
        batch: BatchID?, at now: Instant
    ) -> Exchange {
        arrivals += 1
        let token = envelope.metaProgressToken
        let hasToken = token.kind == .string || token.kind == .integer
        let isKept = method.setsUpState && (method == .initialize || hasRoomToHold(line.byteCount))
        var exchange = Exchange(
            id: id, hash: hash, token: hasToken ? Lexeme(line, token.range) : Lexeme(),
            method: method, batch: batch, arrival: arrivals, line: isKept ? KeptLine(line) : nil,
            deadline: .never, lastDeadline: .never)
        if method != .listen {
            exchange.deadline = now.advanced(byNanoseconds: timeout)
            exchange.lastDeadline = now.advanced(byNanoseconds: maximumTimeout)
            nextTimeout = min(nextTimeout, exchange.deadline)
        }
        return exchange
    }

    /// Writes a request to the open server under a number of mcpo's own.
    mutating func send(
        _ index: ExchangeIndex, _ line: RawSpan, _ envelope: Envelope, into effects: inout Effects
    ) {
        let number = server.flights.insert(
            Flight(purpose: .exchange(index), position: server.outbound.appendedTotal))
        exchanges.markSent(index, as: number)
        if exchanges[index].token.isEmpty {
            // As nearly all are: nothing but the id is exchanged.
            server.outbound.appendLine(line, replacing: envelope.id.range, withNumber: number)
            scheduleFlush(of: .server(server.connection), into: &effects)
            return
        }
        var edits = Edits(envelope.id.range, number)
        edits.add(envelope.metaProgressToken.range)
        sendToServer(line, edits, into: &effects)
    }

    /// Keeps a request until the server is open, or refuses it when that will take long.
    private mutating func hold(
        _ index: ExchangeIndex, _ line: RawSpan, at now: Instant, into effects: inout Effects
    ) {
        if let error = holdError(index, line.byteCount, at: now) {
            counters.refusedRequests += 1
            fail(index, error, into: &effects)
            return
        }
        if exchanges[index].line == nil { exchanges.keep(KeptLine(line), in: index) }
        held.append(.request(index, arrival: exchanges[index].arrival))
    }

    private func holdError(
        _ index: ExchangeIndex, _ byteCount: Int, at now: Instant
    ) -> ProxyError? {
        if case .down(let until) = server.phase, !RestartPolicy.isBearable(until, at: now) {
            return ProxyError(
                .unavailable, "the server is not running", server: settings.serverName,
                retrySafe: true, detail: "it keeps exiting and is started again after a pause")
        }
        let isKept = exchanges[index].line != nil
        guard hasRoomToHold(isKept ? 0 : byteCount) else {
            return ProxyError(
                .overloaded, "too much waits for the server to start", server: settings.serverName,
                retrySafe: true, detail: "\(exchanges.keptBytes) bytes are waiting already")
        }
        return nil
    }

    /// Whether one more line may be kept for later.
    func hasRoomToHold(_ byteCount: Int) -> Bool {
        exchanges.keptBytes + held.byteCount + byteCount <= settings.limits.heldBytes
            && held.messages.count < settings.limits.exchanges
    }
}

// MARK: - The way back

extension ProxyCore {
    /// Writes an answer under the client's own id, as nearly all are: straight from the table.
    private mutating func deliverPlain(
        _ index: ExchangeIndex, _ line: RawSpan, _ envelope: Envelope, into effects: inout Effects
    ) {
        if !client.isGone {
            client.outbound.appendLine(
                line, replacing: envelope.id.range, with: exchanges[index].id)
            scheduleFlush(of: .client, into: &effects)
        }
        exchanges.discard(index)
    }

    /// Writes an answer under the client's own id, alone or into its batch.
    private mutating func deliver(
        to caller: Caller, _ number: UInt32, _ line: RawSpan, _ envelope: Envelope,
        into effects: inout Effects
    ) {
        guard fits(line.byteCount, into: caller.batch) else {
            let error = tooLargeError(retrySafe: caller.method.isReadOnly)
            let answer = error.answer(to: caller.id)
            deliver(to: .client, batch: caller.batch, into: &effects) { $0.append(answer) }
            return
        }
        var edits = Edits(envelope.id.range, caller.id)
        let subscription = envelope.metaSubscriptionID
        if caller.method == .listen, Lexeme.number(line, subscription) == number {
            edits.add(subscription.range)
        }
        deliver(to: .client, batch: caller.batch, into: &effects) {
            edits.apply(to: line, appendingTo: &$0)
        }
    }

    /// What a successful answer means for later: the token of a task stays in use, a revision is
    /// agreed on, and a new process of the server must be told again what was set up.
    private mutating func noteAnswer(
        to index: ExchangeIndex, _ number: UInt32, _ line: RawSpan, _ envelope: Envelope,
        into effects: inout Effects
    ) {
        guard let exchange = exchanges.live(index) else { return }
        guard envelope.result.kind == .object else {
            // Until the client has come to terms with the server its requests are refused.
            if exchange.method == .initialize { client.handshake = .none }
            return
        }
        if !exchange.token.isEmpty, answersWithTask(line, envelope) {
            let limit = settings.limits.taskTokens
            server.taskTokens.keep(exchange.token, of: number, limit: limit)
        }
        guard exchange.method.setsUpState else { return }
        if exchange.method == .initialize {
            client.handshake = .agreed(Revision(inResultOf: line, envelope))
        }
        let isNoted = restoration.note(
            exchange.method, line: exchange.line?.bytes ?? [], limit: settings.limits.heldBytes)
        if !isNoted || exchange.line == nil {
            effects.log(
                .warning, server: settings.serverName,
                "too much set up in the server to repeat it all after a restart")
        }
    }

    func tooLargeError(retrySafe: Bool) -> ProxyError {
        ProxyError(
            .unavailable, "answer too large", server: settings.serverName, retrySafe: retrySafe,
            detail: "the answer has more than \(settings.limits.messageBytes) bytes")
    }
}
