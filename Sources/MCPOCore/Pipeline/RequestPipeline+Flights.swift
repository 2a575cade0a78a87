// Flights: requests on their way to the server, and the exchanges that wait for each.
//
//     flight 42 ─▶ first waiter ⇄ waiter ⇄ last waiter      linked through the exchanges
//
// An exchange leaves its flight when it is cancelled or times out. With the last one gone the
// flight is over, unless it may write: then mcpo still looks out for its answer.

extension ProxyCore {
    /// Writes a request to the open server under a number of mcpo's own.
    mutating func send(
        _ index: ExchangeIndex, _ plan: RequestPlan, _ line: RawSpan, _ envelope: Envelope,
        into effects: inout Effects
    ) {
        if plan.isForwarded, exchanges[index].token.isEmpty {
            // As nearly all are without a cache: nothing but the id is exchanged.
            var flight = Flight(.exchange, position: server.outbound.appendedTotal)
            flight.firstWaiter = Int32(truncatingIfNeeded: index)
            flight.lastWaiter = flight.firstWaiter
            let number = server.flights.insert(flight)
            exchanges.markSent(index, as: number)
            server.outbound.appendLine(line, replacing: envelope.id.range, withNumber: number)
            scheduleFlush(of: .server(server.connection), into: &effects)
            return
        }
        let number = send(plan, .exchange, line, envelope, into: &effects)
        exchanges.markSent(index, as: number)
        addWaiter(index, to: number)
    }

    /// Begins a flight that nobody waits for yet.
    /// - Returns: its number.
    @discardableResult
    mutating func send(
        _ plan: RequestPlan, _ purpose: Flight.Purpose, _ line: RawSpan, _ envelope: Envelope,
        into effects: inout Effects
    ) -> UInt32 {
        var flight = Flight(purpose, position: server.outbound.appendedTotal)
        if plan.mayWrite {
            flight.mayWrite = true
            flight.rule = plan.call.tool.rule
            caching.noteWrite(rule: flight.rule)
        }
        if plan.needsTerms, caching.flights.keyBytes <= settings.limits.heldBytes {
            flight.terms = caching.terms(for: plan, at: present)
        }
        let terms = flight.terms
        let number = server.flights.insert(flight)
        peakFlights = max(peakFlights, server.flights.count)
        if let terms {
            terms.number = number
            caching.flights.lead(terms)
        }
        var edits = Edits(envelope.id.range, number)
        if envelope.metaProgressToken.kind == .string || envelope.metaProgressToken.kind == .integer
        {
            edits.add(envelope.metaProgressToken.range)
        } else if terms?.isShareable == true, plan.method.mayTakeLong {
            // Others may join, and want to know how it goes (SPEC §12, Dedup).
            edits.addProgressToken(line, envelope)
        }
        sendToServer(line, edits, into: &effects)
        return number
    }

    /// Lets an exchange wait for the answer to an equal request. Its line is kept: should the
    /// answer be good for one only, it is sent after all.
    mutating func join(_ index: ExchangeIndex, _ leader: FlightTerms, _ line: RawSpan) {
        exchanges.markSent(index, as: leader.number)
        exchanges.keep(KeptLine(line), in: index)
        addWaiter(index, to: leader.number)
        caching.flights.joined += 1
        if let endpoint = exchanges[index].endpoint { caching.monitor.noteJoined(endpoint) }
    }

    /// Fetches a new answer for a stored one that is past its time.
    mutating func refresh(
        _ plan: RequestPlan, _ line: RawSpan, _ envelope: Envelope, into effects: inout Effects
    ) -> Bool {
        guard server.phase == .open, server.flights.count < settings.limits.exchanges else {
            return false
        }
        if !caching.isFetching(plan) { send(plan, .refresh, line, envelope, into: &effects) }
        return true
    }

    private mutating func addWaiter(_ index: ExchangeIndex, to number: UInt32) {
        let place = Int32(truncatingIfNeeded: index)
        var previous: Int32 = -1
        server.flights.update(number) { flight in
            previous = flight?.lastWaiter ?? -1
            if previous < 0 { flight?.firstWaiter = place }
            flight?.lastWaiter = place
        }
        exchanges[index].previousWaiter = previous
        exchanges[index].nextWaiter = -1
        if previous >= 0 { exchanges[Int(previous)].nextWaiter = place }
    }

    /// Whether nobody but this exchange is interested in the answer to its flight.
    func isAlone(_ index: ExchangeIndex) -> Bool {
        guard let flight = server.flights[exchanges[index].flight] else { return true }
        return flight.purpose == .exchange && flight.firstWaiter == flight.lastWaiter
    }

    /// Takes an exchange out of its flight, and the flight out of the table if it was the last one.
    mutating func leaveFlight(_ index: ExchangeIndex) {
        let number = exchanges[index].flight
        guard var flight = server.flights[number] else { return }
        let (previous, next) = (exchanges[index].previousWaiter, exchanges[index].nextWaiter)
        if previous < 0 {
            flight.firstWaiter = next
        } else {
            exchanges[Int(previous)].nextWaiter = next
        }
        if next < 0 {
            flight.lastWaiter = previous
        } else {
            exchanges[Int(next)].previousWaiter = previous
        }
        if flight.firstWaiter >= 0 || flight.purpose != .exchange {
            server.flights.update(number) { $0 = flight }
        } else {
            abandon(number, flight)
        }
    }

    /// Nobody waits for a flight any more.
    private mutating func abandon(_ number: UInt32, _ flight: Flight) {
        if let terms = flight.terms { caching.flights.leave(terms) }
        guard flight.mayWrite, caching.isOn else {
            server.flights.remove(number)
            return
        }
        caching.noteWrite(rule: flight.rule)
        caching.abandonWrite(until: present.advanced(byNanoseconds: timeout))
        var abandoned = flight
        abandoned.purpose = .abandoned
        abandoned.terms = nil
        server.flights.update(number) { $0 = abandoned }
        server.abandoned.append(number)
        if server.abandoned.count > settings.limits.abandonedWrites {
            server.flights.remove(server.abandoned.removeFirst())
        }
    }

    /// Tells everybody who waits for a flight that there will be no answer.
    /// - Parameter error: what an exchange gets.
    mutating func failFlight(
        _ number: UInt32, into effects: inout Effects, _ error: (Exchange) -> ProxyError
    ) {
        guard let flight = server.flights[number] else { return }
        if let terms = flight.terms { caching.flights.leave(terms) }
        if flight.mayWrite { caching.noteWrite(rule: flight.rule) }
        if flight.purpose == .abandoned { caching.abandonedWriteEnded() }
        if flight.purpose == .catalog { caching.catalog.flight = 0 }
        // The exchanges leave it one by one; it stays until then for `fallBack`.
        server.flights.update(number) {
            $0?.mayWrite = false
            $0?.purpose = .refresh
        }
        var place = flight.firstWaiter
        while place >= 0 {
            let index = Int(place)
            place = exchanges[index].nextWaiter
            guard let exchange = exchanges.live(index) else { continue }
            fail(index, error(exchange), into: &effects)
        }
        server.flights.remove(number)
    }
}

extension Method {
    /// Whether a server may have progress to report.
    fileprivate var mayTakeLong: Bool {
        switch self {
        case .callTool, .readResource, .getPrompt: true
        default: false
        }
    }
}
