// The servers and tools that the limiter knows, and their limits, all of which may change while
// calls are under way.
//
// A limit that is lowered lets running calls finish: nobody goes until enough have. One that is
// raised lets waiters go: call `next`. What is removed takes part until its last call has ended and
// its last waiter has gone; then its number is given to the next that is added, so the tables are
// as long as the longest configuration (with what it left behind) has been.

/// One server's calls.
struct ServerScope {
    /// Calls under way.
    var running: Int32 = 0
    /// How many may be: the smaller of the configured and the adaptive limit.
    var limit = Int32.max
    var waiting: Int32 = 0
    /// The limit from the configuration.
    var configured = Int32.max
    /// The lane of all calls without a limit for their tool.
    var ownLane: Int32
    var isRemoved = false
    /// The lanes whose first may go as far as the lane is concerned, by arrival.
    var openLanes = EarliestTree()
    /// By leaf of `openLanes`; -1 if it is free.
    var laneOfLeaf: [Int32] = []
    var adaptive = AdaptiveLimit()

    var hasPlace: Bool { running < limit }
    var isFree: Bool { isRemoved && running == 0 && waiting == 0 }

    /// Lets an adaptive limit learn from a call that has ended.
    mutating func learn(
        _ permit: Permit, _ outcome: PermitOutcome, _ kind: Int32, at now: Instant
    ) {
        if adaptive.record(outcome, from: permit.started, kind: kind, at: now) { updateLimit() }
    }

    mutating func updateLimit() {
        limit = adaptive.isOn ? min(configured, Int32(clamping: adaptive.limit)) : configured
    }
}

/// One lane's calls.
struct LaneScope {
    /// Calls under way.
    var running: Int32 = 0
    var limit = Int32.max
    var server: Int32
    /// Its number among the lanes of its server.
    var leaf: Int32
    var isRemoved = false
    var line = WaiterLine()

    var hasPlace: Bool { running < limit }
    var isFree: Bool { isRemoved && running == 0 && line.first < 0 }
}

extension ConcurrencyLimiter {
    /// Adds a server.
    /// - Parameter limit: how many of its calls may run at once, at least 1; nil for no limit but
    ///   the common one.
    package mutating func addServer(limit: Int? = nil) -> LimitedServer {
        var scope = ServerScope(ownLane: -1)
        let index: Int
        if let free = servers.indices.first(where: { servers[$0].isFree }) {
            index = free
            // Its lanes are as free as it is, and of no server.
            for lane in lanes.indices where lanes[lane].server == free { lanes[lane].server = -1 }
            servers[free] = scope
        } else {
            index = servers.count
            servers.append(scope)
            openServers.reserve(servers.count)
        }
        let server = LimitedServer(index: Int32(truncatingIfNeeded: index))
        scope.ownLane = addLane(server, .max).index
        servers[index].ownLane = scope.ownLane
        setLimit(limit, of: server)
        return server
    }

    /// Adds a tool with a limit of its own, at least 1.
    package mutating func addTool(of server: LimitedServer, limit: Int) -> LimitedLane {
        addLane(server, Self.clamped(limit))
    }

    /// The lane of calls of a server that have no limit for their tool.
    package func lane(of server: LimitedServer) -> LimitedLane {
        LimitedLane(index: servers[Int(server.index)].ownLane)
    }

    /// Forgets a server and its tools once all its calls have ended.
    package mutating func remove(_ server: LimitedServer) {
        servers[Int(server.index)].isRemoved = true
        for lane in lanes.indices where lanes[lane].server == server.index {
            lanes[lane].isRemoved = true
        }
    }

    /// Forgets a tool once all its calls have ended.
    package mutating func remove(_ tool: LimitedLane) {
        lanes[Int(tool.index)].isRemoved = true
    }

    /// Changes the common settings.
    package mutating func set(_ settings: ConcurrencySettings) {
        self.settings = settings
        for index in servers.indices { adjustCeiling(index) }
    }

    /// Changes a server's limit.
    package mutating func setLimit(_ limit: Int?, of server: LimitedServer) {
        servers[Int(server.index)].configured = limit.map(Self.clamped) ?? .max
        adjustCeiling(Int(server.index))
    }

    /// Changes a tool's limit.
    package mutating func setLimit(_ limit: Int, of tool: LimitedLane) {
        lanes[Int(tool.index)].limit = Self.clamped(limit)
        refresh(Int(tool.index))
    }

    /// Lets a server's limit find itself, up to the configured one, or not (`concurrency.adaptive`).
    package mutating func setAdaptive(_ isOn: Bool, of server: LimitedServer, at now: Instant) {
        let index = Int(server.index)
        guard servers[index].adaptive.isOn != isOn else { return }
        servers[index].adaptive = isOn ? AdaptiveLimit(at: now) : AdaptiveLimit()
        adjustCeiling(index)
    }

    /// How long the tables are: servers, lanes, and all servers' numbers for their lanes.
    package var tableSizes: [Int] {
        var leaves = 0
        for server in servers.indices { leaves += servers[server].laneOfLeaf.count }
        return [servers.count, lanes.count, leaves]
    }

    private mutating func adjustCeiling(_ server: Int) {
        let ceiling = min(Int(servers[server].configured), settings.maximum)
        servers[server].adaptive.setCeiling(ceiling)
        servers[server].updateLimit()
        refreshServer(server)
    }

    private mutating func addLane(_ server: LimitedServer, _ limit: Int32) -> LimitedLane {
        let index = freeLane()
        let leaf = freeLeaf(Int(server.index))
        var scope = LaneScope(server: server.index, leaf: Int32(truncatingIfNeeded: leaf))
        scope.limit = limit
        if index == lanes.count { lanes.append(scope) } else { lanes[index] = scope }
        let lane = LimitedLane(index: Int32(truncatingIfNeeded: index))
        servers[Int(server.index)].laneOfLeaf[leaf] = lane.index
        return lane
    }

    /// The number of a lane that was removed, and is unknown to its server from now on; or a new one.
    private mutating func freeLane() -> Int {
        guard let free = lanes.indices.first(where: { lanes[$0].isFree }) else {
            return lanes.count
        }
        let old = lanes[free]
        if old.server >= 0 { servers[Int(old.server)].laneOfLeaf[Int(old.leaf)] = -1 }
        return free
    }

    private mutating func freeLeaf(_ server: Int) -> Int {
        if let free = servers[server].laneOfLeaf.firstIndex(of: -1) { return free }
        servers[server].laneOfLeaf.append(-1)
        servers[server].openLanes.reserve(servers[server].laneOfLeaf.count)
        return servers[server].laneOfLeaf.count - 1
    }

    private static func clamped(_ limit: Int) -> Int32 {
        Int32(truncatingIfNeeded: min(max(limit, 1), ConcurrencySettings.mostCalls))
    }
}
