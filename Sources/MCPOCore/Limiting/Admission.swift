// What callers of the limiter say and are told.
//
// A call belongs to a lane: that of its server, or that of its tool where the configuration limits
// the tool. So one small number says which limits hold for it.

/// The settings that hold for all servers together (SPEC §2, `concurrency`).
package struct ConcurrencySettings: Equatable, Sendable {
    /// Calls at once that `maximum` may be at most, so that counts fit into 32 bits.
    package static let mostCalls = 1_000_000

    /// `concurrency.max`: calls at once; at least 1.
    package var maximum: Int
    /// `concurrency.maxQueue`: callers that wait; 0 lets nobody wait.
    package var maxQueue: Int
    /// `concurrency.queueTimeout`, in nanoseconds: how long each may wait; 0 lets nobody wait.
    package var queueTimeout: Int64

    /// The defaults are those of SPEC §2.
    package init(maximum: Int = 100, maxQueue: Int = 1000, queueTimeout: Int64 = 30_000_000_000) {
        self.maximum = min(max(maximum, 1), Self.mostCalls)
        self.maxQueue = min(max(maxQueue, 0), Self.mostCalls)
        self.queueTimeout = max(queueTimeout, 0)
    }
}

/// A server, as the limiter knows it.
package struct LimitedServer: Hashable, Sendable {
    let index: Int32
}

/// Where calls with the same limits wait: those of one limited tool, or all others of a server.
package struct LimitedLane: Hashable, Sendable {
    let index: Int32
}

/// A place in the limiter: held by one attempt of a call, and released exactly once.
package struct Permit: Equatable, Sendable {
    package let lane: LimitedLane
    package let started: Instant
}

/// A place in the queue, for a caller who may go away.
package struct WaitTicket: Equatable, Sendable {
    let place: Int32
    let arrival: UInt64
}

/// A caller whose turn it is.
package struct Turn: Equatable, Sendable {
    /// What the caller called itself.
    package let waiter: Int32
    package let permit: Permit
}

/// Why a caller is sent away with *overloaded*.
package enum ShedReason: Equatable, Sendable {
    /// `maxQueue` others wait.
    case queueFull
    /// It has waited for `queueTimeout`.
    case queueTimeout
}

/// What becomes of a caller.
package enum Admission: Equatable, Sendable {
    case admitted(Permit)
    /// It is given its turn by `next`, or taken out by `expire`.
    case queued(WaitTicket)
    case shed(ShedReason)
}

/// How the attempt that held a permit ended, as far as an adaptive limit learns from it.
package enum PermitOutcome: Equatable, Sendable {
    /// With an answer of the server's: its duration counts.
    case answered
    /// With something that says nothing of the server's load: the caller cancelled, the connection
    /// died, the server refused at once.
    case unmeasured
    /// With a sign of overload: no answer in time, or the server said that it is too busy.
    case overloaded
}

/// What is reported of one server.
package struct ServerLoad: Equatable, Sendable {
    package var current = 0
    package var queued = 0
    /// The limit in force; nil if it has none of its own.
    package var limit: Int?

    package init() {}
}
