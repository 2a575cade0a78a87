// The two clocks: the driver's monotonic one, and the wall clock for people.

package import MCPOCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Reads the clocks that the core must not.
package enum Clock {
    /// Monotonic time.
    package static var now: Instant {
        Instant(nanoseconds: nanoseconds(CLOCK_MONOTONIC))
    }

    /// What to add to `now` to get nanoseconds since 1970, UTC.
    package static var wallOffset: Int64 {
        nanoseconds(CLOCK_REALTIME) - nanoseconds(CLOCK_MONOTONIC)
    }

    /// Milliseconds since 1970, UTC.
    package static var wallMilliseconds: Int64 {
        nanoseconds(CLOCK_REALTIME) / 1_000_000
    }

    private static func nanoseconds(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
