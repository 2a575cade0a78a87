// The proxy as a pure state machine: the table of contents of everything mcpo decides.
//
//     bytes ─▶ LineFramer ─▶ receive ─▶ ProxyCore+Client / +Server ─▶ RequestPipeline ─▶ queues
//     exits, signals, time ─▶ handle ─▶ Lifecycle, ProxyCore+ServerLifecycle ─▶ effects
//
// The caller (the driver, or the simulator) owns the framers and the clock. It reads where
// `accepts` allows, writes what `takeOutput` shows, carries out the effects, and calls
// `handle(.deadline)` when `nextDeadline` has come. Nothing here blocks, sleeps or does I/O.

/// Something that happened outside.
package enum Event: Sendable {
    /// The driver runs: start the servers.
    case started
    case spawned(ConnectionID, processID: Int32)
    /// No process came to be; `reason` is a whole sentence or more, for a person.
    case spawnFailed(ConnectionID, reason: String)
    /// The process is gone and its output has been read to the end. `groupRemains` tells whether
    /// other processes of its group are still there.
    case exited(ConnectionID, ProcessEnd, groupRemains: Bool)
    /// A stream will carry nothing more towards mcpo.
    case ended(StreamID)
    /// A stream takes nothing more from mcpo.
    case broken(StreamID)
    /// `nextDeadline` has come.
    case deadline
    /// SIGTERM, SIGINT, or the library's `stop`.
    case stop
    /// SIGHUP, where there is no file to load again.
    case hangUp
    /// Another configuration.
    case reload(ProxySettings)
    /// Another limit for calls at once, until the next `reload`.
    case setConcurrencyLimit(Int)
}

/// How a process ended.
package enum ProcessEnd: Equatable, Sendable {
    case status(Int32)
    case signal(Int32)
}

/// Everything that mcpo decides, for one client and its servers.
///
/// Most methods are `mutating` though some only read: the compiler (6.3.1) makes a copy of the whole,
/// two kilobytes, for a method that is not.
package struct ProxyCore: ~Copyable {
    package internal(set) var settings: ProxySettings
    var client = ClientSession()
    var servers = GrowingTable<Server>()
    /// The servers that are served, in the order of the configuration.
    var order: [ServerIndex] = []
    /// For the jitter of servers that come later.
    let reloadSeed: UInt64
    var connections = ConnectionTable()
    var exchanges = ExchangeTable()
    var batches = PendingTable<Batch>()
    var caching: CacheStage
    var lifecycle = Lifecycle()
    /// `settings.limits.queueBytes`
    let queueLimit: Int
    /// Bytes of notifications that wait for servers to start.
    var heldNotices = 0
    var retryBudget: RetryBudget
    var limiter: ConcurrencyLimiter
    let isLimiting: Bool
    /// Whether calls are sent again at all.
    var isRetrying: Bool
    /// The permit of the call that is being sent because its turn has come.
    var granted: Permit?
    /// In front of several servers, or of one in a file.
    let isGateway: Bool
    var gateway: Gateway
    /// Process groups whose leader is gone and that have until then to go by themselves.
    var lingering: [(connection: ConnectionID, until: Instant)] = []
    /// Subscriptions whose end the server has announced; an answer may still follow.
    var endedSubscriptions: [(index: ExchangeIndex, arrival: UInt64)] = []
    /// Bytes of answers in batches that are not complete.
    var batchBytes = 0
    /// No exchange times out before this.
    var nextTimeout = Instant.never
    var arrivals: UInt64 = 0
    /// The time of this turn.
    var present = Instant(nanoseconds: 0)
    /// The most flights at once.
    var peakFlights = 0
    var alerts: AlertBook
    package internal(set) var counters = Counters()

    /// - Parameter seed: for the jitter of restarts, nothing else.
    package init(settings: ProxySettings, seed: UInt64) {
        self.settings = settings
        caching = CacheStage(settings.caching)
        isGateway = settings.gateway != nil
        gateway = Gateway(settings.gateway)
        queueLimit = settings.limits.queueBytes
        alerts = AlertBook(settings.alerts)
        isRetrying = settings.retry.maximum > 0
        isLimiting = settings.concurrency != nil
        limiter = ConcurrencyLimiter(settings.concurrency ?? ConcurrencySettings())
        retryBudget = RetryBudget(percent: settings.retry.budgetPercent)
        reloadSeed = seed
        order = settings.servers.indices.map { place in
            addServer(settings.servers[place], at: nil, seed: seed &+ UInt64(place))
        }
    }

    /// Enters a server, without a process.
    /// - Parameter free: the place of one that has ended, to be used again.
    mutating func addServer(
        _ settings: ServerSettings, at free: ServerIndex?, seed: UInt64
    ) -> ServerIndex {
        let index = free ?? servers.count
        let first = connections.insert(server: index, at: present)
        connections[first].phase = .down(until: .never)
        let policy = settings.policy ?? caching.settings.policy
        let server = Server(
            settings, index: index, first: first, times: self.settings,
            rules: policy.rules.rules, limiter: &limiter, seed: seed)
        if self.settings.isAdaptive {
            limiter.setAdaptive(true, of: server.limited, at: present)
        }
        if free == nil {
            servers.append(server)
            gateway.parts.append(GatewayPart())
        } else {
            servers[index] = server
            gateway.parts[index] = GatewayPart()
        }
        caching.addServer(
            policy, at: index,
            identity: settings.policy == nil ? caching.settings.identity : settings.identity,
            name: settings.name, isAlone: !isGateway)
        return index
    }

    /// The name of a server, as effects number them.
    package func name(ofServer server: ServerIndex) -> String { servers[server].name }

    /// Takes in complete lines until there is none left or back-pressure says stop.
    package mutating func receive(
        _ input: inout LineFramer, from stream: StreamID, at now: Instant,
        into effects: inout Effects
    ) {
        present = now
        // Part of a long line is a sign of life too.
        if case .server(let connection) = stream, input.hasNews, connections.contains(connection) {
            connections[connection].spokeAt = now
        }
        receiveLines(of: &input, from: stream, at: now, into: &effects)
        let wasClosing = lifecycle.phase >= .closing
        advance(at: now, into: &effects)
        // The end, where these lines have brought it about, lifts the back-pressure that may have
        // left some of them; nothing else would come back for those.
        if !wasClosing, lifecycle.phase >= .closing {
            receiveLines(of: &input, from: stream, at: now, into: &effects)
        }
    }

    private mutating func receiveLines(
        of input: inout LineFramer, from stream: StreamID, at now: Instant,
        into effects: inout Effects
    ) {
        while accepts(stream), let line = input.next() {
            receive(line, of: &input, from: stream, at: now, into: &effects)
        }
    }

    /// The stream has ended: takes in a last line without a newline, then notes the end.
    package mutating func finish(
        _ input: inout LineFramer, from stream: StreamID, at now: Instant,
        into effects: inout Effects
    ) {
        receiveRemainder(of: &input, from: stream, at: now, into: &effects)
        handle(.ended(stream), at: now, into: &effects)
    }

    /// Takes in a last line without a newline, where another event tells of the end.
    package mutating func receiveRemainder(
        of input: inout LineFramer, from stream: StreamID, at now: Instant,
        into effects: inout Effects
    ) {
        present = now
        if let line = input.finish() {
            receive(line, of: &input, from: stream, at: now, into: &effects)
        }
    }

    /// Whether bytes from this stream may be read and taken in now. A stream whose answers and
    /// forwarded messages pile up elsewhere has to wait: this is what bounds mcpo's memory.
    package mutating func accepts(_ stream: StreamID) -> Bool {
        switch stream {
        case .client:
            !client.isGone && client.outbound.count < queueLimit && hasRoomForRequests
        case .server(let connection):
            // Never made to wait for its own input: a server that writes before it reads would
            // stand still for ever. At the end mcpo must see the server's exit, whether or not
            // the client reads: nothing is kept then, see `sendToClient`.
            connections.contains(connection)
                && (client.outbound.count < queueLimit || lifecycle.phase >= .closing)
        }
    }

    /// Whether the only server takes what is written to it. One of several that does not must not
    /// keep the others waiting: what is for it is held.
    private var hasRoomForRequests: Bool {
        mutating get {
            if isGateway { return true }
            for connection in servers[0].pool
            where connections[connection].outbound.count >= queueLimit { return false }
            return true
        }
    }

    /// Shows what waits to be written to a stream; `body` returns how many bytes it took.
    /// - Returns: whether something is left.
    package mutating func takeOutput(
        of stream: StreamID, _ body: (UnsafeRawBufferPointer) -> Int
    ) -> Bool {
        switch stream {
        case .client:
            client.isFlushScheduled = false
            if !client.outbound.isEmpty { client.outbound.take(body) }
            return !client.outbound.isEmpty
        case .server(let connection):
            guard connections.contains(connection) else { return false }
            connections[connection].isFlushScheduled = false
            if !connections[connection].outbound.isEmpty {
                connections[connection].outbound.take(body)
            }
            return !connections[connection].outbound.isEmpty
        }
    }

    /// Whether bytes wait to be written to a stream.
    package func hasOutput(for stream: StreamID) -> Bool {
        switch stream {
        case .client: !client.outbound.isEmpty
        case .server(let connection):
            connections.contains(connection) && !connections[connection].outbound.isEmpty
        }
    }

    /// When `handle(.deadline)` is wanted next; `.never` when only bytes can change anything.
    package var nextDeadline: Instant {
        mutating get {
            var next = min(nextTimeout, lifecycle.deadline, connections.nextDeadline)
            if isGateway { next = min(next, gateway.deadline(of: order)) }
            if isLimiting, let turn = limiter.nextDeadline { next = min(next, turn) }
            for group in lingering { next = min(next, group.until) }
            if let expiry = caching.caches.nextDeadline { next = min(next, expiry) }
            if caching.isOn { next = min(next, alertDeadline) }
            return next
        }
    }

    /// Whether nothing is under way: no request of either side, no batch, nothing kept for later.
    package var isIdle: Bool {
        exchanges.isEmpty && batches.isEmpty && heldNotices == 0
            && client.serverRequests.isEmpty && client.outbound.isEmpty
            && connections.ids.allSatisfy { connections[$0].outbound.isEmpty }
    }
}

extension ProxyCore {
    private mutating func receive(
        _ line: FramedLine, of input: inout LineFramer, from stream: StreamID,
        at now: Instant, into effects: inout Effects
    ) {
        switch (line, stream) {
        case (.line(let range), .client):
            let bytes = input.bytes(of: range)
            receiveFromClient(bytes.bytes, at: now, into: &effects)
        case (.line(let range), .server(let connection)) where connections.contains(connection):
            let bytes = input.bytes(of: range)
            receive(bytes.bytes, from: connection, at: now, into: &effects)
        case (.tooLong, .client):
            let error = ProxyError(.invalidRequest, tooLongMessage)
            refuseUnread(input.takeSkimmed(), error, batch: nil, into: &effects)
        case (.tooLong, .server(let connection)) where connections.contains(connection):
            receiveUnread(input.takeSkimmed(), .tooLarge, from: connection, into: &effects)
        case (_, .server):
            break
        }
    }

    var tooLongMessage: String {
        "message longer than \(settings.limits.messageBytes) bytes; send less at a time"
    }
}
