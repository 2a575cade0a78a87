// The time of day for people.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The time of day here, as `14:03:22`.
package func localTimeOfDay() -> String {
    var now = time(nil)
    var parts = tm()
    localtime_r(&now, &parts)
    return [parts.tm_hour, parts.tm_min, parts.tm_sec].map { ($0 < 10 ? "0" : "") + "\($0)" }
        .joined(separator: ":")
}
