// A request of the client in the mesh world, and each time that it, or one of mcpo's own, was written
// to a process.

import MCPOCore

/// One request of the client.
final class MeshRequest {
    let nonce: Int
    let id: Identity
    let method: Method
    /// The server that it is for; nil where mcpo answers, or nobody does.
    let server: Int?
    var tool: MeshTool?
    /// Of what it reads or writes.
    var key: Int?
    /// Equal for requests that one answer may serve; empty for those that it may not.
    var equality = ""
    /// What `params.arguments` has to look like at the server.
    var arguments: [UInt8] = []
    /// `params.name` or `params.uri` at the server; empty for none.
    var target = ""
    var token: [UInt8]?
    var line: [UInt8] = []
    /// Whether it takes longer than the time for a call.
    var isLong = false
    /// Whether it asks for what nobody has, and by whose name.
    var isUnknown = false
    var supposedServer: Int?

    var arrivedAt = Instant(nanoseconds: 0)
    /// What its server had answered writes with when it came.
    var floor = 0
    /// Whether everything was known that it takes to send it at once.
    var isExpected = false
    var endedAt: Instant?
    var isCancelled = false
    var progressAt: Instant?
    var attempts: [MeshAttempt] = []
    /// The version that it has made, if it writes and was executed.
    var applied = 0
    var runs = 0

    init(nonce: Int, id: Identity, method: Method, server: Int?) {
        self.nonce = nonce
        self.id = id
        self.method = method
        self.server = server
    }

    var isWrite: Bool { tool?.kind == .write }

    /// Whether it may be executed more than once.
    var isRepeatable: Bool { !isWrite || tool?.isIdempotent == true }

    /// Whether it is a call that limits hold for, in any presentation.
    var isCall: Bool {
        switch method {
        case .callTool, .readResource, .getPrompt, .complete: true
        default: false
        }
    }
}

/// One line that mcpo has written to a process and that wants an answer.
final class MeshAttempt {
    let serial: Int
    let process: MeshProcess
    /// The number that the process knows it by.
    let number: [UInt8]
    /// Whose request it is; nil for mcpo's own.
    let request: MeshRequest?
    let method: Method
    let writtenAt: Instant
    let token: [UInt8]?
    var cursor: [UInt8] = []
    var isModern = false
    /// From its receipt to its answer.
    var latency = Duration.zero
    /// The version of its key that it saw or made, or of its list.
    var version = 0
    /// Whether it was worked on, and mcpo was given an answer to it.
    var hasWorked = false
    var answeredAt: Instant?
    /// Whether it is under way, as far as limits go.
    var isUnderWay = true
    /// mcpo has said that it wants no answer any more.
    var isGivenUp = false
    /// The server does nothing more for it.
    var isDropped = false
    /// Where it waited for its turn.
    var lane = ""
    /// In which call of the core it was written.
    var call = 0

    init(
        serial: Int, process: MeshProcess, number: [UInt8], request: MeshRequest?, method: Method,
        writtenAt: Instant, token: [UInt8]?
    ) {
        self.serial = serial
        self.process = process
        self.number = number
        self.request = request
        self.method = method
        self.writtenAt = writtenAt
        self.token = token
    }
}

/// A process of a server.
final class MeshProcess {
    let number: UInt32
    let server: Int
    /// Whether it is what the server's state lives in: the first of its pool.
    let isFirst: Bool
    let spawnedAt: Instant
    var framer = LineFramer(maximumLineLength: 1 << 20)
    var isThere = false
    var isRunning = false
    /// mcpo knows that it is gone, and need not care for it any more.
    var isTold = false
    var isReleased = false
    /// It says nothing more, does nothing more, or does not answer pings.
    var isMute = false
    var isFrozen = false
    var isDeaf = false
    var isStubborn = false
    /// It does not read; this many bytes still go into its pipe.
    var isBlocked = false
    var room = 0
    var unread: [[UInt8]] = []
    var hasInputEnded = false
    /// mcpo has begun to end it.
    var isEnding = false
    /// What it has been sent that is no complete line yet.
    var partial: [UInt8] = []
    var hearsAt = Instant(nanoseconds: 0)
    var hasGreeted = false
    var initializations = 0
    var watched: Set<Int> = []
    /// Numbers of subscriptions.
    var listens: [[UInt8]] = []
    var attempts: [[UInt8]: MeshAttempt] = [:]
    /// Calls under way, pings without an answer in a row, and when it was asked or used last.
    var underWay = 0
    var missedPings = 0
    var pingAt = Instant(nanoseconds: 0)
    var ping: [UInt8] = []
    var usedAt = Instant(nanoseconds: 0)
    /// When it said something last.
    var saidAt: Instant

    init(_ number: UInt32, server: Int, isFirst: Bool, at now: Instant) {
        self.number = number
        self.server = server
        self.isFirst = isFirst
        spawnedAt = now
        saidAt = now
        usedAt = now
    }

    var connection: ConnectionID { ConnectionID(rawValue: number) }
}
