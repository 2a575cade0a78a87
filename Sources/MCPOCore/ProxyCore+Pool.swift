// A server's pool: which connection takes a request, when there are more of them and when fewer, and
// whether those that nobody uses are well (SPEC §7).
//
//     every connection has `maximumInFlight` calls  ─▶ one more, up to the maximum
//     one beyond the minimum idle for `maximumIdleTime`  ─▶ ended
//     any one idle for `healthCheckInterval`  ─▶ asked; replaced when it has failed twice
//
// One that works is never disturbed. One that has let the whole time of a call pass in silence counts as
// idle: among many callers there is always one that waits for it.

extension ProxyCore {
    /// How long a health check may take (SPEC §12).
    static let checkTimeout = Duration.seconds(10)
    /// A check that has failed is made again after this.
    static let checkAgainAfter = Duration.seconds(1)
    /// Checks in a row that fail before a connection is replaced.
    static let checksToReplace = 2

    /// The connection that takes a request now: the one with the least to do, of those that may.
    mutating func checkOut(for plan: RequestPlan) -> ConnectionID? {
        let server = plan.server
        let first = servers[server].first
        if servers[server].pool.count == 1 || isBound(plan) {
            return isAvailable(first) ? first : nil
        }
        var best: ConnectionID?
        var least = Int.max
        for connection in servers[server].pool where isAvailable(connection) {
            let load = load(of: connection)
            if load < least { (best, least) = (connection, load) }
        }
        return best
    }

    /// The requests under way on a connection. Subscriptions are none: they only wait.
    private mutating func load(of connection: ConnectionID) -> Int {
        let server = connections[connection].server
        var standing = 0
        if isGateway {
            if gateway.parts[server].listen?.connection == connection,
                servers[server].era == .modern
            {
                standing = 1
            }
        } else if connection == servers[server].first {
            standing = exchanges.subscriptionCount
        }
        return max(0, connections[connection].flights.count - standing)
    }

    /// Whether a request has to go to the first connection: what changes or sets up something in a
    /// legacy server's process is of use only there.
    private mutating func isBound(_ plan: RequestPlan) -> Bool {
        if servers[plan.server].era == .modern { return plan.method == .listen }
        return plan.mayWrite || plan.method.setsUpState || plan.method == .unknown
    }

    private mutating func isAvailable(_ connection: ConnectionID) -> Bool {
        connections[connection].isOpen
            && (!isGateway || connections[connection].outbound.count < queueLimit)
    }

    /// A request was sent: starts further processes when all have enough to do.
    mutating func growPool(
        of server: ServerIndex, at now: Instant, into effects: inout Effects
    ) {
        let count = servers[server].pool.count
        guard count < servers[server].poolMaximum, lifecycle.phase == .running else { return }
        let share = servers[server].settings.pool.maximumInFlight
        var load = 0
        for connection in servers[server].pool { load += self.load(of: connection) }
        if load > count * share {
            startExtra(of: server, upTo: (load + share - 1) / share, at: now, into: &effects)
        }
    }

    /// Starts processes until the pool has its minimum.
    mutating func fillPool(
        of server: ServerIndex, at now: Instant, into effects: inout Effects
    ) {
        let first = servers[server].first
        connections[first].fillAt = .never
        startExtra(of: server, upTo: servers[server].poolMinimum, at: now, into: &effects)
        if servers[server].isShort, connections[first].isOpen, now < servers[server].growsAgainAt {
            connections[first].fillAt = servers[server].growsAgainAt
        }
    }

    private mutating func startExtra(
        of server: ServerIndex, upTo count: Int, at now: Instant, into effects: inout Effects
    ) {
        // Before its era is known a further process could not be opened in it.
        guard lifecycle.phase == .running, now >= servers[server].growsAgainAt,
            connections[servers[server].first].isOpen, servers[server].era != nil
        else { return }
        let most = min(count, servers[server].poolMaximum, settings.limits.connections)
        while servers[server].pool.count < most {
            let connection = connections.insert(server: server, at: now)
            servers[server].pool.append(connection)
            effects.append(.spawn(connection, server: server))
        }
    }

    /// A process beyond the first is gone; another is started when there is need, after a pause if
    /// it was lost soon after its start.
    mutating func loseExtra(
        _ connection: ConnectionID, after lifetime: Duration, at now: Instant
    ) {
        let server = connections[connection].server
        if !servers[server].isSurplus(connection) {
            servers[server].growth.processEnded(
                after: lifetime, hadAnswered: connections[connection].hasAnswered)
            servers[server].growsAgainAt = now.advanced(by: servers[server].growth.nextPause())
        }
        servers[server].surplus.removeAll { $0 == connection }
        servers[server].pool.removeAll { $0 == connection }
        connections.remove(connection)
        let first = servers[server].first
        if servers[server].isShort, connections[first].isOpen {
            connections[first].fillAt = servers[server].growsAgainAt
        }
    }
}

// MARK: - Inspection

extension ProxyCore {
    /// Sets when a connection is to be looked at again.
    mutating func planInspection(of connection: ConnectionID, at now: Instant) {
        let server = connections[connection].server
        let pool = servers[server].settings.pool
        let used = connections[connection].usedAt
        var next = Instant.never
        if pool.healthCheckInterval > .zero {
            let due = restedSince(connection).advanced(by: pool.healthCheckInterval)
            next = max(due, now.advanced(byNanoseconds: 1))
        }
        if connection != servers[server].first {
            // One that is kept for the minimum is looked at again when as much time has passed: there
            // may be more by then.
            let end = used.advanced(by: pool.maximumIdleTime)
            let again = now.advanced(by: max(pool.maximumIdleTime, Self.checkAgainAfter))
            next = min(next, end > now ? end : again)
        }
        connections[connection].checkAt = next
    }

    /// The time to look at a connection has come.
    mutating func inspect(
        _ connection: ConnectionID, at now: Instant, into effects: inout Effects
    ) {
        guard connections[connection].isOpen else {
            connections[connection].checkAt = .never
            return
        }
        // What it says is not read while the client reads nothing: nobody can tell then.
        guard accepts(.server(connection)) else {
            connections[connection].checkAt = now.advanced(by: Self.checkTimeout)
            return
        }
        if connections[connection].check != 0 {
            connections[connection].flights.remove(connections[connection].check)
            noteCheck(connection, isWell: false, at: now, into: &effects)
        } else if isAtWork(connection) {
            connections[connection].usedAt = now
            planInspection(of: connection, at: now)
        } else if isIdleForLong(connection, at: now) {
            servers[connections[connection].server].surplus.append(connection)
            effects.log(.debug, server: serverName(of: connection), "ends an idle process")
            endConnection(connection, graceful: true, at: now, into: &effects)
        } else if isCheckDue(connection, at: now) {
            sendCheck(to: connection, at: now, into: &effects)
        } else {
            planInspection(of: connection, at: now)
        }
    }

    private mutating func isAtWork(_ connection: ConnectionID) -> Bool {
        load(of: connection) > 0 && !connections[connection].isSilent
    }

    private mutating func isIdleForLong(_ connection: ConnectionID, at now: Instant) -> Bool {
        let server = connections[connection].server
        let kept = servers[server].pool.count - servers[server].surplus.count
        let idle = now.since(connections[connection].usedAt)
        return connection != servers[server].first && kept > servers[server].poolMinimum
            && load(of: connection) == 0 && idle >= servers[server].settings.pool.maximumIdleTime
    }

    private mutating func isCheckDue(_ connection: ConnectionID, at now: Instant) -> Bool {
        let interval = servers[connections[connection].server].settings.pool.healthCheckInterval
        return interval > .zero && now.since(restedSince(connection)) >= interval
    }

    /// When it was last seen at work, or asked.
    private mutating func restedSince(_ connection: ConnectionID) -> Instant {
        max(connections[connection].usedAt, connections[connection].checkedAt)
    }

    private mutating func sendCheck(
        to connection: ConnectionID, at now: Instant, into effects: inout Effects
    ) {
        guard let question = healthQuestion(for: connections[connection].server) else {
            connections[connection].checkedAt = now
            planInspection(of: connection, at: now)
            return
        }
        connections[connection].check = sendAgain(
            question, to: connection, as: .check, into: &effects)
        connections[connection].checkAt = now.advanced(by: Self.checkTimeout)
    }

    /// What a server in its era can be asked at any time; nil while that is not known.
    mutating func healthQuestion(for server: ServerIndex) -> [UInt8]? {
        switch servers[server].era {
        case nil: return nil
        case .legacy: return Array(#"{"jsonrpc":"2.0","id":0,"method":"ping"}"#.utf8)
        case .modern:
            let meta =
                isGateway ? Array(ownMetaText.utf8) : caching.parts[server].catalog.meta
            guard !meta.isEmpty else { return nil }
            return Array(
                #"{"jsonrpc":"2.0","id":0,"method":"server/discover","params":{"_meta":"#.utf8)
                + meta + Array("}}".utf8)
        }
    }

    /// A health check was answered, or its time is over.
    mutating func noteCheck(
        _ connection: ConnectionID, isWell: Bool, at now: Instant, into effects: inout Effects
    ) {
        connections[connection].check = 0
        connections[connection].checkedAt = now
        if isWell {
            connections[connection].failedChecks = 0
            planInspection(of: connection, at: now)
            return
        }
        connections[connection].failedChecks += 1
        let failed = connections[connection].failedChecks
        effects.log(.info, server: serverName(of: connection), "failed a health check")
        if failed < Self.checksToReplace {
            sendCheckAgain(connection, at: now)
        } else if connections[connection].isOpen {
            effects.log(
                .warning, server: serverName(of: connection),
                "failed \(failed) health checks in a row; its process is replaced")
            endConnection(connection, graceful: true, at: now, into: &effects)
        }
    }

    private mutating func sendCheckAgain(_ connection: ConnectionID, at now: Instant) {
        let interval = servers[connections[connection].server].settings.pool.healthCheckInterval
        // As if it had been idle for so long already.
        connections[connection].checkedAt = now.advanced(by: Self.checkAgainAfter - interval)
        connections[connection].checkAt = now.advanced(by: Self.checkAgainAfter)
    }
}
