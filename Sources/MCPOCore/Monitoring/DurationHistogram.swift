// How many requests took how long, ever: the histogram of the metrics.
//
// The buckets are Prometheus's usual ones with longer ones behind them, for calls of a model's tools
// take from half a millisecond to a minute:
//
//     0.0005 0.001 0.0025 0.005 0.01 0.025 0.05 0.1 0.25 0.5 1 2.5 5 10 30 60 and more      seconds
//
// Each bound is at least twice the one before, so between two powers of two there is at most one of
// them: the highest bit of a duration says in which of two buckets it is, and a comparison in which.
//
//     3 ms = 3,000,000 ns, highest bit 21   the first bound from 2²¹ on is 2.5 ms (2); 3 > 2.5   ▶ 3

/// Requests by duration.
package struct DurationHistogram {
    /// Upper ends of the buckets but the last, each inclusive, in nanoseconds.
    package static let bounds: [Int64] = [
        500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 25_000_000, 50_000_000, 100_000_000,
        250_000_000, 500_000_000, 1_000_000_000, 2_500_000_000, 5_000_000_000, 10_000_000_000,
        30_000_000_000, 60_000_000_000,
    ]
    package static let bucketCount = 17

    /// The highest bit of the longest duration that is in the first bucket for sure, plus one.
    private static let firstBit = 18
    /// By highest bit from `firstBit` on: how many bounds are below that power of two.
    private static let candidates: [UInt8] = [
        0, 1, 2, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 11, 12, 13, 14, 15,
    ]

    private var buckets = InlineArray<17, Int>(repeating: 0)

    package init() {}

    /// Requests in each bucket, not cumulative.
    package var counts: [Int] { buckets.indices.map { buckets[$0] } }

    /// - Parameter nanoseconds: at least 0.
    @inline(__always)
    package mutating func add(_ nanoseconds: Int64) {
        buckets[Self.bucket(of: nanoseconds)] &+= 1
    }

    @inline(__always)
    private static func bucket(of nanoseconds: Int64) -> Int {
        let bit = 63 &- nanoseconds.leadingZeroBitCount &- firstBit
        guard bit >= 0 else { return 0 }
        guard bit < candidates.count else { return bucketCount &- 1 }
        let candidate = Int(candidates[bit])
        // The sign of the difference and no branch: nothing could foresee which way it goes.
        let rest = UInt64(bitPattern: bounds[candidate] &- nanoseconds)
        return candidate &+ Int(truncatingIfNeeded: rest &>> 63)
    }
}
