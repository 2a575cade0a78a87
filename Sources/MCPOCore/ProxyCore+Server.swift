// What a server says: answers, notifications, and (legacy servers) requests of its own.

extension ProxyCore {
    /// The name of a connection's server, for logs and errors.
    mutating func serverName(of connection: ConnectionID) -> String {
        servers[connections[connection].server].name
    }

    /// Why a message of a server could not be passed on.
    enum UnreadReason {
        case tooLarge
        case tooDeep
        case ambiguous

        var words: String {
            switch self {
            case .tooLarge: "too large"
            case .tooDeep: "nested too deep"
            case .ambiguous: "ambiguous: a member occurs twice"
            }
        }
    }

    /// Takes in one line of a process's stdout.
    mutating func receive(
        _ line: RawSpan, from connection: ConnectionID, at now: Instant,
        into effects: inout Effects
    ) {
        effects.log(.trace, server: serverName(of: connection), "says: \(line.excerpt)")
        var envelope = Envelope()
        do throws(JSONFault) {
            try Envelope.scan(line, maximumDepth: settings.limits.depth, into: &envelope)
        } catch {
            receiveUnreadable(line, error, from: connection, into: &effects)
            return
        }
        if envelope.root.kind == .array {
            receiveBatch(line, envelope.root, from: connection, at: now, into: &effects)
        } else {
            receive(line, envelope, from: connection, batch: nil, at: now, into: &effects)
        }
    }

    /// Takes in one message. What is not quite JSON-RPC passes as long as it is clear whom it is
    /// for: the client judges it as it would without mcpo.
    private mutating func receive(
        _ line: RawSpan, _ envelope: Envelope, from connection: ConnectionID, batch: BatchID?,
        at now: Instant, into effects: inout Effects
    ) {
        if envelope.method.kind == .string {
            if envelope.id.isPresent {
                forwardServerRequest(line, envelope, from: connection, batch, into: &effects)
            } else {
                receiveNotification(line, envelope, from: connection, at: now, into: &effects)
            }
        } else if envelope.result.isPresent || envelope.error.isPresent {
            receiveAnswer(line, envelope, from: connection, at: now, into: &effects)
        } else if let number = Lexeme.number(line, envelope.id),
            connections[connection].flights.contains(number)
        {
            failMalformed(number, of: connection, into: &effects)
        } else {
            logGarbage(line, from: connection, into: &effects)
        }
    }

    /// A legacy server of revision 2025-03-26 may send batches at any time.
    private mutating func receiveBatch(
        _ line: RawSpan, _ root: JSONValue, from connection: ConnectionID, at now: Instant,
        into effects: inout Effects
    ) {
        var elements = BatchElements(line, root)
        let batch = batches.insert(Batch(sender: .server(connection)))
        while let element = elements.next(line) {
            let part = line.extracting(element.range.bounds)
            do throws(JSONFault) {
                let envelope = try Envelope(scanning: part)
                receive(
                    part, envelope, from: connection, batch: batch, at: now, into: &effects)
            } catch {
                receiveUnreadable(part, error, from: connection, into: &effects)
            }
        }
        completePart(of: batch, into: &effects)
    }

    private mutating func receiveAnswer(
        _ line: RawSpan, _ envelope: Envelope, from connection: ConnectionID, at now: Instant,
        into effects: inout Effects
    ) {
        if let number = Lexeme.number(line, envelope.id),
            connections[connection].flights.contains(number)
        {
            settle(number, of: connection, line, envelope, at: now, into: &effects)
        } else if let number = looseNumber(line, envelope.id, connection),
            connections[connection].flights.contains(number)
        {
            settle(number, of: connection, line, envelope, at: now, into: &effects)
        } else {
            counters.unknownServerAnswers += 1
            noteLateWrite(Lexeme.number(line, envelope.id), of: connection)
            effects.log(
                .debug, server: serverName(of: connection),
                "dropped an answer to no request in flight")
        }
    }

    /// A write that was given up long ago has happened after all.
    private mutating func noteLateWrite(_ number: UInt32?, of connection: ConnectionID) {
        guard let number,
            let place = connections[connection].abandoned.firstIndex(of: number)
        else { return }
        connections[connection].abandoned.remove(at: place)
        caching.noteWrite(connections[connection].server)
    }

    /// The number that an answer is meant for although its id is not what was sent: some servers
    /// read ids into a float (`7.0`) or answer under a string (`"7"`), and a legacy server may answer
    /// the era probe with `id: null`, or without an id (SPEC §12, *Protocol*).
    private mutating func looseNumber(
        _ line: RawSpan, _ id: JSONValue, _ connection: ConnectionID
    ) -> UInt32? {
        var inner = JSONValue(range: id.range, kind: .integer)
        switch id.kind {
        case .string:
            inner.range = ByteRange(lower: id.range.lower + 1, upper: id.range.upper - 1)
        case .number where line.byte(Int(id.range.upper) - 2) == UInt8(ascii: "."):
            inner.range.upper -= 2
            guard line.byte(Int(id.range.upper) - 1) == UInt8(ascii: "0") else { return nil }
        case .null, .absent:
            return probe(of: connection)
        default:
            return nil
        }
        return inner.range.isEmpty ? nil : Lexeme.number(line, inner)
    }

    /// The era probe: mcpo's own, or the client's if it is its only request under way.
    private mutating func probe(of connection: ConnectionID) -> UInt32? {
        if isGateway {
            return connections[connection].flights.numbers.first {
                connections[connection].flights[$0]?.purpose == .probe
            }
        }
        guard exchanges.count == 1, let index = exchanges.indices.first,
            exchanges[index].method == .discover, exchanges[index].stage == .sent,
            exchanges[index].connection == connection
        else { return nil }
        return exchanges[index].flight
    }

    /// An answer with neither result nor error: its callers must not wait for another.
    private mutating func failMalformed(
        _ number: UInt32, of connection: ConnectionID, into effects: inout Effects
    ) {
        let name = serverName(of: connection)
        failFlight(number, of: connection, into: &effects) { exchange in
            ProxyError(
                .unavailable, "the server's answer is not JSON-RPC", server: name,
                retrySafe: exchange.method.isReadOnly,
                detail: "it has neither a result nor an error")
        }
    }

    private mutating func receiveUnreadable(
        _ line: RawSpan, _ fault: JSONFault, from connection: ConnectionID,
        into effects: inout Effects
    ) {
        var skimmer = EnvelopeSkimmer()
        switch fault {
        case .syntax, .invalidUTF8:
            logGarbage(line, from: connection, into: &effects)
        case .tooDeep:
            skimmer.feed(line)
            receiveUnread(skimmer, .tooDeep, from: connection, into: &effects)
        case .duplicateMember:
            skimmer.feed(line)
            receiveUnread(skimmer, .ambiguous, from: connection, into: &effects)
        }
    }

    /// A message of which only the envelope could be made out: its caller gets an error, a request
    /// of the server is refused, and anything else is dropped.
    mutating func receiveUnread(
        _ skimmer: EnvelopeSkimmer, _ reason: UnreadReason, from connection: ConnectionID,
        into effects: inout Effects
    ) {
        counters.oversizedAnswers += 1
        let name = serverName(of: connection)
        effects.log(.warning, server: name, "dropped a message that is \(reason.words)")
        guard let id = skimmer.id else { return }
        let value = JSONValue(range: ByteRange(0, id.count), kind: skimmer.idKind)
        if skimmer.hasMethod {
            let error = ProxyError(.invalidRequest, "message is \(reason.words)")
            let isTaken = serverRequest(named: value, in: id.span.bytes, of: connection) != nil
            refuseServerRequest(
                isTaken ? .null : Lexeme(id), error, of: connection, nil, into: &effects)
        } else if let number = Lexeme.number(id.span.bytes, value) {
            let error = unreadError(reason, name)
            failFlight(number, of: connection, into: &effects) { exchange in
                var error = error
                error.retrySafe = exchange.method.isReadOnly
                return error
            }
        }
    }

    private mutating func unreadError(_ reason: UnreadReason, _ name: String) -> ProxyError {
        if reason == .tooLarge { return tooLargeError(name, retrySafe: false) }
        return ProxyError(
            .unavailable, "the server's answer cannot be read", server: name,
            retrySafe: false,
            detail: reason == .tooDeep
                ? "it is nested deeper than \(settings.limits.depth) levels"
                : "it is \(reason.words)")
    }

    /// A line that is no message goes to the log under the server's name, shortened.
    private mutating func logGarbage(
        _ line: RawSpan, from connection: ConnectionID, into effects: inout Effects
    ) {
        if line.isBlank { return }
        counters.garbageLines += 1
        // What may be the beginning of a message has results in it; those are not for the log.
        let isSecret = line.byte(0) == UInt8(ascii: "{") || line.byte(0) == UInt8(ascii: "[")
        let shown = isSecret ? "\(line.byteCount) bytes of a broken message" : line.excerpt
        effects.log(
            .warning, server: serverName(of: connection), "not a message on stdout: \(shown)")
    }
}

// MARK: - Notifications

extension ProxyCore {
    private mutating func receiveNotification(
        _ line: RawSpan, _ envelope: Envelope, from connection: ConnectionID, at now: Instant,
        into effects: inout Effects
    ) {
        let method = Method.of(line, envelope)
        switch method {
        case .progress:
            forwardProgressToClient(line, envelope, from: connection, at: now, into: &effects)
        case .cancelled:
            forwardCancellationToClient(line, envelope, from: connection, into: &effects)
        case .acknowledged where !isGateway:
            acknowledge(line, envelope, from: connection, into: &effects)
        default:
            let server = connections[connection].server
            dropWhatChanged(method, line, envelope, of: server, into: &effects)
            if takeNotification(method, line, envelope, of: server, into: &effects) { return }
            forwardNotificationToClient(line, envelope, from: connection, into: &effects)
        }
    }

    private mutating func forwardProgressToClient(
        _ line: RawSpan, _ envelope: Envelope, from connection: ConnectionID, at now: Instant,
        into effects: inout Effects
    ) {
        let range = envelope.progressToken.range
        guard let number = Lexeme.number(line, envelope.progressToken) else {
            counters.deadProgress += 1
            return
        }
        let flight = connections[connection].flights[number]
        if flight == nil, let token = connections[connection].taskTokens[number]?.token {
            sendToClient(line, Edits(range, token), into: &effects)
            return
        }
        guard let flight else {
            counters.deadProgress += 1
            return
        }
        noteProgress(flight, line, range, at: now, into: &effects)
    }

    /// Everybody who waits for the call gets more time, and the notice under a token of their own.
    private mutating func noteProgress(
        _ flight: Flight, _ line: RawSpan, _ range: ByteRange, at now: Instant,
        into effects: inout Effects
    ) {
        var isOfUse = false
        var place = flight.firstWaiter
        while place >= 0 {
            let index = Int(place)
            place = exchanges[index].nextWaiter
            exchanges[index].extend(at: now)
            let token = exchanges[index].token
            if token.isEmpty { continue }
            isOfUse = true
            sendToClient(line, Edits(range, token), into: &effects)
        }
        let isAsked = flight.terms.map { caching.flights[$0].isShareable } ?? false
        if !isOfUse, !isAsked { counters.deadProgress += 1 }
    }

    /// A legacy server withdraws a request of its own; a modern one ends a subscription.
    private mutating func forwardCancellationToClient(
        _ line: RawSpan, _ envelope: Envelope, from connection: ConnectionID,
        into effects: inout Effects
    ) {
        let range = envelope.requestID.range
        if let own = serverRequest(named: envelope.requestID, in: line, of: connection) {
            withdraw(own, into: &effects)
            sendToClient(line, Edits(range, own), into: &effects)
        } else if let number = Lexeme.number(line, envelope.requestID),
            let index = connections[connection].flights[number]?.waiter,
            let exchange = exchanges.live(index), exchange.method == .listen
        {
            noteEnd(ofSubscription: index, exchange.arrival, into: &effects)
            sendToClient(line, Edits(range, exchange.id), into: &effects)
        } else {
            counters.unknownCancellations += 1
        }
    }

    /// The server should still answer the subscription; how many wait for that is bounded.
    private mutating func noteEnd(
        ofSubscription index: ExchangeIndex, _ arrival: UInt64, into effects: inout Effects
    ) {
        if exchanges[index].stage == .tornDown { return }
        exchanges[index].stage = .tornDown
        endedSubscriptions.removeAll { exchanges.live($0.index)?.arrival != $0.arrival }
        endedSubscriptions.append((index, arrival))
        if endedSubscriptions.count > settings.limits.endedSubscriptions {
            finishSubscription(endedSubscriptions.removeFirst().index, into: &effects)
        }
    }

    /// A subscription that mcpo has renewed after a restart is acknowledged to the client only once.
    private mutating func acknowledge(
        _ line: RawSpan, _ envelope: Envelope, from connection: ConnectionID,
        into effects: inout Effects
    ) {
        guard let number = Lexeme.number(line, envelope.metaSubscriptionID),
            let index = connections[connection].flights[number]?.waiter,
            let exchange = exchanges.live(index)
        else {
            forwardNotificationToClient(line, envelope, from: connection, into: &effects)
            return
        }
        if exchange.isAcknowledged { return }
        exchanges[index].isAcknowledged = true
        sendToClient(
            line, Edits(envelope.metaSubscriptionID.range, exchange.id), into: &effects)
    }

    /// Anything else passes as it is; one that belongs to a subscription passes under the client's
    /// id of it, or not at all when the subscription has ended.
    private mutating func forwardNotificationToClient(
        _ line: RawSpan, _ envelope: Envelope, from connection: ConnectionID,
        into effects: inout Effects
    ) {
        let subscription = envelope.metaSubscriptionID
        guard subscription.isPresent else {
            sendToClient(line, Edits(), into: &effects)
            return
        }
        guard let number = Lexeme.number(line, subscription),
            let index = connections[connection].flights[number]?.waiter,
            let exchange = exchanges.live(index)
        else {
            counters.deadSubscriptionNotifications += 1
            return
        }
        sendToClient(line, Edits(subscription.range, exchange.id), into: &effects)
    }
}

// MARK: - Requests

extension ProxyCore {
    /// Hands a server's request (sampling, elicitation, roots, ping, …) to the client.
    private mutating func forwardServerRequest(
        _ line: RawSpan, _ envelope: Envelope, from connection: ConnectionID, _ batch: BatchID?,
        into effects: inout Effects
    ) {
        if isGateway, gateway.hello?.era != .legacy {
            answerForModernClient(line, envelope, of: connection, batch, into: &effects)
            return
        }
        if let error = serverRequestError(line, envelope, connection) {
            let isUsable = error.code != .invalidRequest
            let id = isUsable ? Lexeme(line, envelope.id.range) : .null
            refuseServerRequest(id, error, of: connection, batch, into: &effects)
            return
        }
        let token = envelope.metaProgressToken
        let hasToken = token.kind == .string || token.kind == .integer
        if let batch { batches.update(batch) { $0?.outstanding += 1 } }
        let number = client.serverRequests.insert(
            ServerRequest(
                connection: connection, id: Lexeme(line, envelope.id.range),
                token: hasToken ? Lexeme(line, token.range) : Lexeme(),
                asksForRoots: line.stringEquals(envelope.method, "roots/list"), batch: batch))
        var edits = Edits(envelope.id.range, number)
        if hasToken { edits.add(token.range) }
        sendToClient(line, edits, into: &effects)
    }

    private mutating func serverRequestError(
        _ line: RawSpan, _ envelope: Envelope, _ connection: ConnectionID
    ) -> ProxyError? {
        let id = envelope.id
        guard id.kind == .string || id.kind == .integer, id.range.count <= Lexeme.maximumLength,
            envelope.metaProgressToken.range.count <= Lexeme.maximumLength
        else {
            return ProxyError(.invalidRequest, "an id is a string or an integer of modest length")
        }
        if serverRequest(named: id, in: line, of: connection) != nil {
            return ProxyError(.invalidRequest, "a request with this id is still in flight")
        }
        let name = serverName(of: connection)
        // What `sendToClient` would drop must not be waited for.
        if client.isGone || lifecycle.phase >= .closing && client.outbound.count >= queueLimit {
            return ProxyError(
                .unavailable, "the client is gone", server: name, retrySafe: true,
                detail: "nobody is left to answer")
        }
        if client.serverRequests.count >= settings.limits.serverRequests {
            return ProxyError(
                .overloaded, "too many requests without an answer", server: name,
                retrySafe: true,
                detail: "\(settings.limits.serverRequests) requests wait for the client")
        }
        return nil
    }

    /// Answers a server's request with an error, unless the server does not even read what it gets.
    private mutating func refuseServerRequest(
        _ id: Lexeme, _ error: ProxyError, of connection: ConnectionID, _ batch: BatchID?,
        into effects: inout Effects
    ) {
        counters.refusedServerRequests += 1
        guard connections[connection].outbound.count < queueLimit else { return }
        if let batch { batches.update(batch) { $0?.outstanding += 1 } }
        let answer = error.answer(to: id)
        deliver(to: .server(connection), batch: batch, into: &effects) {
            $0.append(answer)
        }
    }

    /// The number that the client knows a server's request by. Servers have few under way, and look
    /// them up only to withdraw one: a walk is cheaper than an index.
    private mutating func serverRequest(
        named id: JSONValue, in line: RawSpan, of connection: ConnectionID
    ) -> UInt32? {
        guard !client.serverRequests.isEmpty, id.kind == .string || id.kind == .integer,
            id.range.count <= Lexeme.maximumLength
        else { return nil }
        let key = IDKey(line, id)
        return client.serverRequests.numbers.first { number in
            guard let request = client.serverRequests[number] else { return false }
            return request.connection == connection && key.names(request.id)
        }
    }

    /// The client need not answer this request any more.
    private mutating func withdraw(_ number: UInt32, into effects: inout Effects) {
        guard let request = client.serverRequests.remove(number), let batch = request.batch else {
            return
        }
        completePart(of: batch, into: &effects)
    }
}
