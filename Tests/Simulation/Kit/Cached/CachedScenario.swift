// What kind of a run a seed stands for in the cached world: the settings, the server, the client.
//
// The core is given the settings that the auditor judges by, unless a sabotage changes them.

import MCPOCore

/// The circumstances of one run of the cached world.
struct CachedScenario {
    enum ClientKind: CaseIterable {
        case legacy, batching, modern, mixed
    }

    var client: ClientKind
    var settings = ProxySettings(serverName: "sim")
    var caching: CachingSettings
    /// Requests the client makes at most.
    var questions: Int
    /// Between two things that the client says.
    var pause: Duration
    /// Percent of requests that are cancelled.
    var cancellations: Int
    /// Percent of the client's turns that are many requests at once.
    var storms: Int
    /// Percent of requests with a directive in `_meta["mcpo/cache"]`.
    var directives: Int
    /// Percent of requests that read a resource, beyond the usual.
    var resources: Int
    /// How many keys the client asks about: few make many equal requests.
    var keys: Int
    /// Percent of the client's requests that mean to change something.
    var writes: Int
    var server: CachedServerHabits

    init(_ dice: inout Dice) {
        client = dice.pick(ClientKind.allCases)
        questions = dice.between(10...60)
        pause = .milliseconds(dice.pick([0, 5, 60, 400, 2_000]))
        cancellations = dice.pick([0, 0, 10, 30])
        storms = dice.pick([0, 10, 40])
        directives = dice.pick([0, 10, 40])
        keys = dice.between(1...3)
        writes = dice.pick([0, 10, 30])
        resources = dice.pick([0, 0, 40])
        settings.timeout = .milliseconds(dice.pick([400, 3_000, 20_000]))
        settings.maximumTimeout = settings.timeout * dice.between(1...3)
        // One process at a time; pools have a world of their own.
        settings.servers[0].pool.maximum = 1
        settings.servers[0].pool.connectionTimeout = .milliseconds(dice.pick([300, 5_000]))
        settings.logLevel = .error
        if dice.percent(20) { settings.limits.abandonedWrites = dice.between(1...3) }
        caching = CachingSettings(policy: CachePolicy(), identity: Array("sim".utf8))
        server = CachedServerHabits(&dice, timeout: settings.timeout)
        chooseCaching(&dice)
        if dice.percent(50) { calmDown(&dice) }
        settings.caching = caching
    }

    /// Little goes wrong, so that much can be answered from the cache.
    private mutating func calmDown(_ dice: inout Dice) {
        questions = dice.between(40...120)
        cancellations = 0
        writes = dice.pick([0, 2, 5])
        keys = dice.between(1...2)
        server.failures = dice.pick([0, 5])
        server.oddities = dice.pick([0, 5])
        server.silence = 0
        server.drift = dice.pick([0, 10])
    }

    private mutating func chooseCaching(_ dice: inout Dice) {
        let mode = dice.pick(
            [.smart, .smart, .smart, .annotated, .all, .off] as [CachePolicy.Mode])
        var policy = CachePolicy(
            mode: mode, defaultTTL: .seconds(dice.pick([1, 5, 300])), rules: Self.rules(&dice))
        policy.dynamicTTL = .milliseconds(dice.pick([300, 4_000, 60_000]))
        let hotTTL = dice.percent(50) ? Duration.seconds(dice.pick([1, 40])) : nil
        if let hotTTL { policy.namedCacheTTLs["hot"] = hotTTL }
        caching.policy = policy
        caching.cache = Self.bounds(&dice)
        caching.namedCaches = [
            NamedCacheSettings(name: "hot", settings: Self.bounds(&dice), defaultTTL: hotTTL)
        ]
        caching.annotates = client == .batching || dice.percent(70)
        caching.staleCalls = Self.staleness(&dice, or: Staleness())
        caching.staleLists = Self.staleness(&dice, or: caching.staleLists)
        caching.dedupTTL = dice.pick([nil, .milliseconds(40), .seconds(60), .seconds(60)])
        caching.monitorWindow = dice.pick([1, 1_000])
        caching.hasMetricsTool = dice.percent(80)
    }

    private static func staleness(_ dice: inout Dice, or usual: Staleness) -> Staleness {
        guard dice.percent(50) else { return usual }
        return Staleness(
            whileRevalidate: .seconds(dice.pick([0, 2, 100])),
            ifError: .seconds(dice.pick([0, 2, 100])))
    }

    private static func bounds(_ dice: inout Dice) -> CacheSettings {
        CacheSettings(
            maxSize: dice.pick([1, 2, 4, 1_000, 1_000]),
            maxBytes: dice.pick([1_500, 4_000, 64 << 20, 64 << 20]),
            maxEntryBytes: dice.pick([nil, 600, 64 << 20]),
            strategy: dice.pick(CacheStrategy.allCases))
    }

    /// Rules as users write them, each with some chance.
    private static func rules(_ dice: inout Dice) -> [ToolRule] {
        var rules: [ToolRule] = []
        func add(_ rule: ToolRule, _ change: (inout ToolRule) -> Void = { _ in }) {
            guard dice.percent(15) else { return }
            var rule = rule
            change(&rule)
            rules.append(rule)
        }
        add(ToolRule("get_item", ttl: .milliseconds(1_500))) {
            $0.staleWhileRevalidate = .seconds(30)
            $0.staleIfError = .seconds(60)
        }
        add(ToolRule("search_*", cache: .named("hot")))
        add(ToolRule("note_view", cache: .no))
        add(ToolRule("set_item", cache: .no)) { $0.invalidates = ["get_*"] }
        add(ToolRule("drop_note")) {
            $0.invalidates = dice.pick([["search_items", "d?://*"], ["db*"], ["note_*"]])
        }
        add(ToolRule("frobnicate")) { $0.invalidates = [] }
        add(ToolRule("upsert_item", cache: .yes, ttl: .seconds(3)))
        add(ToolRule("query", ttl: .seconds(2))) { $0.staleIfError = .seconds(20) }
        add(ToolRule("current_time", cache: .yes, ttl: .seconds(1)))
        add(ToolRule("resources/read", cache: .named("hot"), ttl: .seconds(5)))
        add(ToolRule("prompts/list", ttl: .seconds(2)))
        add(ToolRule("*", ttl: .seconds(7))) { $0.staleWhileRevalidate = .seconds(3) }
        return rules
    }
}

/// What the server of the cached world is like.
struct CachedServerHabits {
    /// From receipt to answer at most; shorter than the time for a call, so that what it does late
    /// is still looked out for.
    var latency: Duration
    /// Until it reads what mcpo has written.
    var lag: Duration
    /// Percent of requests that are never answered, that fail, that are answered in an odd way.
    var silence: Int
    var failures: Int
    var oddities: Int
    /// Permille of requests at which its process dies.
    var mortality: Int
    /// Percent of cancelled requests that it drops, rather than goes on with.
    var obedience: Int
    /// Percent of requests with reports of progress.
    var chatter: Int
    /// Percent of the client's turns at which something changes by itself.
    var drift: Int
    /// Percent of answers with a `ttlMs`, where the revision has none; and its choices.
    var lifetimes: Int
    /// Whether `tools/list` has two pages.
    var hasPages: Bool
    var padding: Int

    init(_ dice: inout Dice, timeout: Duration) {
        let most = timeout.wholeNanoseconds / 1_000_000 * 7 / 10
        latency = .milliseconds(dice.pick([0, 2, min(50, Int(most)), Int(most)]))
        lag = .milliseconds(dice.pick([0, 1, 20]))
        silence = dice.pick([0, 0, 3, 20])
        failures = dice.pick([0, 10, 40])
        oddities = dice.pick([0, 10, 30])
        mortality = dice.pick([0, 0, 5, 30])
        obedience = dice.pick([0, 50, 100])
        chatter = dice.pick([0, 30])
        drift = dice.pick([0, 10, 40])
        lifetimes = dice.pick([0, 20])
        hasPages = dice.percent(30)
        padding = dice.pick([0, 10, 300])
    }
}
