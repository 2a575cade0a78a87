// One server: how it is to be run, its connections, and what waits for them.

/// The place of a server in its proxy: small and dense. It stays what it is while the server is
/// there; the order of the configuration is `ProxyCore.order`.
package typealias ServerIndex = Int

/// A server behind the proxy.
package struct Server: ~Copyable {
    package let index: ServerIndex
    package var settings: ServerSettings
    /// Its connections. The first always has its place here, with or without a process; what must
    /// stay in one process is sent to that one.
    package var pool: [ConnectionID]
    package var restarts: RestartPolicy
    /// Connections beyond the first that are ending because nobody needs them.
    var surplus: [ConnectionID] = []
    /// When processes beyond the first may be started again: some were lost.
    var growth: RestartPolicy
    var growsAgainAt = Instant(nanoseconds: .min)
    /// Its places in the limiter: for all of it, and by rule for tools with a limit of their own.
    let limited: LimitedServer
    let lane: LimitedLane
    private(set) var ruleLanes: [LimitedLane?]
    /// What a new process has to be told.
    package var restoration = Restoration()
    /// What waits for a connection to open.
    package var held = HeldQueue()
    /// Which kind of protocol it speaks; nil until it has shown that.
    package var era: Era?
    /// Whether it failed to start again and again, and has not come up since.
    var isGivenUp = false
    /// How its last process ended that was its first connection; nil before.
    var lastEnd: ProcessEnd?
    /// Times a process was started in the place of one that was lost.
    package var restartCount = 0

    /// How long, in nanoseconds, a call may go without an answer or progress, and how long at all.
    private(set) var timeout: Int64
    private(set) var maximumTimeout: Int64
    /// Whether it has left the configuration: it finishes the calls that it has.
    var isRetired = false

    /// - Parameter times: has the times of servers that have none of their own.
    package init(
        _ settings: ServerSettings, index: ServerIndex, first: ConnectionID,
        times: borrowing ProxySettings, rules: [ToolRule], limiter: inout ConcurrencyLimiter,
        seed: UInt64
    ) {
        self.index = index
        self.settings = settings
        pool = [first]
        restarts = RestartPolicy(seed: seed)
        growth = RestartPolicy(seed: ~seed)
        let limited = limiter.addServer(limit: settings.maximumConcurrent)
        self.limited = limited
        lane = limiter.lane(of: limited)
        ruleLanes = Self.lanes(of: rules, limited, limiter: &limiter)
        (timeout, maximumTimeout) = Self.timeouts(settings, times)
    }

    /// A lane for each rule that has a limit of its own.
    private static func lanes(
        of rules: [ToolRule], _ server: LimitedServer, limiter: inout ConcurrencyLimiter
    ) -> [LimitedLane?] {
        rules.map { rule in
            rule.maximumConcurrent.map { limiter.addTool(of: server, limit: $0) }
        }
    }

    private static func timeouts(
        _ own: ServerSettings, _ times: borrowing ProxySettings
    ) -> (usual: Int64, maximum: Int64) {
        let usual = (own.timeout ?? times.timeout).wholeNanoseconds
        let maximum = (own.maximumTimeout ?? times.maximumTimeout).wholeNanoseconds
        return (usual, max(usual, maximum))
    }

    /// Takes other settings over, but for the rules.
    mutating func set(
        _ new: ServerSettings, _ times: borrowing ProxySettings, limiter: inout ConcurrencyLimiter
    ) {
        settings = new
        (timeout, maximumTimeout) = Self.timeouts(new, times)
        limiter.setLimit(new.maximumConcurrent, of: limited)
    }

    /// Takes other rules over: their tools have other limits.
    mutating func setRules(_ rules: [ToolRule], limiter: inout ConcurrencyLimiter) {
        for lane in ruleLanes { if let lane { limiter.remove(lane) } }
        ruleLanes = Self.lanes(of: rules, limited, limiter: &limiter)
    }

    package var name: String { settings.name }

    package var first: ConnectionID { pool[0] }

    /// Whether a connection ends because nobody needs it.
    func isSurplus(_ connection: ConnectionID) -> Bool { surplus.contains(connection) }

    /// The most connections that it may have now.
    var poolMaximum: Int {
        let usual = era == .modern ? PoolSettings.modernMaximum : 1
        return settings.pool.maximum ?? max(usual, settings.pool.minimum ?? 1)
    }

    /// The connections that it keeps though nobody needs them.
    var poolMinimum: Int { min(settings.pool.minimum ?? 1, poolMaximum) }

    /// Whether it has fewer.
    var isShort: Bool { pool.count < poolMinimum }
}
