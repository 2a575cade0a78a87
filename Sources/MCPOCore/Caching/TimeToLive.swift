// What the server says on how long an answer is good (revision 2026-07-28, Caching).

extension Method {
    /// Whether it asks for a list, or for what a server is: long-lived, with notifications.
    var isList: Bool {
        switch self {
        case .discover, .listTools, .listPrompts, .listResources, .listResourceTemplates: true
        default: false
        }
    }

    /// Whether revision 2026-07-28 has `ttlMs` in the result.
    var hasTTL: Bool { isList || self == .readResource }
}

/// `ttlMs` in nanoseconds, nil if it is absent; what is no integer, or negative, is 0 (revision
/// 2026-07-28, Caching).
func timeToLive(_ line: RawSpan, _ value: JSONValue) -> Int64? {
    guard value.isPresent else { return nil }
    guard value.kind == .integer, line.byte(Int(value.range.lower)) != UInt8(ascii: "-") else {
        return 0
    }
    /// Ten thousand years.
    let most: Int64 = 315_360_000_000_000
    var milliseconds: Int64 = 0
    for offset in value.range.bounds {
        milliseconds = milliseconds * 10 + Int64(line.byte(offset) &- UInt8(ascii: "0"))
        if milliseconds > most { return .max }
    }
    let (nanoseconds, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
    return overflow ? .max : nanoseconds
}
