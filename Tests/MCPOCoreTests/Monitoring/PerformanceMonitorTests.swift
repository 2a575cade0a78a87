// The monitor says what a naive one says, and stays within its bounds.

import MCPOCore
import Testing

@Suite struct PerformanceMonitorTests {
    private static let second: Int64 = 1_000_000_000

    @Test(arguments: 0..<40)
    func `random requests are counted like a naive monitor counts them`(seed: Int) throws {
        var random = SeededRandom(seed: seed)
        let windowSize = random.pick([1, 2, 10, 100, 127, 128, 1_000])
        var monitor = PerformanceMonitor(windowSize: windowSize)
        let names = ["add", "tools/list", "github__search_issues"]
        let endpoints = names.map { monitor.endpoint($0) }
        var models = names.map { _ in EndpointModel(windowSize: windowSize) }
        var open: [(place: Int, since: Int64)] = []
        var now: Int64 = 0
        let slowest = random.pick([1_000, 1_000_000, 3_000_000_000])
        for _ in 0..<3_000 {
            now += Int64(random.below(slowest))
            let place = random.below(names.count)
            switch random.below(5) {
            case 0:
                monitor.noteHit(endpoints[place], at: Instant(nanoseconds: now))
                models[place].hit(at: now)
            case 1, 2:
                monitor.begin(endpoints[place], at: Instant(nanoseconds: now))
                models[place].begin(at: now)
                open.append((place, now))
                guard random.chance(20) else { break }
                monitor.noteJoined(endpoints[place])
                models[place].joined += 1
            default:
                guard !open.isEmpty else { break }
                let (place, since) = open.remove(at: random.below(open.count))
                let (outcome, source) = random.pick([
                    (RequestOutcome.answered, AnswerSource.server), (.answered, .server),
                    (.failed, .server), (.cancelled, .own), (.joined, .shared), (.hit, .shared),
                    (.answered, .own), (.failed, .own), (.failed, .shared),
                ])
                monitor.end(
                    endpoints[place], since: Instant(nanoseconds: since),
                    at: Instant(nanoseconds: now), outcome: outcome, from: source)
                models[place].end(after: now - since, outcome, from: source)
            }
        }
        let figures = monitor.figures(at: Instant(nanoseconds: now))
        #expect(figures.map(\.name) == names.sorted().map { Array($0.utf8) })
        for (name, model) in zip(names, models) {
            let own = try monitor.figures(of: name, at: now)
            #expect(own == model.figures(Array(name.utf8), arrivedLike: own))
        }
    }

    @Test func `percentiles are durations that some request had`() throws {
        var monitor = PerformanceMonitor(windowSize: 100)
        let add = monitor.endpoint("add")
        for (since, end) in [(0, 50), (0, 60), (0, 80), (0, 2_100)] {
            monitor.record(add, from: since, to: end)
        }
        let durations = try monitor.figures(of: "add", at: 0).durations
        #expect(durations.p50 == 60_000_000)
        #expect(durations.p90 == 2_100_000_000)
        #expect(durations.p99 == 2_100_000_000)
        #expect(durations.average == 572_500_000)
    }

    @Test func `a cancelled request counts as a request and as nothing else`() throws {
        var monitor = PerformanceMonitor(windowSize: 100)
        let add = monitor.endpoint("add")
        monitor.record(add, from: 0, to: 10)
        monitor.record(add, from: 0, to: 9_000, .cancelled)
        let figures = try monitor.figures(of: "add", at: Self.second / 2)
        #expect(figures.total == 2)
        #expect(figures.cancelled == 1)
        #expect(figures.qps1s == 2)
        #expect(figures.successRate == 100)
        #expect(figures.durations.count == 1)
        #expect(figures.durations.maximum == 10_000_000)
        #expect(figures.totalDuration == 10_000_000)
    }

    @Test func `a hit is a successful request that takes no time`() throws {
        var monitor = PerformanceMonitor(windowSize: 100)
        let add = monitor.endpoint("add")
        monitor.record(add, from: 0, to: 10, .failed)
        monitor.noteHit(add, at: Instant(nanoseconds: 0))
        let figures = try monitor.figures(of: "add", at: 0)
        #expect(figures.hits == 1)
        #expect(figures.total == 2)
        #expect(figures.successRate == 50)
        #expect(figures.durations.minimum == 0)
        #expect(figures.peakInFlight == 1)
        #expect(figures.inFlight == 0)
    }

    @Test func `long durations are kept with a precision of a millisecond`() throws {
        var monitor = PerformanceMonitor(windowSize: 10)
        let add = monitor.endpoint("add")
        let hour = 3_600_000
        monitor.record(add, from: 0, to: hour)
        let maximum = try monitor.figures(of: "add", at: 0).durations.maximum
        #expect(abs(maximum - Int64(hour) * 1_000_000) < 1_100_000)
        monitor.record(add, from: 0, to: .max / 1_000_000)
        let largest = try monitor.figures(of: "add", at: 0).durations.maximum
        #expect(largest > 12 * 86_400 * Self.second)
    }

    @Test func `time that runs backwards is a duration of nothing`() throws {
        var monitor = PerformanceMonitor(windowSize: 10)
        let add = monitor.endpoint("add")
        monitor.record(add, from: 100, to: 50)
        monitor.noteHit(add, at: Instant(nanoseconds: -7))
        let figures = try monitor.figures(of: "add", at: 100_000_000)
        #expect(figures.durations.maximum == 0)
        #expect(figures.arrivedInLastSecond == 2)
    }

    @Test func `endpoints without a request are not reported`() {
        var monitor = PerformanceMonitor(windowSize: 10)
        _ = monitor.endpoint("add")
        let figures = monitor.figures(at: Instant(nanoseconds: 0))
        #expect(figures.isEmpty)
    }
}

// MARK: - What was saved

extension PerformanceMonitorTests {
    @Test func `a hit saves a call, and the time of the calls before it`() throws {
        var monitor = PerformanceMonitor(windowSize: 100)
        let add = monitor.endpoint("add")
        let now = Instant(nanoseconds: 0)
        monitor.noteHit(add, at: now)
        var figures = try monitor.figures(of: "add", at: 0)
        #expect(figures.savedCalls == 1 && figures.savedDuration == 0, "nothing is known yet")
        for end in [10, 30] { monitor.record(add, from: 0, to: end) }
        for end in [1, 9_000] { monitor.record(add, from: 0, to: end, .failed) }
        monitor.noteHit(add, at: now)
        figures = try monitor.figures(of: "add", at: 0)
        #expect(figures.callDuration == 20_000_000)
        #expect(figures.savedCalls == 2 && figures.savedDuration == 20_000_000)
    }

    @Test func `who joins a flight saves what it does not wait`() throws {
        var monitor = PerformanceMonitor(windowSize: 100)
        let add = monitor.endpoint("add")
        monitor.record(add, from: 0, to: 20)
        monitor.record(add, from: 0, to: 5, .joined, from: .shared)
        monitor.record(add, from: 0, to: 500, .joined, from: .shared)
        monitor.record(add, from: 0, to: 1, .failed, from: .shared)
        let figures = try monitor.figures(of: "add", at: 0)
        #expect(figures.joinedAnswers == 2 && figures.answered == 1 && figures.failed == 1)
        #expect(figures.savedCalls == 2 && figures.savedDuration == 15_000_000)
        #expect(figures.callDuration == 20_000_000)
    }

    @Test func `what mcpo answers by itself saves nothing`() throws {
        var monitor = PerformanceMonitor(windowSize: 100)
        let list = monitor.endpoint("tools/list")
        let now = Instant(nanoseconds: 0)
        monitor.record(list, from: 0, to: 5_000, from: .own)
        monitor.noteOwnAnswer(list, at: now)
        var figures = try monitor.figures(of: "tools/list", at: 0)
        #expect(figures.hits == 1 && figures.answered == 1 && figures.callDuration == 0)
        #expect(figures.savedCalls == 0 && figures.savedDuration == 0)
        monitor.record(list, from: 0, to: 10)
        monitor.noteRefresh(list)
        monitor.noteHit(list, at: now)
        figures = try monitor.figures(of: "tools/list", at: 0)
        #expect(figures.savedCalls == 0, "a call was sent")
        #expect(figures.savedDuration == 10_000_000)
    }

    @Test func `the mean follows the calls`() throws {
        var monitor = PerformanceMonitor(windowSize: 100)
        let add = monitor.endpoint("add")
        for _ in 0..<1_000 { monitor.record(add, from: 0, to: 10) }
        for _ in 0..<150 { monitor.record(add, from: 0, to: 1_000) }
        let mean = try monitor.figures(of: "add", at: 0).callDuration
        #expect((980_000_000...1_000_000_000).contains(mean))
    }

    @Test func `each duration is in the bucket that it belongs to`() {
        for (place, bound) in DurationHistogram.bounds.enumerated() {
            for (duration, bucket) in [(bound - 1, place), (bound, place), (bound + 1, place + 1)] {
                var histogram = DurationHistogram()
                histogram.add(duration)
                #expect(histogram.counts.firstIndex(of: 1) == bucket)
            }
        }
        for shift in 0..<63 {
            let duration = Int64(1) << shift
            var histogram = DurationHistogram()
            histogram.add(duration)
            let bucket = DurationHistogram.bounds.firstIndex { duration <= $0 } ?? 16
            #expect(histogram.counts.firstIndex(of: 1) == bucket)
        }
        var histogram = DurationHistogram()
        for duration in [0, .max] as [Int64] { histogram.add(duration) }
        #expect(histogram.counts.first == 1 && histogram.counts.last == 1)
    }
}

// MARK: - Names

extension PerformanceMonitorTests {
    @Test func `names that a client makes up share one endpoint`() {
        var monitor = PerformanceMonitor(windowSize: 10)
        let listed = monitor.endpoint("add")
        for number in 0..<2_000 {
            #expect(monitor.endpoint("made up \(number)", .unlisted) == .other)
        }
        #expect(monitor.endpoint("add", .unlisted) == listed, "it was listed before")
        let room = (1..<PerformanceMonitor.maximumEndpoints).map { monitor.endpoint("tool_\($0)") }
        #expect(Set(room + [listed]).count == PerformanceMonitor.maximumEndpoints)
    }

    @Test func `while tools are not known, few names have a place of their own`() {
        var monitor = PerformanceMonitor(windowSize: 10)
        let most = PerformanceMonitor.maximumUnproven
        let names = (0..<2_000).map { monitor.endpoint("name \($0)", .unproven) }
        #expect(Set(names).count == most + 1)
        #expect(names[most...].allSatisfy { $0 == .other })
        let known = monitor.endpoint("name 3", .unproven)
        #expect(known == names[3])
        let listed = monitor.endpoint("add")
        #expect(listed != .other)
    }

    @Test func `an endpoint belongs to the server that lists it`() throws {
        var monitor = PerformanceMonitor(windowSize: 10)
        let labels = ["github", "time", "github"].map { monitor.serverLabel($0) }
        #expect(labels[0] == labels[2] && labels[0] != labels[1])
        let names: [(String, Int32)] = [("search", labels[0]), ("now", labels[1]), ("ping", 0)]
        for (name, label) in names {
            let bytes = Array(name.utf8)
            let endpoint = monitor.endpoint(bytes.span.bytes, server: label)
            monitor.noteHit(endpoint, at: Instant(nanoseconds: 0))
        }
        #expect(try monitor.figures(of: "search", at: 0).server == "github")
        #expect(try monitor.figures(of: "now", at: 0).server == "time")
        #expect(try monitor.figures(of: "ping", at: 0).server == "")
        let bytes = Array("now".utf8)
        _ = monitor.endpoint(bytes.span.bytes, server: labels[0])
        #expect(try monitor.figures(of: "now", at: 0).server == "github", "it has moved")
    }
}

// MARK: - Bounds

extension PerformanceMonitorTests {
    @Test func `endpoints beyond the bound are one`() throws {
        var monitor = PerformanceMonitor(windowSize: 10)
        let bound = PerformanceMonitor.maximumEndpoints
        let endpoints = (0..<bound).map { monitor.endpoint("tool_\($0)") }
        #expect(Set(endpoints).count == bound)
        #expect(!endpoints.contains(.other))
        let beyond = [monitor.endpoint("one more"), monitor.endpoint("and another")]
        #expect(beyond == [.other, .other])
        let again = (0..<bound).map { monitor.endpoint("tool_\($0)") }
        #expect(again == endpoints)
        for endpoint in endpoints + [.other] {
            monitor.noteHit(endpoint, at: Instant(nanoseconds: 0))
        }
        let figures = monitor.figures(at: Instant(nanoseconds: 0))
        #expect(figures.count == bound + 1)
        let other = try monitor.figures(of: "other", at: 0)
        #expect(other.hits == 1)
    }

    @Test func `a tool that is called other shares its endpoint with the rest`() {
        var monitor = PerformanceMonitor(windowSize: 10)
        let endpoint = monitor.endpoint("other")
        #expect(endpoint == .other)
    }

    @Test func `names that are too long or not UTF-8 have no endpoint of their own`() {
        var monitor = PerformanceMonitor(windowSize: 10)
        let longest = String(repeating: "n", count: PerformanceMonitor.longestName)
        let halfACharacter: [UInt8] = [0x61, 0xED, 0xA0, 0x80]
        let none = [monitor.endpoint(longest + "n"), monitor.endpoint(halfACharacter.span.bytes)]
        #expect(none == [.other, .other])
        let own = [longest, "größe_🙂", ""].map { monitor.endpoint($0) }
        #expect(!own.contains(.other))
    }

    @Test func `names are told apart by every byte of theirs`() {
        var monitor = PerformanceMonitor(windowSize: 10)
        var seen: [EndpointID] = []
        for length in 0..<40 {
            for change in 0...length {
                var name = Array(repeating: UInt8(ascii: "a"), count: length)
                if change < length { name[change] = UInt8(ascii: "b") }
                seen.append(monitor.endpoint(name.span.bytes))
            }
        }
        #expect(Set(seen).count == seen.count)
    }

    @Test(arguments: [(-5, 1), (0, 1), (1, 1), (100_000, 100_000), (1_000_000, 100_000)])
    func `a window has a size between 1 and 100,000`(asked: Int, given: Int) throws {
        var monitor = PerformanceMonitor(windowSize: asked)
        let add = monitor.endpoint("add")
        for _ in 0..<(given + 5) { monitor.noteHit(add, at: Instant(nanoseconds: 0)) }
        let figures = try monitor.figures(of: "add", at: 0)
        #expect(figures.durations.count == given)
        #expect(figures.total == given + 5)
    }

    @Test func `a window that changes its size keeps the latest requests`() throws {
        var monitor = PerformanceMonitor(windowSize: 4)
        let add = monitor.endpoint("add")
        for end in 1...6 { monitor.record(add, from: 0, to: end) }
        monitor.resizeWindow(to: 2)
        var durations = try monitor.figures(of: "add", at: 0).durations
        #expect(durations.count == 2)
        #expect(durations.minimum == 5_000_000)
        monitor.resizeWindow(to: 3)
        for end in 7...9 { monitor.record(add, from: 0, to: end) }
        durations = try monitor.figures(of: "add", at: 0).durations
        #expect(durations.count == 3)
        #expect(durations.minimum == 7_000_000)
        #expect(durations.maximum == 9_000_000)
    }
}

extension PerformanceMonitor {
    /// A request that arrived and ended at these milliseconds.
    fileprivate mutating func record(
        _ endpoint: EndpointID, from since: Int, to end: Int, _ outcome: RequestOutcome = .answered,
        from source: AnswerSource = .server
    ) {
        let start = Instant(nanoseconds: Int64(since) * 1_000_000)
        begin(endpoint, at: start)
        self.end(
            endpoint, since: start, at: Instant(nanoseconds: Int64(end) * 1_000_000),
            outcome: outcome, from: source)
    }
}
