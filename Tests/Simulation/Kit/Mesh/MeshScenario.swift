// What kind of a run a seed stands for in the mesh world: which servers, how they behave, the client,
// the settings.
//
//     calm       nothing goes wrong: nobody may get an error, and nobody loses its place in a queue
//     isolated   one server is wild, and must not be felt by those who call others
//     wild       anything goes wrong anywhere
//
// The core is given the settings that the auditor judges by, unless a sabotage changes them.

import MCPOCore

/// The circumstances of one run of the mesh world.
struct MeshScenario {
    enum Kind { case calm, isolated, wild }

    /// Servers' names, in the order of the configuration.
    static let names = ["github", "files", "db", "web.app", "mail-2", "cal"]
    /// How many keys each server's database has.
    static let keys = 2

    private(set) var kind: Kind
    let isGateway: Bool
    let client: Era
    var settings = ProxySettings(serverName: "")
    var servers: [MeshHabits] = []
    /// Requests that the client makes before everything becomes peaceful.
    var requests: Int
    /// Between two things that the client says.
    var pause: Duration
    /// Percent of requests that are cancelled, and of turns that are many requests at once.
    var cancellations: Int
    var storms: Int
    /// Percent of requests that ask for progress.
    var tokens: Int
    /// Percent of calls that take longer than the time for a call.
    var longCalls: Int
    /// How it ends: the client goes after its last answer, or in the middle.
    var leavesEarly: Bool
    /// Whether a modern client listens to changes.
    var listens: Bool

    init(_ dice: inout Dice) {
        kind = dice.pick([.calm, .isolated, .wild, .wild])
        isGateway = kind == .isolated || dice.percent(80)
        client = dice.pick([.legacy, .modern])
        requests = dice.between(10...50)
        pause = .milliseconds(dice.pick([0, 5, 60, 400, 3_000]))
        cancellations = kind == .wild ? dice.pick([0, 10, 30]) : 0
        storms = dice.pick([0, 10, 50])
        tokens = dice.pick([0, 50])
        longCalls = kind == .wild ? dice.pick([0, 5]) : 0
        leavesEarly = dice.percent(15)
        listens = dice.percent(50)
        chooseTimes(&dice)
        chooseServers(&dice)
        chooseLimits(&dice)
        chooseCaching(&dice)
    }

    private mutating func chooseTimes(_ dice: inout Dice) {
        settings.timeout = .milliseconds(dice.pick([2_000, 9_000]))
        settings.maximumTimeout = settings.timeout * dice.between(1...3)
        settings.shutdownTimeout = .seconds(dice.pick([1, 5]))
        settings.retry.maximum = dice.between(0...2)
        settings.retry.budgetPercent = dice.pick([0, 5, 20])
        settings.logLevel = .error
        guard isGateway else { return }
        var gateway = GatewaySettings(version: "0.0")
        gateway.startupWait = .milliseconds(dice.pick([300, 2_000, 5_000]))
        gateway.probeTimeout = .milliseconds(dice.pick([100, 2_000]))
        gateway.listTTL = .seconds(dice.pick([5, 300]))
        settings.gateway = gateway
    }

    private mutating func chooseServers(_ dice: inout Dice) {
        let count = isGateway ? dice.between(kind == .isolated ? 2...6 : 1...6) : 1
        let wild = dice.roll(count)
        servers = (0..<count).map { index in
            let isWild = kind == .wild || kind == .isolated && index == wild
            return MeshHabits(&dice, isWild: isWild, timeout: settings.timeout)
        }
        if !isGateway {
            servers[0].origin = client == .legacy ? .refusing : dice.pick([.modern, .dual])
        }
        settings.servers = servers.indices.map { index in
            var server = ServerSettings(name: Self.names[index])
            server.pool = Self.pool(&dice)
            // Who needs longer than that never comes up.
            if servers[index].start > .milliseconds(500) {
                server.pool.connectionTimeout = .seconds(10)
            }
            server.policy = policy(&dice)
            server.identity = [UInt8(index)]
            if dice.percent(20) { server.timeout = settings.timeout * 2 }
            return server
        }
    }

    private static func pool(_ dice: inout Dice) -> PoolSettings {
        var pool = PoolSettings()
        if dice.percent(60) {
            pool.minimum = dice.pick([nil, 1, 2, 3])
            pool.maximum = dice.percent(70) ? max(dice.between(1...4), pool.minimum ?? 1) : nil
        }
        pool.maximumInFlight = dice.pick([1, 2, 8])
        pool.maximumIdleTime = .seconds(dice.pick([2, 15]))
        pool.healthCheckInterval = .seconds(dice.pick([0, 4, 12]))
        pool.connectionTimeout = .milliseconds(dice.pick([1_000, 10_000]))
        return pool
    }

    /// Rules as users write them, each with some chance.
    private func policy(_ dice: inout Dice) -> CachePolicy {
        var rules: [ToolRule] = []
        if kind != .isolated, dice.percent(25) {
            var rule = ToolRule("view_echo")
            rule.maximumConcurrent = dice.between(1...2)
            rules.append(rule)
        }
        if kind != .isolated, dice.percent(25) {
            var rule = ToolRule("set_item")
            rule.maximumConcurrent = 1
            rules.append(rule)
        }
        return CachePolicy(mode: dice.pick([.smart, .smart, .off]), rules: rules)
    }

    private mutating func chooseLimits(_ dice: inout Dice) {
        if kind == .isolated {
            settings.concurrency = ConcurrencySettings(maximum: 100_000, maxQueue: 10)
            return
        }
        guard dice.percent(60) else { return }
        settings.concurrency = ConcurrencySettings(
            maximum: dice.pick([1, 3, 10, 100]), maxQueue: dice.pick([0, 2, 10, 1_000]),
            queueTimeout: Int64(dice.pick([100, 1_000, 30_000])) * 1_000_000)
        for index in servers.indices where dice.percent(40) {
            settings.servers[index].maximumConcurrent = dice.between(1...3)
        }
        settings.isAdaptive = dice.percent(20)
    }

    private mutating func chooseCaching(_ dice: inout Dice) {
        var caching = CachingSettings(policy: CachePolicy(mode: .smart), identity: [])
        caching.hasMetricsTool = false
        caching.needsTools = true
        caching.dedupTTL = dice.pick([nil, .seconds(60)])
        settings.caching = caching
    }

    // MARK: For sabotages

    /// Nothing goes wrong.
    mutating func calmDown() {
        kind = .calm
        cancellations = 0
        longCalls = 0
        for server in servers.indices { servers[server].pacify() }
    }

    /// One server goes wrong.
    mutating func isolate() {
        calmDown()
        kind = .isolated
        settings.concurrency = nil
        servers[0].isWild = true
    }

    // MARK: What it means

    func name(_ server: Int) -> String { Self.names[server] }

    /// What the client calls an entry of a server.
    func exposed(_ name: String, of server: Int) -> String {
        isGateway && servers.count > 1 ? "\(Self.names[server])__\(name)" : name
    }

    /// The era that mcpo speaks to a server in; nil if that depends on its first answer.
    func era(of server: Int) -> Era? {
        guard isGateway else { return client }
        switch servers[server].origin {
        case .refusing, .silent, .dying: return .legacy
        case .modern: return .modern
        case .dual: return nil
        }
    }

    func maximumPool(of server: Int, _ era: Era?) -> Int {
        let pool = settings.servers[server].pool
        let usual = era == .legacy ? max(1, pool.minimum ?? 1) : 10
        return pool.maximum ?? usual
    }

    func minimumPool(of server: Int, _ era: Era?) -> Int {
        min(settings.servers[server].pool.minimum ?? 1, maximumPool(of: server, era))
    }

    func timeout(of server: Int) -> Duration {
        settings.servers[server].timeout ?? settings.timeout
    }

    func maximumTimeout(of server: Int) -> Duration {
        max(timeout(of: server), settings.maximumTimeout)
    }

    var longestTimeout: Duration { settings.timeout * 2 }

    /// The longest that anybody waits for servers to start.
    var startupWait: Duration { settings.gateway?.startupWait ?? .zero }
}
