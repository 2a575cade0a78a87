// What must come of each message of the client.

import MCPOCore

extension Referee {
    func take(_ message: ClientMessage, batch: Int?) {
        switch message.meaning {
        case .request(let request): take(request, message.bytes, batch: batch)
        case .cancel(let id, let range): takeCancel(message, id, range)
        case .initialized: takeInitialized(message.bytes)
        case .notification: passToServer(message.bytes)
        case .progress(let number, let range): takeProgress(message, number, range)
        case .answer(let number, let range, let isTask):
            takeAnswer(message, number, range, isTask: isTask)
        case .refused(let code, let id): takeRefused(code, id, batch: batch)
        case .unreadAnswer(let number): takeUnreadAnswer(number)
        case .blank: break
        case .batch(let elements): takeBatch(elements)
        }
    }

    private func take(_ request: Request, _ line: [UInt8], batch: Int?) {
        if let earlier = ask(named: request.id) {
            guard earlier.stage == .tornDown else {
                coverage.note(.duplicateID)
                counters.refusedRequests += 1
                refuse(nil, .invalidRequest, batch: batch)
                return
            }
            // A subscription that the server has ended gives its id up, without an answer.
            coverage.note(.tornDownIDReused)
            close(earlier)
            if let batch = earlier.batch { completePart(of: batch) }
        }
        if let code = refusal(of: request) {
            counters.refusedRequests += 1
            refuse(request.id, code, batch: batch)
            return
        }
        if request.method == .initialize {
            handshake = .requested
        }
        if let batch { batches[batch]?.outstanding += 1 }
        let ask = open(request, line, batch: batch)
        if request.method == .unsubscribeResource, !ask.isKept, server.phase == .open {
            // Nobody will know what it was about when the answer comes.
            restoration.subscriptions.removeAll { $0.request.uri == request.uri }
        }
        if server.phase == .open { write(ask) } else { hold(ask) }
    }

    private func refusal(of request: Request) -> ErrorCode? {
        if !request.hasVersion, case .none = handshake, request.method != .initialize,
            request.method != .ping
        {
            return .invalidParams
        }
        if clientHasEnded { return .unavailable }
        if asks.count - ended.count >= settings.limits.exchanges {
            coverage.note(.exchangesFull)
            return .overloaded
        }
        return nil
    }

    private func hold(_ ask: Ask) {
        if let code = holdRefusal(ask.isKept ? 0 : ask.line.count) {
            counters.refusedRequests += 1
            close(ask)
            expectError(to: ask.request.id, code, ask: ask, batch: ask.batch)
            return
        }
        coverage.note(.requestHeld)
        held.append(.ask(ask.serial))
        keep(ask)
    }

    private func keep(_ ask: Ask) {
        if asks[ask.serial]?.isKept != false { return }
        asks[ask.serial]?.isKept = true
        keptBytes += ask.line.count
    }

    private func holdRefusal(_ length: Int) -> ErrorCode? {
        if case .down(let until) = server.phase, !RestartPolicy.isBearable(until, at: now) {
            return .unavailable
        }
        switch server.phase {
        case .starting where restarts.isTrial, .reopening where restarts.isTrial:
            return .unavailable
        default: break
        }
        guard hasRoomToHold(length) else {
            coverage.note(.heldFull)
            return .overloaded
        }
        return nil
    }

    func hasRoomToHold(_ length: Int) -> Bool {
        keptBytes + length <= settings.limits.heldBytes && held.count < settings.limits.exchanges
    }

    private func takeCancel(_ message: ClientMessage, _ id: Identity, _ range: Range<Int>) {
        guard let ask = ask(named: id), ask.request.method != .initialize else {
            coverage.note(.cancelUnknown)
            counters.unknownCancellations += 1
            return
        }
        if ask.stage == .sent, server.phase == .open {
            coverage.note(.cancelForwarded)
            hearServer(edited(message.bytes, [(range, digits(ask.number))]))
        }
        close(ask)
        if let batch = ask.batch { completePart(of: batch) }
    }

    /// Sent on, or kept behind the `initialize` that waits too. A process that is initialised again
    /// gets mcpo's own instead.
    private func takeInitialized(_ line: [UInt8]) {
        restoration.isInitialized = true
        if server.phase == .open || restoration.initialize == nil { passToServer(line) }
    }

    /// A notification goes to the server now or later, if there is room to keep it.
    private func passToServer(_ line: [UInt8]) {
        if server.phase == .open {
            hearServer(line)
        } else if hasRoomToHold(line.count) {
            held.append(.notification(line))
            keptBytes += line.count
        } else {
            coverage.note(.notificationDropped)
            counters.droppedNotifications += 1
        }
    }

    private func takeProgress(_ message: ClientMessage, _ number: UInt32?, _ range: Range<Int>) {
        guard let number,
            let token = serverAsks[number]?.token
                ?? clientTaskTokens.last(where: { $0.number == number })?.token
        else {
            counters.deadProgress += 1
            return
        }
        coverage.note(.progressToServer)
        hearServer(edited(message.bytes, [(range, token)]))
    }

    private func takeAnswer(
        _ message: ClientMessage, _ number: UInt32?, _ range: Range<Int>, isTask: Bool
    ) {
        guard let number, let request = serverAsks.removeValue(forKey: number) else {
            coverage.note(.clientAnswerDropped)
            counters.unknownClientAnswers += 1
            return
        }
        if let token = request.token, isTask {
            keep(token, of: number, in: &clientTaskTokens)
        }
        let answer = edited(message.bytes, [(range, request.id.verbatim)])
        if let batch = request.batch {
            batches[batch]?.parts.append(.exact(answer))
            completePart(of: batch)
        } else {
            expectAnswerToServer(answer)
        }
    }

    /// Nobody can tell what the answer was; who waits for it is told so.
    private func takeUnreadAnswer(_ number: UInt32) {
        counters.refusedLines += 1
        refuse(nil, .invalidRequest, batch: nil)
        guard let request = serverAsks.removeValue(forKey: number) else { return }
        coverage.note(.clientAnswerUnread)
        if let batch = request.batch {
            batches[batch]?.parts.append(.error(request.id.verbatim, .unavailable))
            completePart(of: batch)
        } else if server.canHear {
            expectErrorToServer(request.id, .unavailable)
        }
    }

    /// A token whose request has become a task stays in use; the oldest make room.
    func keep(
        _ token: [UInt8], of number: UInt32, in tokens: inout [(number: UInt32, token: [UInt8])]
    ) {
        if tokens.count >= settings.limits.taskTokens {
            coverage.note(.taskTokenEvicted)
            tokens.removeFirst(tokens.count - settings.limits.taskTokens + 1)
        }
        tokens.append((number, token))
    }

    /// An id that is in flight is not answered twice: its owner gets `null`. Ids that are too long
    /// never are in flight, and requests with one, or with such a token, count as refused requests.
    private func takeRefused(_ code: ErrorCode, _ id: Identity?, batch: Int?) {
        if code == .invalidParams || (id?.verbatim.count ?? 0) > 1_024 {
            counters.refusedRequests += 1
        } else {
            counters.refusedLines += 1
        }
        let isTaken = id.map { ask(named: $0) != nil } ?? true
        refuse(isTaken ? nil : id, code, batch: batch)
    }

    private func takeBatch(_ elements: [ClientMessage]) {
        guard case .agreed(allowsBatches: true) = handshake,
            elements.count <= settings.limits.batchMessages
        else {
            coverage.note(.batchRefused)
            counters.refusedLines += 1
            refuse(nil, .invalidRequest, batch: nil)
            return
        }
        let batch = openBatch(of: nil)
        for element in elements { take(element, batch: batch) }
        completePart(of: batch)
    }

    /// Expects an error that ends nothing: its message never got further.
    private func refuse(_ id: Identity?, _ code: ErrorCode, batch: Int?) {
        if id == nil { coverage.note(.namelessRefusal) }
        if let batch { batches[batch]?.outstanding += 1 }
        expectError(to: id, code, ask: nil, batch: batch)
    }
}
