// When requests arrived, to tell how many did in the last second and in the last five.
//
// Arrivals within 10 ms of the first of them make a burst, which keeps the time of its first and of
// its last one, and how many there are:
//
//     arrivals (ms)   0  3  7        40        95 96
//     bursts         [0…7: 3]    [40: 1]    [95…96: 2]
//
// Bursts begin at least 10 ms apart, so that five seconds have at most 501 of them, whatever the
// rate. Only a burst that straddles the edge of the window is a guess, and with two arrivals even
// that is none: its first is outside and its last inside; what lies between is taken to be evenly
// spread. So a count is exact as long as no three requests arrive within 10 ms of each other, and
// otherwise off by less than the arrivals of 10 ms: 1 % of an even load over one second, 0.2 % over
// five.

/// The arrivals of the last five seconds.
struct ArrivalLog {
    /// The length of a burst in nanoseconds; see above for the precision that it gives.
    static let burstLength: Int64 = 10_000_000
    /// How far back one can ask, in nanoseconds: the longer of the two windows of SPEC §8.
    static let reach: Int64 = 5_000_000_000
    /// Bursts that may be kept, the least power of two that is enough for `reach`.
    static let maximumBursts = 512
    private static let firstCapacity = 16

    private struct Burst {
        /// In nanoseconds.
        var first: Int64
        /// Nanoseconds from the first arrival to the last: below `burstLength`.
        var length: UInt32 = 0
        var count: UInt32 = 0

        /// Arrivals after `edge`, a time in nanoseconds.
        func count(after edge: Int64) -> Int {
            if first > edge { return Int(count) }
            let inside = first &+ Int64(length) &- edge
            guard inside > 0, count > 1 else { return 0 }
            // The first is outside and the last inside, so there is a length.
            let between = Int64(count) - 2
            return 1 + Int((between * inside + Int64(length) / 2) / Int64(length))
        }
    }

    /// The burst that may still grow. The first arrival of all begins a new one.
    private var current = Burst(first: .min / 2)
    /// A ring of those before it: `held` of them from `head` on; its size is a power of two.
    private var bursts: [Burst] = []
    private var head = 0
    private var held = 0

    /// Notes an arrival. Time that runs backwards is taken to stand still.
    @inline(__always)
    mutating func note(_ time: Int64) {
        let age = time &- current.first
        guard age < Self.burstLength, current.count < .max else { return begin(time) }
        current.count &+= 1
        if age > Int64(current.length) { current.length = UInt32(truncatingIfNeeded: age) }
    }

    /// Arrivals in the `length` nanoseconds that end with, and include, `now`.
    func count(inLast length: Int64, at now: Int64) -> Int {
        let edge = now &- min(length, Self.reach)
        var count = current.count(after: edge)
        for index in 0..<held {
            count += bursts[(head &+ index) & (bursts.count &- 1)].count(after: edge)
        }
        return count
    }

    /// Closes the current burst and begins another; at most once in 10 ms.
    @inline(never)
    private mutating func begin(_ time: Int64) {
        if current.count > 0 { keep(current) }
        current = Burst(first: time, length: 0, count: 1)
        dropExpired(at: time)
    }

    private mutating func dropExpired(at time: Int64) {
        while held > 0, bursts[head].count(after: time &- Self.reach) == 0 {
            head = (head &+ 1) & (bursts.count &- 1)
            held &-= 1
        }
    }

    private mutating func keep(_ burst: Burst) {
        if held == bursts.count { makeRoom() }
        bursts[(head &+ held) & (bursts.count &- 1)] = burst
        held &+= 1
    }

    /// Doubles the ring; at its bound, which only more than 2³² arrivals in 10 ms could reach, the
    /// oldest burst goes.
    private mutating func makeRoom() {
        guard bursts.count < Self.maximumBursts else {
            head = (head &+ 1) & (bursts.count &- 1)
            held &-= 1
            return
        }
        var larger: [Burst] = []
        larger.reserveCapacity(max(2 * bursts.count, Self.firstCapacity))
        larger += bursts[head...] + bursts[..<head]
        while larger.count < max(2 * bursts.count, Self.firstCapacity) {
            larger.append(Burst(first: 0))
        }
        bursts = larger
        head = 0
    }
}
