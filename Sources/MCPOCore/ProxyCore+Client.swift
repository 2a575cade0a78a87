// What the client says: each line is one message (or, in revision 2025-03-26, a batch of them).

extension ProxyCore {
    /// Takes in one line of the client.
    mutating func receiveFromClient(
        _ line: RawSpan, at now: Instant, into effects: inout Effects
    ) {
        effects.log(.trace, "from the client: \(line.excerpt)")
        if caching.isOn, answerFamiliar(line, into: &effects) { return }
        var envelope = Envelope()
        do throws(JSONFault) {
            try Envelope.scan(line, maximumDepth: settings.limits.depth, into: &envelope)
        } catch {
            refuseUnreadable(line, error, batch: nil, into: &effects)
            return
        }
        if envelope.root.kind == .array {
            receiveBatchFromClient(line, envelope.root, at: now, into: &effects)
        } else {
            receiveFromClient(line, envelope, batch: nil, at: now, into: &effects)
        }
    }

    /// Takes in one message: a line, or an element of a batch.
    private mutating func receiveFromClient(
        _ line: RawSpan, _ envelope: Envelope, batch: BatchID?, at now: Instant,
        into effects: inout Effects
    ) {
        switch MessageShape(envelope) {
        case .request:
            admit(line, envelope, batch: batch, at: now, into: &effects)
        case .notification:
            receiveNotificationFromClient(line, envelope, at: now, into: &effects)
        case .answer:
            forwardAnswerToServer(line, envelope, into: &effects)
        case .invalid(let complaint):
            counters.refusedLines += 1
            refuse(
                line, envelope.id, ProxyError(.invalidRequest, complaint), batch: batch,
                into: &effects)
        }
    }

    private mutating func receiveBatchFromClient(
        _ line: RawSpan, _ root: JSONValue, at now: Instant, into effects: inout Effects
    ) {
        var elements = BatchElements(line, root)
        guard case .agreed(let revision) = client.handshake, revision.allowsBatches else {
            refuseBatch("batches exist only in protocol revision 2025-03-26", into: &effects)
            return
        }
        guard var element = elements.next(line) else {
            refuseBatch("an empty batch", into: &effects)
            return
        }
        if isLong(line, root) {
            refuseBatch(
                "a batch of more than \(settings.limits.batchMessages) messages", into: &effects)
            return
        }
        let batch = batches.insert(Batch(sender: .client))
        while true {
            let part = line.extracting(element.range.bounds)
            do throws(JSONFault) {
                let envelope = try Envelope(scanning: part)
                receiveFromClient(part, envelope, batch: batch, at: now, into: &effects)
            } catch {
                refuseUnreadable(part, error, batch: batch, into: &effects)
            }
            guard let next = elements.next(line) else { break }
            element = next
        }
        completePart(of: batch, into: &effects)
    }

    /// Whether a batch has more messages than mcpo would have to keep answers for.
    private mutating func isLong(_ line: RawSpan, _ root: JSONValue) -> Bool {
        var elements = BatchElements(line, root)
        for _ in 0..<settings.limits.batchMessages where elements.next(line) == nil { return false }
        return elements.next(line) != nil
    }

    private mutating func refuseBatch(_ complaint: String, into effects: inout Effects) {
        counters.refusedLines += 1
        refuse(.null, ProxyError(.invalidRequest, complaint), batch: nil, into: &effects)
    }

    private mutating func receiveNotificationFromClient(
        _ line: RawSpan, _ envelope: Envelope, at now: Instant, into effects: inout Effects
    ) {
        switch Method.of(line, envelope) {
        case .cancelled:
            cancel(line, envelope, at: now, into: &effects)
        case .progress:
            forwardProgressToServer(line, envelope, into: &effects)
        case .initialized:
            noteReadyClient(line, into: &effects)
        default:
            // What it tells the servers may change what they answer.
            for server in order {
                if caching.isOn { caching.noteWrite(server) }
                broadcast(line, to: server, into: &effects)
            }
        }
    }

    private mutating func noteReadyClient(_ line: RawSpan, into effects: inout Effects) {
        client.isReady = true
        // Several servers are told by mcpo, each when it has answered mcpo's `initialize`.
        if isGateway { return }
        servers[0].restoration.isInitialized = true
        defer { noteInitialized(0, into: &effects) }
        // A server that is initialised again gets mcpo's own, after mcpo's own `initialize`.
        let first = servers[0].first
        if connections[first].isOpen || servers[0].restoration.initialize.isEmpty {
            broadcast(line, to: 0, into: &effects)
        }
    }

    /// Sends a notification to every process of a server, or keeps it until there is one.
    private mutating func broadcast(
        _ line: RawSpan, to server: ServerIndex, into effects: inout Effects
    ) {
        if connections[servers[server].first].isOpen {
            for connection in servers[server].pool where connections[connection].isOpen {
                send(line, to: connection, Edits(), into: &effects)
            }
        } else if hasRoomToHold(line.byteCount) {
            heldNotices += line.byteCount
            servers[server].held.append(.notification(line.array))
        } else {
            counters.droppedNotifications += 1
        }
    }

    /// `notifications/cancelled`: the request gets no answer any more.
    private mutating func cancel(
        _ line: RawSpan, _ envelope: Envelope, at now: Instant, into effects: inout Effects
    ) {
        guard let index = exchange(named: envelope.requestID, in: line),
            let exchange = exchanges.live(index),
            exchange.method != .initialize  // The specification forbids to cancel it.
        else {
            counters.unknownCancellations += 1
            return
        }
        measureEnd(index, .cancelled, from: .own)
        if exchange.stage == .sent, connections[exchange.connection].isOpen, isAlone(index) {
            let edits = Edits(envelope.requestID.range, exchange.flight)
            send(line, to: exchange.connection, edits, into: &effects)
        }
        end(index)
        if let batch = exchange.batch { completePart(of: batch, into: &effects) }
    }

    /// The client answers a request of a server.
    private mutating func forwardAnswerToServer(
        _ line: RawSpan, _ envelope: Envelope, into effects: inout Effects
    ) {
        guard let number = Lexeme.number(line, envelope.id),
            let request = client.serverRequests.remove(number),
            connections.contains(request.connection)
        else {
            counters.unknownClientAnswers += 1
            return
        }
        if !request.token.isEmpty, answersWithTask(line, envelope) {
            client.taskTokens.keep(
                request.token, of: number, from: request.connection,
                limit: settings.limits.taskTokens)
        }
        // New roots change what tools answer.
        if caching.isOn, request.asksForRoots {
            caching.noteWrite(connections[request.connection].server)
        }
        let edits = Edits(envelope.id.range, request.id)
        deliver(to: .server(request.connection), batch: request.batch, into: &effects) {
            edits.apply(to: line, appendingTo: &$0)
        }
    }

    /// The client reports progress on a request of a server.
    private mutating func forwardProgressToServer(
        _ line: RawSpan, _ envelope: Envelope, into effects: inout Effects
    ) {
        guard let number = Lexeme.number(line, envelope.progressToken),
            let (token, connection) = serverToken(number), !token.isEmpty,
            connections.contains(connection)
        else {
            counters.deadProgress += 1
            return
        }
        send(line, to: connection, Edits(envelope.progressToken.range, token), into: &effects)
    }

    /// The progress token that the client knows by a number, and whose it is.
    private mutating func serverToken(_ number: UInt32) -> (Lexeme, ConnectionID)? {
        if let request = client.serverRequests[number] {
            return (request.token, request.connection)
        }
        return client.taskTokens[number]
    }

    /// The exchange in flight that goes by this id of the client.
    mutating func exchange(named id: JSONValue, in line: RawSpan) -> ExchangeIndex? {
        guard id.kind == .string || id.kind == .integer, id.range.count <= Lexeme.maximumLength
        else { return nil }
        let lexeme = Lexeme(line, id.range)
        return exchanges.find(lexeme, hash: lexeme.idHash)
    }
}

extension ProxyCore {
    /// Refuses a line that is no JSON text mcpo can read.
    private mutating func refuseUnreadable(
        _ line: RawSpan, _ fault: JSONFault, batch: BatchID?, into effects: inout Effects
    ) {
        switch fault {
        case .tooDeep, .duplicateMember:
            var skimmer = EnvelopeSkimmer()
            skimmer.feed(line)
            let error = ProxyError(.invalidRequest, complaint(about: fault))
            refuseUnread(skimmer, error, batch: batch, into: &effects)
        case .syntax, .invalidUTF8:
            // Line-delimited JSON readers skip blank lines, and people's scripts rely on it.
            if line.isBlank { return }
            counters.refusedLines += 1
            refuse(.null, ProxyError(.parseError, fault.complaint), batch: batch, into: &effects)
        }
    }

    private mutating func complaint(about fault: JSONFault) -> String {
        if case .tooDeep = fault {
            return "nested deeper than \(settings.limits.depth) levels; send less deep"
        }
        return fault.complaint
    }

    /// Refuses a message of which only the envelope could be made out. A server that waits for the
    /// answer that this would have been is told, and an id that is in flight already is not
    /// answered twice.
    mutating func refuseUnread(
        _ skimmer: EnvelopeSkimmer, _ error: ProxyError, batch: BatchID?,
        into effects: inout Effects
    ) {
        counters.refusedLines += 1
        guard let id = skimmer.id else {
            refuse(.null, error, batch: batch, into: &effects)
            return
        }
        let value = JSONValue(range: ByteRange(0, id.count), kind: skimmer.idKind)
        if skimmer.hasMethod {
            let isTaken = exchange(named: value, in: id.span.bytes) != nil
            refuse(isTaken ? .null : Lexeme(id), error, batch: batch, into: &effects)
            return
        }
        refuse(.null, error, batch: batch, into: &effects)
        if let number = Lexeme.number(id.span.bytes, value),
            let request = client.serverRequests.remove(number)
        {
            let answer = ProxyError(
                .unavailable, "the client's answer could not be read",
                server: serverName(of: request.connection), retrySafe: true, detail: error.message
            ).answer(to: request.id)
            deliver(to: .server(request.connection), batch: request.batch, into: &effects) {
                $0.append(answer)
            }
        }
    }

    /// Answers a message that goes no further with an error, under its own id where it has one that
    /// is fit for it.
    mutating func refuse(
        _ line: RawSpan, _ id: JSONValue, _ error: ProxyError, batch: BatchID?,
        into effects: inout Effects
    ) {
        let isUsable =
            (id.kind == .string || id.kind == .integer)
            && id.range.count <= Lexeme.maximumLength && exchange(named: id, in: line) == nil
        refuse(isUsable ? Lexeme(line, id.range) : .null, error, batch: batch, into: &effects)
    }

    mutating func refuse(
        _ id: Lexeme, _ error: ProxyError, batch: BatchID?, into effects: inout Effects
    ) {
        if let batch { batches.update(batch) { $0?.outstanding += 1 } }
        let answer = error.answer(to: id)
        deliver(to: .client, batch: batch, into: &effects) { $0.append(answer) }
    }
}
