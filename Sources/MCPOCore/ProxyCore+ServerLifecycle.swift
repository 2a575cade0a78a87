// The life of a server's processes: started, opened, lost, started again, ended.

extension ProxyCore {
    /// Starts a process in the first place of a server's pool.
    mutating func startFirst(of server: ServerIndex, at now: Instant, into effects: inout Effects) {
        connections.remove(servers[server].first)
        let next = connections.insert(server: server, at: now)
        servers[server].pool[0] = next
        effects.append(.spawn(next, server: server))
    }

    mutating func handleProcess(_ event: Event, at now: Instant, into effects: inout Effects) {
        switch event {
        case .spawned(let connection, let processID) where connections.contains(connection):
            effects.log(
                .info, server: serverName(of: connection), "started, process \(processID)")
            spawned(connection, at: now, into: &effects)
        case .spawnFailed(let connection, let reason) where connections.contains(connection):
            spawnFailed(connection, reason, at: now, into: &effects)
        case .exited(let connection, let end, let groupRemains)
        where connections.contains(connection) && connections[connection].isRunning:
            // Not one that was given up after SIGKILL: that one is released and counted already.
            releaseGroup(connection, groupRemains: groupRemains, at: now, into: &effects)
            exited(connection, end, at: now, into: &effects)
        default:
            break
        }
    }

    /// A process is there. A legacy client's server has to be initialised again first, with the
    /// client's own parameters.
    private mutating func spawned(
        _ connection: ConnectionID, at now: Instant, into effects: inout Effects
    ) {
        guard connections[connection].phase == .starting else { return }
        let server = connections[connection].server
        let patience = servers[server].settings.pool.connectionTimeout
        if connection != servers[server].first, servers[server].era == .modern,
            let question = healthQuestion(for: server)
        {
            // Others take calls until this one has started and answers.
            connections[connection].phase = .reopening(until: now.advanced(by: patience))
            sendAgain(question, to: connection, as: .probe, into: &effects)
            return
        }
        if isGateway, servers[server].restoration.initialize.isEmpty {
            beginOpening(connection, at: now, into: &effects)
            return
        }
        if servers[server].restoration.initialize.isEmpty {
            open(connection, at: now, into: &effects)
            return
        }
        connections[connection].phase = .reopening(until: now.advanced(by: patience))
        sendAgain(
            servers[server].restoration.initialize, to: connection, as: .reopen, into: &effects)
    }

    /// The server has answered mcpo's own `initialize`.
    mutating func reopened(
        _ connection: ConnectionID, _ line: RawSpan, _ envelope: Envelope, at now: Instant,
        into effects: inout Effects
    ) {
        guard case .reopening = connections[connection].phase else { return }
        guard envelope.result.kind == .object else {
            // A modern server refuses it; its answer to the question about its era is on its way.
            if isUnderWay(.probe, on: connection) { return }
            reject(connection, "refused to be initialised", at: now, into: &effects)
            return
        }
        connections[connection].hasAnswered = true
        let server = connections[connection].server
        let isFirst = connection == servers[server].first
        if isGateway {
            servers[server].era = .legacy
            drop(.probe, of: connection)
            if isFirst { greeted(server, line, envelope, at: now, into: &effects) }
        } else if isFirst {
            client.handshake = .agreed(Revision(inResultOf: line, envelope))
        }
        if servers[server].restoration.isInitialized {
            send(Self.initializedNotice, to: connection, into: &effects)
        }
        if !servers[server].restoration.logLevel.isEmpty,
            !isGateway || hasCapability("logging", server)
        {
            sendAgain(
                servers[server].restoration.logLevel, to: connection, as: .restore, into: &effects)
        }
        if isFirst {
            for subscription in servers[server].restoration.subscriptions {
                sendAgain(subscription.line, to: connection, as: .restore, into: &effects)
            }
        }
        open(connection, at: now, into: &effects)
    }

    /// A process cannot be used. That counts as a failed start.
    mutating func reject(
        _ connection: ConnectionID, _ reason: String, at now: Instant, into effects: inout Effects
    ) {
        connections[connection].refusal = reason
        effects.log(.error, server: serverName(of: connection), reason)
        endConnection(connection, graceful: false, at: now, into: &effects)
    }

    private static let initializedNotice = Array(
        #"{"jsonrpc":"2.0","method":"notifications/initialized"}"#.utf8)

    /// Sends a request of mcpo's own, or one of the client once more, under a number of its own; no
    /// exchange waits for it.
    /// - Parameter request: a whole line; its id does not matter.
    /// - Returns: its number.
    @discardableResult
    mutating func sendAgain(
        _ request: [UInt8], to connection: ConnectionID, as purpose: Flight.Purpose,
        into effects: inout Effects
    ) -> UInt32 {
        let line = request.span.bytes
        guard let envelope = try? Envelope(scanning: line) else { return 0 }
        var flight = Flight(purpose, position: connections[connection].outbound.appendedTotal)
        if purpose.timesOut { setDeadline(of: &flight, connections[connection].server) }
        let number = connections[connection].flights.insert(flight)
        var edits = Edits(envelope.id.range, number)
        let token = envelope.metaProgressToken.range
        if !token.isEmpty { edits.add(token) }
        send(line, to: connection, edits, into: &effects)
        return number
    }

    /// A connection takes requests: those that were held go first.
    mutating func open(
        _ connection: ConnectionID, at now: Instant, into effects: inout Effects
    ) {
        connections[connection].phase = .open
        let server = connections[connection].server
        let isFirst = connection == servers[server].first
        if isFirst {
            servers[server].restarts.processOpened()
            servers[server].isGivenUp = false
            noteNewProcess(of: server)
        }
        planInspection(of: connection, at: now)
        releaseHeld(for: server, into: &effects)
        if isFirst {
            askForTools(of: server, into: &effects)
            noteOpen(server, at: now, into: &effects)
            fillPool(of: server, at: now, into: &effects)
        }
    }

    private mutating func spawnFailed(
        _ connection: ConnectionID, _ reason: String, at now: Instant,
        into effects: inout Effects
    ) {
        let server = connections[connection].server
        if servers[server].isRetired {
            discard(connection)
            return
        }
        guard connection == servers[server].first else {
            effects.log(.warning, server: servers[server].name, reason)
            loseExtra(connection, after: .zero, at: now)
            return
        }
        connections[connection].phase = .down(until: .never)
        noteLoss(of: server)
        servers[server].restarts.processEnded(after: .zero, hadAnswered: false)
        if servers[server].restartCount == 0 || servers[server].restarts.isHopeless {
            giveUp(server, reason, at: now, into: &effects)
        } else if lifecycle.phase != .running {
            failHeld(of: server, into: &effects)
        } else {
            effects.log(.error, server: servers[server].name, reason)
            scheduleRestart(of: server, at: now, into: &effects)
        }
    }

    /// Starts the end of a connection's process.
    /// - Parameter graceful: whether it gets the end of its stdin and time, before SIGTERM.
    mutating func endConnection(
        _ connection: ConnectionID, graceful: Bool, at now: Instant, into effects: inout Effects
    ) {
        let until = graceful ? now.advanced(by: Lifecycle.graceAfterClose) : now
        connections[connection].phase = .ending(until: until, signalled: nil)
        connections[connection].checkAt = .never
        connections[connection].fillAt = .never
        if !graceful { escalate(connection, at: now, into: &effects) }
    }

    /// Closes the stdin of processes that are to end, once they have got everything meant for them.
    mutating func closeInputsWhenWritten(into effects: inout Effects) {
        if !connections.hasEnding { return }
        for connection in connections.ids {
            guard case .ending = connections[connection].phase,
                !connections[connection].isInputClosed, connections[connection].outbound.isEmpty
            else { continue }
            connections[connection].isInputClosed = true
            effects.append(.closeInput(connection))
        }
    }

    /// The next, stronger means to end a process whose time is over.
    mutating func escalate(
        _ connection: ConnectionID, at now: Instant, into effects: inout Effects
    ) {
        guard case .ending(let until, let signalled) = connections[connection].phase, now >= until
        else { return }
        switch signalled {
        case nil:
            effects.append(.signal(connection, .terminate))
            connections[connection].phase = .ending(
                until: now.advanced(by: Lifecycle.graceAfterTerminate), signalled: .terminate)
        case .terminate:
            effects.append(.signal(connection, .kill))
            connections[connection].phase = .ending(
                until: now.advanced(by: Lifecycle.graceAfterKill), signalled: .kill)
        case .kill:
            effects.log(
                .error, server: serverName(of: connection),
                "does not end, not even by SIGKILL")
            effects.append(.release(connection))
            exited(connection, .signal(9), at: now, into: &effects)
        }
    }

    /// A process's stdout has ended: no answer can come any more.
    mutating func fellSilent(
        _ connection: ConnectionID, at now: Instant, into effects: inout Effects
    ) {
        connections[connection].silenceDeadline = now.advanced(by: Lifecycle.graceForExit)
        if case .ending = connections[connection].phase { return }
        endConnection(connection, graceful: true, at: now, into: &effects)
    }

    /// A process's stdin takes nothing more; answers may still come until it exits.
    mutating func stoppedReading(
        _ connection: ConnectionID, at now: Instant, into effects: inout Effects
    ) {
        connections[connection].outbound.removeAll()
        connections[connection].isInputClosed = true
        effects.append(.closeInput(connection))
        if case .ending = connections[connection].phase { return }
        endConnection(connection, graceful: true, at: now, into: &effects)
    }

    private mutating func exited(
        _ connection: ConnectionID, _ end: ProcessEnd, at now: Instant,
        into effects: inout Effects
    ) {
        let server = connections[connection].server
        let isStopping = lifecycle.phase != .running
        let isWanted =
            !isStopping && !servers[server].isRetired && !servers[server].isSurplus(connection)
        effects.log(isWanted ? .warning : .debug, server: servers[server].name, "\(end)")
        connections[connection].silenceDeadline = .never
        let resent = failFlights(of: connection, "it \(end)", into: &effects)
        connections[connection].outbound.removeAll()
        connections[connection].taskTokens = TaskTokens()
        client.taskTokens.forget(connection)
        let lifetime = now.since(connections[connection].startedAt)
        if servers[server].isRetired {
            discard(connection)
        } else if connection == servers[server].first {
            firstExited(connection, end, after: lifetime, at: now, into: &effects)
        } else {
            loseExtra(connection, after: lifetime, at: now)
        }
        resend(resent, into: &effects)
    }

    private mutating func firstExited(
        _ connection: ConnectionID, _ end: ProcessEnd, after lifetime: Duration, at now: Instant,
        into effects: inout Effects
    ) {
        let server = connections[connection].server
        servers[server].lastEnd = end
        servers[server].restarts.processEnded(
            after: lifetime, hadAnswered: connections[connection].hasAnswered)
        connections[connection].phase = .down(until: .never)
        noteLoss(of: server)
        if lifecycle.phase != .running {
            failHeld(of: server, into: &effects)
        } else if servers[server].restarts.isHopeless {
            let refusal = connections[connection].refusal
            let complaint = refusal.isEmpty ? "\(end)" : refusal
            let failures = servers[server].restarts.failures
            giveUp(
                server,
                "\(complaint) \(failures) times in a row without an answer; see its messages "
                    + "above, or run its command by hand",
                at: now, into: &effects)
        } else {
            scheduleRestart(of: server, at: now, into: &effects)
        }
    }

    mutating func scheduleRestart(
        of server: ServerIndex, at now: Instant, into effects: inout Effects
    ) {
        let pause = servers[server].restarts.nextPause()
        let time = now.advanced(by: pause)
        connections[servers[server].first].phase = .down(until: time)
        effects.log(.info, server: servers[server].name, "starts again in \(pause)")
        if !RestartPolicy.isBearable(time, at: now) { failHeld(of: server, into: &effects) }
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

extension ProcessEnd: CustomStringConvertible {
    package var description: String {
        switch self {
        case .status(let code): "exited with status \(code)"
        case .signal(let number): "was ended by signal \(number)"
        }
    }
}
