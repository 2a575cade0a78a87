// Whether an endpoint's latest calls are unlike those before them (SPEC §12, `anomaly`).
//
//     calls that reached the server     ······································|xxxxxxxxxxxxxxxx
//                                        before: 64 to 968                     latest: 32
//
// Hits are no such calls, nor are requests that joined a flight: a tool whose calls become hits is as
// it was. Two things are looked at, each with conditions that must hold at once:
//
//     durations of the successful ones
//       much      the median of the latest is over 3 times, or under a third of, that of those before
//       felt      they differ by 20 ms or more: what is below that nobody waits for, and a scheduler
//                 or a garbage collector can bring it about
//       most      of 100 pairs of a latest one and one before, 78 are the same way round: what a tool
//                 does half of the time is not unusual, nor is it when it does only that again
//       no luck   a rank test (Mann and Whitney, 1947) gives |z| ≥ 4.5, once in 150,000 for durations
//                 of one and the same distribution, whatever its shape; a tool that is sometimes
//                 fast and sometimes slow would else be an anomaly every minute
//     failures
//       much      the share is 10 points or more over that of those before
//       many      four or more
//       no luck   an exact test (Fisher, 1922) gives p ≤ 10⁻⁶
//
// What is new becomes usual: when enough calls have been like the latest, the alert is over. It is
// over before if they are less than twice, and more than half, of what is usual, or differ by less
// than 10 ms, or of 100 pairs 70 at the most are the same way round; or the share of failures is less
// than 5 points over it.

enum CallShift {
    /// SPEC §12.
    static let latest = 32
    /// With fewer calls before, nothing is usual yet.
    static let fewestBefore = 64
    private static let factor: Int64 = 3
    private static let factorBack: Int64 = 2
    /// In nanoseconds.
    private static let felt: Int64 = 20_000_000
    /// Of the pairs beyond the half of them.
    private static let most = 0.28
    private static let mostBack = 0.2
    /// The square of z.
    private static let leastScore = 4.5 * 4.5
    private static let leastFailures = 4
    private static let greatestChance = 1e-6
    /// Percentage points.
    private static let points = 10.0
    private static let pointsBack = 5.0

    /// How many calls are kept, for a window of so many requests.
    static func window(_ windowSize: Int) -> Int { min(max(windowSize, 128), 1_000) }

    /// - Parameters:
    ///   - calls: marks from the oldest to the latest.
    ///   - isWatched: whether there is an alert, so that readings matter which raise none.
    /// - Returns: what can be said of them; nothing if they are too few.
    static func readings(
        _ calls: [UInt32], isWatched: Bool, _ sorter: inout MarkSorter
    ) -> [AlertReading] {
        guard calls.count >= latest + fewestBefore else { return [] }
        let failed = calls.reduce(UInt32(0)) { $0 &+ $1 & 1 }
        var readings = failed > 0 || isWatched ? [failures(calls)] : []
        let successes = failed > 0 ? calls.filter { $0 & 1 == 0 } : calls
        if successes.count >= latest + fewestBefore, isWatched || isSuspect(successes) {
            readings.append(durations(successes, &sorter))
        }
        return readings
    }
}

// MARK: - Durations

extension CallShift {
    /// Whether the medians may be as far apart as they have to be: what is mostly not so, and told
    /// without sorting all calls.
    private static func isSuspect(_ calls: [UInt32]) -> Bool {
        let now = median(calls.suffix(latest).sorted())
        // Marks sort as durations do; rounding may let in one too many.
        let low = DurationMark(nanoseconds: now / factor, isFailure: true).bits
        let high = DurationMark(nanoseconds: now * factor, isFailure: false).bits
        var (below, above): (UInt32, UInt32) = (0, 0)
        for bits in calls.dropLast(latest) {
            below &+= bits <= low ? 1 : 0
            above &+= bits >= high ? 1 : 0
        }
        return 2 * Int(max(below, above)) >= calls.count - latest
    }

    private static func durations(_ calls: [UInt32], _ sorter: inout MarkSorter) -> AlertReading {
        let before = sorter.sorted(Array(calls.dropLast(latest)))
        let now = calls.suffix(latest).sorted()
        let usual = median(before)
        let median = median(now)
        let difference = abs(median - usual)
        let isMuch = median > factor * usual || median * factor < usual
        let (pairs, score) = compare(now, before)
        let isOver = isMuch && difference >= felt && pairs >= most && score >= leastScore
        let isLittle = median <= factorBack * usual && usual <= factorBack * median
        let threshold = median >= usual ? factor * usual : usual / factor
        return AlertReading(
            .anomaly, .seconds, value: AlertReading.seconds(median),
            threshold: AlertReading.seconds(threshold), isOver: isOver,
            isBack: isLittle || difference < felt / 2 || pairs <= mostBack)
    }

    /// In nanoseconds.
    private static func median(_ sorted: [UInt32]) -> Int64 {
        DurationMark(bits: sorted[(sorted.count - 1) / 2]).nanoseconds
    }

    /// Compares two sorted samples: the share of pairs that are the same way round, beyond one half,
    /// and the square of the score z of the rank test. Equal durations count half; where there are
    /// many, the score is smaller than it could be.
    private static func compare(
        _ now: [UInt32], _ before: [UInt32]
    ) -> (pairs: Double, score: Double) {
        var (below, upTo, doubled) = (0, 0, 0)
        for mark in now {
            while below < before.count, before[below] < mark { below += 1 }
            upTo = max(upTo, below)
            while upTo < before.count, before[upTo] == mark { upTo += 1 }
            doubled += below + upTo
        }
        let (m, n) = (Double(now.count), Double(before.count))
        let distance = abs(Double(doubled) / 2 - m * n / 2)
        return (distance / (m * n), distance * distance / (m * n * (m + n + 1) / 12))
    }
}

// MARK: - Failures

extension CallShift {
    private static func failures(_ calls: [UInt32]) -> AlertReading {
        let isFailure = { (mark: UInt32) in mark & 1 == 1 }
        let before = calls.count - latest
        let usual = calls.dropLast(latest).count(where: isFailure)
        let now = calls.suffix(latest).count(where: isFailure)
        let usualShare = 100 * Double(usual) / Double(before)
        let share = 100 * Double(now) / Double(latest)
        let isOver =
            now >= leastFailures && share >= usualShare + points
            && chance(of: now, usual: usual, of: before) <= greatestChance
        return AlertReading(
            .anomaly, .percent, value: share, threshold: usualShare + points, isOver: isOver,
            isBack: share < usualShare + pointsBack)
    }

    /// How probable it is that, of as many failures in all, at least so many are among the latest.
    private static func chance(of now: Int, usual: Int, of before: Int) -> Double {
        let failures = now + usual
        let all = Double(before + latest)
        // All of the first `now` of the latest fail, and none of the others, in any order.
        var chance = 1.0
        var (failuresLeft, successesLeft) = (Double(failures), all - Double(failures))
        for place in 0..<latest {
            let left = all - Double(place)
            if place < now {
                chance *= failuresLeft / left * Double(latest - place) / Double(place + 1)
                failuresLeft -= 1
            } else {
                chance *= successesLeft / left
                successesLeft -= 1
            }
        }
        var (sum, more) = (chance, now)
        while more < min(latest, failures) {
            let ways = Double(latest - more) * Double(failures - more)
            let others = Double(more + 1) * Double(before - failures + more + 1)
            chance *= ways / others
            sum += chance
            more += 1
        }
        return sum
    }
}
