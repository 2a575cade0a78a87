// How mcpo comes to its end (SPEC §10).
//
//     phase      on                                                     next
//     running    end of stdin, SIGTERM, SIGINT                          draining
//                the client is gone, the server is lost for good        closing
//     draining   no request in flight, or shutdownTimeout is over       closing
//     closing    the server and its process group are gone              flushing
//     flushing   the client has taken its last bytes, or takes none     finished
//                for shutdownTimeout

/// Which part of its life mcpo is in.
package struct Lifecycle: Sendable {
    package enum Phase: Int, Comparable, Sendable {
        case running, draining, closing, flushing, finished

        package static func < (left: Phase, right: Phase) -> Bool {
            left.rawValue < right.rawValue
        }
    }

    package internal(set) var phase = Phase.running
    /// When the present phase has lasted long enough.
    package internal(set) var deadline = Instant.never
    package internal(set) var exitCode: Int32 = 0
    /// When mcpo started.
    var startedAt: Instant?
    /// What the client had taken of all its bytes when `deadline` was set for the last time.
    var takenBefore: UInt64 = 0

    /// A server's stdout ends an instant before its exit is known, which tells callers more.
    static let graceForExit = Duration.milliseconds(100)
    /// A server whose stdin was closed has this long to exit by itself before SIGTERM. Clients
    /// wait about two seconds for mcpo before they kill it; this and the next stay below.
    static let graceAfterClose = Duration.seconds(1)
    /// And this long after SIGTERM before SIGKILL.
    static let graceAfterTerminate = Duration.milliseconds(500)
    /// A process that SIGKILL does not end within this is stuck in the kernel: nothing can be done.
    static let graceAfterKill = Duration.seconds(5)
    /// What remains of a process group after its leader has this long after SIGTERM.
    static let graceForGroup = Duration.milliseconds(250)
}

extension ProxyCore {
    /// Takes in anything that is not a message.
    package mutating func handle(
        _ event: Event, at now: Instant, into effects: inout Effects
    ) {
        present = now
        switch event {
        case .started:
            lifecycle.startedAt = now
            for server in order { startFirst(of: server, at: now, into: &effects) }
            startWaiting(at: now)
        case .spawned, .spawnFailed, .exited: handleProcess(event, at: now, into: &effects)
        case .ended(.client): noteEndOfClient(at: now, into: &effects)
        case .broken(.client): loseClient(at: now, into: &effects)
        case .ended(.server(let connection)) where connections.contains(connection):
            fellSilent(connection, at: now, into: &effects)
        case .broken(.server(let connection)) where connections.contains(connection):
            stoppedReading(connection, at: now, into: &effects)
        case .ended(.server), .broken(.server): break
        case .deadline: expire(at: now, into: &effects)
        case .stop: stop(at: now, into: &effects)
        case .reload(let settings): reload(settings, at: now, into: &effects)
        case .setConcurrencyLimit(let maximum): setConcurrencyLimit(maximum)
        case .hangUp:
            effects.log(.warning, "SIGHUP ignored: there is no configuration file to load again")
        }
        advance(at: now, into: &effects)
    }

    /// Takes the steps towards the end that have become possible. Called after every event, and by
    /// the driver after it has written.
    package mutating func advance(at now: Instant, into effects: inout Effects) {
        closeInputsWhenWritten(into: &effects)
        if isGateway { releaseBlocked(into: &effects) }
        runTurns(into: &effects)
        if servers.count > order.count { endRetired(at: now, into: &effects) }
        if gateway.isNewsThere { answerParked(at: now, into: &effects) }
        if lifecycle.phase == .draining, hasDrained || now >= lifecycle.deadline {
            close(at: now, into: &effects)
        }
        if lifecycle.phase == .closing, !isAnyServerPresent {
            endSubscriptions(into: &effects)
            lifecycle.phase = .flushing
            waitForReader(at: now)
        }
        if lifecycle.phase == .flushing, now >= lifecycle.deadline,
            client.outbound.takenTotal > lifecycle.takenBefore
        {
            waitForReader(at: now)
        }
        if lifecycle.phase == .flushing, client.outbound.isEmpty || now >= lifecycle.deadline {
            lifecycle.phase = .finished
            lifecycle.deadline = .never
            effects.append(.exit(code: lifecycle.exitCode))
        }
    }

    /// The last bytes wait for the client as long as it goes on taking some.
    private mutating func waitForReader(at now: Instant) {
        lifecycle.deadline = now.advanced(by: settings.shutdownTimeout)
        lifecycle.takenBefore = client.outbound.takenTotal
    }

    /// Everything that is answered will be; subscriptions have no end of their own.
    private var hasDrained: Bool {
        exchanges.count == exchanges.subscriptionCount
    }

    private var isAnyServerPresent: Bool {
        !lingering.isEmpty || connections.ids.contains { connections[$0].isRunning }
    }

    /// No more requests; what is in flight gets its time. Asked again, less time.
    private mutating func stop(at now: Instant, into effects: inout Effects) {
        client.hasEnded = true
        switch lifecycle.phase {
        case .running:
            effects.log(.debug, "stopping: \(exchanges.count) requests in flight")
            lifecycle.phase = .draining
            lifecycle.deadline = now.advanced(by: settings.shutdownTimeout)
            for server in order where !connections[servers[server].first].isRunning {
                // It is not started again: nothing is due for it any more.
                connections[servers[server].first].phase = .down(until: .never)
                failHeld(of: server, into: &effects)
            }
        case .draining:
            lifecycle.deadline = now
        case .closing:
            for connection in connections.ids {
                if case .ending(_, let signalled) = connections[connection].phase {
                    connections[connection].phase = .ending(until: now, signalled: signalled)
                }
            }
        case .flushing:
            lifecycle.deadline = now
            lifecycle.takenBefore = client.outbound.takenTotal
        case .finished:
            break
        }
    }

    /// The client asks for nothing more. After SIGTERM or `stop` that is no second request to stop:
    /// what is in flight keeps its time.
    private mutating func noteEndOfClient(at now: Instant, into effects: inout Effects) {
        client.hasEnded = true
        if lifecycle.phase == .running { stop(at: now, into: &effects) }
    }

    /// Nobody is left to answer.
    private mutating func loseClient(at now: Instant, into effects: inout Effects) {
        effects.log(.debug, "the client no longer reads; stopping")
        client.isGone = true
        client.hasEnded = true
        client.outbound.removeAll()
        if lifecycle.phase < .closing { close(at: now, into: &effects) }
    }

    /// Ends what is still unanswered, then the server.
    mutating func close(at now: Instant, into effects: inout Effects) {
        lifecycle.phase = .closing
        lifecycle.deadline = .never
        for index in exchanges.indices {
            guard let exchange = exchanges.live(index), exchange.method != .listen else { continue }
            let error = ProxyError(
                .timeout, "no answer before mcpo stopped", server: serverName(of: exchange),
                retrySafe: exchange.method.isReadOnly || !exchange.wasSent,
                detail: "mcpo was asked to stop and waited \(settings.shutdownTimeout)")
            fail(index, error, into: &effects)
        }
        for connection in connections.ids {
            connections[connection].checkAt = .never
            switch connections[connection].phase {
            case .down: connections[connection].phase = .down(until: .never)
            case .ending: break
            case .starting, .reopening, .open:
                endConnection(connection, graceful: true, at: now, into: &effects)
            }
        }
    }

    /// A server cannot be had. Without any other one whoever waits is told, and mcpo ends with code 1.
    mutating func giveUp(
        _ server: ServerIndex, _ reason: String, at now: Instant, into effects: inout Effects
    ) {
        effects.log(.error, server: servers[server].name, reason)
        servers[server].isGivenUp = true
        if isGateway {
            gateway.parts[server].losses = GatewayPart.lossesToGiveUp
            gateway.isNewsThere = true
            for other in order where !servers[other].isGivenUp {
                // The others go on; it is tried again now and then.
                if lifecycle.phase == .running {
                    scheduleRestart(of: server, at: now, into: &effects)
                }
                failHeld(of: server, into: &effects)
                return
            }
        }
        lifecycle.exitCode = 1
        client.hasEnded = true
        for index in exchanges.indices {
            let error = ProxyError(
                .unavailable, "the server cannot be started", server: servers[server].name,
                retrySafe: true, detail: reason)
            fail(index, error, into: &effects)
        }
        close(at: now, into: &effects)
    }

    /// Subscriptions end with mcpo.
    private mutating func endSubscriptions(into effects: inout Effects) {
        for index in exchanges.indices { finishSubscription(index, into: &effects) }
    }

    /// Ends a subscription gracefully: the specification has a result for that.
    mutating func finishSubscription(_ index: ExchangeIndex, into effects: inout Effects) {
        guard let caller = end(index) else { return }
        deliver(to: .client, batch: caller.batch, into: &effects) { queue in
            queue.append(#"{"jsonrpc":"2.0","id":"#)
            caller.id.append(to: &queue)
            queue.append(#","result":{"resultType":"complete","_meta":"#)
            queue.append(#"{"io.modelcontextprotocol/subscriptionId":"#)
            caller.id.append(to: &queue)
            queue.append("}}}")
        }
    }
}
