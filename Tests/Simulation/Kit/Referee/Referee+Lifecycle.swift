// What must come of events: processes that come and go, deadlines, and the end.

import MCPOCore

extension Referee {
    func take(_ event: Event) {
        switch event {
        case .started: startServer()
        case .spawned(let connection, _):
            if connection.rawValue == server.connection, server.phase == .starting { reopen() }
        case .spawnFailed(let connection, _):
            spawned.remove(connection.rawValue)
            if connection.rawValue == server.connection { spawnFailed() }
        case .exited(let connection, _, let groupRemains):
            exited(connection, groupRemains: groupRemains)
        case .ended(.client): noteEndOfClient()
        case .stop: stop()
        case .broken(.client): loseClient()
        case .ended(.server(let connection)):
            if connection.rawValue == server.connection { serverFellSilent() }
        case .broken(.server(let connection)):
            if connection.rawValue == server.connection { serverStoppedReading() }
        case .deadline: expire()
        case .hangUp, .reload, .setConcurrencyLimit: break
        }
    }

    private func startServer() {
        let next = server.connection + 1
        server = ServerView(connection: next, phase: .starting, startedAt: now)
        serverQueued = 0
        spawned.insert(next)
        expect(.spawn(next))
    }

    /// A process is there: a legacy one is initialised again first.
    private func reopen() {
        guard let initialize = restoration.initialize else {
            openServer()
            return
        }
        coverage.note(.reinitialized)
        server.phase = .reopening(
            until: now.advanced(by: settings.servers[0].pool.connectionTimeout))
        expectAgain(initialize, as: .reopen)
    }

    /// The server has answered mcpo's own `initialize`.
    func reopened(_ answer: ServerAnswer) {
        guard case .reopening = server.phase else { return }
        guard answer.body == .result || answer.body == .task else {
            coverage.note(.reinitializeRefused)
            endServer(graceful: false)
            return
        }
        // That it cannot be used is no answer.
        server.hasAnswered = true
        handshake = .agreed(allowsBatches: answer.allowsBatches)
        expectRestoration()
        openServer()
    }

    private func openServer() {
        server.phase = .open
        restarts.processOpened()
        for item in takeHeld() {
            switch item {
            case .notification(let line): hearServer(line)
            case .ask(let serial):
                guard let ask = asks[serial], ask.stage == .held else { continue }
                if ask.isAcknowledged { coverage.note(.listenAgain) }
                write(ask)
            }
        }
    }

    private func spawnFailed() {
        server.phase = .down(until: .never)
        restarts.processEnded(after: .zero, hadAnswered: false)
        if counters.restarts == 0 || restarts.isHopeless {
            giveUp()
        } else if phase != .running {
            failHeld()
        } else {
            coverage.note(.spawnFailedLater)
            scheduleRestart()
        }
    }

    private func exited(_ connection: ConnectionID, groupRemains: Bool) {
        // A process that SIGKILL did not end was given up.
        guard connection.rawValue == server.connection, server.isRunning else { return }
        if groupRemains {
            coverage.note(.groupLingered)
            expect(.signal(connection.rawValue, .terminate))
            lingering.append(
                (connection.rawValue, now.advanced(by: Promise.graceForGroup)))
        } else {
            release(connection.rawValue)
        }
        serverExited()
    }

    private func serverExited() {
        server.silentUntil = .never
        failFlights()
        restarts.processEnded(
            after: now.since(server.startedAt), hadAnswered: server.hasAnswered)
        server.taskTokens = []
        clientTaskTokens = []
        server.phase = .down(until: .never)
        serverQueued = 0
        if phase != .running {
            failHeld()
        } else if restarts.isHopeless {
            giveUp()
        } else {
            scheduleRestart()
        }
    }

    private func scheduleRestart() {
        let until = now.advanced(by: restarts.nextPause())
        server.phase = .down(until: until)
        if !RestartPolicy.isBearable(until, at: now) {
            coverage.note(.unbearablePause)
            failHeld()
        }
    }

    func serverFellSilent() {
        server.silentUntil = now.advanced(by: Promise.graceForExit)
        if case .ending = server.phase { return }
        endServer(graceful: true)
    }

    private func serverStoppedReading() {
        serverQueued = 0
        server.isInputClosed = true
        expect(.closeInput(server.connection))
        if case .ending = server.phase { return }
        endServer(graceful: true)
    }

    private func endServer(graceful: Bool) {
        let until = graceful ? now.advanced(by: Promise.graceAfterClose) : now
        server.phase = .ending(until: until, nil)
        if !graceful { escalate() }
    }

    private func escalate() {
        guard case .ending(let until, let signalled) = server.phase, now >= until else { return }
        switch signalled {
        case nil:
            coverage.note(.terminated)
            expect(.signal(server.connection, .terminate))
            server.phase = .ending(
                until: now.advanced(by: Promise.graceAfterTerminate), .terminate)
        case .terminate:
            coverage.note(.killed)
            expect(.signal(server.connection, .kill))
            server.phase = .ending(until: now.advanced(by: Promise.graceAfterKill), .kill)
        case .kill:
            coverage.note(.stuckAfterKill)
            release(server.connection)
            serverExited()
        }
    }

    private func failFlights() {
        for number in server.flights.keys.sorted() {
            guard case .ask(let serial)? = server.flights.removeValue(forKey: number),
                let ask = asks[serial]
            else { continue }
            if ask.stage == .tornDown {
                close(ask)
                expectSubscriptionEnd(ask)
            } else if ask.isListen, ask.isKept {
                asks[serial]?.stage = .held
                held.append(.ask(serial))
            } else {
                fail(ask, .unavailable)
            }
        }
        withdrawServerAsks()
    }

    private func failHeld() {
        for item in takeHeld() {
            guard case .ask(let serial) = item, let ask = asks[serial], ask.stage == .held else {
                continue
            }
            if ask.isAcknowledged { held.append(item) } else { fail(ask, .unavailable) }
        }
    }

    /// Hands over what is held. Lines of requests are kept as long as those need them.
    private func takeHeld() -> [HeldItem] {
        for case .notification(let line) in held { keptBytes -= line.count }
        defer { held = [] }
        return held
    }
}

// MARK: - Time

extension Referee {
    private func expire() {
        for group in lingering where group.until <= now {
            expect(.signal(group.connection, .kill))
            release(group.connection)
        }
        lingering.removeAll { $0.until <= now }
        switch server.phase {
        case .down(let until) where until <= now && phase == .running:
            coverage.note(.restarted)
            counters.restarts += 1
            startServer()
        case .reopening(let until) where until <= now:
            coverage.note(.reinitializeTimedOut)
            endServer(graceful: false)
        case .ending: escalate()
        default: break
        }
        if server.silentUntil <= now {
            server.silentUntil = .never
            failFlights()
        }
        for (number, purpose) in server.flights {
            if case .restore(let until) = purpose, until <= now { server.flights[number] = nil }
        }
        for ask in asksInOrder where ask.deadline <= now {
            if ask.stage == .sent, ask.request.method != .initialize, server.canHear {
                expectTimeoutNotice(ask)
            }
            fail(ask, .timeout)
        }
    }

    /// When something is due at the latest.
    var due: Instant {
        var due = min(deadline, server.silentUntil)
        for ask in asks.values { due = min(due, ask.deadline) }
        for purpose in server.flights.values {
            if case .restore(let until) = purpose { due = min(due, until) }
        }
        for group in lingering { due = min(due, group.until) }
        switch server.phase {
        case .reopening(let until), .ending(let until, _): due = min(due, until)
        case .down(let until) where phase == .running: due = min(due, until)
        case .starting, .open, .down: break
        }
        return due
    }
}

// MARK: - The end

extension Referee {
    private func stop() {
        clientHasEnded = true
        noteStop()
        switch phase {
        case .running:
            phase = .draining
            deadline = now.advanced(by: settings.shutdownTimeout)
            if case .down = server.phase { failHeld() }
        case .draining:
            coverage.note(.stoppedTwice)
            deadline = now
        case .closing:
            coverage.note(.stoppedTwice)
            if case .ending(_, let signalled) = server.phase {
                server.phase = .ending(until: now, signalled)
            }
        case .flushing:
            coverage.note(.stoppedTwice)
            deadline = now
            takesBefore = clientTakes
        case .finished: break
        }
    }

    /// Only the first end counts: the end of stdin after SIGTERM takes no time from anybody.
    func noteEndOfClient() {
        clientHasEnded = true
        if phase == .running { stop() }
    }

    private func loseClient() {
        coverage.note(.clientGone)
        noteStop()
        clientIsGone = true
        clientHasEnded = true
        clientQueued = 0
        if phase.rawValue < Phase.closing.rawValue { closeDown() }
    }

    private func giveUp() {
        coverage.note(.gaveUp)
        noteStop()
        exitCode = 1
        clientHasEnded = true
        for ask in asksInOrder { fail(ask, .unavailable) }
        closeDown()
    }

    private func closeDown() {
        phase = .closing
        deadline = .never
        for ask in asksInOrder where !ask.isListen { fail(ask, .timeout) }
        switch server.phase {
        case .down: server.phase = .down(until: .never)
        case .ending: break
        case .starting, .reopening, .open: endServer(graceful: true)
        }
    }

    /// The steps towards the end that have become possible.
    func advance() {
        if case .ending = server.phase, !server.isInputClosed, serverQueued == 0 {
            server.isInputClosed = true
            expect(.closeInput(server.connection))
        }
        if phase == .draining {
            let hasDrained = asks.values.allSatisfy(\.isListen)
            if !hasDrained, now >= deadline { coverage.note(.drainTimedOut) }
            if hasDrained || now >= deadline { closeDown() }
        }
        if phase == .closing, !server.isRunning, lingering.isEmpty {
            endSubscriptions()
            phase = .flushing
            waitForReader()
        }
        if phase == .flushing, now >= deadline, clientTakes > takesBefore { waitForReader() }
        if phase == .flushing, clientQueued == 0 || now >= deadline {
            if clientQueued > 0 { coverage.note(.lastBytesUnread) }
            phase = .finished
            deadline = .never
            expect(.exit(exitCode))
        }
    }

    private func waitForReader() {
        deadline = now.advanced(by: settings.shutdownTimeout)
        takesBefore = clientTakes
    }

    private func endSubscriptions() {
        for ask in asksInOrder {
            close(ask)
            coverage.note(.subscriptionEnded)
            expectSubscriptionEnd(ask)
        }
    }
}
