// Stored answers on their way out: hits, old ones while a new one is fetched, old ones in place of an
// error (RFC 5861).

extension ProxyCore {
    /// Answers a line that was answered from the cache before, without looking what is in it.
    mutating func answerFamiliar(_ line: RawSpan, into effects: inout Effects) -> Bool {
        guard let request = caching.familiar.find(line), !client.hasEnded, !client.isGone,
            exchanges.count < settings.limits.exchanges, !isCatalogDue(of: 0)
        else { return false }
        if !exchanges.isEmpty {
            let id = Lexeme(line, request.id)
            if exchanges.find(id, hash: id.idHash) != nil { return false }
        }
        guard let (answer, note) = caching.fresh(request, at: present) else { return false }
        client.outbound.appendHit(
            answer, to: line.extracting(request.id.bounds), note,
            annotates: caching.settings.annotates)
        client.outbound.append(UInt8(ascii: "\n"))
        scheduleFlush(of: .client, into: &effects)
        return true
    }

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
            if batch == nil { caching.remember(plan, line, envelope.id.range) }
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
            id.withBytes {
                client.outbound.appendHit(answer, to: $0.bytes, note, annotates: annotates)
            }
            client.outbound.append(UInt8(ascii: "\n"))
            scheduleFlush(of: .client, into: &effects)
            return
        }
        let bytes = id.array
        deliver(to: .client, batch: batch, into: &effects) {
            $0.appendHit(answer, to: bytes.span.bytes, note, annotates: annotates)
        }
    }

    /// Answers a request whose turn has come with what an equal one has brought meanwhile.
    mutating func answerLate(
        _ index: ExchangeIndex, _ plan: RequestPlan, into effects: inout Effects
    ) -> Bool {
        guard plan.call.looksUp, plan.call.maximumAge == .max,
            let (answer, note) = caching.freshAnswer(to: plan, at: present),
            fits(answer.count, into: exchanges[index].batch)
        else { return false }
        measureEnd(index, .hit, from: .shared)
        guard let caller = end(index) else { return true }
        deliver(answer, to: caller.id, caller.batch, note, into: &effects)
        return true
    }

    /// Gives an exchange a stored answer in place of an error of mcpo's own, where that is allowed.
    mutating func fallBack(
        _ index: ExchangeIndex, _ error: ProxyError, into effects: inout Effects
    ) -> Bool {
        guard caching.isOn, error.code.isServerTrouble, let exchange = exchanges.live(index),
            exchange.takesStale
        else { return false }
        let found: StaleAnswer?
        if exchange.stage == .sent,
            let terms = connections[exchange.connection].flights[exchange.flight]?.terms
        {
            found = caching.fallback(for: terms, at: present)
        } else {
            found = fallback(forHeld: index, exchange)
        }
        guard let found, fits(found.answer.count, into: exchange.batch) else { return false }
        giveStale(found, to: index, into: &effects)
        return true
    }

    /// The same for a request that was never sent: its line is there to be looked at again.
    private mutating func fallback(
        forHeld index: ExchangeIndex, _ exchange: Exchange
    ) -> StaleAnswer? {
        guard exchange.method.hasStorableAnswer, let bytes = exchanges.line(of: index)?.bytes,
            let envelope = try? Envelope(scanning: bytes)
        else { return nil }
        let plan = caching.plan(
            exchange.server, bytes, envelope, exchange.method, isWatched: false, at: present)
        guard plan.hasKey else { return nil }
        return caching.fallback(for: plan, at: present)
    }

    /// What all who wait for a flight and take it get in place of the server's error.
    mutating func staleAnswer(
        _ terms: TermsID, _ line: RawSpan, _ envelope: Envelope
    ) -> StaleAnswer? {
        guard envelope.error.isPresent, isServerTrouble(line, envelope) else { return nil }
        return caching.fallback(for: terms, at: present)
    }

    mutating func giveStale(
        _ stale: StaleAnswer, to index: ExchangeIndex, into effects: inout Effects
    ) {
        measureEnd(index, .hit, from: .own)
        guard let caller = end(index) else { return }
        caching.noteStaleServed(stale)
        let note = HitNote(status: .stale, age: stale.age, remaining: 0)
        deliver(stale.answer, to: caller.id, caller.batch, note, into: &effects)
    }

    /// Whether a server's error means that something is wrong with it, and not with the request:
    /// JSON-RPC's internal error and the range that is the server's own (as HTTP's 5xx), without
    /// those to which MCP gives a meaning.
    private mutating func isServerTrouble(_ line: RawSpan, _ envelope: Envelope) -> Bool {
        guard let code = line.errorCode(envelope) else { return false }
        // −32002: resource not found; −32042: wants a URL elicitation (2025-11-25).
        return code == -32603
            || (-32099 ... -32000).contains(code) && code != -32002
                && code != -32042
    }
}

extension ErrorCode {
    /// Whether the server could not answer, for whatever reason.
    fileprivate var isServerTrouble: Bool {
        switch self {
        case .overloaded, .timeout, .unavailable: true
        case .parseError, .invalidRequest, .methodNotFound, .invalidParams, .unsupportedRevision,
            .resourceNotFound, .cacheMiss:
            false
        }
    }
}
