// The document of `GET /metrics` (SPEC §8) as far as it is shown.
//
// Every member may be missing, as in the documents of older versions: what is not told is nil. What
// has another type than it should is taken as missing, and so is a number that no figure can be.

/// One document.
package struct MetricsReading: Equatable, Sendable {
    package struct Endpoint: Equatable, Sendable {
        package var name: String
        var server: String?
        /// Ever, as all counts.
        var total = 0.0
        var average: Double?
        var minimum: Double?
        var p50: Double?
        var p90: Double?
        var p99: Double?
        var maximum: Double?
        /// Percent.
        var success: Double?
        var inFlight = 0.0
        /// Requests in a second, over the last five.
        var rate: Double?
        var hits = 0.0
        var joined = 0.0
        /// Seconds, ever.
        var cost: Double?
        var savedCalls: Double?
        var savedDuration: Double?
    }

    struct Cache: Equatable, Sendable {
        var name: String
        var hits = 0.0
        var misses = 0.0
        /// Percent.
        var hitRate: Double?
        var size: Double?
        var room: Double?
        var memory: Double?
    }

    struct Server: Equatable, Sendable {
        var name: String
        /// In mcpo's words: healthy, degraded, …
        var status: String
        var reason: String?
        var connections: Double?
        var restarts: Double?
        var inFlight: Double?
        var queued: Double?
        var limit: Double?
    }

    struct Alert: Equatable, Sendable {
        var kind: String
        var endpoint: String
        /// "seconds" or "percent".
        var unit: String?
        var value: Double?
        var threshold: Double?
        /// Seconds since 1970.
        var since: Double?
    }

    var version: String?
    /// Seconds.
    var uptime: Double?
    /// Seconds since 1970.
    var timestamp: Double?
    /// When this mcpo started, in seconds since 1970: the same in all its documents.
    var started: Double? {
        guard let timestamp, let uptime else { return nil }
        return timestamp - uptime
    }
    package var status: String
    var isReady: Bool?
    /// Ordered by name, as caches are; servers as the document has them.
    var endpoints: [Endpoint]
    var caches: [Cache]
    var servers: [Server]
    var alerts: [Alert]
    var inFlight: Double?
    var limit: Double?
    var queued: Double?
    var rejected: Double?
    var savedCalls: Double?
    var savedDuration: Double?

    /// nil for what is no such document.
    package init?(_ document: [UInt8]) {
        guard let root = try? JSONCParser.parse(document),
            let performance = root.members("performance"),
            let connection = root.member("connection")?.node
        else { return nil }
        version = root.text("version")
        uptime = root.number("uptime")
        timestamp = root.number("timestamp")
        status = connection.text("status") ?? "unknown"
        isReady = connection.flag("ready")
        endpoints = performance.map(Self.endpoint).sorted { $0.name < $1.name }
        caches = (root.members("cache") ?? []).map(Self.cache).sorted { $0.name < $1.name }
        servers = (connection.members("servers") ?? []).map(Self.server)
        alerts = root.elements("alerts").map(Self.alert)
        let concurrency = root.member("concurrency")?.node
        inFlight = concurrency?.number("current_concurrent")
        limit = concurrency?.number("max_concurrent")
        queued = concurrency?.number("queued")
        rejected = concurrency?.number("rejected")
        let saved = root.member("saved")?.node
        savedCalls = saved?.number("calls")
        savedDuration = saved?.number("duration")
    }

    private static func endpoint(_ member: FileMember) -> Endpoint {
        let node = member.node
        let total = node.number("total_requests") ?? 0
        let average = node.number("avg_duration")
        return Endpoint(
            name: member.name, server: node.text("server"), total: total, average: average,
            minimum: node.number("min_duration"), p50: node.number("p50_duration"),
            p90: node.number("p90_duration"), p99: node.number("p99_duration"),
            maximum: node.number("max_duration"), success: node.number("success_rate"),
            inFlight: node.number("current_concurrent") ?? 0,
            rate: node.number("qps_5s") ?? node.number("qps_1s"),
            hits: node.number("cache_hits") ?? 0, joined: node.number("dedup_joined") ?? 0,
            // What an older mcpo does not tell is near its average of the last thousand.
            cost: node.number("total_duration") ?? average.map { $0 * total },
            savedCalls: node.number("saved_calls"), savedDuration: node.number("saved_duration"))
    }

    private static func cache(_ member: FileMember) -> Cache {
        let node = member.node
        return Cache(
            name: member.name, hits: node.number("hits") ?? 0, misses: node.number("misses") ?? 0,
            hitRate: node.number("hit_rate"), size: node.number("current_size"),
            room: node.number("max_size"), memory: node.number("memory_bytes"))
    }

    private static func server(_ member: FileMember) -> Server {
        let node = member.node
        return Server(
            name: member.name, status: node.text("status") ?? "unknown",
            reason: node.text("reason").flatMap { $0.isEmpty ? nil : $0 },
            connections: node.number("connections"), restarts: node.number("restarts"),
            inFlight: node.number("in_flight"), queued: node.number("queued"),
            limit: node.number("max_concurrent"))
    }

    private static func alert(_ node: FileNode) -> Alert {
        Alert(
            kind: node.text("kind") ?? "unknown", endpoint: node.text("endpoint") ?? "",
            unit: node.text("unit"), value: node.number("value"),
            threshold: node.number("threshold"),
            since: node.number("since"))
    }
}

extension FileNode {
    /// Beyond any figure of a real mcpo, and small enough that sums and rates stay finite.
    private static let largest = 1e30

    fileprivate func text(_ name: String) -> String? {
        guard case .scalar(.string(let text))? = member(name)?.node.value else { return nil }
        return text
    }

    fileprivate func number(_ name: String) -> Double? {
        guard case .scalar(.number(let lexeme))? = member(name)?.node.value,
            let number = Double(lexeme), abs(number) <= Self.largest
        else { return nil }
        return number
    }

    fileprivate func flag(_ name: String) -> Bool? {
        guard case .scalar(.bool(let flag))? = member(name)?.node.value else { return nil }
        return flag
    }

    fileprivate func members(_ name: String) -> [FileMember]? {
        guard case .object(let members)? = member(name)?.node.value else { return nil }
        return members
    }

    fileprivate func elements(_ name: String) -> [FileNode] {
        guard case .array(let elements)? = member(name)?.node.value else { return [] }
        return elements
    }
}
