// What the referee keeps books on: a second, simpler account of everything that is under way.

import MCPOCore

/// A request of the client that has no answer yet.
struct Ask {
    enum Stage { case held, sent, tornDown }

    let serial: Int
    let request: Request
    let line: [UInt8]
    let batch: Int?
    var stage = Stage.held
    /// The number that the server knows it by, and where in everything said to it.
    var number: UInt32 = 0
    var position = 0
    var deadline = Instant.never
    var lastDeadline = Instant.never
    var isAcknowledged = false
    /// Whether mcpo keeps the line: while it waits, or to tell it to a new process.
    var isKept = false

    var isListen: Bool { request.method == .listen }
}

/// A request of a server that the client has not answered yet.
struct ServerAsk {
    var id: Identity
    var token: [UInt8]?
    var batch: Int?
}

/// What a number in flight is for.
enum FlightPurpose {
    case ask(Int)
    case reopen
    /// Given up when it has no answer by then.
    case restore(until: Instant)
}

/// A batch that is not complete.
struct OpenBatch {
    enum Part {
        /// A forwarded answer: as it must be, and how long it was when it came.
        case forwarded([UInt8], fit: Fit, Ask)
        case error([UInt8], ErrorCode)
        /// An answer of mcpo's own, known to the byte.
        case exact([UInt8])

        /// The fewest and the most bytes that it can have: errors have words in them.
        var length: ClosedRange<Int> {
            switch self {
            case .forwarded(let answer, .yes, _): answer.count...answer.count
            case .forwarded(let answer, _, _): 60...max(answer.count, 420)
            case .error(let id, _): 60 + id.count...400 + id.count
            case .exact(let answer): answer.count...answer.count
            }
        }
    }

    /// Whether an answer has room in the batches; where errors are about, only mcpo knows.
    enum Fit { case yes, no, maybe }

    /// The server's connection; nil for the client.
    var server: UInt32?
    var outstanding = 1
    var parts: [Part] = []
}

/// Something that waits for the server to be open.
enum HeldItem {
    case ask(Int)
    case notification([UInt8])
}

/// The server as mcpo must see it.
struct ServerView {
    enum Phase: Equatable {
        case down(until: Instant)
        case starting
        case reopening(until: Instant)
        case open
        case ending(until: Instant, GroupSignal?)
    }

    var connection: UInt32 = 1
    var phase = Phase.down(until: .never)
    var isInputClosed = false
    var hasAnswered = false
    /// When callers are told that its output has ended, unless its exit tells more before.
    var silentUntil = Instant.never
    var startedAt = Instant(nanoseconds: 0)
    var flights: [UInt32: FlightPurpose] = [:]
    var taskTokens: [(number: UInt32, token: [UInt8])] = []
    /// Bytes that the core has ever queued for this process.
    var appended = 0

    var isRunning: Bool { if case .down = phase { false } else { true } }
    var canHear: Bool { isRunning && !isInputClosed }
}

/// What a new process has to be told.
struct RestorationView {
    var initialize: Ask?
    var isInitialized = false
    var logLevel: Ask?
    var subscriptions: [Ask] = []

    var byteCount: Int {
        subscriptions.reduce(logLevel?.line.count ?? 0) {
            $0 + $1.request.uri.count + $1.line.count
        }
    }
}

/// What the referee can see of the core after a call.
struct Look {
    var now: Instant
    var nextDeadline: Instant
    var isIdle: Bool
    var counters: Counters
    var takenByServer: Int
}
