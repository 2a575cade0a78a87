// Another configuration while the proxy runs (SPEC §2): what can change in place does, servers come
// and go, and calls under way finish where they are.
//
//     server in both, same process      its limits, rules and times are the new ones
//     server gone, or another process   its old one gets no new calls, finishes those that it has,
//                                       and ends; a new one starts beside it under the same name
//     place of a server that has ended  used again for the next one that comes

extension ProxyCore {
    /// Takes the new settings over. Only a proxy in front of a file gets any.
    mutating func reload(_ new: ProxySettings, at now: Instant, into effects: inout Effects) {
        guard isGateway, let gatewaySettings = new.gateway, lifecycle.phase == .running else {
            return
        }
        let shown = shownFingerprints
        let old = settings
        settings = new
        // The client's stream has its bound; one holds for all.
        settings.limits = old.limits
        isRetrying = new.retry.maximum > 0
        gateway.settings = gatewaySettings
        limiter.set(new.concurrency ?? ConcurrencySettings())
        retryBudget.setPercent(new.retry.budgetPercent)
        if let cachingSettings = new.caching {
            setCaching(cachingSettings, into: &effects)
        }
        setAlerts(new.alerts, into: &effects)
        let before = order
        order = new.servers.map { server in
            let known = before.first { index in
                servers[index].name == server.name && !servers[index].isRetired
                    && servers[index].settings.identity == server.identity
            }
            guard let known else { return addServer(server, at: now, into: &effects) }
            change(known, to: server, wasAdaptive: old.isAdaptive)
            return known
        }
        for index in before where !order.contains(index) {
            retire(index, at: now, into: &effects)
        }
        showReloaded(before: shown, at: now, into: &effects)
    }

    /// A server comes in and starts.
    private mutating func addServer(
        _ settings: ServerSettings, at now: Instant, into effects: inout Effects
    ) -> ServerIndex {
        let free = servers.indices.first { servers[$0].isRetired && servers[$0].pool.isEmpty }
        let index = addServer(settings, at: free, seed: reloadSeed)
        gateway.parts[index].startUntil = now.advanced(by: gateway.settings.startupWait)
        startFirst(of: index, at: now, into: &effects)
        return index
    }

    private mutating func change(
        _ server: ServerIndex, to new: ServerSettings, wasAdaptive: Bool
    ) {
        servers[server].set(new, settings, limiter: &limiter)
        let policy = new.policy ?? caching.settings.policy
        if caching.setPolicy(policy, of: server) {
            servers[server].setRules(policy.rules.rules, limiter: &limiter)
            for connection in servers[server].pool { forgetRules(of: connection) }
        }
        if wasAdaptive != settings.isAdaptive {
            limiter.setAdaptive(settings.isAdaptive, of: servers[server].limited, at: present)
        }
    }

    /// The rules that calls under way were sent by are gone: each drops all that is stored.
    private mutating func forgetRules(of connection: ConnectionID) {
        for number in connections[connection].flights.numbers {
            connections[connection].flights.update(number) { $0?.rule = -1 }
        }
    }

    /// A server leaves: no new calls, and its processes end when they have answered the others.
    private mutating func retire(
        _ server: ServerIndex, at now: Instant, into effects: inout Effects
    ) {
        servers[server].isRetired = true
        caching.noteWrite(server)
        parkWaiting(for: server)
        limiter.remove(servers[server].limited)
        for connection in servers[server].pool {
            switch connections[connection].phase {
            case .down: discard(connection)
            default: endWhenIdle(connection, at: now, into: &effects)
            }
        }
    }

    /// What waits for a server that leaves is looked at again: another may have the name now.
    private mutating func parkWaiting(for server: ServerIndex) {
        for message in takeHeld(of: server) {
            switch message {
            case .request(let index, let arrival): gateway.parked.append((index, arrival))
            case .notification: counters.droppedNotifications += 1
            }
        }
        for index in exchanges.indices where exchanges[index].server == server {
            guard let ticket = exchanges[index].ticket else { continue }
            limiter.withdraw(ticket)
            exchanges[index].ticket = nil
            exchanges[index].stage = .held
            gateway.parked.append((index, exchanges[index].arrival))
        }
    }

    /// Ends the connections of retired servers that have nothing to do any more.
    mutating func endRetired(at now: Instant, into effects: inout Effects) {
        for server in servers.indices where servers[server].isRetired {
            for connection in servers[server].pool {
                endWhenIdle(connection, at: now, into: &effects)
            }
        }
    }

    private mutating func endWhenIdle(
        _ connection: ConnectionID, at now: Instant, into effects: inout Effects
    ) {
        if case .ending = connections[connection].phase { return }
        guard connections[connection].isRunning else { return }
        let isBusy = connections[connection].flights.numbers.contains { number in
            connections[connection].flights[number]?.waiter != nil
        }
        if isBusy, connections[connection].isOpen { return }
        endConnection(connection, graceful: true, at: now, into: &effects)
    }

    /// A connection of a retired server is gone.
    mutating func discard(_ connection: ConnectionID) {
        let server = connections[connection].server
        servers[server].pool.removeAll { $0 == connection }
        connections.remove(connection)
    }

    /// Of each kind that the client has been shown, what it sees.
    private var shownFingerprints: [(kind: EntryList.Kind, fingerprint: UInt64)] {
        mutating get {
            var fingerprints: [(EntryList.Kind, UInt64)] = []
            for kind in EntryList.Kind.allCases where gateway.shown.contains(kind) {
                fingerprints.append((kind, merged(kind).fingerprint))
            }
            return fingerprints
        }
    }

    /// Makes names anew, and tells the client of what has changed of all that it has been shown.
    private mutating func showReloaded(
        before: [(kind: EntryList.Kind, fingerprint: UInt64)], at now: Instant,
        into effects: inout Effects
    ) {
        gateway.warned = []
        // With the resources the templates are named as well.
        for kind in [EntryList.Kind.tools, .prompts, .resources] { nameAll(kind, into: &effects) }
        for (kind, fingerprint) in before where merged(kind).fingerprint != fingerprint {
            noteChanged(kind, at: now)
        }
        watchAll(into: &effects)
        gateway.isNewsThere = true
        for server in order where connections[servers[server].first].isOpen {
            fillPool(of: server, at: now, into: &effects)
        }
    }

    /// Changes how many calls run at once.
    mutating func setConcurrencyLimit(_ maximum: Int) {
        guard isLimiting else { return }
        let limits = limiter.settings
        limiter.set(
            ConcurrencySettings(
                maximum: maximum, maxQueue: limits.maxQueue, queueTimeout: limits.queueTimeout))
    }
}
