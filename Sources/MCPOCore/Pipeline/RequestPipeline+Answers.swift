// The way back: answers to those who wait, stored ones among them.

extension ProxyCore {
    /// Hands the answer of a flight to all who wait for it, after what it means for the cache.
    mutating func fanOut(
        _ flight: Flight, _ number: UInt32, of connection: ConnectionID, _ line: RawSpan,
        _ envelope: Envelope, into effects: inout Effects
    ) {
        let server = connections[connection].server
        let method =
            flight.terms.map { caching.flights[$0].method }
            ?? flight.waiter.map { exchanges[$0].method } ?? .unknown
        if method == .initialize { noteAgreement(of: server, flight, line, envelope) }
        // `notifications/initialized` may have come before the answer.
        defer {
            if method == .initialize {
                caching.familiar.forget()
                noteInitialized(server, into: &effects)
            }
            if method == .discover { noteProbe(of: server, envelope) }
            noteEra(of: server, method, envelope, into: &effects)
        }
        let changed =
            isGateway
            ? bridged(era(of: flight), of: server, line, envelope)
            : method.namesTools
                ? amended(method, of: server, line, envelope, into: &effects) : nil
        guard let changed else {
            conclude(flight, number, of: connection, line, envelope, into: &effects)
            return
        }
        var fresh = Envelope()
        let bytes = changed.span.bytes
        guard (try? Envelope.scan(bytes, into: &fresh)) != nil else {
            conclude(flight, number, of: connection, line, envelope, into: &effects)
            return
        }
        conclude(flight, number, of: connection, bytes, fresh, into: &effects)
    }

    private mutating func conclude(
        _ flight: Flight, _ number: UInt32, of connection: ConnectionID, _ line: RawSpan,
        _ envelope: Envelope, into effects: inout Effects
    ) {
        let server = connections[connection].server
        var stale: StaleAnswer?
        if let id = flight.terms {
            caching.flights.leave(id)
            let terms = caching.flights[id]
            let isCurrent = caching.isCurrent(terms)
            if flight.mayWrite { caching.writeEnds(server, rule: flight.rule) }
            stale = staleAnswer(id, line, envelope)
            if envelope.error.isPresent {
                // A cursor that is no longer valid belongs to a list that is no longer there.
                if stale == nil, terms.method.isList, terms.hasCursor {
                    caching.drop(terms.method, of: server)
                }
            } else if isCurrent {
                let isOwnWrite = flight.mayWrite
                caching.store(id, line, envelope, isOwnWrite: isOwnWrite, at: present)
            }
            caching.flights.forget(id)
            if flight.firstWaiter != flight.lastWaiter, isForOne(line, envelope) {
                sendOthersAlone(flight, into: &effects)
            }
        } else if flight.mayWrite {
            caching.writeEnds(server, rule: flight.rule)
        }
        var place = flight.firstWaiter
        while place >= 0 {
            let index = Int(place)
            place = exchanges[index].nextWaiter
            if let stale, exchanges[index].takesStale,
                fits(stale.answer.count, into: exchanges[index].batch)
            {
                giveStale(stale, to: index, into: &effects)
            } else {
                answer(index, number, line, envelope, into: &effects)
            }
        }
    }

    /// What `initialize` has agreed on is part of every key, and says whether there are tools.
    private mutating func noteAgreement(
        of server: ServerIndex, _ flight: Flight, _ line: RawSpan, _ envelope: Envelope
    ) {
        guard caching.isOn, let index = flight.waiter, exchanges[index].method == .initialize,
            envelope.result.kind == .object
        else { return }
        // What was asked for as a modern client, to find out the era, is over.
        caching.parts[server].catalog.meta = []
        caching.familiar.forget()
        caching.noteWrite(server)
        let capabilities = line.member("capabilities", of: envelope.result)
        caching.parts[server].catalog.hasTools = line.member("tools", of: capabilities).isPresent
        let revision = line.member("protocolVersion", of: envelope.result)
        var own: [UInt8] = []
        if let bytes = exchanges.line(of: index)?.bytes,
            let asked = try? Envelope(scanning: bytes)
        {
            let value = bytes.member("capabilities", of: asked.params)
            own = bytes.extracting(value.range.bounds).array
        }
        caching.parts[server].keys.agree(
            revision: line.extracting(revision.range.bounds).array, capabilities: own)
    }

    /// In which era's form those who wait for a flight have asked.
    private mutating func era(of flight: Flight) -> Era {
        flight.terms.map { caching.flights[$0].era } ?? flight.waiter.map { exchanges[$0].era }
            ?? .legacy
    }

    /// A server that has answered what only modern or only legacy ones know has shown its era.
    private mutating func noteEra(
        of server: ServerIndex, _ method: Method, _ envelope: Envelope,
        into effects: inout Effects
    ) {
        guard envelope.result.kind == .object, !isGateway else { return }
        let before = servers[server].era
        if method == .discover { servers[server].era = .modern }
        if method == .initialize { servers[server].era = .legacy }
        if before == nil, servers[server].era == nil, envelope.resultType.isPresent {
            // Only modern results have this, and a modern client need not ask before it calls.
            servers[server].era = .modern
        }
        if before != .modern, servers[server].era == .modern { trustMeta(of: server) }
        if before == nil, servers[server].era != nil {
            fillPool(of: server, at: present, into: &effects)
        }
    }

    /// Whether an answer is for one caller only: it asks for input, with a state of its own.
    private mutating func isForOne(_ line: RawSpan, _ envelope: Envelope) -> Bool {
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
            markHeld(index)
            sendHeld(index, sharing: false, into: &effects)
        }
    }

    private mutating func answer(
        _ index: ExchangeIndex, _ number: UInt32, _ line: RawSpan, _ envelope: Envelope,
        into effects: inout Effects
    ) {
        if exchanges[index].concernsLater {
            noteAnswer(to: index, line, envelope, into: &effects)
        }
        let isFailure = envelope.error.isPresent || envelope.resultIsError.kind == .true
        if exchanges[index].hasJoined {
            measureEnd(index, isFailure ? .failed : .joined, from: .shared)
        } else {
            measureEnd(index, isFailure ? .failed : .answered, from: .server)
        }
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
                line, replacing: envelope.id.range, with: exchanges.id(of: index))
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
            let error = tooLargeError(
                servers[caller.server].name, retrySafe: caller.method.isReadOnly)
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
        to index: ExchangeIndex, _ line: RawSpan, _ envelope: Envelope,
        into effects: inout Effects
    ) {
        guard let exchange = exchanges.live(index) else { return }
        guard envelope.result.kind == .object else {
            // Until the client has come to terms with the server its requests are refused.
            if exchange.method == .initialize { client.handshake = .none }
            return
        }
        if !exchange.token.isEmpty, answersWithTask(line, envelope) {
            connections[exchange.connection].taskTokens.keep(
                exchange.token, of: exchange.flight, from: exchange.connection,
                limit: settings.limits.taskTokens)
        }
        guard exchange.method.setsUpState else { return }
        if exchange.method == .subscribeResource || exchange.method == .unsubscribeResource {
            // From now on nobody watches; or what is read must not be from before the watch.
            caching.drop(.readResource, of: exchange.server)
        }
        if exchange.method == .initialize {
            client.handshake = .agreed(Revision(inResultOf: line, envelope))
        }
        let isNoted = servers[exchange.server].restoration.note(
            exchange.method, line: exchanges.line(of: index).map { Array($0) } ?? [],
            limit: settings.limits.heldBytes, arrival: exchange.arrival)
        if exchange.method == .setLogLevel { repeatLogLevel(after: exchange, into: &effects) }
        if !isNoted || !exchange.hasLine {
            effects.log(
                .warning, server: servers[exchange.server].name,
                "too much set up in the server to repeat it all after a restart")
        }
    }

    /// The log level holds for the server's other processes as well.
    private mutating func repeatLogLevel(after exchange: Exchange, into effects: inout Effects) {
        let level = servers[exchange.server].restoration.logLevel
        if level.isEmpty { return }
        for connection in servers[exchange.server].pool
        where connection != exchange.connection && connections[connection].isOpen {
            sendAgain(level, to: connection, as: .restore, into: &effects)
        }
    }

    mutating func tooLargeError(_ server: String?, retrySafe: Bool) -> ProxyError {
        ProxyError(
            .unavailable, "answer too large", server: server, retrySafe: retrySafe,
            detail: "the answer has more than \(settings.limits.messageBytes) bytes")
    }
}

extension Method {
    /// Whether its answer tells which tools there are.
    fileprivate var namesTools: Bool {
        self == .listTools || self == .initialize || self == .discover
    }
}
