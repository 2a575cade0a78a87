// One downstream call: a request written to a connection, and who waits for its answer.

/// A request under way to a server, under the number that its connection knows it by.
package struct Flight {
    package enum Purpose: Equatable, Sendable {
        /// A request of the client.
        case exchange
        /// mcpo's own repetition of a request whose stored answer is past its time.
        case refresh
        /// mcpo's own `tools/list`.
        case catalog
        /// mcpo's own question for a page of a list, in front of several servers.
        case list(EntryList.Kind)
        /// mcpo's own `server/discover`.
        case probe
        /// mcpo's own subscription on a modern server.
        case listen
        /// mcpo's own subscription to a resource of a legacy server, for a modern client.
        case watch
        /// mcpo's own `initialize` of a new process.
        case reopen
        /// mcpo's own repetition of what the client had set up.
        case restore
        /// mcpo's own question whether the server is well.
        case check
        /// A request that may write and that nobody waits for any more.
        case abandoned

        /// Whether it asks whether the connection can be used at all: only a good answer is one.
        var opensConnection: Bool { self == .probe || self == .reopen }

        /// Whether it is given up after the time for a call; others last, or have times of their own.
        var timesOut: Bool {
            switch self {
            case .refresh, .catalog, .list, .watch, .restore, .abandoned: true
            case .exchange, .probe, .listen, .reopen, .check: false
            }
        }
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
    /// Its place among the calls under way; nil for what is not limited.
    package var permit: Permit?
    /// What its answer may be used for beyond its exchange.
    package var terms: TermsID?

    package init(_ purpose: Purpose, position: UInt64) {
        self.purpose = purpose
        self.position = position
    }

    /// Whether its answer is of no use to anybody, though it may still come.
    package var isUnattended: Bool {
        switch purpose {
        case .abandoned, .restore, .check, .listen, .watch: true
        case .exchange, .refresh, .catalog, .list, .probe, .reopen: false
        }
    }

    /// The exchange that has waited longest.
    package var waiter: ExchangeIndex? { firstWaiter < 0 ? nil : ExchangeIndex(firstWaiter) }
}
