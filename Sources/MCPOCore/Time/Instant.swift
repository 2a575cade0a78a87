// Time as the core sees it: a number that the caller passes in.
//
// The core reads no clock. Every entry point takes the present `Instant`, which the driver reads
// from the monotonic clock once per turn and the simulator makes up. Only differences mean anything.

/// A point in monotonic time, in nanoseconds since an arbitrary start that one driver keeps.
package struct Instant: Comparable, Hashable, Sendable {
    /// Nanoseconds since the driver's own start of counting.
    package var nanoseconds: Int64

    package init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// The far end of time: a deadline that never comes.
    package static let never = Instant(nanoseconds: .max)

    package static func < (left: Instant, right: Instant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// The instant `duration` later; stays at `.never` instead of overflowing.
    package func advanced(by duration: Duration) -> Instant {
        advanced(byNanoseconds: duration.wholeNanoseconds)
    }

    /// The same for a duration that was converted before: `Duration` counts attoseconds in 128 bits,
    /// which is much for every request.
    package func advanced(byNanoseconds duration: Int64) -> Instant {
        let (sum, overflow) = nanoseconds.addingReportingOverflow(duration)
        return overflow ? .never : Instant(nanoseconds: sum)
    }

    /// The time from `earlier` to here; negative when `earlier` is later.
    package func since(_ earlier: Instant) -> Duration {
        .nanoseconds(nanoseconds &- earlier.nanoseconds)
    }
}

extension Duration {
    /// This duration in nanoseconds, saturating at the ends of `Int64` (292 years).
    package var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, carry) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
        guard !overflow, !carry else { return seconds < 0 ? .min : .max }
        return sum
    }
}
