// The limit of one server that finds itself from latency (SPEC §6, `concurrency.adaptive`).
//
// More calls at once are worth it while they cost little time, and are not once each call takes
// longer in proportion. In between, the most throughput for its latency (Kleinrock's "power") is
// where twice the calls take √2 times as long: 0.5 on the scale of binary logarithms used here.
//
//     server with 8 workers      calls at once    4    8    11    16    32
//                                latency          1    1    1.4   2     4
//                                beyond baseline  0    0    0.5   1     2      (logarithm)
//                                limit            grows ──▶ stays ◀── shrinks
//
// What latency is without too many calls, the baseline, nobody knows, and it changes. Remembering
// the lowest ever, or a long average, lets a limit drift up or down for ever (Gradient2 of Netflix
// had both); measuring with almost no calls costs throughput (Envoy). So every few windows the
// limit is halved for one window, a probe, and its latency becomes the baseline. If half as many
// calls are about twice as fast, nothing is lost: the half stays, and the half of that is probed.
//
//     phase     window ends                                 then
//     steady    no probe yet, or the last is long ago       halve the limit, probing
//     steady    slow for the second time, no probe lately   likewise: is it the baseline?
//     steady    beyond the baseline by less than 0.5        grow by up to √limit; by 0 near 0.5
//     steady    by more, and the limit has just grown       take that back; wait 1, 2, 4 … windows
//     steady    by more                                     shrink towards what 0.5 would take
//     probing   a doubling costs 0.75 or more               keep the half; probe a quarter
//     probing   less                                        new baseline; the full limit, steady
//     any       a call timed out                            three quarters, steady; wait likewise
//
// A window in which the limit was not reached changes no limit; if only half of it was used, it is
// as good as a probe. Calls that were sent before a window began do not count in it: they ran under
// another limit. A limit of 1 is its own baseline, and always tries 2.
//
// There is no adaptive limit for all servers together: their latencies have nothing in common.

/// Finds how many calls a server takes well.
package struct AdaptiveLimit {
    /// Where a server starts. Twice what clients usually send in parallel is six windows away, and a
    /// server for one call at a time does not fall over.
    private static let first = 4
    /// Calls in a window at least; with a limit of more than half, two for each place.
    private static let fewestSamples = 16
    /// Enough to average over, however high the limit.
    private static let mostSamples = 256
    /// The shortest window: Envoy's, so that fast servers do not make limits jump.
    private static let shortestWindow: Int64 = 100_000_000
    /// What a doubling may cost in latency, as a logarithm: see above.
    private static let bearable = 0.5
    /// What it costs where a doubling gains (almost) nothing: nearer to 1 than to `bearable`.
    private static let futile = 0.75
    /// Windows between probes. One at 1.4 times the knee costs 30 % of a window's throughput: of 8
    /// windows 4 %, of 32 1 %. The interval doubles while probes tell nothing new.
    private static let shortestProbeInterval = 8
    private static let longestProbeInterval = 32
    /// Windows after a growth that was too much until the next: 1, 2, 4 … this. So a server that
    /// suffers badly from one call more does so in 1 of 17 windows.
    private static let longestPause = 16
    /// Slow windows in a row after which the baseline is doubted, and windows between such doubts.
    private static let slowWindowsToDoubt = 2
    private static let windowsPerDoubt = 4

    private enum Phase: Equatable {
        case steady
        /// The limit is halved; latency was `full` without that.
        case probing(full: Double)
    }

    let isOn: Bool
    /// The limit in force.
    private(set) var limit = AdaptiveLimit.first
    /// The limit but for probes.
    private var found = AdaptiveLimit.first
    private var ceiling = Int.max
    private var phase = Phase.steady
    private var baseline: Double?
    private var windowsSinceProbe = 0
    private var probeInterval = AdaptiveLimit.shortestProbeInterval
    private var slowWindows = 0
    /// What the limit was before it grew in the last window; nil if it did not.
    private var beforeGrowth: Int?
    /// Windows to wait before it grows again, and how many the next failure will cost.
    private var pause = 0
    private var nextPause = 1
    private var window: LatencyWindow
    private var opened: Instant
    private var lastCut: Instant
    /// Calls that were sent in this window, how many of them took the last place, and the most
    /// that ran at once.
    private var starts = 0
    private var startsAtLimit = 0
    private var mostRunning = 0

    /// One that is off.
    init() {
        isOn = false
        window = LatencyWindow()
        opened = .never
        lastCut = .never
    }

    init(at now: Instant) {
        isOn = true
        window = LatencyWindow(adaptive: ())
        opened = now
        lastCut = now
    }

    /// Changes the most that the limit may become.
    mutating func setCeiling(_ ceiling: Int) {
        self.ceiling = ceiling
        found = min(found, ceiling)
        limit = min(limit, ceiling)
    }

    /// A call is sent.
    /// - Parameter running: the server's calls under way with it.
    mutating func noteStart(running: Int) {
        starts += 1
        if running >= limit { startsAtLimit += 1 }
        if running > mostRunning { mostRunning = running }
    }

    /// A call has ended. True if the limit may have changed.
    mutating func record(
        _ outcome: PermitOutcome, from start: Instant, kind: Int32, at now: Instant
    ) -> Bool {
        switch outcome {
        case .unmeasured:
            return false
        case .overloaded:
            // Those that were sent before the last cut tell what led to it, and no more.
            guard start >= lastCut else { return false }
            lastCut = now
            takeBack(to: max(min(found * 3 / 4, beforeGrowth ?? found), 1))
            settle()
        case .answered:
            guard start >= opened else { return false }
            window.add(nanoseconds: now.nanoseconds &- start.nanoseconds, kind: kind)
            guard isFull(at: now) else { return false }
            closeWindow()
        }
        open(at: now)
        return true
    }

    private func isFull(at now: Instant) -> Bool {
        let wanted = min(max(2 * limit, Self.fewestSamples), Self.mostSamples)
        return window.count >= wanted
            && now.nanoseconds &- opened.nanoseconds >= Self.shortestWindow
    }

    private mutating func open(at now: Instant) {
        window.clear()
        opened = now
        starts = 0
        startsAtLimit = 0
        mostRunning = 0
    }

    private mutating func closeWindow() {
        let latency = window.close(assumed: baseline ?? 0)
        switch phase {
        case .probing(let full): finishProbe(full: full, half: latency)
        case .steady where 2 * startsAtLimit >= starts: adjust(latency)
        case .steady where 2 * mostRunning <= limit: learnBaseline(latency)
        case .steady: break
        }
    }

    /// Moves the limit after a window that made use of it.
    private mutating func adjust(_ latency: Double) {
        windowsSinceProbe += 1
        if found == 1 { learnBaseline(latency) }
        guard let former = baseline else { return probe(full: latency) }
        // With fewer calls it cannot be slower: the baseline is out of date.
        if latency < former - Self.bearable { baseline = (former + latency) / 2 }
        let excess = latency - former
        let isSlow = excess > Self.bearable
        slowWindows = isSlow ? slowWindows + 1 : 0
        let isDoubtful =
            slowWindows >= Self.slowWindowsToDoubt && windowsSinceProbe >= Self.windowsPerDoubt
        if isSlow, let smaller = beforeGrowth {
            takeBack(to: smaller)
        } else if found > 1, isDoubtful || windowsSinceProbe > probeInterval {
            probe(full: latency)
        } else if isSlow {
            shrink(excess)
        } else {
            grow(excess)
        }
    }

    private mutating func grow(_ excess: Double) {
        if beforeGrowth != nil { nextPause = max(nextPause / 2, 1) }
        beforeGrowth = nil
        guard pause == 0 else {
            pause -= 1
            return
        }
        let room = min((Self.bearable - excess) / Self.bearable, 1)
        let root = BinaryLogarithm.power(BinaryLogarithm.of(Double(found)) / 2)
        let grown = min(found + Int(root * room + 0.5), ceiling)
        guard grown > found else { return }
        beforeGrowth = found
        found = grown
        limit = grown
    }

    /// The limit has just become too large.
    private mutating func takeBack(to smaller: Int) {
        found = min(smaller, found)
        limit = found
        beforeGrowth = nil
        slowWindows = 0
        pause = nextPause
        nextPause = min(2 * nextPause, Self.longestPause)
    }

    private mutating func shrink(_ excess: Double) {
        let share = max(BinaryLogarithm.power(Self.bearable - excess), 0.5)
        // Half the way: a single slow window is often chance.
        let step = Int(Double(found) * (1 - share) / 2 + 0.5)
        found = max(found - max(step, 1), 1)
        limit = found
    }

    private mutating func probe(full: Double) {
        phase = .probing(full: full)
        beforeGrowth = nil
        limit = (found + 1) / 2
    }

    private mutating func finishProbe(full: Double, half: Double) {
        let doublings = BinaryLogarithm.of(Double(found) / Double(limit))
        guard full - half >= Self.futile * doublings else {
            let isNews = abs(half - (baseline ?? half)) > Self.bearable / 2
            probeInterval =
                isNews
                ? Self.shortestProbeInterval
                : min(2 * probeInterval, Self.longestProbeInterval)
            learnBaseline(half)
            settle()
            return
        }
        baseline = half
        probeInterval = Self.shortestProbeInterval
        found = limit
        if found > 1 { probe(full: half) } else { settle() }
    }

    /// Back to the full limit.
    private mutating func settle() {
        phase = .steady
        limit = found
        slowWindows = 0
        beforeGrowth = nil
    }

    /// Half the way, because a window may be odd.
    private mutating func learnBaseline(_ latency: Double) {
        baseline = baseline.map { ($0 + latency) / 2 } ?? latency
        windowsSinceProbe = 0
    }
}
