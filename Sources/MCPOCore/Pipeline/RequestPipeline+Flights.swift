// Flights: requests on their way to the server, and the exchanges that wait for each.
//
//     flight 42 ─▶ first waiter ⇄ waiter ⇄ last waiter      linked through the exchanges
//
// An exchange leaves its flight when it is cancelled or times out. With the last one gone the
// flight is over, unless it may write: then mcpo still looks out for its answer.

extension ProxyCore {
    /// Writes a request to an open connection under a number of mcpo's own.
    mutating func send(
        _ index: ExchangeIndex, _ plan: RequestPlan, to connection: ConnectionID,
        _ permit: Permit?, _ line: RawSpan, _ envelope: Envelope, into effects: inout Effects
    ) {
        if plan.isForwarded, exchanges[index].token.isEmpty, !needsRewrite(plan) {
            // As nearly all are without a cache: nothing but the id is exchanged.
            var flight = Flight(
                .exchange, position: connections[connection].outbound.appendedTotal)
            flight.firstWaiter = Int32(truncatingIfNeeded: index)
            flight.lastWaiter = flight.firstWaiter
            flight.permit = permit
            let number = connections[connection].flights.insert(flight)
            exchanges.markSent(index, to: connection, as: number)
            send(line, to: connection, under: number, envelope.id.range, into: &effects)
        } else {
            let place = Int32(truncatingIfNeeded: index)
            let number = send(
                plan, .exchange, to: connection, permit, waiter: place, line, envelope,
                into: &effects)
            exchanges.markSent(index, to: connection, as: number)
        }
        exchanges[index].previousWaiter = -1
        exchanges[index].nextWaiter = -1
        exchanges[index].hasJoined = false
        if !exchanges[index].hasComeBack { retryBudget.noteCall() }
        if exchanges[index].hasLine, !isKeptWhileSent(index) { exchanges.dropLine(of: index) }
        noteSent(to: connection, into: &effects)
    }

    /// A flight has begun.
    private mutating func noteSent(to connection: ConnectionID, into effects: inout Effects) {
        let count = connections[connection].flights.count
        peakFlights = max(peakFlights, count)
        let server = connections[connection].server
        if count > servers[server].settings.pool.maximumInFlight {
            growPool(of: server, at: present, into: &effects)
        }
    }

    private mutating func isKeptWhileSent(_ index: ExchangeIndex) -> Bool {
        exchanges[index].method.setsUpState
            || isRetrying && (isGateway || exchanges[index].isRepeatable)
    }

    /// Begins a flight.
    /// - Parameter waiter: the exchange that waits for it; -1 if nobody does yet.
    /// - Returns: its number.
    @discardableResult
    mutating func send(
        _ plan: RequestPlan, _ purpose: Flight.Purpose, to connection: ConnectionID,
        _ permit: Permit?, waiter: Int32 = -1, _ line: RawSpan, _ envelope: Envelope,
        into effects: inout Effects
    ) -> UInt32 {
        var flight = Flight(purpose, position: connections[connection].outbound.appendedTotal)
        flight.firstWaiter = waiter
        flight.lastWaiter = waiter
        flight.permit = permit
        if plan.mayWrite {
            flight.mayWrite = true
            flight.rule = plan.call.tool.rule
            caching.writeBegins(plan.server, rule: flight.rule)
        }
        if plan.needsTerms, caching.flights.keyBytes <= settings.limits.heldBytes {
            flight.terms = caching.enterTerms(for: plan, at: present)
        }
        if purpose.timesOut { setDeadline(of: &flight, plan.server) }
        let terms = flight.terms
        let number = connections[connection].flights.insert(flight)
        if let terms { caching.flights.lead(terms, number: number, of: connection) }
        if needsRewrite(plan) {
            let asksForProgress = terms != nil && plan.isShareable && plan.method.mayTakeLong
            rewrite(
                line, envelope, plan, number, asksForProgress: asksForProgress, to: connection,
                into: &effects)
            return number
        }
        let token = envelope.metaProgressToken
        if token.kind == .string || token.kind == .integer {
            var edits = Edits(envelope.id.range, number)
            edits.add(token.range)
            send(line, to: connection, edits, into: &effects)
        } else if terms != nil, plan.isShareable, plan.method.mayTakeLong {
            // Others may join, and want to know how it goes (SPEC §12, Dedup).
            var edits = Edits(envelope.id.range, number)
            edits.addProgressToken(line, envelope)
            send(line, to: connection, edits, into: &effects)
        } else {
            send(line, to: connection, under: number, envelope.id.range, into: &effects)
        }
        return number
    }

    /// Lets an exchange wait for the answer to an equal request. Its line is kept: should the
    /// answer be good for one only, it is sent after all.
    mutating func join(_ index: ExchangeIndex, _ leader: TermsID, _ line: RawSpan) {
        let terms = caching.flights[leader]
        exchanges.markSent(index, to: terms.connection, as: terms.number)
        if !exchanges[index].hasLine { exchanges.keep(line, in: index) }
        addWaiter(index, to: terms.number, of: terms.connection)
        exchanges[index].hasJoined = true
        caching.flights.joined += 1
        if let endpoint = exchanges[index].endpoint { caching.monitor.noteJoined(endpoint) }
    }

    /// Fetches a new answer for a stored one that is past its time, if it could be stored.
    /// - Returns: whether one is on its way.
    mutating func refresh(
        _ plan: RequestPlan, _ line: RawSpan, _ envelope: Envelope, into effects: inout Effects
    ) -> Bool {
        guard plan.call.stores else { return false }
        if caching.isFetching(plan) { return true }
        guard let connection = checkOut(for: plan),
            connections[connection].flights.count < settings.limits.exchanges
        else { return false }
        let (goes, permit) = takePermit(for: plan)
        guard goes else { return false }
        send(plan, .refresh, to: connection, permit, line, envelope, into: &effects)
        if let endpoint = plan.endpoint { caching.monitor.noteRefresh(endpoint) }
        noteSent(to: connection, into: &effects)
        return true
    }

    private mutating func addWaiter(
        _ index: ExchangeIndex, to number: UInt32, of connection: ConnectionID
    ) {
        let place = Int32(truncatingIfNeeded: index)
        var previous: Int32 = -1
        connections[connection].flights.update(number) { flight in
            previous = flight?.lastWaiter ?? -1
            if previous < 0 { flight?.firstWaiter = place }
            flight?.lastWaiter = place
        }
        exchanges[index].previousWaiter = previous
        exchanges[index].nextWaiter = -1
        if previous >= 0 { exchanges[Int(previous)].nextWaiter = place }
    }

    /// Whether nobody but this exchange is interested in the answer to its flight.
    mutating func isAlone(_ index: ExchangeIndex) -> Bool {
        let connection = exchanges[index].connection
        guard let flight = connections[connection].flights[exchanges[index].flight] else {
            return true
        }
        return flight.purpose == .exchange && flight.firstWaiter == flight.lastWaiter
    }

    /// Takes an exchange out of its flight, and the flight out of the table if it was the last one.
    mutating func leaveFlight(_ index: ExchangeIndex) {
        let (connection, number) = (exchanges[index].connection, exchanges[index].flight)
        guard var flight = connections[connection].flights[number] else { return }
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
            connections[connection].flights.update(number) { $0 = flight }
        } else {
            abandon(number, of: connection, flight)
        }
    }

    /// Nobody waits for a flight any more.
    private mutating func abandon(
        _ number: UInt32, of connection: ConnectionID, _ flight: Flight
    ) {
        if let terms = flight.terms {
            caching.flights.leave(terms)
            caching.flights.forget(terms)
        }
        releasePermit(flight.permit, .unmeasured)
        guard flight.mayWrite, caching.isOn else {
            connections[connection].flights.remove(number)
            return
        }
        let server = connections[connection].server
        caching.writeEnds(server, rule: flight.rule)
        caching.abandonWrite(
            server, until: present.advanced(byNanoseconds: servers[server].timeout))
        var abandoned = flight
        abandoned.purpose = .abandoned
        abandoned.terms = nil
        abandoned.permit = nil
        setDeadline(of: &abandoned, server)
        connections[connection].flights.update(number) { $0 = abandoned }
        connections[connection].abandoned.append(number)
        if connections[connection].abandoned.count > settings.limits.abandonedWrites {
            let oldest = connections[connection].abandoned.removeFirst()
            let isUnanswered = connections[connection].flights.remove(oldest) != nil
            if isUnanswered { caching.forgetAbandonedWrite(server) }
        }
    }

    mutating func setDeadline(of flight: inout Flight, _ server: ServerIndex) {
        flight.deadline = present.advanced(byNanoseconds: servers[server].timeout)
        nextTimeout = min(nextTimeout, flight.deadline)
    }

    /// Gives up the flights of mcpo's own whose time is over.
    mutating func expireFlights(of connection: ConnectionID, into effects: inout Effects) {
        for number in connections[connection].flights.numbers {
            guard let flight = connections[connection].flights[number], flight.deadline != .never
            else { continue }
            guard flight.deadline <= present else {
                nextTimeout = min(nextTimeout, flight.deadline)
                continue
            }
            if flight.waiter != nil {
                // From now on it is the affair of those who have joined.
                connections[connection].flights.update(number) {
                    $0?.purpose = .exchange
                    $0?.deadline = .never
                }
                continue
            }
            switch flight.purpose {
            case .refresh, .catalog, .list:
                cancelDownstream(number, of: connection, into: &effects)
            default: break
            }
            if case .list(let kind) = flight.purpose {
                let server = connections[connection].server
                loseList(kind, of: server, mayTryAgain: true, at: present)
            }
            if flight.purpose == .watch {
                let server = connections[connection].server
                noteWatch(number, of: server, "not answered", into: &effects)
            }
            failFlight(number, of: connection, into: &effects) { _ in ProxyError(.timeout, "") }
            if flight.purpose == .catalog {
                let server = connections[connection].server
                let isRefused = servers[server].era != .modern
                toolsAreNotToBeHad(
                    of: server, mayTryAgain: true, isRefused: isRefused, after: .zero)
            }
        }
    }

    /// Tells everybody who waits for a flight that there will be no answer.
    /// - Parameter error: what an exchange gets.
    mutating func failFlight(
        _ number: UInt32, of connection: ConnectionID, into effects: inout Effects,
        _ error: (Exchange) -> ProxyError
    ) {
        guard let flight = connections[connection].flights[number] else { return }
        let server = connections[connection].server
        if let terms = flight.terms { caching.flights.leave(terms) }
        if flight.purpose == .abandoned {
            caching.noteWrite(server, rule: flight.rule)
            caching.abandonedWriteEnded(server)
        } else if flight.mayWrite {
            caching.writeEnds(server, rule: flight.rule)
        }
        if flight.purpose == .catalog {
            let isRefused = servers[server].era != .modern
            toolsAreNotToBeHad(of: server, mayTryAgain: true, isRefused: isRefused)
        }
        releasePermit(flight.permit, .unmeasured)
        // The exchanges leave it one by one; it stays until then for `fallBack`.
        connections[connection].flights.update(number) {
            $0?.mayWrite = false
            $0?.permit = nil
            $0?.purpose = .refresh
        }
        var place = flight.firstWaiter
        while place >= 0 {
            let index = Int(place)
            place = exchanges[index].nextWaiter
            guard let exchange = exchanges.live(index) else { continue }
            fail(index, error(exchange), into: &effects)
        }
        connections[connection].flights.remove(number)
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
