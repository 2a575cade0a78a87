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
            peakFlights = max(peakFlights, server.flights.count)
            server.outbound.appendLine(line, replacing: envelope.id.range, withNumber: number)
            scheduleFlush(of: .server(server.connection), into: &effects)
            return
        }
        let place = Int32(truncatingIfNeeded: index)
        let number = send(plan, .exchange, waiter: place, line, envelope, into: &effects)
        exchanges.markSent(index, as: number)
        exchanges[index].previousWaiter = -1
        exchanges[index].nextWaiter = -1
    }

    /// Begins a flight.
    /// - Parameter waiter: the exchange that waits for it; -1 if nobody does yet.
    /// - Returns: its number.
    @discardableResult
    mutating func send(
        _ plan: RequestPlan, _ purpose: Flight.Purpose, waiter: Int32 = -1, _ line: RawSpan,
        _ envelope: Envelope, into effects: inout Effects
    ) -> UInt32 {
        var flight = Flight(purpose, position: server.outbound.appendedTotal)
        flight.firstWaiter = waiter
        flight.lastWaiter = waiter
        if plan.mayWrite {
            flight.mayWrite = true
            flight.rule = plan.call.tool.rule
            caching.writeBegins(rule: flight.rule)
        }
        if plan.needsTerms, caching.flights.keyBytes <= settings.limits.heldBytes {
            flight.terms = caching.enterTerms(for: plan, at: present)
        }
        if purpose != .exchange { setDeadline(of: &flight) }
        let terms = flight.terms
        let number = server.flights.insert(flight)
        peakFlights = max(peakFlights, server.flights.count)
        if let terms { caching.flights.lead(terms, number: number) }
        var edits = Edits(envelope.id.range, number)
        if envelope.metaProgressToken.kind == .string || envelope.metaProgressToken.kind == .integer
        {
            edits.add(envelope.metaProgressToken.range)
        } else if terms != nil, plan.isShareable, plan.method.mayTakeLong {
            // Others may join, and want to know how it goes (SPEC §12, Dedup).
            edits.addProgressToken(line, envelope)
        }
        sendToServer(line, edits, into: &effects)
        return number
    }

    /// Lets an exchange wait for the answer to an equal request. Its line is kept: should the
    /// answer be good for one only, it is sent after all.
    mutating func join(_ index: ExchangeIndex, _ leader: TermsID, _ line: RawSpan) {
        let number = caching.flights[leader].number
        exchanges.markSent(index, as: number)
        exchanges.keep(KeptLine(line), in: index)
        addWaiter(index, to: number)
        caching.flights.joined += 1
        if let endpoint = exchanges[index].endpoint { caching.monitor.noteJoined(endpoint) }
    }

    /// Fetches a new answer for a stored one that is past its time, if it could be stored.
    /// - Returns: whether one is on its way.
    mutating func refresh(
        _ plan: RequestPlan, _ line: RawSpan, _ envelope: Envelope, into effects: inout Effects
    ) -> Bool {
        guard plan.call.stores, server.phase == .open,
            server.flights.count < settings.limits.exchanges
        else { return false }
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
        if let terms = flight.terms {
            caching.flights.leave(terms)
            caching.flights.forget(terms)
        }
        guard flight.mayWrite, caching.isOn else {
            server.flights.remove(number)
            return
        }
        caching.writeEnds(rule: flight.rule)
        caching.abandonWrite(until: present.advanced(byNanoseconds: timeout))
        var abandoned = flight
        abandoned.purpose = .abandoned
        abandoned.terms = nil
        setDeadline(of: &abandoned)
        server.flights.update(number) { $0 = abandoned }
        server.abandoned.append(number)
        if server.abandoned.count > settings.limits.abandonedWrites {
            let isUnanswered = server.flights.remove(server.abandoned.removeFirst()) != nil
            if isUnanswered { caching.forgetAbandonedWrite() }
        }
    }

    private mutating func setDeadline(of flight: inout Flight) {
        flight.deadline = present.advanced(byNanoseconds: timeout)
        nextTimeout = min(nextTimeout, flight.deadline)
    }

    /// Gives up the flights of mcpo's own whose time is over.
    mutating func expireFlights(into effects: inout Effects) {
        for number in server.flights.numbers {
            guard let flight = server.flights[number], flight.deadline != .never else { continue }
            guard flight.deadline <= present else {
                nextTimeout = min(nextTimeout, flight.deadline)
                continue
            }
            if flight.waiter != nil {
                // From now on it is the affair of those who have joined.
                server.flights.update(number) {
                    $0?.purpose = .exchange
                    $0?.deadline = .never
                }
                continue
            }
            if flight.purpose == .refresh || flight.purpose == .catalog {
                cancelDownstream(number, into: &effects)
            }
            failFlight(number, into: &effects) { _ in ProxyError(.timeout, "") }
            if flight.purpose == .catalog {
                toolsAreNotToBeHad(mayTryAgain: true, after: .zero)
            }
        }
    }

    /// Tells everybody who waits for a flight that there will be no answer.
    /// - Parameter error: what an exchange gets.
    mutating func failFlight(
        _ number: UInt32, into effects: inout Effects, _ error: (Exchange) -> ProxyError
    ) {
        guard let flight = server.flights[number] else { return }
        if let terms = flight.terms { caching.flights.leave(terms) }
        if flight.purpose == .abandoned {
            caching.noteWrite(rule: flight.rule)
            caching.abandonedWriteEnded()
        } else if flight.mayWrite {
            caching.writeEnds(rule: flight.rule)
        }
        if flight.purpose == .catalog { toolsAreNotToBeHad(mayTryAgain: true) }
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
        if let terms = flight.terms { caching.flights.forget(terms) }
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
