// What the core needs to know of the configuration, in its own units. The public configuration,
// with its file, environment and validation, lives in the MCPO module.

/// Settings of the core.
package struct ProxySettings: Sendable {
    /// The servers, in the order of the configuration; at least one.
    package var servers: [ServerSettings]
    package var limits = Limits()
    /// How long a call may go without an answer or progress (SPEC §7: 300 s).
    package var timeout: Duration = .seconds(300)
    /// How long a call may take although it reports progress.
    package var maximumTimeout: Duration = .seconds(3600)
    /// How long requests in flight are waited for at the end (SPEC §10: 5 s).
    package var shutdownTimeout: Duration = .seconds(5)
    /// How many calls run at once; nil for no limit.
    package var concurrency: ConcurrencySettings?
    /// Whether the limits of servers find themselves, up to those that are configured.
    package var isAdaptive = false
    /// Calls whose connection died before it answered.
    package var retry = RetrySettings()
    package var logLevel: LogLevel = .info
    /// The cache, the sharing of equal calls and the metrics tool; nil for a proxy that only
    /// forwards.
    package var caching: CachingSettings?
    /// Several servers served as one; nil for one server that everything goes to as it is.
    package var gateway: GatewaySettings?
    /// The thresholds past which alerts are raised.
    package var alerts = AlertThresholds()
    /// mcpo's own version, for the metrics.
    package var version = ""
    /// What to add to the driver's time to get nanoseconds since 1970.
    package var wallClockOffset: Int64 = 0

    /// One server, transparent.
    package init(serverName: String) {
        servers = [ServerSettings(name: serverName)]
    }
}

/// How several servers are served as one (SPEC §3 and §12).
package struct GatewaySettings: Equatable, Sendable {
    /// How names are made where there is more than one server: `.prefix` or `.none`.
    package var naming = Naming()
    /// How long the first answers wait for servers that are starting.
    package var startupWait: Duration = .seconds(5)
    /// How long a server may be silent at the question which era it is of.
    package var probeTimeout: Duration = .seconds(2)
    /// How long changed lists are gathered before the client is told.
    package var debounce: Duration = .milliseconds(50)
    /// How long a list is good whose server does not say.
    package var listTTL: Duration = .seconds(300)
    /// mcpo's own version, for the client and the servers.
    package var version: String

    package init(version: String) {
        self.version = version
    }
}

/// Settings of one server.
package struct ServerSettings: Sendable {
    /// Its name in logs, errors and metrics.
    package var name: String
    package var pool = PoolSettings()
    /// What may be stored of it; nil: as `CachingSettings.policy` and `.identity` say.
    package var policy: CachePolicy?
    /// See `ServerIdentity`; empty where `policy` is nil.
    package var identity: [UInt8] = []
    /// How many of its calls run at once; nil for no limit but that of all.
    package var maximumConcurrent: Int?
    /// Instead of `ProxySettings.timeout` and `.maximumTimeout`.
    package var timeout: Duration?
    package var maximumTimeout: Duration?

    package init(name: String) {
        self.name = name
    }
}

/// Which calls are sent again (SPEC §7).
package struct RetrySettings: Equatable, Sendable {
    /// How often one call is; 0 never.
    package var maximum = 0
    /// Retries per 100 calls.
    package var budgetPercent = 20

    package init() {}
}

/// How many connections a server has, and how they are kept (SPEC §2 and §7).
package struct PoolSettings: Equatable, Sendable {
    /// SPEC §7: any process of a modern server is as good as another one.
    static let modernMaximum = 10

    /// At least 1; nil is 1.
    package var minimum: Int?
    /// nil is 10 for a modern server, and 1, or the minimum, for a legacy one.
    package var maximum: Int?
    /// How long a connection beyond the minimum may be without a call.
    package var maximumIdleTime: Duration = .seconds(300)
    /// How long a process may take until it takes requests.
    package var connectionTimeout: Duration = .seconds(30)
    /// How often a connection without calls is asked whether it is well; zero never.
    package var healthCheckInterval: Duration = .zero
    /// The pool grows when each connection has this many calls under way.
    package var maximumInFlight = 8

    package init() {}
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
    /// Connections of one server.
    package var connections = 256
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
    /// Resources that the client watches through mcpo, in front of several servers: far above what
    /// clients do, few enough to be told to a server anew with each change.
    package var watchedResources = 1_024
    /// Bytes of their URIs.
    package var watchedBytes = 1024 * 1024
    /// Calls that may write, were given up, and whose late answer is looked out for.
    package var abandonedWrites = 1_024
    /// Progress tokens that stay in use because their request became a task.
    package var taskTokens = 1_024

    package init() {}
}
