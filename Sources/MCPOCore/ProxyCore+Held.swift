// What waits for a server, and what becomes of calls whose process goes away.
//
//     its process died ─▶ written, and a repetition might do harm   the caller is told
//                      ─▶ not written, or harmless                  sent again, or held
//                      ─▶ a subscription                            asked for again when it is back

extension ProxyCore {
    /// Sends what was held for a server, as far as it can be sent now.
    mutating func releaseHeld(for server: ServerIndex, into effects: inout Effects) {
        let isFirstOpen = connections[servers[server].first].isOpen
        for message in takeHeld(of: server) {
            switch message {
            case .notification(let line):
                if isFirstOpen {
                    send(line, to: servers[server].first, into: &effects)
                } else {
                    heldNotices += line.count
                    servers[server].held.append(message)
                }
            case .request(let index, let arrival):
                guard exchanges.live(index)?.arrival == arrival, exchanges[index].stage == .held
                else { continue }
                sendHeld(index, sharing: true, into: &effects)
            }
        }
    }

    /// Sends what was held because its server did not read, now that it does.
    mutating func releaseBlocked(into effects: inout Effects) {
        for server in order where !servers[server].held.isEmpty {
            let first = servers[server].first
            guard connections[first].isOpen, connections[first].outbound.count < queueLimit else {
                continue
            }
            releaseHeld(for: server, into: &effects)
        }
    }

    mutating func takeHeld(of server: ServerIndex) -> [HeldQueue.Message] {
        heldNotices -= servers[server].held.byteCount
        return servers[server].held.takeAll()
    }

    /// Sends a request whose line was kept.
    /// - Parameter sharing: whether it may wait for the answer to an equal one.
    mutating func sendHeld(
        _ index: ExchangeIndex, sharing: Bool, into effects: inout Effects
    ) {
        guard let bytes = exchanges.line(of: index),
            let envelope = try? Envelope(scanning: bytes.bytes)
        else { return }
        let line = bytes.bytes
        let exchange = exchanges[index]
        if isGateway {
            sendParked(index, line, envelope, exchange.method, sharing: sharing, into: &effects)
            return
        }
        var plan = makePlan(exchange.server, line, envelope, exchange.method, into: &effects)
        plan.isShareable = plan.isShareable && sharing
        proceed(index, plan, line, envelope, into: &effects)
    }

    /// Tells the callers of what was held that the server will not be there soon.
    mutating func failHeld(of server: ServerIndex, into effects: inout Effects) {
        for message in takeHeld(of: server) {
            guard case .request(let index, let arrival) = message,
                let exchange = exchanges.live(index), exchange.arrival == arrival,
                exchange.stage == .held
            else { continue }
            if exchange.isAcknowledged {
                // A subscription that was granted waits as long as it takes, or until the end.
                servers[server].held.append(message)
                continue
            }
            let error = ProxyError(
                .unavailable, "the server is not running", server: servers[server].name,
                retrySafe: true, detail: "the request was not sent to it")
            fail(index, error, into: &effects)
        }
    }
}

// MARK: - A process is gone

extension ProxyCore {
    /// Tells the callers of everything in flight; subscriptions wait for the next process instead.
    /// - Returns: requests that are to be sent again, in the order in which they were sent.
    mutating func failFlights(
        of connection: ConnectionID, _ reason: String, into effects: inout Effects
    ) -> [(index: ExchangeIndex, arrival: UInt64)] {
        let taken = connections[connection].outbound.takenTotal
        let server = connections[connection].server
        let name = servers[server].name
        var resent: [(ExchangeIndex, UInt64)] = []
        for number in connections[connection].flights.numbers {
            guard let flight = connections[connection].flights[number] else { continue }
            if let index = flight.waiter, endSubscription(index, into: &effects) {
                connections[connection].flights.remove(number)
                continue
            }
            let wasSent = flight.position < taken
            resent += keepRepeatable(number, of: connection, wasSent: wasSent)
            failFlight(number, of: connection, into: &effects) { exchange in
                ProxyError(
                    .unavailable, "the server went away", server: name,
                    retrySafe: exchange.isRepeatable || exchange.method.isReadOnly || !wasSent,
                    detail: wasSent ? reason : "\(reason) before the request was sent to it")
            }
        }
        if servers[server].pool.count == 1 { caching.writersAreGone(server) }
        connections[connection].abandoned = []
        if connection == servers[server].first {
            // Until the next process has been told, nobody watches.
            if !servers[server].restoration.subscriptions.isEmpty {
                caching.drop(.readResource, of: server)
            }
            servers[server].restoration.doubtSubscriptions(until: arrivals)
        }
        withdrawServerRequests(of: connection, into: &effects)
        return resent
    }

    /// Sends what was in flight to a process that is gone to another one.
    mutating func resend(
        _ requests: [(index: ExchangeIndex, arrival: UInt64)], into effects: inout Effects
    ) {
        for (index, arrival) in requests {
            guard exchanges.live(index)?.arrival == arrival, exchanges[index].stage == .held
            else { continue }
            sendHeld(index, sharing: true, into: &effects)
        }
    }

    /// What becomes of a subscription whose server has gone: finished if the server had said so,
    /// else asked for again. False if it is no subscription.
    private mutating func endSubscription(
        _ index: ExchangeIndex, into effects: inout Effects
    ) -> Bool {
        guard let exchange = exchanges.live(index), exchange.method == .listen else { return false }
        if exchange.stage == .tornDown {
            finishSubscription(index, into: &effects)
        } else if exchange.hasLine {
            keepSubscription(index, exchange)
        } else {
            return false
        }
        return true
    }

    /// A subscription is asked for again when the server is back, and ended when it will not be.
    private mutating func keepSubscription(_ index: ExchangeIndex, _ exchange: Exchange) {
        markHeld(index)
        servers[exchange.server].held.append(.request(index, arrival: exchange.arrival))
    }

    /// The exchange is in no flight any more.
    mutating func markHeld(_ index: ExchangeIndex) {
        exchanges[index].stage = .held
        exchanges[index].connection = .none
        exchanges[index].flight = 0
        exchanges[index].previousWaiter = -1
        exchanges[index].nextWaiter = -1
    }

    /// The client need not answer requests of a process that is gone.
    private mutating func withdrawServerRequests(
        of connection: ConnectionID, into effects: inout Effects
    ) {
        for number in client.serverRequests.numbers
        where client.serverRequests[number]?.connection == connection {
            client.serverRequests.remove(number)
            let notice =
                #"{"jsonrpc":"2.0","method":"notifications/cancelled","params":"#
                + #"{"requestId":\#(number),"reason":"the server went away"}}"#
            sendToClient(Array(notice.utf8).span.bytes, Edits(), into: &effects)
        }
        for batch in batches.numbers where batches[batch]?.sender == .server(connection) {
            removeBatch(batch)
        }
    }
}
