// The life of the server's process: started, opened, lost, started again, ended.

extension ProxyCore {
    mutating func startServer(at now: Instant, into effects: inout Effects) {
        let next = ConnectionID(rawValue: server.connection.rawValue + 1)
        server = ServerSession(connection: next, startedAt: now)
        effects.append(.spawn(next))
    }

    mutating func handleProcess(_ event: Event, at now: Instant, into effects: inout Effects) {
        switch event {
        case .spawned(let connection, let processID) where connection == server.connection:
            effects.log(.info, server: settings.serverName, "started, process \(processID)")
            spawned(at: now, into: &effects)
        case .spawnFailed(let connection, let reason) where connection == server.connection:
            spawnFailed(reason, at: now, into: &effects)
        case .exited(let connection, let end, let groupRemains)
        where connection == server.connection && server.isRunning:
            // Not one that was given up after SIGKILL: that one is released and counted already.
            releaseGroup(connection, groupRemains: groupRemains, at: now, into: &effects)
            serverExited(end, at: now, into: &effects)
        default:
            break
        }
    }

    /// A process is there. A legacy client's server has to be initialised again first, with the
    /// client's own parameters.
    private mutating func spawned(at now: Instant, into effects: inout Effects) {
        guard server.phase == .starting else { return }
        if restoration.initialize.isEmpty {
            open(into: &effects)
            return
        }
        server.phase = .reopening(until: now.advanced(by: settings.connectionTimeout))
        sendAgain(restoration.initialize, as: .reopen, into: &effects)
    }

    /// The server has answered mcpo's own `initialize`.
    mutating func reopened(
        _ line: RawSpan, _ envelope: Envelope, at now: Instant, into effects: inout Effects
    ) {
        guard case .reopening = server.phase else { return }
        guard envelope.result.kind == .object else {
            effects.log(
                .error, server: settings.serverName, "refused to be initialised after a restart")
            endServer(graceful: false, at: now, into: &effects)
            return
        }
        client.handshake = .agreed(Revision(inResultOf: line, envelope))
        if restoration.isInitialized {
            sendToServer(
                Array(#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#.utf8),
                into: &effects)
        }
        if !restoration.logLevel.isEmpty {
            sendAgain(restoration.logLevel, as: .restore, into: &effects)
        }
        for subscription in restoration.subscriptions {
            sendAgain(subscription.line, as: .restore, into: &effects)
        }
        open(into: &effects)
    }

    /// Sends a request of the client once more, under a number of its own; nobody waits for it.
    private mutating func sendAgain(
        _ request: [UInt8], as purpose: Flight.Purpose, into effects: inout Effects
    ) {
        let line = request.span.bytes
        guard let envelope = try? Envelope(scanning: line) else { return }
        let number = server.flights.insert(
            Flight(purpose, position: server.outbound.appendedTotal))
        var edits = Edits(envelope.id.range, number)
        let token = envelope.metaProgressToken.range
        if !token.isEmpty { edits.add(token) }
        sendToServer(line, edits, into: &effects)
    }

    /// The server takes requests: those that were held go first.
    private mutating func open(into effects: inout Effects) {
        server.phase = .open
        noteNewProcess()
        defer { askForTools(into: &effects) }
        for message in held.takeAll() {
            switch message {
            case .notification(let line):
                sendToServer(line, into: &effects)
            case .request(let index, let arrival):
                guard exchanges.live(index)?.arrival == arrival, exchanges[index].stage == .held
                else { continue }
                sendHeld(index, sharing: true, into: &effects)
            }
        }
    }

    /// Sends a request whose line was kept.
    /// - Parameter sharing: whether it may wait for the answer to an equal one.
    mutating func sendHeld(
        _ index: ExchangeIndex, sharing: Bool, into effects: inout Effects
    ) {
        guard let bytes = exchanges[index].line?.bytes,
            let envelope = try? Envelope(scanning: bytes.span.bytes)
        else { return }
        let line = bytes.span.bytes
        var plan = makePlan(line, envelope, exchanges[index].method, into: &effects)
        plan.isShareable = plan.isShareable && sharing
        if let leader = caching.leader(for: plan, at: present) {
            join(index, leader, line)
        } else {
            send(index, plan, line, envelope, into: &effects)
        }
    }

    private mutating func spawnFailed(
        _ reason: String, at now: Instant, into effects: inout Effects
    ) {
        server.phase = .down(until: .never)
        restarts.processEnded(after: .zero, hadAnswered: false)
        if counters.restarts == 0 || restarts.isHopeless {
            giveUp(reason, at: now, into: &effects)
        } else if lifecycle.phase != .running {
            failHeld(into: &effects)
        } else {
            effects.log(.error, server: settings.serverName, reason)
            scheduleRestart(at: now, into: &effects)
        }
    }

    /// Starts the end of the server's process.
    /// - Parameter graceful: whether it gets the end of its stdin and time, before SIGTERM.
    mutating func endServer(graceful: Bool, at now: Instant, into effects: inout Effects) {
        let until = graceful ? now.advanced(by: Lifecycle.graceAfterClose) : now
        server.phase = .ending(until: until, signalled: nil)
        if !graceful { escalate(at: now, into: &effects) }
    }

    /// Closes the stdin of a server that is to end, once it has got everything meant for it.
    mutating func closeInputWhenWritten(into effects: inout Effects) {
        guard case .ending = server.phase, !server.isInputClosed, server.outbound.isEmpty
        else { return }
        server.isInputClosed = true
        effects.append(.closeInput(server.connection))
    }

    /// The next, stronger means to end a server whose time is over.
    private mutating func escalate(at now: Instant, into effects: inout Effects) {
        guard case .ending(let until, let signalled) = server.phase, now >= until else { return }
        switch signalled {
        case nil:
            effects.append(.signal(server.connection, .terminate))
            server.phase = .ending(
                until: now.advanced(by: Lifecycle.graceAfterTerminate), signalled: .terminate)
        case .terminate:
            effects.append(.signal(server.connection, .kill))
            server.phase = .ending(
                until: now.advanced(by: Lifecycle.graceAfterKill), signalled: .kill)
        case .kill:
            effects.log(.error, server: settings.serverName, "does not end, not even by SIGKILL")
            effects.append(.release(server.connection))
            serverExited(.signal(9), at: now, into: &effects)
        }
    }

    /// The server's stdout has ended: no answer can come any more.
    mutating func serverFellSilent(at now: Instant, into effects: inout Effects) {
        server.silenceDeadline = now.advanced(by: Lifecycle.graceForExit)
        if case .ending = server.phase { return }
        endServer(graceful: true, at: now, into: &effects)
    }

    /// The server's stdin takes nothing more; answers may still come until it exits.
    mutating func serverStoppedReading(at now: Instant, into effects: inout Effects) {
        server.outbound.removeAll()
        server.isInputClosed = true
        effects.append(.closeInput(server.connection))
        if case .ending = server.phase { return }
        endServer(graceful: true, at: now, into: &effects)
    }

    private mutating func serverExited(
        _ end: ProcessEnd, at now: Instant, into effects: inout Effects
    ) {
        let isStopping = lifecycle.phase != .running
        effects.log(isStopping ? .debug : .warning, server: settings.serverName, "\(end)")
        server.silenceDeadline = .never
        failFlights("it \(end)", into: &effects)
        restarts.processEnded(
            after: now.since(server.startedAt), hadAnswered: server.hasAnswered)
        server.outbound.removeAll()
        server.taskTokens = TaskTokens()
        client.taskTokens = TaskTokens()
        server.phase = .down(until: .never)
        if isStopping {
            failHeld(into: &effects)
        } else if restarts.isHopeless {
            giveUp(
                "\(end) \(restarts.failures) times in a row without an answer; see its messages "
                    + "above, or run its command by hand", at: now, into: &effects)
        } else {
            scheduleRestart(at: now, into: &effects)
        }
    }

    private mutating func scheduleRestart(at now: Instant, into effects: inout Effects) {
        let pause = restarts.nextPause()
        let time = now.advanced(by: pause)
        server.phase = .down(until: time)
        effects.log(.info, server: settings.serverName, "starts again in \(pause)")
        if !RestartPolicy.isBearable(time, at: now) { failHeld(into: &effects) }
    }

    private mutating func releaseGroup(
        _ connection: ConnectionID, groupRemains: Bool, at now: Instant,
        into effects: inout Effects
    ) {
        if groupRemains {
            effects.append(.signal(connection, .terminate))
            lingering.append((connection, now.advanced(by: Lifecycle.graceForGroup)))
        } else {
            effects.append(.release(connection))
        }
    }
}

// MARK: - What waits when a server goes away

extension ProxyCore {
    /// Tells the callers of everything in flight; subscriptions wait for the next process instead.
    private mutating func failFlights(_ reason: String, into effects: inout Effects) {
        let taken = server.outbound.takenTotal
        let name = settings.serverName
        for number in server.flights.numbers {
            guard let flight = server.flights[number] else { continue }
            if let index = flight.waiter, endSubscription(index, into: &effects) {
                server.flights.remove(number)
                continue
            }
            let wasSent = flight.position < taken
            failFlight(number, into: &effects) { exchange in
                ProxyError(
                    .unavailable, "the server went away", server: name,
                    retrySafe: exchange.method.isReadOnly || !wasSent,
                    detail: wasSent ? reason : "\(reason) before the request was sent to it")
            }
        }
        caching.writersAreGone()
        server.abandoned = []
        // Until the next process has been told, nobody watches.
        if !restoration.subscriptions.isEmpty { caching.drop(.readResource) }
        restoration.doubtSubscriptions(until: arrivals)
        withdrawServerRequests(into: &effects)
    }

    /// What becomes of a subscription whose server has gone: finished if the server had said so,
    /// else asked for again. False if it is no subscription.
    private mutating func endSubscription(
        _ index: ExchangeIndex, into effects: inout Effects
    ) -> Bool {
        guard let exchange = exchanges.live(index), exchange.method == .listen else { return false }
        if exchange.stage == .tornDown {
            finishSubscription(index, into: &effects)
        } else if exchange.line != nil {
            keepSubscription(index, exchange)
        } else {
            return false
        }
        return true
    }

    /// A subscription is asked for again when the server is back, and ended when it will not be.
    private mutating func keepSubscription(_ index: ExchangeIndex, _ exchange: Exchange) {
        exchanges[index].stage = .held
        exchanges[index].flight = 0
        held.append(.request(index, arrival: exchange.arrival))
    }

    /// The client need not answer requests of a process that is gone.
    private mutating func withdrawServerRequests(into effects: inout Effects) {
        for number in client.serverRequests.numbers
        where client.serverRequests[number]?.connection == server.connection {
            client.serverRequests.remove(number)
            let notice =
                #"{"jsonrpc":"2.0","method":"notifications/cancelled","params":"#
                + #"{"requestId":\#(number),"reason":"the server went away"}}"#
            sendToClient(Array(notice.utf8).span.bytes, Edits(), into: &effects)
        }
        for batch in batches.numbers
        where batches[batch]?.sender == .server(server.connection) {
            removeBatch(batch)
        }
    }

    /// Tells the callers of what was held that the server will not be there soon.
    mutating func failHeld(into effects: inout Effects) {
        for message in held.takeAll() {
            guard case .request(let index, let arrival) = message,
                let exchange = exchanges.live(index), exchange.arrival == arrival,
                exchange.stage == .held
            else { continue }
            if exchange.isAcknowledged {
                // A subscription that was granted waits as long as it takes, or until the end.
                held.append(message)
                continue
            }
            let error = ProxyError(
                .unavailable, "the server is not running", server: settings.serverName,
                retrySafe: true, detail: "the request was not sent to it")
            fail(index, error, into: &effects)
        }
    }
}

// MARK: - Time

extension ProxyCore {
    /// Does what is due.
    mutating func expire(at now: Instant, into effects: inout Effects) {
        for group in lingering where group.until <= now {
            effects.append(.signal(group.connection, .kill))
            effects.append(.release(group.connection))
        }
        lingering.removeAll { $0.until <= now }
        caching.caches.tick(at: now)
        switch server.phase {
        case .down(let until) where until <= now && lifecycle.phase == .running:
            counters.restarts += 1
            startServer(at: now, into: &effects)
        case .reopening(let until) where until <= now:
            effects.log(
                .error, server: settings.serverName, "did not answer initialize after a restart")
            endServer(graceful: false, at: now, into: &effects)
        case .ending:
            escalate(at: now, into: &effects)
        default:
            break
        }
        if server.silenceDeadline <= now {
            server.silenceDeadline = .never
            failFlights("it closed its output", into: &effects)
        }
        if nextTimeout <= now { expireExchanges(at: now, into: &effects) }
    }

    /// Ends the exchanges whose time is over. Deadlines only move away from the present, so a walk
    /// over all is due at most once per timeout, and requests pay nothing for it.
    private mutating func expireExchanges(at now: Instant, into effects: inout Effects) {
        nextTimeout = .never
        expireFlights(into: &effects)
        for index in exchanges.indices {
            guard let exchange = exchanges.live(index) else { continue }
            guard exchange.deadline <= now else {
                nextTimeout = min(nextTimeout, exchange.deadline)
                continue
            }
            cancelDownstream(exchange, into: &effects)
            let error = ProxyError(
                .timeout, "no answer within \(settings.timeout)", server: settings.serverName,
                retrySafe: exchange.method.isReadOnly || exchange.stage == .held,
                detail: exchange.stage == .held
                    ? "the server did not come up" : "the server has been told to stop")
            fail(index, error, into: &effects)
        }
    }

    /// Tells the server that nobody waits for this answer any more.
    private mutating func cancelDownstream(_ exchange: Exchange, into effects: inout Effects) {
        guard exchange.stage == .sent, exchange.method != .initialize,
            let index = server.flights[exchange.flight]?.waiter, isAlone(index)
        else { return }
        cancelDownstream(exchange.flight, into: &effects)
    }

    mutating func cancelDownstream(_ number: UInt32, into effects: inout Effects) {
        let notice =
            #"{"jsonrpc":"2.0","method":"notifications/cancelled","params":"#
            + #"{"requestId":\#(number),"reason":"timeout"}}"#
        sendToServer(Array(notice.utf8), into: &effects)
    }
}

extension ProcessEnd: CustomStringConvertible {
    package var description: String {
        switch self {
        case .status(let code): "exited with status \(code)"
        case .signal(let number): "was ended by signal \(number)"
        }
    }
}
