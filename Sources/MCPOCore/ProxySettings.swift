// What the core needs to know of the configuration, in its own units. The public configuration,
// with its file, environment and validation, lives in the MCPO module.

/// Settings of the core.
package struct ProxySettings: Sendable {
    /// The server's name in logs and errors.
    package var serverName: String
    package var limits = Limits()
    /// How long a call may go without an answer or progress (SPEC §7: 300 s).
    package var timeout: Duration = .seconds(300)
    /// How long a call may take although it reports progress.
    package var maximumTimeout: Duration = .seconds(3600)
    /// How long requests in flight are waited for at the end (SPEC §10: 5 s).
    package var shutdownTimeout: Duration = .seconds(5)
    /// How long a server may take to answer `initialize` after a restart (SPEC §2, connectionTimeout).
    package var connectionTimeout: Duration = .seconds(30)
    package var logLevel: LogLevel = .info
    /// The cache, the sharing of equal calls and the metrics tool; nil for a proxy that only
    /// forwards.
    package var caching: CachingSettings?
    /// What to add to the driver's time to get nanoseconds since 1970.
    package var wallClockOffset: Int64 = 0

    package init(serverName: String) {
        self.serverName = serverName
    }
}

/// The bounds on everything that a peer can make grow (SPEC §9).
package struct Limits: Sendable {
    /// Bytes in one message.
    package var messageBytes = 64 * 1024 * 1024
    /// Levels of nesting in one message; Foundation's parsers have the same limit.
    package var depth = 512
    /// Requests of the client without an answer. Far above what any client has under way; with
    /// `Lexeme.maximumLength` it bounds what their ids and tokens can cost to 128 MiB.
    package var exchanges = 65_536
    /// Requests of one server to the client without an answer.
    package var serverRequests = 4_096
    /// A queue longer than this stops the reading of what fills it: enough to write several full
    /// pipes per system call, little enough to be no burden. A queue can exceed it by one message.
    package var queueBytes = 1024 * 1024
    /// Bytes of requests and notifications kept while a server starts again, and of requests that
    /// set something up there and must be repeated after a restart.
    package var heldBytes = 8 * 1024 * 1024
    /// Messages in one batch: far more than any client sends, few enough that the answers to
    /// nonsense stay small.
    package var batchMessages = 4_096
    /// Subscriptions that the server has ended but not answered; the oldest are forgotten.
    package var endedSubscriptions = 256
    /// Calls that may write, were given up, and whose late answer is looked out for.
    package var abandonedWrites = 1_024
    /// Progress tokens that stay in use because their request became a task.
    package var taskTokens = 1_024

    package init() {}
}
