// Towards one process of a server.
//
//     phase        on                                   next
//     down         the restart's time                   starting
//     starting     spawned, nothing has to be asked     open
//                  spawned, else                        reopening
//     reopening    what it was asked is answered        open
//                  refused, or too late                 ending
//     open         its stdout ends, its stdin breaks,   ending
//                  checks fail, it is not needed or
//                  its server has left
//     any          the process exits                    down, or forgotten
//
// What is asked: `initialize` with the client's parameters, of a process that comes after one; in
// front of several servers of each, after `server/discover` where the era is not known; and of a
// further process of a modern server `server/discover`.
//
// Requests are sent while open, held while the server is about to be open again, and refused when
// that will take long (`RestartPolicy`). Only the first connection of a server is ever down; any
// other is forgotten when its process is gone.

/// A connection: one process of a server, its queues and what is under way to it.
package struct Connection: ~Copyable {
    package enum Phase: Equatable, Sendable {
        case down(until: Instant)
        case starting
        case reopening(until: Instant)
        case open
        /// No longer of use; `until` is when it is signalled (again).
        case ending(until: Instant, signalled: GroupSignal?)
    }

    package let id: ConnectionID
    package let server: ServerIndex
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
    /// Whether this process has answered anything, other than that it cannot be used.
    package var hasAnswered = false
    /// When it last said anything, and when a call timed out during all of whose time it said nothing.
    var spokeAt: Instant
    var failedAt = Instant(nanoseconds: .min)
    /// Why it cannot be used, a sentence without its subject; empty for nothing that is known.
    var refusal = ""
    package let startedAt: Instant
    /// When it last ended a flight; health checks are no use.
    package var usedAt: Instant
    /// When it was last known to be well by a health check.
    package var checkedAt: Instant
    /// Health checks in a row that failed.
    package var failedChecks = 0
    /// The number of the health check under way; 0 when there is none.
    package var check: UInt32 = 0
    /// When the next health check is due, or the one under way has failed.
    package var checkAt = Instant.never

    /// Of a server's first connection: when its pool is to be filled up again; some were lost.
    var fillAt = Instant.never

    package init(id: ConnectionID, server: ServerIndex, startedAt: Instant) {
        self.id = id
        self.server = server
        self.startedAt = startedAt
        spokeAt = startedAt
        usedAt = startedAt
        checkedAt = startedAt
    }

    /// Whether a process exists, or may.
    package var isRunning: Bool {
        if case .down = phase { false } else { true }
    }

    package var isOpen: Bool { phase == .open }

    /// Whether it has let the time of a whole call pass without a word, and is silent since.
    var isSilent: Bool { failedAt > spokeAt }

    /// When the connection itself has something to do.
    var deadline: Instant {
        let next = min(silenceDeadline, checkAt, fillAt)
        switch phase {
        case .down(let until), .reopening(let until), .ending(let until, _):
            return min(next, until)
        case .starting, .open:
            return next
        }
    }
}
