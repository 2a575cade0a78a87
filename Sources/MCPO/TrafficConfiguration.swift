// What a proxy can be told about its traffic: the objects `pool`, `concurrency`, `retry`, `naming`,
// `monitor` and `http` of the configuration (SPEC §2, §6 to §8).

/// The connections to one server.
public struct PoolConfiguration: Equatable, Sendable {
    /// Connections that stay open, from 1 to 1000. nil (the default) is 1.
    public var min: Int?
    /// Connections at most, from 1 to 1000; at least `min`. nil (the default) goes by the server's
    /// era: 10 for a modern one, 1 for a legacy one, which may keep state in its process; `min` if
    /// that is more.
    public var max: Int?
    /// How long a connection above `min` stays without a call. Default 300 s; not negative.
    public var maxIdleTime = Duration.seconds(300)
    /// How long a connection may take to open. Default 30 s; more than 0.
    public var connectionTimeout = Duration.seconds(30)
    /// How often an idle connection is asked whether it lives. Default 60 s; more than 0.
    public var healthCheckInterval = Duration.seconds(60)
    /// Calls under way on one connection before another one is opened. Default 8; from 1 to 10,000.
    public var maxInFlight = 8

    public init(min: Int? = nil, max: Int? = nil) {
        self.min = min
        self.max = max
    }
}

extension ProxyConfiguration {
    /// How many calls run at once, over all servers.
    public struct Concurrency: Equatable, Sendable {
        /// Calls at most. Default 100; from 1 to 100,000.
        public var max = 100
        /// Calls that wait for a place. Default 1000; from 0 to 1,000,000.
        public var maxQueue = 1000
        /// How long a call waits for a place. Default 30 s; not negative.
        public var queueTimeout = Duration.seconds(30)
        /// Whether the limit is found from the servers' latency, `max` being the highest. Default
        /// false.
        public var isAdaptive = false

        public init() {}
    }

    /// Which calls are sent again when their connection dies before it has answered.
    public struct Retry: Equatable, Sendable {
        /// How often one call is repeated. Default 2; from 0 to 10.
        public var max = 2
        /// How many of a hundred calls are repeated at most. Default 20; from 0 to 100.
        public var budgetPercent = 20

        public init() {}
    }

    /// What a server's tools and prompts are called where several servers are served as one.
    public struct Naming: Equatable, Sendable {
        /// How names are made.
        public enum Mode: String, CaseIterable, Sendable {
            /// `server__tool`.
            case prefix
            /// The server's own; two of the same stop the start.
            case unchanged = "none"
        }

        /// Default `prefix`.
        public var mode = Mode.prefix
        /// What stands between the server's name and the tool's. Default `__`; 1 to 8 letters,
        /// digits, `.`, `_` and `-`.
        public var separator = "__"

        public init() {}

        /// What clients call the entry `name` of the server called `server`.
        package func exposed(_ name: String, of server: String) -> String {
            switch mode {
            case .prefix: server + separator + name
            case .unchanged: name
            }
        }
    }

    /// What is measured.
    public struct Monitor: Equatable, Sendable {
        /// The thresholds past which an alert is raised, after 20 requests; what is nil raises none.
        /// Calls that are unlike those before them raise one without a threshold.
        public struct Alerts: Equatable, Sendable {
            /// An endpoint's average duration above this; more than 0.
            public var averageDuration: Duration?
            /// An endpoint's success rate below this, in percent from 0 to 100.
            public var successRate: Double?
            /// A cache's hit rate below this, in percent from 0 to 100.
            public var hitRate: Double?

            public init() {}
        }

        /// How many of the last requests of each endpoint the figures are about. Default 1000; from
        /// 1 to 100,000.
        public var windowSize = 1000
        /// Default none.
        public var alerts = Alerts()

        public init() {}
    }

    /// The port for metrics, health and the dashboard.
    public struct HTTP: Equatable, Sendable {
        /// Where to listen; nil (the default) is nowhere.
        public var listen: ListenAddress?
        /// What a request must bear that changes something, and one for metrics if the address is
        /// the network's (`Authorization: Bearer TOKEN`); nil (the default) or empty is none, and
        /// nothing can be changed. At most 4,096 visible ASCII characters, without spaces: no request
        /// could bear another.
        public var token: String?

        public init(listen: ListenAddress? = nil, token: String? = nil) {
            self.listen = listen
            self.token = token
        }

        /// Whether there is a token that protects anything.
        package var hasToken: Bool { token.map { !$0.isEmpty } ?? false }
    }
}
