// What each endpoint did: how many requests, how long they took, how they ended (SPEC §8).
//
// An endpoint is a tool by its exposed name, or a method that is no call ("tools/list"). A request
// goes through the monitor in one of two ways:
//
//     begin ──▶ end(.answered | .failed | .cancelled)     it was sent to a server, or joined a
//       └─ noteJoined, if it joined a flight               flight, or was held or refused
//     noteHit                                             the cache answered it at once
//
// What counts where:
//
//     outcome       total, qps   in flight   durations and success rate
//     .answered     yes          yes         yes, a success
//     .failed       yes          yes         yes, a failure: an error, or a result with `isError`
//     .cancelled    yes          yes         no: the client ended it, so its duration says nothing
//     .hit          yes          no          yes, a success that took no time
//
// A request costs no lock, and no allocation either but for the growth of the endpoint's window. The
// number of endpoints is bounded, because a client can call any name: those beyond the bound share
// one, "other".

/// How a request ended; the labels of the metrics.
package enum RequestOutcome: UInt8, CaseIterable, Sendable {
    case answered
    /// With a JSON-RPC error, also one of mcpo's own, or with `isError: true`.
    case failed
    /// By the client.
    case cancelled
    /// Answered by the cache.
    case hit

    package var label: StaticString {
        switch self {
        case .answered: "answered"
        case .failed: "failed"
        case .cancelled: "cancelled"
        case .hit: "hit"
        }
    }
}

/// Measures the requests of every endpoint.
package struct PerformanceMonitor: ~Copyable {
    /// Endpoints of their own, beside "other". Real set-ups have a few hundred tools.
    package static let maximumEndpoints = 1_024
    /// Bytes in the name of an endpoint of its own: four times what mcpo exposes (SPEC §12), twice
    /// what MCP recommends. Longer names are "other".
    package static let longestName = 256
    /// The sizes that a window may have, in requests.
    package static let windowSizes = 1...100_000

    private var names = EndpointNames(first: "other")
    /// By place in `names`.
    private var records = GrowingTable<EndpointRecord>()
    private var windowSize: Int

    /// - Parameter windowSize: of how many requests durations and success rate are reported; beyond
    ///   `windowSizes` the nearest of them. An endpoint needs 4 bytes for each once it has had as
    ///   many requests.
    package init(windowSize: Int) {
        self.windowSize = Self.clamped(windowSize)
        records.append(EndpointRecord())
    }

    private static func clamped(_ windowSize: Int) -> Int {
        min(max(windowSize, windowSizes.lowerBound), windowSizes.upperBound)
    }

    /// The endpoint of this name, a new one if it is the first time. `.other` if there are too many,
    /// or the name is too long or not UTF-8 (a JSON string can be half a character).
    package mutating func endpoint(_ name: RawSpan) -> EndpointID {
        guard name.byteCount <= Self.longestName else { return .other }
        if let place = names.place(of: name) {
            return EndpointID(index: Int32(truncatingIfNeeded: place))
        }
        return addEndpoint(name)
    }

    @inline(never)
    private mutating func addEndpoint(_ name: RawSpan) -> EndpointID {
        guard names.count <= Self.maximumEndpoints, name.isUTF8 else { return .other }
        names.add(name)
        records.append(EndpointRecord())
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
        _ endpoint: EndpointID, since start: Instant, at now: Instant, outcome: RequestOutcome
    ) {
        let duration = now.nanoseconds &- start.nanoseconds
        records[Int(endpoint.index)].end(max(duration, 0), outcome, windowSize)
    }

    /// A request has arrived and the cache has answered it: in place of `begin` and `end`.
    package mutating func noteHit(_ endpoint: EndpointID, at now: Instant) {
        records[Int(endpoint.index)].hit(now.nanoseconds, windowSize)
    }

    /// A request that has begun has joined a flight of another one.
    package mutating func noteJoined(_ endpoint: EndpointID) {
        records[Int(endpoint.index)].joined &+= 1
    }

    /// Changes the size of the windows; the latest requests stay.
    package mutating func resizeWindow(to size: Int) {
        windowSize = Self.clamped(size)
        for index in records.indices { records[index].window.resize(limit: windowSize) }
    }

    /// The figures of all endpoints that have had a request, by the bytes of their names.
    ///
    /// Costs some microseconds for each endpoint: it sorts its window.
    package func figures(at now: Instant) -> [EndpointFigures] {
        var sorter = MarkSorter()
        var figures: [EndpointFigures] = []
        for place in records.indices where records[place].total > 0 {
            figures.append(records[place].figures(names.name(place), now.nanoseconds, &sorter))
        }
        figures.sort { $0.name.lexicographicallyPrecedes($1.name) }
        return figures
    }
}

/// What is counted of one endpoint.
private struct EndpointRecord {
    var total = 0
    var answered = 0
    var failed = 0
    var cancelled = 0
    var hits = 0
    var joined = 0
    var inFlight = 0
    var peakInFlight = 0
    /// Of all requests but the cancelled ones, ever, in nanoseconds.
    var totalDuration: Int64 = 0
    var arrivals = ArrivalLog()
    var window = DurationWindow()

    @inline(__always)
    mutating func begin(_ now: Int64) {
        total &+= 1
        inFlight &+= 1
        if inFlight > peakInFlight { peakInFlight = inFlight }
        arrivals.note(now)
    }

    @inline(__always)
    mutating func end(_ duration: Int64, _ outcome: RequestOutcome, _ windowSize: Int) {
        precondition(inFlight > 0, "a request ends that has not begun")
        inFlight &-= 1
        switch outcome {
        case .answered: answered &+= 1
        case .failed: failed &+= 1
        case .hit: hits &+= 1
        case .cancelled:
            cancelled &+= 1
            return
        }
        totalDuration &+= duration
        let mark = DurationMark(nanoseconds: duration, isFailure: outcome == .failed)
        window.add(mark, limit: windowSize)
    }

    @inline(__always)
    mutating func hit(_ now: Int64, _ windowSize: Int) {
        total &+= 1
        hits &+= 1
        arrivals.note(now)
        window.add(DurationMark(nanoseconds: 0, isFailure: false), limit: windowSize)
    }

    func figures(_ name: [UInt8], _ now: Int64, _ sorter: inout MarkSorter) -> EndpointFigures {
        let second: Int64 = 1_000_000_000
        var figures = EndpointFigures(name: name, total: total)
        figures.answered = answered
        figures.failed = failed
        figures.cancelled = cancelled
        figures.hits = hits
        figures.joined = joined
        figures.inFlight = inFlight
        figures.peakInFlight = peakInFlight
        figures.totalDuration = totalDuration
        figures.durations = DurationSummary(of: window, &sorter)
        figures.arrivedInLastSecond = arrivals.count(inLast: second, at: now)
        figures.arrivedInLastFiveSeconds = arrivals.count(inLast: 5 * second, at: now)
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
