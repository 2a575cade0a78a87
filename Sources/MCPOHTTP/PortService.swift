// The HTTP port, without its sockets: what arrives and what time it is in, answers and questions out.
//
//     socket ─▶ receive ─▶ parser ─▶ access ─▶ route ─▶ answer at once
//                                                 └───▶ ask the proxy ─▶ take(reply) ─▶ answer
//
// It runs on a thread of its own, so that nothing a client does here takes the proxy's time but the
// questions themselves. Those are few: a snapshot serves every request for some milliseconds, and
// requests that find it too old wait for one new snapshot together.

package import MCPOCore

/// What the port asks of the proxy.
package enum PortQuestion: Equatable, Sendable {
    case snapshot
    /// Of a server, or one of its tools by the name that clients see, or of all.
    case clearCache(server: String?, tool: String?)
    /// Calls at once, of all servers together.
    case setConcurrency(Int)
    case reload
}

/// What the proxy answers.
package enum PortReply: Sendable {
    case snapshot(MetricsSnapshot)
    /// How many entries were dropped; nil when there is no such server or tool.
    case cleared(Int?)
    case limited(Int)
    /// What has changed, for people.
    case reloaded([String])
    /// Why the configuration was not loaded.
    case refused([String])
}

/// Whom a reply is for.
package struct PortTicket: Equatable, Sendable {
    /// Of a question; 0 for a snapshot, which all wait for.
    var number = 0
}

/// What the port wants done with its sockets.
package enum PortEffect: Equatable, Sendable {
    /// There is something to be written.
    case flush(UInt32)
    /// Nothing more is written; what comes is still read.
    case endOutput(UInt32)
    case close(UInt32)
    case ask(PortQuestion, PortTicket)
}

/// All connections of the port.
package final class PortService {
    /// How old a snapshot may be that answers a request. At most so many times a second the proxy
    /// makes one, however many ask.
    static let freshness = Duration.milliseconds(20)

    private var exposure: PortExposure
    private var token: String?
    private let connectionLimit: Int
    private var isClosing = false
    private var lastQuestion = 0
    private var connections: [UInt32: PortConnection] = [:]
    private var effects: [PortEffect] = []
    private var snapshots = SnapshotShelf()
    private let wallOffset: Int64
    private var date: (second: Int64, field: [UInt8]) = (-1, [])

    /// - Parameters:
    ///   - wallOffset: what to add to instants to get nanoseconds since 1970.
    ///   - connectionLimit: connections at once, at most `HTTPLimits.connections`.
    package init(
        exposure: PortExposure, token: String?, wallOffset: Int64,
        connectionLimit: Int = HTTPLimits.connections
    ) {
        self.exposure = exposure
        self.token = token
        self.wallOffset = wallOffset
        self.connectionLimit = min(connectionLimit, HTTPLimits.connections)
    }

    /// Where it listens from now on. Connections that are there keep what they may.
    package func open(_ exposure: PortExposure) {
        self.exposure = exposure
        isClosing = false
    }

    /// It listens nowhere any more: connections end, with the answers that they wait for.
    package func close() {
        isClosing = true
        for connection in connections.values {
            connection.stopKeeping()
            if connection.phase == .reading { drop(connection) }
        }
    }

    /// What a request that needs it must bear from now on.
    package func setToken(_ token: String?) {
        self.token = token
    }

    /// No descriptor is left: an idle connection goes, lest nobody new gets in.
    package func makeRoomForOthers() {
        if let idle = leaving(where: \.isIdle) { drop(idle) }
    }

    package func takeEffects() -> [PortEffect] {
        defer { effects.removeAll(keepingCapacity: true) }
        return effects
    }

    package var connectionCount: Int { connections.count }
}

// MARK: - Connections

extension PortService {
    /// A client has connected. When there are too many connections, the one goes that has been
    /// without a request longest, else the one whose request is longest on its way, else the one
    /// that has been taking its answer longest.
    package func accept(_ id: UInt32, at now: Instant) {
        if connections.count >= connectionLimit {
            let other =
                leaving(where: \.isIdle) ?? leaving(where: \.wantsInput)
                ?? leaving { $0.phase == .writing }
            if let other { drop(other) }
        }
        guard connections.count < connectionLimit, !isClosing else {
            effects.append(.close(id))
            return
        }
        connections[id] = PortConnection(id: id, exposure: exposure, at: now)
    }

    /// Of some connections the one that has been what it is longest.
    private func leaving(where isMeant: (PortConnection) -> Bool) -> PortConnection? {
        connections.values.filter(isMeant).min { ($0.since, $0.id) < ($1.since, $1.id) }
    }

    package func receive(_ bytes: UnsafeRawBufferPointer, on id: UInt32, at now: Instant) {
        guard let connection = connections[id] else { return }
        if connection.receive(bytes, at: now) { readRequests(of: connection, at: now) }
        if connection.phase == .closed { drop(connection) }
    }

    /// The client sends nothing more. Whoever waits for an answer gets it all the same.
    package func receiveEnd(on id: UInt32) {
        if let connection = connections[id], connection.wantsInput { drop(connection) }
    }

    /// The connection is gone.
    package func lose(_ id: UInt32) {
        if let connection = connections[id] { drop(connection) }
    }

    package func wantsInput(_ id: UInt32) -> Bool { connections[id]?.wantsInput ?? false }
    package func hasOutput(_ id: UInt32) -> Bool { connections[id]?.hasOutput ?? false }

    /// Shows what is to be written to `body`, which returns how much of it was taken.
    package func takeOutput(
        of id: UInt32, at now: Instant, _ body: (UnsafeRawBufferPointer) -> Int
    ) {
        guard let connection = connections[id], connection.takeOutput(at: now, body) else { return }
        if connection.phase == .lingering {
            effects.append(.endOutput(id))
        } else {
            readRequests(of: connection, at: now)
        }
    }

    /// Reads the next request, if it is there: the one behind it waits for the answer.
    private func readRequests(of connection: PortConnection, at now: Instant) {
        while connection.phase == .reading {
            switch connection.parser.next() {
            case .needsMore:
                connection.awaitMore(at: now)
                return
            case .awaitsContinue:
                connection.sendContinue()
                effects.append(.flush(connection.id))
                return
            case .request(let request):
                connection.begin(request)
                serve(request, on: connection, at: now)
            case .failure(let failure):
                let response = HTTPResponse.error(failure.status, failure.words.description)
                connection.refuse(response, date: dateField(at: now), at: now)
                effects.append(.flush(connection.id))
            }
        }
    }

    private func drop(_ connection: PortConnection) {
        connection.close()
        connections[connection.id] = nil
        effects.append(.close(connection.id))
    }
}

// MARK: - Answers

extension PortService {
    private func serve(_ request: HTTPRequest, on connection: PortConnection, at now: Instant) {
        let access = AccessRules(exposure: connection.exposure, token: token)
        switch route(request, access) {
        case .answer(let response): answer(response, on: connection.id, at: now)
        case .show(let view):
            if snapshots.isFresh(at: now) {
                answer(snapshots.response(view), on: connection.id, at: now)
            } else if snapshots.enqueue(view, for: connection.id, at: now) {
                effects.append(.ask(.snapshot, PortTicket()))
            }
        case .ask(let question):
            lastQuestion += 1
            snapshots.noteQuestion(lastQuestion, of: connection.id, at: now)
            effects.append(.ask(question, PortTicket(number: lastQuestion)))
        }
    }

    private func answer(_ response: HTTPResponse, on id: UInt32, at now: Instant) {
        guard let connection = connections[id], connection.phase == .waiting else { return }
        makeRoom(for: response)
        if isClosing { connection.stopKeeping() }
        connection.answer(response, date: dateField(at: now), at: now)
        effects.append(.flush(id))
    }

    /// Bounds what waits for clients that do not read: those that have taken longest go.
    private func makeRoom(for response: HTTPResponse) {
        var waiting = connections.values.reduce(response.body.count) { $0 + $1.waitingBytes }
        while waiting > HTTPLimits.waitingBytes, let slowest = leaving(where: \.hasOutput) {
            waiting -= slowest.waitingBytes
            drop(slowest)
        }
    }

    /// The proxy has answered.
    package func take(_ reply: PortReply, for ticket: PortTicket, at now: Instant) {
        if case .snapshot(let snapshot) = reply {
            for (id, view) in snapshots.take(snapshot, at: now) {
                answer(snapshots.response(view), on: id, at: now)
            }
        } else if let id = snapshots.endQuestion(ticket.number) {
            snapshots.forget()
            answer(Self.response(to: reply), on: id, at: now)
        }
    }

    /// Time has passed: closes what took too long.
    package func pass(to now: Instant) {
        for (id, view) in snapshots.overdue(at: now) {
            answer(SnapshotShelf.silence(view), on: id, at: now)
        }
        for connection in connections.values where connection.nextDeadline <= now {
            expire(connection, at: now)
        }
    }

    private func expire(_ connection: PortConnection, at now: Instant) {
        guard connection.phase == .reading, connection.parser.isInRequest else {
            drop(connection)
            return
        }
        let seconds = HTTPLimits.requestTime.components.seconds
        let response = HTTPResponse.error(
            .requestTimeout, "the request was not complete after \(seconds) s")
        connection.refuse(response, date: dateField(at: now), at: now)
        effects.append(.flush(connection.id))
    }

    package var nextDeadline: Instant {
        var deadline = snapshots.nextDeadline
        for connection in connections.values { deadline = min(deadline, connection.nextDeadline) }
        return deadline
    }

    private func dateField(at now: Instant) -> [UInt8] {
        let second = (now.nanoseconds &+ wallOffset) / 1_000_000_000
        if date.second != second { date = (second, HTTPDate.field(unixSeconds: max(0, second))) }
        return date.field
    }
}
