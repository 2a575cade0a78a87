// The referee: knows what every call of the core must lead to, and says which promise it broke.
//
// It is a second model of mcpo, written from the promises instead of from the bytes. It is told
// what each line that goes in means, and checks what comes out, line by line, in order; what is
// left over belongs to nobody. `Invariants/` has the checks and the diagnosis of what went wrong.

import MCPOCore

/// Judges one run.
final class Referee {
    enum Handshake {
        case none, requested
        case agreed(allowsBatches: Bool)
    }

    enum Phase: Int { case running, draining, closing, flushing, finished }

    let settings: ProxySettings
    var coverage = Coverage<Feature>()
    private(set) var violation: Violation<Invariant>?
    /// By how much mcpo was woken too late, all in all.
    var lateness = Duration.zero

    // The client
    var handshake = Handshake.none
    var asks: [Int: Ask] = [:]
    var serials: [[UInt8]: Int] = [:]
    private var lastSerial = 0
    /// Ids that were in flight once.
    var endedIDs: Set<[UInt8]> = []
    var clientHasEnded = false
    var clientIsGone = false
    var serverAsks: [UInt32: ServerAsk] = [:]
    var clientTaskTokens: [(number: UInt32, token: [UInt8])] = []
    /// Answers that were delivered lately, their ids cut out: to tell a mix-up from a mutilation.
    var recentBodies: [[UInt8]] = []
    var batches: [Int: OpenBatch] = [:]
    private var lastBatch = 0

    // The server
    var server = ServerView()
    var held: [HeldItem] = []
    /// Bytes of all lines that are kept, held or to be told again.
    var keptBytes = 0
    /// Subscriptions that the server has ended and not answered, oldest first.
    var ended: [Int] = []
    var restoration = RestorationView()
    var restarts: RestartPolicy
    var lingering: [(connection: UInt32, until: Instant)] = []
    /// Processes that were started, and those that were released.
    var spawned: Set<UInt32> = []
    var released: Set<UInt32> = []

    // The end
    var phase = Phase.running
    var deadline = Instant.never
    var exitCode: Int32 = 0
    var clientTakes = 0
    var takesBefore = 0
    var lastTake = Instant(nanoseconds: 0)
    var stopTime: Instant?

    var counters = Counters()

    // The call at hand
    var now = Instant(nanoseconds: 0)
    var outcome = Outcome()
    var look: Look?
    private var nextClient = 0
    private var nextServer = 0
    private var nextCommand = 0
    /// The step towards the end that belongs to the call has been taken, or there is none.
    var hasAdvanced = false
    /// Bytes queued at this point of the call.
    var clientQueued = 0
    var serverQueued = 0

    /// - Parameter seed: that of the core, for the jitter of its restarts.
    init(_ settings: ProxySettings, seed: UInt64) {
        self.settings = settings
        restarts = RestartPolicy(seed: seed)
    }

    /// Notes the first broken promise; what follows from it says nothing.
    func blame(_ invariant: Invariant, _ details: @autoclosure () -> String) {
        if violation == nil {
            violation = Violation(invariant: invariant, details: details())
        }
    }

    /// Judges one call of the core.
    func judge(_ input: Input, _ outcome: Outcome, _ look: Look) {
        guard violation == nil else { return }
        self.outcome = outcome
        self.look = look
        now = look.now
        (nextClient, nextServer, nextCommand) = (0, 0, 0)
        clientQueued = outcome.clientBytes.before
        serverQueued = outcome.serverBytes.before
        hasAdvanced = false
        take(input)
        // A last line is taken in on its own; what it makes possible comes with the next event.
        if case .serverRest = input { hasAdvanced = true }
        if !hasAdvanced { advance() }
        guard violation == nil else { return }
        checkNothingIsLeft()
        checkBounds()
        checkCounters()
        checkQuiet()
    }

    private func take(_ input: Input) {
        switch input {
        case .event(let event): take(event)
        case .clientLines(let messages):
            for message in messages {
                checkRoomForClient()
                take(message, batch: nil)
            }
        case .clientEnd(let message):
            if let message { take(message, batch: nil) }
            noteEndOfClient()
        case .serverLines(let connection, let messages):
            for message in messages where connection == server.connection {
                checkRoomForServer()
                take(message, batch: nil)
            }
        case .serverEnd(let connection, let message):
            guard connection == server.connection else { return }
            if let message { take(message, batch: nil) }
            serverFellSilent()
        case .serverRest(let connection, let message):
            if connection == server.connection, let message { take(message, batch: nil) }
        case .advance: break
        }
    }

    // MARK: The books

    func ask(named id: Identity) -> Ask? {
        serials[id.canonical].flatMap { asks[$0] }
    }

    /// All requests under way, in the order in which they came.
    var asksInOrder: [Ask] {
        asks.values.sorted { $0.serial < $1.serial }
    }

    func open(_ request: Request, _ line: [UInt8], batch: Int?) -> Ask {
        lastSerial += 1
        var ask = Ask(serial: lastSerial, request: request, line: line, batch: batch)
        if !ask.isListen {
            ask.deadline = now.advanced(by: settings.timeout)
            ask.lastDeadline = now.advanced(by: settings.maximumTimeout)
        }
        ask.isKept =
            request.setsUpState && (request.method == .initialize || hasRoomToHold(line.count))
        if ask.isKept { keptBytes += line.count }
        asks[lastSerial] = ask
        serials[request.id.canonical] = lastSerial
        return ask
    }

    /// Takes a request out of the books.
    func close(_ ask: Ask) {
        endedIDs.insert(ask.request.id.verbatim)
        serials[ask.request.id.canonical] = nil
        if asks[ask.serial]?.isKept == true { keptBytes -= ask.line.count }
        asks[ask.serial] = nil
        ended.removeAll { $0 == ask.serial }
        if ask.stage != .held { server.flights[ask.number] = nil }
    }

    func openBatch(of server: UInt32?) -> Int {
        lastBatch += 1
        batches[lastBatch] = OpenBatch(server: server)
        return lastBatch
    }

    // MARK: What the call led to

    func popClient() -> [UInt8]? {
        guard nextClient < outcome.toClient.count else { return nil }
        nextClient += 1
        clientQueued += outcome.toClient[nextClient - 1].count + 1
        return outcome.toClient[nextClient - 1]
    }

    func popServer() -> [UInt8]? {
        guard nextServer < outcome.toServer.count else { return nil }
        nextServer += 1
        let length = outcome.toServer[nextServer - 1].count + 1
        serverQueued += length
        server.appended += length
        return outcome.toServer[nextServer - 1]
    }

    func popCommand() -> Effect? {
        while nextCommand < outcome.commands.count {
            nextCommand += 1
            if case .log = outcome.commands[nextCommand - 1] { continue }
            return outcome.commands[nextCommand - 1]
        }
        return nil
    }
}
