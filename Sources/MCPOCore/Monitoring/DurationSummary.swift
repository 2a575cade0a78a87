// What the requests of a window have in common: their mean, extremes and percentiles.
//
// Computed when somebody asks, from a sorted copy. The percentiles are nearest-rank ones: p90 of n
// requests is the ⌈0.9·n⌉-th shortest duration, always one that some request really had.
//
//     4 requests: 50 60 80 2100 ms       p50 = 60 ms (2nd)   p90 = p99 = 2100 ms (4th)
//
// Marks are numbers of 32 bits, so they are sorted by radix, as many digits of ten bits as they
// differ in: two if no request took longer than 524 ms. With 1,024 endpoints of 1,000 requests that
// is some milliseconds for all of them; the standard library's sort takes ten times as long.

/// What a window has in it. Durations are in nanoseconds, and 0 when there are no requests.
package struct DurationSummary: Equatable, Sendable {
    package var count = 0
    package var failures = 0
    package var average: Int64 = 0
    package var minimum: Int64 = 0
    package var maximum: Int64 = 0
    package var p50: Int64 = 0
    package var p90: Int64 = 0
    package var p99: Int64 = 0

    package init() {}

    init(of window: DurationWindow, _ sorter: inout MarkSorter) {
        guard !window.marks.isEmpty else { return }
        let sorted = sorter.sorted(window.marks)
        count = sorted.count
        var sum: Int64 = 0  // microseconds: 100,000 times 12.7 days is far below the end of Int64
        for bits in sorted {
            sum &+= DurationMark(bits: bits).microseconds
            failures &+= Int(bits & 1)
        }
        average = (sum * 1_000 + Int64(count / 2)) / Int64(count)
        minimum = DurationMark(bits: sorted[0]).nanoseconds
        maximum = DurationMark(bits: sorted[count - 1]).nanoseconds
        p50 = Self.percentile(50, of: sorted)
        p90 = Self.percentile(90, of: sorted)
        p99 = Self.percentile(99, of: sorted)
    }

    /// The nearest-rank percentile of sorted marks, which are some.
    private static func percentile(_ percent: Int, of sorted: [UInt32]) -> Int64 {
        let rank = (sorted.count * percent + 99) / 100
        return DurationMark(bits: sorted[rank - 1]).nanoseconds
    }
}

/// Sorts marks; keeps its memory from one window to the next.
struct MarkSorter {
    /// Ten bits (measured against eight, nine and eleven): two digits are durations below 524 ms.
    private static let digitBits: UInt32 = 10
    private static let digits = 1 << 10
    /// Below this the standard library's sort is faster than going through all places.
    private static let fewest = 128

    private var values: [UInt32] = []
    private var scratch: [UInt32] = []
    /// Of each digit: how often it is there, then where the next value that has it goes.
    private var places: [UInt32] = Array(repeating: 0, count: digits)

    mutating func sorted(_ marks: [UInt32]) -> [UInt32] {
        guard marks.count >= Self.fewest else { return marks.sorted() }
        values = marks
        scratch = Array(repeating: 0, count: marks.count)
        let differing = marks.reduce(0) { $0 | ($1 ^ marks[0]) }
        var shift: UInt32 = 0
        while shift < 32, differing &>> shift > 0 {
            sortByDigit(shift)
            shift &+= Self.digitBits
        }
        return values
    }

    /// Sorts by one digit, leaving values that have the same one in the order they are in.
    private mutating func sortByDigit(_ shift: UInt32) {
        places.withUnsafeMutableBufferPointer { places in
            Self.setPlaces(places, values, shift)
            scratch.withUnsafeMutableBufferPointer { target in
                for value in values {
                    let digit = Int(value &>> shift) & (Self.digits &- 1)
                    target[Int(places[digit])] = value
                    places[digit] &+= 1
                }
            }
        }
        swap(&values, &scratch)
    }

    private static func setPlaces(
        _ places: UnsafeMutableBufferPointer<UInt32>, _ values: [UInt32], _ shift: UInt32
    ) {
        places.update(repeating: 0)
        for value in values { places[Int(value &>> shift) & (digits &- 1)] &+= 1 }
        var position: UInt32 = 0
        for digit in places.indices {
            let count = places[digit]
            places[digit] = position
            position &+= count
        }
    }
}
