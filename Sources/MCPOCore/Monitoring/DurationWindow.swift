// How long the last requests of one endpoint took, and which of them failed.
//
// A request is one mark of 32 bits, so that the window of 1,000 requests is 4 KB and sorts fast. The
// lowest bit says whether it failed, those above it how long it took:
//
//     below 2³⁰        microseconds, exactly (up to 17.9 minutes)
//     from 2³⁰ on      2³⁰ + steps of 1,024 µs beyond 2³⁰ µs (up to 12.7 days, where it stops)
//
//     89 ms, answered → 89,000 « 1 | 0      2 s, failed → 2,000,000 « 1 | 1
//
// Marks sort as their durations do. Memory grows with the requests that there were, by doubling, so
// that a request allocates nothing but a dozen times in an endpoint's life.

/// One request in a window.
struct DurationMark: Equatable {
    /// The first duration, in microseconds, that is kept in coarser steps.
    private static let coarse: Int64 = 1 << 30
    private static let coarseShift: Int64 = 10
    private static let largest: Int64 = 1 << 31 - 1

    let bits: UInt32

    init(bits: UInt32) { self.bits = bits }

    /// - Parameter nanoseconds: rounded to the microsecond; what is negative counts as 0.
    @inline(__always)
    init(nanoseconds: Int64, isFailure: Bool) {
        let rounded = min(max(nanoseconds, 0), .max - 500) &+ 500
        var code = rounded / 1_000
        if code >= Self.coarse {
            code = min(Self.coarse &+ (code &- Self.coarse) &>> Self.coarseShift, Self.largest)
        }
        bits = UInt32(truncatingIfNeeded: code) &<< 1 | (isFailure ? 1 : 0)
    }

    var isFailure: Bool { bits & 1 == 1 }

    @inline(__always)
    var microseconds: Int64 {
        let code = Int64(bits &>> 1)
        guard code >= Self.coarse else { return code }
        return Self.coarse &+ (code &- Self.coarse) &<< Self.coarseShift
    }

    var nanoseconds: Int64 { microseconds * 1_000 }
}

/// The marks of the last requests: as many as `limit`, which is the same in every call.
struct DurationWindow: Equatable, Sendable {
    /// 256 bytes: an endpoint that is called now and then needs no more.
    private static let firstCapacity = 64

    /// In order of arrival until there are `limit` of them, then a ring.
    private(set) var marks: [UInt32] = []
    /// The place of the oldest mark, which the next one takes once the ring is full.
    private var oldest = 0

    @inline(__always)
    mutating func add(_ mark: DurationMark, limit: Int) {
        guard marks.count >= limit else { return append(mark, limit) }
        marks[oldest] = mark.bits
        oldest &+= 1
        if oldest == limit { oldest = 0 }
    }

    private mutating func append(_ mark: DurationMark, _ limit: Int) {
        if marks.count == marks.capacity {
            marks.reserveCapacity(min(max(2 * marks.count, Self.firstCapacity), limit))
        }
        marks.append(mark.bits)
    }

    /// From the oldest to the latest.
    var inOrder: [UInt32] { Array(marks[oldest...] + marks[..<oldest]) }

    /// From now on `limit` is another one; the latest marks stay.
    mutating func resize(limit: Int) {
        marks = Array(inOrder.suffix(limit))
        oldest = 0
    }
}
