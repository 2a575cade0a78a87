// What is due: the ends of timeouts, pauses and graces.

extension ProxyCore {
    /// Does what is due.
    mutating func expire(at now: Instant, into effects: inout Effects) {
        for group in lingering where group.until <= now {
            effects.append(.signal(group.connection, .kill))
            effects.append(.release(group.connection))
        }
        lingering.removeAll { $0.until <= now }
        caching.caches.tick(at: now)
        if caching.isOn, alertDeadline <= now { checkAlerts(at: now, into: &effects) }
        for connection in connections.ids where connections[connection].deadline <= now {
            expire(connection, at: now, into: &effects)
        }
        if isGateway, gateway.deadline(of: order) <= now {
            expireGateway(at: now, into: &effects)
        }
        if nextTimeout <= now { expireExchanges(at: now, into: &effects) }
    }

    private mutating func expire(
        _ connection: ConnectionID, at now: Instant, into effects: inout Effects
    ) {
        switch connections[connection].phase {
        case .down(let until) where until <= now && lifecycle.phase == .running:
            counters.restarts += 1
            let server = connections[connection].server
            servers[server].restartCount += 1
            startFirst(of: server, at: now, into: &effects)
            return
        case .reopening(let until) where until <= now:
            reject(connection, "did not answer initialize", at: now, into: &effects)
        case .ending:
            escalate(connection, at: now, into: &effects)
        default:
            break
        }
        // The end of a process beyond the first takes its connection along.
        guard connections.contains(connection) else { return }
        if connections[connection].silenceDeadline <= now {
            connections[connection].silenceDeadline = .never
            let resent = failFlights(of: connection, "it closed its output", into: &effects)
            resend(resent, into: &effects)
        }
        if connections[connection].fillAt <= now {
            fillPool(of: connections[connection].server, at: now, into: &effects)
        }
        if connections[connection].checkAt <= now {
            inspect(connection, at: now, into: &effects)
        }
    }

    /// Ends the exchanges whose time is over. Deadlines only move away from the present, so a walk
    /// over all is due at most once per timeout, and requests pay nothing for it.
    private mutating func expireExchanges(at now: Instant, into effects: inout Effects) {
        nextTimeout = .never
        for connection in connections.ids { expireFlights(of: connection, into: &effects) }
        for index in exchanges.indices {
            guard let exchange = exchanges.live(index) else { continue }
            guard exchange.deadline <= now else {
                nextTimeout = min(nextTimeout, exchange.deadline)
                continue
            }
            noteSilence(during: exchange, at: now)
            cancelDownstream(exchange, into: &effects)
            let wasSent = exchange.wasSent
            let patience = Duration.nanoseconds(exchange.patience)
            let error = ProxyError(
                .timeout, "no answer within \(patience)", server: serverName(of: exchange),
                retrySafe: exchange.method.isReadOnly || !wasSent, detail: lateness(of: exchange))
            fail(index, error, into: &effects)
        }
    }

    /// A process that says nothing while a call waits for all its time may be stuck.
    private mutating func noteSilence(during exchange: Exchange, at now: Instant) {
        guard exchange.stage == .sent, connections.contains(exchange.connection) else { return }
        let spoke = connections[exchange.connection].spokeAt
        if spoke.advanced(byNanoseconds: exchange.patience) <= now {
            connections[exchange.connection].failedAt = now
        }
    }

    /// Why a request has no answer in its time.
    private mutating func lateness(of exchange: Exchange) -> String {
        if exchange.wasSent { return "the server has been told to stop" }
        if exchange.stage == .queued { return "its turn did not come" }
        return exchange.isPlaced
            ? "the server did not come up" : "not all servers have told what they have"
    }

    /// The name of the server that a request is for; nil while nobody knows which that is.
    mutating func serverName(of exchange: Exchange) -> String? {
        exchange.isPlaced ? servers[exchange.server].name : nil
    }

    /// Tells the server that nobody waits for this answer any more.
    private mutating func cancelDownstream(_ exchange: Exchange, into effects: inout Effects) {
        guard exchange.stage == .sent, exchange.method != .initialize,
            let flight = connections[exchange.connection].flights[exchange.flight],
            let index = flight.waiter, isAlone(index)
        else { return }
        cancelDownstream(exchange.flight, of: exchange.connection, into: &effects)
        // That it took too long says that the server has too much to do.
        connections[exchange.connection].flights.update(exchange.flight) { $0?.permit = nil }
        releasePermit(flight.permit, .overloaded)
    }

    mutating func cancelDownstream(
        _ number: UInt32, of connection: ConnectionID, into effects: inout Effects
    ) {
        let notice =
            #"{"jsonrpc":"2.0","method":"notifications/cancelled","params":"#
            + #"{"requestId":\#(number),"reason":"timeout"}}"#
        send(Array(notice.utf8), to: connection, into: &effects)
    }
}
