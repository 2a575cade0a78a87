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
package struct Flight: Sendable {
    package enum Purpose: Sendable {
        /// A request of the client.
        case exchange(ExchangeIndex)
        /// mcpo's own `initialize` after a restart.
        case reopen
        /// mcpo's own repetition of what the client had set up.
        case restore
    }

    package var purpose: Purpose
    /// Where the request begins in everything ever queued for the process.
    package var position: UInt64
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
