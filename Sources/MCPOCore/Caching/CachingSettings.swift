// What the core needs to know of the configuration to answer from a cache, to merge calls, and to
// measure. The public configuration that this is made from is in the MCPO module.

/// Everything about caching, merging and measuring for one server.
package struct CachingSettings: Sendable {
    /// What may be stored and for how long: mode, default TTL, rules, classes, and the default TTLs
    /// of the named caches.
    package var policy: CachePolicy
    /// The cache called `default`.
    package var cache = CacheSettings()
    /// The caches that rules name, in the order of their names; none is called `default`.
    package var namedCaches: [NamedCacheSettings] = []
    /// Whether a hit carries `_meta["mcpo/cache"]`.
    package var annotates = true
    /// How long answers that have expired may still be given, where no rule says otherwise.
    package var staleCalls = Staleness()
    /// The same of the lists and of `server/discover` (SPEC §5: 1 h).
    package var staleLists = Staleness(whileRevalidate: .seconds(3600), ifError: .seconds(3600))
    /// How old a flight may be that others join (SPEC §6: 60 s); nil merges nothing.
    package var dedupTTL: Duration? = .seconds(60)
    /// How many requests of each endpoint are measured.
    package var monitorWindow = 1000
    /// Whether the tool `mcpo_metrics` is added to the server's.
    package var hasMetricsTool = true
    /// Whether it matters which tools write, though nothing is stored or merged: a legacy server has
    /// more than one process.
    package var needsTools = false
    /// The server's part of every key: see `ServerIdentity`.
    package var identity: [UInt8]

    /// No cache, no sharing, no tool.
    static var off: CachingSettings {
        var settings = CachingSettings(policy: CachePolicy(mode: .off), identity: [])
        settings.dedupTTL = nil
        settings.hasMetricsTool = false
        settings.monitorWindow = 1
        return settings
    }

    package init(policy: CachePolicy = CachePolicy(), identity: [UInt8]) {
        self.policy = policy
        self.identity = identity
    }

    /// How stale the answer to a request may be.
    /// - Parameter isList: whether it asks for a list, or for `server/discover`.
    package func staleness(of decision: CacheDecision, isList: Bool) -> Staleness {
        staleness(by: policy.rule(of: decision), isList: isList)
    }

    func staleness(by rule: ToolRule?, isList: Bool) -> Staleness {
        var staleness = isList ? staleLists : staleCalls
        guard let rule else { return staleness }
        staleness.whileRevalidate = rule.staleWhileRevalidate ?? staleness.whileRevalidate
        staleness.ifError = rule.staleIfError ?? staleness.ifError
        return staleness
    }
}

/// One of `caches`.
package struct NamedCacheSettings: Equatable, Sendable {
    package var name: String
    package var settings: CacheSettings
    /// nil: that of the policy. `CachePolicy.namedCacheTTLs` has it as well, for the decisions.
    package var defaultTTL: Duration?

    package init(name: String, settings: CacheSettings, defaultTTL: Duration? = nil) {
        self.name = name
        self.settings = settings
        self.defaultTTL = defaultTTL
    }
}

/// How long beyond its time an answer may be given, as in RFC 5861.
package struct Staleness: Equatable, Sendable {
    /// While a new one is fetched.
    package var whileRevalidate: Duration
    /// When the server fails.
    package var ifError: Duration

    package init(whileRevalidate: Duration = .zero, ifError: Duration = .zero) {
        self.whileRevalidate = whileRevalidate
        self.ifError = ifError
    }
}

/// What tells one server from every other one, account included (SPEC §5, *Key*).
///
/// A row of parts, each with its length in front (four bytes, little-endian) and lists with their
/// count, so that no two servers have the same bytes:
///
///     "stdio"   command   2 "-y" "server"   1 "TOKEN" "x"   "/home/me"
package enum ServerIdentity {
    /// A server that is a process.
    ///
    /// - Parameters:
    ///   - environment: what the configuration adds or replaces; in any order.
    ///   - directory: where the process starts.
    package static func process(
        command: String, arguments: [String], environment: [String: String], directory: String
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        append("stdio", to: &bytes)
        append(command, to: &bytes)
        append(arguments.count, to: &bytes)
        for argument in arguments { append(argument, to: &bytes) }
        append(environment.count, to: &bytes)
        for (name, value) in environment.sorted(by: { $0.key < $1.key }) {
            append(name, to: &bytes)
            append(value, to: &bytes)
        }
        append(directory, to: &bytes)
        return bytes
    }

    private static func append(_ text: String, to bytes: inout [UInt8]) {
        append(text.utf8.count, to: &bytes)
        bytes += text.utf8
    }

    private static func append(_ count: Int, to bytes: inout [UInt8]) {
        let count = UInt32(truncatingIfNeeded: count)
        for shift in stride(from: UInt32(0), to: 32, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: count >> shift))
        }
    }
}
