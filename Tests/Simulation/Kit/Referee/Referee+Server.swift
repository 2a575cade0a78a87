// What must come of each message of the server.

import MCPOCore

extension Referee {
    func take(_ message: ServerMessage, batch: Int?) {
        switch message.meaning {
        case .answer(let answer): take(answer, message.bytes)
        case .progress(let number, let range): takeProgress(message.bytes, number, range)
        case .cancelled(let id, let range): takeCancelled(message.bytes, id, range)
        case .acknowledged(let number, let range):
            takeAcknowledged(message.bytes, number, range)
        case .tagged(let number, let range): takeTagged(message.bytes, number, range)
        case .notification: hearClient(message.bytes, .sacredBytes)
        case .request(let request): take(request, message.bytes, batch: batch)
        case .unread(let id, let isRequest, _): takeUnread(id, isRequest: isRequest)
        case .deep(let id, _): takeUnread(id, isRequest: false)
        case .garbage:
            coverage.note(.garbage)
            counters.garbageLines += 1
        case .blank: break
        case .batch(let elements):
            let batch = openBatch(of: server.connection)
            for element in elements { take(element, batch: batch) }
            completePart(of: batch)
        }
    }

    private func take(_ answer: ServerAnswer, _ line: [UInt8]) {
        let number = flight(answer.number)
        if answer.body == .neither {
            takeNeither(number)
        } else if let number = number ?? flight(answer.looseNumber) {
            if answer.number == nil { coverage.note(.looseNumber) }
            settle(number, answer, line)
        } else if answer.isNull, let probe = flight(probe) {
            coverage.note(.nullProbeAnswer)
            settle(probe, answer, line)
        } else {
            coverage.note(.serverAnswerDropped)
            counters.unknownServerAnswers += 1
        }
    }

    private func flight(_ number: UInt32?) -> UInt32? {
        number.flatMap { server.flights[$0] == nil ? nil : $0 }
    }

    /// The number of the client's era probe, if that is all that it waits for.
    private var probe: UInt32? {
        guard asks.count == 1, let ask = asks.values.first, ask.request.method == .discover,
            ask.stage == .sent
        else { return nil }
        return ask.number
    }

    private func takeNeither(_ number: UInt32?) {
        guard let number else {
            counters.garbageLines += 1
            return
        }
        if case .ask(let serial)? = server.flights[number], let ask = asks[serial] {
            fail(ask, .unavailable)
        } else {
            server.flights[number] = nil
        }
    }

    private func settle(_ number: UInt32, _ answer: ServerAnswer, _ line: [UInt8]) {
        let purpose = server.flights.removeValue(forKey: number)
        if case .reopen = purpose {} else { server.hasAnswered = true }
        switch purpose {
        case .ask(let serial):
            guard let ask = asks[serial] else { return }
            note(answer, to: ask)
            close(ask)
            deliver(answer, line, to: ask)
        case .reopen: reopened(answer)
        case .restore, nil: break
        }
    }

    /// What a successful answer means for later.
    private func note(_ answer: ServerAnswer, to ask: Ask) {
        guard answer.body == .result || answer.body == .task else {
            if ask.request.method == .initialize { handshake = .none }
            return
        }
        if let token = ask.request.token, answer.body == .task {
            keep(token, of: ask.number, in: &server.taskTokens)
        }
        let limit = settings.limits.heldBytes
        switch ask.request.method {
        case .initialize:
            handshake = .agreed(allowsBatches: answer.allowsBatches)
            restoration = RestorationView(
                initialize: ask, isInitialized: restoration.isInitialized)
        case .setLogLevel:
            restoration.logLevel = nil
            if ask.isKept, restoration.byteCount + ask.line.count <= limit {
                restoration.logLevel = ask
            }
        case .subscribeResource where ask.isKept:
            restoration.subscriptions.removeAll { $0.request.uri == ask.request.uri }
            if restoration.byteCount + ask.request.uri.count + ask.line.count <= limit {
                restoration.subscriptions.append(ask)
            }
        case .unsubscribeResource where ask.isKept:
            restoration.subscriptions.removeAll { $0.request.uri == ask.request.uri }
        default: break
        }
    }

    private func deliver(_ answer: ServerAnswer, _ line: [UInt8], to ask: Ask) {
        var edits = [(range: answer.idRange, value: ask.request.id.verbatim)]
        if ask.isListen, let range = answer.subscriptionRange {
            edits.append((range, ask.request.id.verbatim))
        }
        let expected = edited(line, edits)
        if let batch = ask.batch {
            let part = OpenBatch.Part.forwarded(expected, fit: fit(line.count), ask)
            batches[batch]?.parts.append(part)
            completePart(of: batch)
        } else {
            expectAnswer(expected, to: ask)
        }
    }

    private func takeProgress(_ line: [UInt8], _ number: UInt32?, _ range: Range<Int>) {
        var token: [UInt8]?
        if let number, case .ask(let serial)? = server.flights[number], let ask = asks[serial] {
            let later = now.advanced(by: settings.timeout)
            asks[serial]?.deadline = min(max(ask.deadline, later), ask.lastDeadline)
            token = ask.request.token
        } else if let number {
            token = server.taskTokens.last { $0.number == number }?.token
            if token != nil { coverage.note(.progressOfTask) }
        }
        guard let token else {
            coverage.note(.deadProgress)
            counters.deadProgress += 1
            return
        }
        coverage.note(.progressToClient)
        hearClient(edited(line, [(range, token)]), .noStrays)
    }

    private func takeCancelled(_ line: [UInt8], _ id: Identity, _ range: Range<Int>) {
        if let own = serverAsks.first(where: { $0.value.id.canonical == id.canonical }) {
            coverage.note(.serverRequestWithdrawn)
            serverAsks[own.key] = nil
            if let batch = own.value.batch { completePart(of: batch) }
            hearClient(edited(line, [(range, digits(own.key))]), .serverRequests)
        } else if let number = parseNumber(id.verbatim),
            case .ask(let serial)? = server.flights[number], let ask = asks[serial], ask.isListen
        {
            noteEnd(of: ask)
            hearClient(edited(line, [(range, ask.request.id.verbatim)]), .noStrays)
        } else {
            counters.unknownCancellations += 1
        }
    }

    /// The server may still answer the subscription; for how many that is waited is bounded.
    private func noteEnd(of ask: Ask) {
        asks[ask.serial]?.stage = .tornDown
        if !ended.contains(ask.serial) { ended.append(ask.serial) }
        guard ended.count > settings.limits.endedSubscriptions, let oldest = asks[ended[0]] else {
            return
        }
        coverage.note(.endedForgotten)
        close(oldest)
        expectSubscriptionEnd(oldest)
    }

    private func takeAcknowledged(_ line: [UInt8], _ number: UInt32?, _ range: Range<Int>) {
        guard let number, case .ask(let serial)? = server.flights[number], let ask = asks[serial]
        else {
            takeTagged(line, number, range)
            return
        }
        if ask.isAcknowledged { return }
        coverage.note(.acknowledgedOnce)
        asks[serial]?.isAcknowledged = true
        hearClient(edited(line, [(range, ask.request.id.verbatim)]), .restoration)
    }

    private func takeTagged(_ line: [UInt8], _ number: UInt32?, _ range: Range<Int>) {
        guard let number, case .ask(let serial)? = server.flights[number], let ask = asks[serial]
        else {
            coverage.note(.deadSubscription)
            counters.deadSubscriptionNotifications += 1
            return
        }
        hearClient(edited(line, [(range, ask.request.id.verbatim)]), .noStrays)
    }

    private func take(_ request: ServerRequestLine, _ line: [UInt8], batch: Int?) {
        if let (code, id) = refusal(of: request) {
            counters.refusedServerRequests += 1
            refuseServer(id, code, batch: batch)
            return
        }
        if let batch { batches[batch]?.outstanding += 1 }
        expectServerRequest(request, line, batch: batch)
    }

    private func refusal(of request: ServerRequestLine) -> (ErrorCode, Identity?)? {
        if !request.isIDValid { return (.invalidRequest, nil) }
        if serverAsks.contains(where: { $0.value.id.canonical == request.id.canonical }) {
            return (.invalidRequest, nil)
        }
        if clientIsGone || isDropping { return (.unavailable, request.id) }
        if serverAsks.count >= settings.limits.serverRequests {
            coverage.note(.serverRequestsFull)
            return (.overloaded, request.id)
        }
        return nil
    }

    private func takeUnread(_ id: Identity?, isRequest: Bool) {
        counters.oversizedAnswers += 1
        guard let id, !id.verbatim.isEmpty else { return }
        if isRequest {
            counters.refusedServerRequests += 1
            let isTaken = serverAsks.contains { $0.value.id.canonical == id.canonical }
            refuseServer(isTaken ? nil : id, .invalidRequest, batch: nil)
        } else if let number = parseNumber(id.verbatim) {
            guard case .ask(let serial)? = server.flights[number], let ask = asks[serial] else {
                server.flights[number] = nil
                return
            }
            coverage.note(.answerTooLarge)
            fail(ask, .unavailable)
        }
    }

    /// A server that does not read is not even refused.
    private func refuseServer(_ id: Identity?, _ code: ErrorCode, batch: Int?) {
        coverage.note(.serverRequestRefused)
        guard serverQueued < settings.limits.queueBytes else { return }
        if let batch {
            batches[batch]?.outstanding += 1
            batches[batch]?.parts.append(.error(id?.verbatim ?? Array("null".utf8), code))
            completePart(of: batch)
        } else if server.canHear {
            expectErrorToServer(id, code)
        }
    }
}
