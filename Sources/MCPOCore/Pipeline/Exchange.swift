// One request of the client, from its arrival to its answer.
//
//     admitted ──▶ held (no connection is open) ──▶ queued (too many calls) ──▶ sent ──▶ answered,
//         │            ▲                              ▲  │                       │   failed, cancelled
//         └────────────┴──────────────────────────────┴──┴──────────────────────▶┘
//                      └──────────────── its connection died, and it may be sent again ┘
//
// Exchanges live in a slab and are found by the client's id through an open-addressing index: no
// allocation per request, and ids that differ only in their escapes ("a" and "\u0061") are one id.

/// The place of an exchange in its table; meaningless once the exchange has ended.
package typealias ExchangeIndex = Int

/// A request of the client that has no answer yet.
package struct Exchange: Sendable {
    /// Where the request is.
    package enum Stage: Sendable {
        /// Waiting for a connection of the server to open; the line is kept.
        case held
        /// Waiting until fewer calls are under way; the line is kept.
        case queued
        /// Written to the server's queue under the number `flight`.
        case sent
        /// A subscription whose end the server has announced; its answer may follow.
        case tornDown
    }

    /// The client's id, verbatim.
    package var id: Lexeme
    /// The client's progress token, verbatim; empty when it asked for no progress.
    package var token: Lexeme
    package let method: Method
    package var stage = Stage.held
    /// The server that the request is for.
    package var server: ServerIndex = 0
    /// In which era's form it is.
    package var era = Era.legacy
    /// The connection that it was sent to, and the number that it goes by there; 0 before.
    package var connection = ConnectionID.none
    package var flight: UInt32 = 0
    /// Its place in the limiter's queue.
    var ticket: WaitTicket?
    /// The batch that the answer belongs into, if any.
    package let batch: BatchID?
    /// Whether its answer is a line of its own with nothing but the id to put back.
    let isPlain: Bool
    /// Counts all requests of the client: tells this one from another in the same place.
    package let arrival: UInt64
    /// Whether the table keeps the whole request: while it waits, while it may be sent again, and
    /// where a new process of the server may have to be told again (`Method.setsUpState`).
    package internal(set) var hasLine = false
    /// Whether the server that it is for is known; until then it has the times of the first.
    var isPlaced = true
    /// How often it was sent again.
    package var retries: UInt8 = 0
    /// Whether it came back from a connection that died: the retry budget has counted it.
    var hasComeBack = false
    /// Whether it waits for the answer to an equal request, whose flight it has joined.
    package var hasJoined = false
    /// Whether it may be sent again although it was written to a server: it only reads, or does the
    /// same however often.
    package var isRepeatable = false
    /// How long, in nanoseconds, it may go without an answer or progress.
    package internal(set) var patience: Int64
    /// When the caller gets a timeout error; `.never` for subscriptions.
    package var deadline: Instant
    /// The longest that progress may put the deadline off.
    package var lastDeadline: Instant
    /// When the request came.
    package let began: Instant
    /// Whether a stored answer that is past its time may stand in for an error.
    package var takesStale = false
    /// Where it is measured; nil for what is not.
    package var endpoint: EndpointID?
    /// The exchanges that came before and after it to the same flight, or -1.
    package internal(set) var previousWaiter: Int32 = -1
    package internal(set) var nextWaiter: Int32 = -1
    /// Whether the server has acknowledged this subscription.
    package var isAcknowledged = false
    /// The hash of the id (`Lexeme.idHash`), kept for the table.
    package let hash: UInt64

    package init(
        id: Lexeme, hash: UInt64, token: Lexeme, method: Method, batch: BatchID?, arrival: UInt64,
        patience: Int64 = 0, deadline: Instant, lastDeadline: Instant,
        began: Instant = Instant(nanoseconds: 0), endpoint: EndpointID? = nil
    ) {
        self.id = id
        self.hash = hash
        self.token = token
        self.method = method
        self.batch = batch
        isPlain = batch == nil && method != .listen
        self.arrival = arrival
        self.patience = patience
        self.deadline = deadline
        self.lastDeadline = lastDeadline
        self.began = began
        self.endpoint = endpoint
    }

    package var caller: Caller { Caller(id: id, method: method, batch: batch, server: server) }

    /// Whether a server may have read it.
    package var wasSent: Bool {
        switch stage {
        case .held, .queued: false
        case .sent, .tornDown: true
        }
    }

    /// Whether its answer has consequences of its own: state to restore later, a token to keep.
    package var concernsLater: Bool { method.setsUpState || !token.isEmpty }

    /// The server has shown that it works on the request.
    package mutating func extend(at now: Instant) {
        deadline = min(max(deadline, now.advanced(byNanoseconds: patience)), lastDeadline)
    }
}

/// Who gets the answer of an exchange that has ended.
package struct Caller: Sendable {
    package let id: Lexeme
    package let method: Method
    package let batch: BatchID?
    package let server: ServerIndex
}
