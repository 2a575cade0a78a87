// Towards one process of a server.
//
//     phase        on                                   next
//     down         the restart's time                   starting
//     starting     spawned, the client has initialised  reopening
//                  spawned, it has not                  open
//     reopening    initialize answered                  open
//                  refused, or too late                 ending
//     open         its stdout ends, its stdin breaks    ending
//     any          the process exits                    down
//
// Requests are sent while open, held while the server is about to be open again, and refused when
// that will take long (`RestartPolicy`).

/// One request written to the server, under the number it goes by.
package struct Flight {
    package enum Purpose: Sendable {
        /// A request of the client.
        case exchange
        /// mcpo's own repetition of a request whose stored answer is past its time.
        case refresh
        /// mcpo's own `tools/list`.
        case catalog
        /// mcpo's own `initialize` after a restart.
        case reopen
        /// mcpo's own repetition of what the client had set up.
        case restore
        /// A request that may write and that nobody waits for any more.
        case abandoned
    }

    package var purpose: Purpose
    /// The exchanges that wait for the answer, linked through `Exchange.nextWaiter`; -1 for none.
    package var firstWaiter: Int32 = -1
    package var lastWaiter: Int32 = -1
    /// When it is given up though nobody may be waiting; those of exchanges have their own.
    package var deadline = Instant.never
    /// Where the request begins in everything ever queued for the process.
    package var position: UInt64
    /// Whether what is stored of the server must go when it is answered, and by which rule.
    package var mayWrite = false
    package var rule: Int32 = -1
    /// What its answer may be used for beyond its exchange.
    package var terms: TermsID?

    package init(_ purpose: Purpose, position: UInt64) {
        self.purpose = purpose
        self.position = position
    }

    /// Whether its answer is of no use to anybody, though it may still come.
    package var isUnattended: Bool { purpose == .abandoned || purpose == .restore }

    /// The exchange that has waited longest.
    package var waiter: ExchangeIndex? { firstWaiter < 0 ? nil : ExchangeIndex(firstWaiter) }
}

/// The session with one process of a server.
package struct ServerSession: ~Copyable {
    package enum Phase: Equatable, Sendable {
        case down(until: Instant)
        case starting
        case reopening(until: Instant)
        case open
        /// No longer of use; `until` is when it is signalled (again).
        case ending(until: Instant, signalled: GroupSignal?)
    }

    package var connection: ConnectionID
    package var phase = Phase.starting
    package var outbound = ByteQueue()
    package var isFlushScheduled = false
    package var isInputClosed = false
    /// When callers are told that the server's stdout has ended, unless its exit tells more before.
    package var silenceDeadline = Instant.never
    package var flights = PendingTable<Flight>()
    /// Flights that may write and that nobody waits for any more, oldest first; some were answered.
    package var abandoned: [UInt32] = []
    /// The client's progress tokens whose requests have become tasks of this process.
    package var taskTokens = TaskTokens()
    /// Whether this process has answered anything.
    package var hasAnswered = false
    package var startedAt: Instant

    package init(connection: ConnectionID, startedAt: Instant) {
        self.connection = connection
        self.startedAt = startedAt
    }

    /// Whether a process exists, or may.
    package var isRunning: Bool {
        if case .down = phase { false } else { true }
    }
}
