// Sending a call again whose connection died before it answered (SPEC §7).
//
//     never written to the server          always safe: whatever it does, it did not do it
//     written, only reads or idempotent    at most `retry.maximum` times, within the budget
//     written, may change something        never: the caller is told

extension ProxyCore {
    /// Whether a call may reach a server twice.
    mutating func isRepeatable(_ plan: RequestPlan) -> Bool {
        switch plan.method {
        case .callTool: caching.isOn && plan.call.tool.isRetrySafe
        // A server may die of what opens the session, and would again.
        case .initialize, .discover, .listen: false
        default: plan.method.isReadOnly
        }
    }

    /// Takes out of a flight whose connection has died those who may be sent again.
    /// - Parameter wasSent: whether the server may have read the request.
    /// - Returns: their places, in the order in which they came to the flight.
    mutating func keepRepeatable(
        _ number: UInt32, of connection: ConnectionID, wasSent: Bool
    ) -> [(index: ExchangeIndex, arrival: UInt64)] {
        guard isRetrying, lifecycle.phase == .running,
            let flight = connections[connection].flights[number],
            flight.purpose == .exchange || flight.purpose == .refresh
        else { return [] }
        var isPaid = !wasSent
        var kept: [(ExchangeIndex, UInt64)] = []
        // Not abandoned when the last one leaves: `failFlight` comes for what remains.
        connections[connection].flights.update(number) { $0?.purpose = .refresh }
        var place = flight.firstWaiter
        while place >= 0 {
            let index = Int(place)
            place = exchanges[index].nextWaiter
            guard mayGoAgain(index, flight, connection, wasSent: wasSent) else { continue }
            isPaid = isPaid || retryBudget.takeRetry()
            guard isPaid else { break }
            leaveFlight(index)
            markHeld(index)
            exchanges[index].hasComeBack = true
            if wasSent { exchanges[index].retries += 1 }
            kept.append((index, exchanges[index].arrival))
        }
        counters.retries += kept.count
        return kept
    }

    private mutating func mayGoAgain(
        _ index: ExchangeIndex, _ flight: Flight, _ connection: ConnectionID, wasSent: Bool
    ) -> Bool {
        if wasSent {
            return exchanges[index].isRepeatable && exchanges[index].hasLine
                && Int(exchanges[index].retries) < settings.retry.maximum
        }
        if exchanges[index].method == .initialize || exchanges[index].method == .discover {
            return false
        }
        return exchanges[index].hasLine || takeBack(index, flight, connection)
    }

    /// Keeps a request that is still in the queue of its connection, under mcpo's number: the next
    /// sending puts another in its place. Behind a file what is in the queue is no request of the
    /// client's any more; there the line is kept from the beginning.
    private mutating func takeBack(
        _ index: ExchangeIndex, _ flight: Flight, _ connection: ConnectionID
    ) -> Bool {
        if isGateway { return false }
        var line: [UInt8] = []
        connections[connection].outbound.copyLine(at: flight.position, into: &line)
        guard !line.isEmpty, hasRoomToHold(line.count) else { return false }
        exchanges.keep(line.span.bytes, in: index)
        return true
    }
}
