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
        let method = Method.of(line, envelope)
        let key: IDKey
        switch admission(of: line, envelope, method) {
        case .refused(let error, let isNameless):
            counters.refusedRequests += 1
            let id = isNameless ? .null : Lexeme(line, envelope.id.range)
            refuse(id, error, batch: batch, into: &effects)
            return
        case .admitted(let checked):
            key = checked
        }
        if method == .initialize { client.handshake = .requested }
        if let batch { batches.update(batch) { $0.outstanding += 1 } }
        let index = exchanges.insert(
            makeExchange(line, envelope, method, batch: batch, at: now), key: key)
        nextTimeout = min(nextTimeout, exchanges[index]?.deadline ?? .never)
        switch server.phase {
        case .open: send(index, line, envelope, into: &effects)
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
            guard let exchange = exchanges[index] else { return }
            noteSuccess(of: exchange, line, envelope, into: &effects)
            if !exchange.token.isEmpty, answersWithTask(line, envelope) {
                let limit = settings.limits.taskTokens
                server.taskTokens.keep(exchange.token, of: number, limit: limit)
            }
            exchanges.remove(index)
            deliver(exchange, number, line, envelope, into: &effects)
        }
    }

    /// Ends an exchange with an error of mcpo's own.
    mutating func fail(
        _ index: ExchangeIndex, _ error: ProxyError, into effects: inout Effects
    ) {
        guard let exchange = exchanges[index] else { return }
        end(index, into: &effects)
        let answer = error.answer(to: exchange.id)
        deliver(to: .client, batch: exchange.batch, into: &effects) { $0.append(answer) }
    }

    /// Takes an exchange out of all tables; its caller gets nothing here.
    mutating func end(_ index: ExchangeIndex, into effects: inout Effects) {
        guard let exchange = exchanges.remove(index) else { return }
        switch exchange.stage {
        case .held: held.release(byteCount: exchange.line.count)
        case .sent, .tornDown: server.flights.remove(exchange.flight)
        }
    }
}

// MARK: - The way down

extension ProxyCore {
    private enum Admission {
        case admitted(IDKey)
        /// `isNameless` when the answer must carry `id: null`.
        case refused(ProxyError, isNameless: Bool)
    }

    private mutating func admission(
        of line: RawSpan, _ envelope: Envelope, _ method: Method
    ) -> Admission {
        guard envelope.id.range.count <= Lexeme.maximumLength else {
            let complaint = "an id longer than \(Lexeme.maximumLength) bytes"
            return .refused(ProxyError(.invalidRequest, complaint), isNameless: true)
        }
        let key = IDKey(line, envelope.id)
        if let earlier = exchanges.find(key) {
            guard exchanges[earlier]?.stage == .tornDown else {
                // `null`, so that the first request's answer stays unambiguous (SPEC §12).
                let complaint = "a request with this id is still in flight"
                return .refused(ProxyError(.invalidRequest, complaint), isNameless: true)
            }
            if let exchange = exchanges.remove(earlier) { server.flights.remove(exchange.flight) }
        }
        if let error = eraError(of: envelope, method) ?? boundsError(envelope) {
            return .refused(error, isNameless: false)
        }
        return .admitted(key)
    }

    /// A request belongs to a legacy client that has opened with `initialize`, or says by itself
    /// which revision it speaks. A modern server must refuse any other as malformed; a legacy one
    /// may do anything with it, silence included, so it does not get there.
    private func eraError(of envelope: Envelope, _ method: Method) -> ProxyError? {
        if envelope.metaProtocolVersion.isPresent { return nil }
        guard case .none = client.handshake else { return nil }
        if method == .initialize || method == .ping { return nil }
        return ProxyError(
            .invalidParams,
            "send initialize first, or give the protocol version with each request in "
                + #"_meta["io.modelcontextprotocol/protocolVersion"]"#)
    }

    private func boundsError(_ envelope: Envelope) -> ProxyError? {
        if envelope.metaProgressToken.range.count > Lexeme.maximumLength {
            return ProxyError(
                .invalidParams, "a progress token longer than \(Lexeme.maximumLength) bytes")
        }
        if client.hasEnded {
            return ProxyError(
                .unavailable, "mcpo is shutting down", server: settings.serverName,
                retrySafe: true, detail: "the request was not sent to the server")
        }
        if exchanges.count >= settings.limits.exchanges {
            return ProxyError(
                .overloaded, "too many requests without an answer", server: settings.serverName,
                retrySafe: true, detail: "\(settings.limits.exchanges) requests are in flight")
        }
        return nil
    }

    private mutating func makeExchange(
        _ line: RawSpan, _ envelope: Envelope, _ method: Method, batch: BatchID?, at now: Instant
    ) -> Exchange {
        arrivals += 1
        let endless = method == .listen
        let token = envelope.metaProgressToken
        let hasToken = token.kind == .string || token.kind == .integer
        return Exchange(
            id: Lexeme(line, envelope.id.range),
            token: hasToken ? Lexeme(line, token.range) : Lexeme(),
            method: method, batch: batch, arrival: arrivals,
            line: method.setsUpState ? line.array : [],
            deadline: endless ? .never : now.advanced(by: settings.timeout),
            lastDeadline: endless ? .never : now.advanced(by: settings.maximumTimeout))
    }

    /// Writes a request to the open server under a number of mcpo's own.
    mutating func send(
        _ index: ExchangeIndex, _ line: RawSpan, _ envelope: Envelope, into effects: inout Effects
    ) {
        let number = server.flights.insert(
            Flight(purpose: .exchange(index), position: server.outbound.appendedTotal))
        var hasToken = false
        exchanges.update(index) { exchange in
            exchange.stage = .sent
            exchange.flight = number
            if !exchange.method.setsUpState { exchange.line = [] }
            hasToken = !exchange.token.isEmpty
        }
        var edits = Edits(envelope.id.range, Lexeme(number))
        if hasToken { edits.replace(envelope.metaProgressToken.range, with: Lexeme(number)) }
        sendToServer(line, edits, into: &effects)
    }

    /// Keeps a request until the server is open, or refuses it when that will take long.
    private mutating func hold(
        _ index: ExchangeIndex, _ line: RawSpan, at now: Instant, into effects: inout Effects
    ) {
        if let error = holdError(line.byteCount, at: now) {
            counters.refusedRequests += 1
            fail(index, error, into: &effects)
            return
        }
        guard let exchange = exchanges[index] else { return }
        exchanges.update(index) { $0.line = line.array }
        held.append(.request(index, arrival: exchange.arrival), byteCount: line.byteCount)
    }

    private func holdError(_ byteCount: Int, at now: Instant) -> ProxyError? {
        if case .down(let until) = server.phase, !RestartPolicy.isBearable(until, at: now) {
            return ProxyError(
                .unavailable, "the server is not running", server: settings.serverName,
                retrySafe: true, detail: "it keeps exiting and is started again after a pause")
        }
        guard held.byteCount + byteCount <= settings.limits.heldBytes,
            held.messages.count < settings.limits.exchanges
        else {
            return ProxyError(
                .overloaded, "too much waits for the server to start", server: settings.serverName,
                retrySafe: true, detail: "\(held.byteCount) bytes are waiting already")
        }
        return nil
    }
}

// MARK: - The way back

extension ProxyCore {
    /// Writes an answer under the client's own id, alone or into its batch.
    private mutating func deliver(
        _ exchange: Exchange, _ number: UInt32, _ line: RawSpan, _ envelope: Envelope,
        into effects: inout Effects
    ) {
        guard fits(line.byteCount, into: exchange.batch) else {
            let error = tooLargeError(retrySafe: exchange.method.isReadOnly)
            let answer = error.answer(to: exchange.id)
            deliver(to: .client, batch: exchange.batch, into: &effects) { $0.append(answer) }
            return
        }
        var edits = Edits(envelope.id.range, exchange.id)
        let subscription = envelope.metaSubscriptionID
        if exchange.method == .listen, Lexeme.number(line, subscription) == number {
            edits.replace(subscription.range, with: exchange.id)
        }
        deliver(to: .client, batch: exchange.batch, into: &effects) {
            edits.apply(to: line, appendingTo: &$0)
        }
    }

    /// What a successful answer means for later: the revision agreed on, and what a new process of
    /// the server must be told again.
    private mutating func noteSuccess(
        of exchange: Exchange, _ line: RawSpan, _ envelope: Envelope, into effects: inout Effects
    ) {
        guard exchange.method.setsUpState, envelope.result.kind == .object else { return }
        if exchange.method == .initialize {
            client.handshake = .agreed(Revision(inResultOf: line, envelope))
        }
        let isNoted = restoration.note(
            exchange.method, line: exchange.line, limit: settings.limits.heldBytes)
        if !isNoted {
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
