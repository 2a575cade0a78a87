// Everything that SPEC §8 reports, at one moment, as plain values.
//
// The core fills it in from its parts when somebody asks; `MetricsDocument` makes JSON of it and
// `MetricsText` something to read. Lists are in the order they are shown in.

/// The metrics of one moment.
package struct MetricsSnapshot: Equatable, Sendable {
    /// By the bytes of their names, once they are summarised.
    package var endpoints: [EndpointFigures] = []
    package var concurrency = ConcurrencyFigures()
    package var caches: [CacheFigures] = []
    package var dedup = DedupFigures()
    package var connection = ConnectionFigures()
    package var alerts: [MetricsAlert] = []
    /// mcpo's own version; empty if nobody has told it.
    package var version = ""
    /// Since mcpo started, in nanoseconds.
    package var uptime: Int64 = 0
    /// When it was taken, in milliseconds since 1970.
    package var unixMilliseconds: Int64

    package init(unixMilliseconds: Int64) {
        self.unixMilliseconds = unixMilliseconds
    }

    /// Calls that no server had to answer because of mcpo.
    package var savedCalls: Int { endpoints.reduce(0) { $0 + $1.savedCalls } }
    /// The time that callers did not have to wait, in nanoseconds.
    package var savedDuration: Int64 { endpoints.reduce(0) { $0 &+ $1.savedDuration } }
}

extension MetricsSnapshot {
    /// Makes the durations of its endpoints and puts these in order: some microseconds for each, for
    /// which the loop need not wait, so that whoever has asked does it.
    package func summarised() -> MetricsSnapshot {
        var snapshot = self
        snapshot.endpoints.summarise()
        return snapshot
    }
}

extension [EndpointFigures] {
    mutating func summarise() {
        var sorter = MarkSorter()
        for index in indices {
            self[index].durations = DurationSummary(of: self[index].window, &sorter)
            self[index].window = DurationWindow()
        }
        sort { $0.name.lexicographicallyPrecedes($1.name) }
    }
}

/// What one endpoint did.
package struct EndpointFigures: Equatable, Sendable {
    /// UTF-8.
    package var name: [UInt8]
    /// The server that it is of; empty if it is mcpo's own or of no one server.
    package var server = ""
    /// Requests that have arrived, ever; the outcomes add up to those that have ended.
    package var total = 0
    /// By a server, for this request alone or as the first of several.
    package var answered = 0
    package var failed = 0
    package var cancelled = 0
    package var hits = 0
    /// Requests that joined a flight of another one.
    package var joined = 0
    /// Those of them that got that flight's answer, and no error.
    package var joinedAnswers = 0
    package var inFlight = 0
    package var peakInFlight = 0
    /// How long all requests but the cancelled ones took together, ever, in nanoseconds.
    package var totalDuration: Int64 = 0
    /// The moving mean, over some 32 of them, of the requests that a server has answered themselves
    /// and successfully, in nanoseconds; 0 before the first.
    package var callDuration: Int64 = 0
    /// Hits and requests that joined, without those on whose account a call was sent all the same.
    package var savedCalls = 0
    /// What the answers of those would have taken longer, in nanoseconds: for a hit the mean of the
    /// calls at the time, for one that joined what that is longer than it has waited.
    package var savedDuration: Int64 = 0
    /// Requests by `DurationHistogram.bounds`, all but the cancelled ones, ever; not cumulative.
    package var histogram = Array(repeating: 0, count: DurationHistogram.bucketCount)
    /// Of the last requests that ended otherwise than by cancelling, once it is summarised.
    package var durations = DurationSummary()
    /// What `durations` is made of; empty once it is.
    var window = DurationWindow()
    package var arrivedInLastSecond = 0
    package var arrivedInLastFiveSeconds = 0

    package init(name: [UInt8], total: Int = 0) {
        self.name = name
        self.total = total
    }

    /// Percentage of the window's requests that did not fail; 100 when there are none.
    package var successRate: Double {
        guard durations.count > 0 else { return 100 }
        return 100 * Double(durations.count - durations.failures) / Double(durations.count)
    }

    /// Requests a second, over the last second.
    package var qps1s: Double { Double(arrivedInLastSecond) }
    /// Requests a second, over the last five.
    package var qps5s: Double { Double(arrivedInLastFiveSeconds) / 5 }

    /// How many ended in this way.
    package func count(_ outcome: RequestOutcome) -> Int {
        switch outcome {
        case .answered: answered
        case .failed: failed
        case .cancelled: cancelled
        case .hit: hits
        case .joined: joinedAnswers
        }
    }
}

/// The limiter's figures, all in requests.
package struct ConcurrencyFigures: Equatable, Sendable {
    package var maximum = 0
    package var current = 0
    package var peak = 0
    package var queued = 0
    /// Ever.
    package var rejected = 0

    package init() {}
}

/// The figures of one cache (SPEC §5, Statistics).
package struct CacheFigures: Equatable, Sendable {
    package var name: String
    package var hits = 0
    package var misses = 0
    package var stores = 0
    package var evictions = 0
    package var expirations = 0
    package var invalidations = 0
    package var staleServed = 0
    /// Entries.
    package var currentSize = 0
    package var maximumSize = 0
    package var memoryBytes = 0

    package init(name: String) {
        self.name = name
    }

    /// Percentage of the lookups that found something; 0 when there were none.
    package var hitRate: Double {
        let lookups = hits + misses
        return lookups > 0 ? 100 * Double(hits) / Double(lookups) : 0
    }
}

package struct DedupFigures: Equatable, Sendable {
    /// Requests that joined a flight of another one, ever.
    package var joined = 0
    /// Flights under way that can be joined.
    package var inFlight = 0

    package init() {}
}

/// How a server, or all of them together, is doing.
package enum HealthStatus: CaseIterable, Sendable {
    case healthy
    /// Some server is down, or some connections of the one in question.
    case degraded
    case unhealthy

    package var word: StaticString {
        switch self {
        case .healthy: "healthy"
        case .degraded: "degraded"
        case .unhealthy: "unhealthy"
        }
    }
}

package struct ConnectionFigures: Equatable, Sendable {
    package var status = HealthStatus.healthy
    /// Connections that were lost or could not be made, ever.
    package var errors = 0
    package var servers: [ServerFigures] = []
    /// Whether calls can be answered: mcpo is not stopping, and a connection of a server is open.
    package var isReady = false
    /// Why not, for a person; empty if it is.
    package var unreadyReason = ""

    package init() {}
}

/// The connections to one server.
package struct ServerFigures: Equatable, Sendable {
    package var name: String
    package var status = HealthStatus.healthy
    package var connections = 0
    /// Ever.
    package var restarts = 0
    /// Why it is not healthy, for a person; empty if it is.
    package var reason = ""
    /// Whether one of its connections takes requests.
    package var isOpen = false
    /// Calls under way.
    package var inFlight = 0
    /// Calls that wait for others to end.
    package var queued = 0
    /// How many calls may be under way; nil without a limit of its own.
    package var maximum: Int?

    package init(name: String) {
        self.name = name
    }
}

/// Something that is not as it should be at the moment.
package struct MetricsAlert: Equatable, Sendable {
    package enum Kind: CaseIterable, Sendable {
        /// The average duration is over its threshold; value and threshold are seconds.
        case slow
        /// The success rate is under its threshold; both are percentages.
        case failing
        /// A cache's hit rate is under its threshold; both are percentages.
        case cold
        /// The latest calls take much longer or shorter than usual (in seconds), or fail much more
        /// often (in percent).
        case anomaly

        package var word: StaticString {
            switch self {
            case .slow: "slow"
            case .failing: "failing"
            case .cold: "cold"
            case .anomaly: "anomaly"
            }
        }
    }

    /// Of value and threshold.
    package enum Unit: CaseIterable, Sendable {
        case seconds
        case percent

        package var word: StaticString {
            switch self {
            case .seconds: "seconds"
            case .percent: "percent"
            }
        }
    }

    package var kind: Kind
    package var unit: Unit
    /// The endpoint's name, for `cold` the cache's, in UTF-8.
    package var endpoint: [UInt8]
    package var value: Double
    package var threshold: Double
    /// Since when, in milliseconds since 1970.
    package var sinceUnixMilliseconds: Int64

    package init(
        _ kind: Kind, _ unit: Unit, endpoint: [UInt8], value: Double, threshold: Double,
        sinceUnixMilliseconds: Int64
    ) {
        self.kind = kind
        self.unit = unit
        self.endpoint = endpoint
        self.value = value
        self.threshold = threshold
        self.sinceUnixMilliseconds = sinceUnixMilliseconds
    }
}
