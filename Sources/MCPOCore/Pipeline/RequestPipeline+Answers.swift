// The way back: answers to those who wait, stored ones among them.

extension ProxyCore {
    /// Hands the answer of a flight to all who wait for it, after what it means for the cache.
    mutating func fanOut(
        _ flight: Flight, _ number: UInt32, _ line: RawSpan, _ envelope: Envelope,
        into effects: inout Effects
    ) {
        let method =
            flight.terms?.method ?? flight.waiter.map { exchanges[$0].method } ?? .unknown
        if method.namesTools, let amended = amended(method, line, envelope, into: &effects) {
            noteAgreement(flight, line, envelope)
            var fresh = Envelope()
            let bytes = amended.span.bytes
            guard (try? Envelope.scan(bytes, into: &fresh)) != nil else { return }
            conclude(flight, number, bytes, fresh, into: &effects)
            return
        }
        if method == .initialize { noteAgreement(flight, line, envelope) }
        conclude(flight, number, line, envelope, into: &effects)
    }

    private mutating func conclude(
        _ flight: Flight, _ number: UInt32, _ line: RawSpan, _ envelope: Envelope,
        into effects: inout Effects
    ) {
        if let terms = flight.terms {
            caching.flights.leave(terms)
            let isCurrent = caching.isCurrent(terms)
            if flight.mayWrite { caching.noteWrite(rule: flight.rule) }
            if envelope.error.isPresent {
                if fallBack(flight, terms, line, envelope, into: &effects) { return }
                if terms.method.isList, terms.hasCursor { caching.drop(terms.method) }
            } else if isCurrent {
                let isOwnWrite = flight.mayWrite
                caching.store(terms, line, envelope, isOwnWrite: isOwnWrite, at: present)
            }
            if flight.firstWaiter != flight.lastWaiter, isForOne(line, envelope) {
                sendOthersAlone(flight, into: &effects)
            }
        } else if flight.mayWrite {
            caching.noteWrite(rule: flight.rule)
        }
        var place = flight.firstWaiter
        while place >= 0 {
            let index = Int(place)
            place = exchanges[index].nextWaiter
            answer(index, number, line, envelope, into: &effects)
        }
    }

    /// What `initialize` has agreed on is part of every key, and says whether there are tools.
    private mutating func noteAgreement(
        _ flight: Flight, _ line: RawSpan, _ envelope: Envelope
    ) {
        guard caching.isOn, let index = flight.waiter, exchanges[index].method == .initialize,
            envelope.result.kind == .object
        else { return }
        let capabilities = line.member("capabilities", of: envelope.result)
        caching.catalog.hasTools = line.member("tools", of: capabilities).isPresent
        let revision = line.member("protocolVersion", of: envelope.result)
        var own: [UInt8] = []
        if let request = exchanges[index].line?.bytes,
            let asked = try? Envelope(scanning: request.span.bytes)
        {
            let bytes = request.span.bytes
            let value = bytes.member("capabilities", of: asked.params)
            own = bytes.extracting(value.range.bounds).array
        }
        caching.keys.agree(
            revision: line.extracting(revision.range.bounds).array, capabilities: own)
    }

    /// Whether an answer is for one caller only: it asks for input, with a state of its own.
    private func isForOne(_ line: RawSpan, _ envelope: Envelope) -> Bool {
        envelope.resultType.isPresent && !line.stringEquals(envelope.resultType, "complete")
    }

    /// Sends on their own those who have joined a flight whose answer is for one of them.
    private mutating func sendOthersAlone(_ flight: Flight, into effects: inout Effects) {
        guard let first = flight.waiter else { return }
        var place = exchanges[first].nextWaiter
        exchanges[first].nextWaiter = -1
        while place >= 0 {
            let index = Int(place)
            place = exchanges[index].nextWaiter
            exchanges[index].stage = .held
            sendHeld(index, sharing: false, into: &effects)
        }
    }

    private mutating func answer(
        _ index: ExchangeIndex, _ number: UInt32, _ line: RawSpan, _ envelope: Envelope,
        into effects: inout Effects
    ) {
        if exchanges[index].concernsLater {
            noteAnswer(to: index, number, line, envelope, into: &effects)
        }
        let isFailure = envelope.error.isPresent || envelope.resultIsError.kind == .true
        measureEnd(index, isFailure ? .failed : .answered)
        if exchanges[index].isPlain {
            deliverPlain(index, line, envelope, into: &effects)
        } else if let caller = exchanges.remove(index) {
            deliver(to: caller, number, line, envelope, into: &effects)
        }
    }

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

// MARK: - Stored answers

extension ProxyCore {
    /// Answers a request from the cache, if there is something to answer it with.
    mutating func answerFromCache(
        _ id: borrowing Lexeme, _ plan: RequestPlan, _ line: RawSpan, _ envelope: Envelope,
        _ batch: BatchID?, into effects: inout Effects
    ) -> Bool {
        let answer: CachedAnswer
        let note: HitNote
        switch caching.lookup(plan, at: present) {
        case .miss, .stale(_, _, .ifError):
            return false
        case .fresh(let found, let age, let remaining):
            answer = found
            note = HitNote(status: .hit, age: age, remaining: remaining)
        case .stale(let found, let age, .whileRevalidating),
            .stale(let found, let age, .whileRevalidatingAndIfError):
            answer = found
            let isFetching = refresh(plan, line, envelope, into: &effects)
            note = HitNote(status: isFetching ? .revalidating : .stale, age: age, remaining: 0)
        }
        guard batch == nil || fits(answer.count, into: batch) else { return false }
        if let endpoint = plan.endpoint { caching.monitor.noteHit(endpoint, at: present) }
        if let batch { batches.update(batch) { $0?.outstanding += 1 } }
        deliver(answer, to: id, batch, note, into: &effects)
        return true
    }

    private mutating func deliver(
        _ answer: CachedAnswer, to id: borrowing Lexeme, _ batch: BatchID?, _ note: HitNote,
        into effects: inout Effects
    ) {
        let annotates = caching.settings.annotates
        if batch == nil {
            if client.isGone { return }
            client.outbound.appendHit(answer, to: id, note, annotates: annotates)
            client.outbound.append(UInt8(ascii: "\n"))
            scheduleFlush(of: .client, into: &effects)
            return
        }
        let copy = copy id
        deliver(to: .client, batch: batch, into: &effects) {
            $0.appendHit(answer, to: copy, note, annotates: annotates)
        }
    }

    /// Gives an exchange a stored answer in place of an error of mcpo's own, where that is allowed.
    mutating func fallBack(
        _ index: ExchangeIndex, _ error: ProxyError, into effects: inout Effects
    ) -> Bool {
        guard caching.isOn, error.code.isServerTrouble, let exchange = exchanges.live(index) else {
            return false
        }
        let found: (CachedAnswer, Int64)?
        if let terms = server.flights[exchange.flight]?.terms, exchange.stage == .sent {
            found = caching.fallback(for: terms, at: present)
        } else {
            found = fallback(forHeld: exchange)
        }
        guard let (answer, age) = found, fits(answer.count, into: exchange.batch) else {
            return false
        }
        giveStale(answer, age, to: index, into: &effects)
        return true
    }

    /// The same for a request that was never sent: its line is there to be looked at again.
    private mutating func fallback(forHeld exchange: Exchange) -> (CachedAnswer, Int64)? {
        guard exchange.method.hasStorableAnswer, let bytes = exchange.line?.bytes,
            let envelope = try? Envelope(scanning: bytes.span.bytes)
        else { return nil }
        let plan = caching.plan(
            bytes.span.bytes, envelope, exchange.method, isWatched: false, at: present)
        guard plan.hasKey, plan.call.looksUp else { return nil }
        return caching.fallback(for: caching.terms(for: plan, at: present), at: present)
    }

    /// Gives all who wait for a flight a stored answer in place of the server's error.
    private mutating func fallBack(
        _ flight: Flight, _ terms: FlightTerms, _ line: RawSpan, _ envelope: Envelope,
        into effects: inout Effects
    ) -> Bool {
        guard isServerTrouble(line, envelope),
            let (answer, age) = caching.fallback(for: terms, at: present)
        else { return false }
        var place = flight.firstWaiter
        while place >= 0 {
            let index = Int(place)
            place = exchanges[index].nextWaiter
            giveStale(answer, age, to: index, into: &effects)
        }
        return true
    }

    private mutating func giveStale(
        _ answer: CachedAnswer, _ age: Int64, to index: ExchangeIndex, into effects: inout Effects
    ) {
        measureEnd(index, .hit)
        guard let caller = end(index) else { return }
        caching.noteStaleServed(.default)
        let note = HitNote(status: .stale, age: age, remaining: 0)
        deliver(answer, to: caller.id, caller.batch, note, into: &effects)
    }

    /// Whether a server's error means that something is wrong with it, and not with the request:
    /// JSON-RPC's internal error and the range that is the server's own (as HTTP's 5xx), without
    /// those to which MCP gives a meaning.
    private func isServerTrouble(_ line: RawSpan, _ envelope: Envelope) -> Bool {
        let code = line.member("code", of: envelope.error)
        guard code.kind == .integer, line.byte(Int(code.range.lower)) == UInt8(ascii: "-") else {
            return false
        }
        var digits = code
        digits.range.lower &+= 1
        guard let number = Lexeme.number(line, digits) else { return false }
        // 32002: resource not found; 32042: wants a URL elicitation (2025-11-25).
        return number == 32603
            || (32000...32099).contains(number) && number != 32002
                && number != 32042
    }
}

extension ErrorCode {
    /// Whether the server could not answer, for whatever reason.
    fileprivate var isServerTrouble: Bool {
        switch self {
        case .overloaded, .timeout, .unavailable: true
        case .parseError, .invalidRequest, .invalidParams, .cacheMiss: false
        }
    }
}

extension Method {
    /// Whether its answer tells which tools there are.
    fileprivate var namesTools: Bool {
        self == .listTools || self == .initialize || self == .discover
    }
}
