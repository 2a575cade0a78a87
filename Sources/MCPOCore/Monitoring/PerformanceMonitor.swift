// What each endpoint did: how many requests, how long they took, how they ended (SPEC §8).
//
// An endpoint is a tool by its exposed name, or a method that is no call ("tools/list"). A request
// goes through the monitor in one of two ways:
//
//     begin ──▶ end(.answered | .failed | …)              it was sent to a server, or joined a
//       └─ noteJoined, if it joined a flight               flight, or was held or refused
//     noteHit                                             the cache answered it at once
//
// What counts where:
//
//     outcome       total, qps   in flight   durations, histogram, success rate
//     .answered     yes          yes         yes, a success
//     .failed       yes          yes         yes, a failure: an error, or a result with `isError`
//     .cancelled    yes          yes         no: the client ended it, so its duration says nothing
//     .hit          yes          no          yes, a success that took no time
//     .joined       yes          yes         yes, a success
//
// What was saved (see `AnswerSource`): a hit saves a call and the time that a call takes, which is
// the moving mean of the last successful ones that a server has answered itself. A request that has
// joined a flight saves a call and what that mean is longer than it has waited. So until a call was
// measured, calls are saved and no time.
//
// A request costs no lock, and no allocation either but for the growth of the endpoint's windows. The
// number of endpoints is bounded, because a client can call any name: those beyond the bound share
// one, "other", as do all names that no server lists (`NameStanding`).

/// How a request ended; the labels of the metrics.
package enum RequestOutcome: UInt8, CaseIterable, Sendable {
    case answered
    /// With a JSON-RPC error, also one of mcpo's own, or with `isError: true`.
    case failed
    /// By the client.
    case cancelled
    /// Answered by the cache.
    case hit
    /// With the answer to an equal request whose flight it had joined.
    case joined

    package var label: StaticString {
        switch self {
        case .answered: "answered"
        case .failed: "failed"
        case .cancelled: "cancelled"
        case .hit: "hit"
        case .joined: "joined"
        }
    }
}

/// Who has done the work of an answer: what the request says of its server, and what was saved.
package enum AnswerSource: UInt8, Sendable {
    /// A server, for this request: it says how long calls take and how often they fail.
    case server
    /// A server, for an earlier or an equal request: a call was saved.
    case shared
    /// Nobody: mcpo itself, or an old answer in place of an error. Neither.
    case own
}

/// How much is known of a name that is to be measured.
package enum NameStanding: Sendable {
    /// A tool that the server lists, or one of the protocol's methods.
    case listed
    /// A tool of a server that has not told its tools.
    case unproven
    /// A tool that the server does not list.
    case unlisted
}

/// Measures the requests of every endpoint.
package struct PerformanceMonitor: ~Copyable {
    /// Endpoints of their own, beside "other". Real set-ups have a few hundred tools.
    package static let maximumEndpoints = 1_024
    /// Bytes in the name of an endpoint of its own: four times what mcpo exposes (SPEC §12), twice
    /// what MCP recommends. Longer names are "other".
    package static let longestName = 256
    /// Endpoints that may be of unproven names, of those: a client that makes names up while the
    /// tools are not known takes no more places than this.
    package static let maximumUnproven = 64
    /// The sizes that a window may have, in requests.
    package static let windowSizes = 1...100_000

    private var names = EndpointNames(first: "other")
    /// By place in `names`.
    var records = GrowingTable<EndpointRecord>()
    private var windowSize: Int
    /// Of how many calls that reached a server each endpoint keeps the durations.
    private(set) var callWindow: Int
    /// Whether a request has ended since somebody set this to false.
    package var isStirred = false
    private var unproven = 0
    /// The first endpoint that `read` has left for the next time; 0 if it has left none.
    var nextToRead = 0
    /// What endpoints belong to, by `EndpointRecord.server`; the first is none, or more than one.
    private(set) var servers = [""]

    /// - Parameter windowSize: of how many requests durations and success rate are reported; beyond
    ///   `windowSizes` the nearest of them. An endpoint needs 4 bytes for each once it has had as
    ///   many requests.
    package init(windowSize: Int) {
        self.windowSize = Self.clamped(windowSize)
        callWindow = CallShift.window(self.windowSize)
        records.append(EndpointRecord())
    }

    private static func clamped(_ windowSize: Int) -> Int {
        min(max(windowSize, windowSizes.lowerBound), windowSizes.upperBound)
    }

    /// The number of a server's name, for `endpoint`; 0 for none, and when there are too many names.
    package mutating func serverLabel(_ name: String) -> Int32 {
        if let known = servers.firstIndex(of: name) { return Int32(truncatingIfNeeded: known) }
        guard servers.count <= Self.maximumEndpoints else { return 0 }
        servers.append(name)
        return Int32(truncatingIfNeeded: servers.count - 1)
    }

    /// The endpoint of this name, a new one if it is the first time. `.other` if there are too many,
    /// the name is too long or not UTF-8 (a JSON string can be half a character), or no server is
    /// known to have it.
    ///
    /// - Parameter server: whose it is, by `serverLabel`; 0 if it is mcpo's own or of no one server.
    package mutating func endpoint(
        _ name: RawSpan, _ standing: NameStanding = .listed, server: Int32 = 0
    ) -> EndpointID {
        guard name.byteCount <= Self.longestName else { return .other }
        guard let place = names.place(of: name) else { return addEndpoint(name, standing, server) }
        if place > 0, standing == .listed { records[place].server = server }
        return EndpointID(index: Int32(truncatingIfNeeded: place))
    }

    @inline(never)
    private mutating func addEndpoint(
        _ name: RawSpan, _ standing: NameStanding, _ server: Int32
    ) -> EndpointID {
        guard names.count <= Self.maximumEndpoints, name.isUTF8 else { return .other }
        switch standing {
        case .listed: break
        case .unlisted: return .other
        case .unproven:
            guard unproven < Self.maximumUnproven else { return .other }
            unproven += 1
        }
        names.add(name)
        var record = EndpointRecord()
        record.server = server
        records.append(record)
        return EndpointID(index: Int32(truncatingIfNeeded: records.count - 1))
    }

    /// How many endpoints there are; their indices are dense.
    package var endpointCount: Int { names.count }

    /// The name of an endpoint, in UTF-8.
    package func name(ofEndpoint index: Int) -> [UInt8] { names.name(index) }

    /// A request has arrived that the cache does not answer.
    package mutating func begin(_ endpoint: EndpointID, at now: Instant) {
        records[Int(endpoint.index)].begin(now.nanoseconds)
    }

    /// A request that began at `start` has ended.
    package mutating func end(
        _ endpoint: EndpointID, since start: Instant, at now: Instant, outcome: RequestOutcome,
        from source: AnswerSource
    ) {
        isStirred = true
        let duration = max(now.nanoseconds &- start.nanoseconds, 0)
        records[Int(endpoint.index)].end(duration, outcome, source, windowSize, callWindow)
    }

    /// A request has arrived and the cache has answered it: in place of `begin` and `end`.
    package mutating func noteHit(_ endpoint: EndpointID, at now: Instant) {
        isStirred = true
        records[Int(endpoint.index)].hit(now.nanoseconds, windowSize)
    }

    /// A request has arrived and mcpo has answered it with what it knows: as a hit that saves
    /// nothing.
    package mutating func noteOwnAnswer(_ endpoint: EndpointID, at now: Instant) {
        records[Int(endpoint.index)].hit(now.nanoseconds, windowSize, saved: 0)
        records[Int(endpoint.index)].noteOwn(.hit)
    }

    /// A call was sent on account of a request that the cache answers: that one saves time only.
    package mutating func noteRefresh(_ endpoint: EndpointID) {
        records[Int(endpoint.index)].unsaved &+= 1
    }

    /// A request that has begun has joined a flight of another one.
    package mutating func noteJoined(_ endpoint: EndpointID) {
        records[Int(endpoint.index)].joined &+= 1
    }

    /// Changes the size of the windows; the latest requests stay.
    package mutating func resizeWindow(to size: Int) {
        windowSize = Self.clamped(size)
        callWindow = CallShift.window(windowSize)
        for index in records.indices {
            records[index].window.resize(limit: windowSize)
            records[index].calls.resize(limit: callWindow)
        }
    }

    /// The figures of all endpoints that have had a request, not summarised yet: their windows are
    /// shared, which costs a fraction of a microsecond for each endpoint.
    package func readings(at now: Instant) -> [EndpointFigures] {
        var readings: [EndpointFigures] = []
        for place in records.indices where records[place].total > 0 {
            var own = records[place].figures(names.name(place), now.nanoseconds)
            own.server = servers[Int(records[place].server)]
            readings.append(own)
        }
        return readings
    }

    /// The same, summarised.
    package func figures(at now: Instant) -> [EndpointFigures] {
        var figures = readings(at: now)
        figures.summarise()
        return figures
    }
}

extension RawSpan {
    /// Whether the bytes are UTF-8.
    fileprivate var isUTF8: Bool {
        var offset = 0
        while offset < byteCount {
            guard byte(offset) >= 0x80 else {
                offset &+= 1
                continue
            }
            let length = JSONStringGrammar.sequenceLength(self, offset)
            guard length > 0 else { return false }
            offset &+= length
        }
        return true
    }
}
