// What a client wants of the cache for one request: `params._meta["mcpo/cache"]`, SPEC §5 and §12.
//
//     "no-store"         neither look up nor store
//     "no-cache"         do not look up; store the answer
//     "only-if-cached"   answer from the cache or not at all (error 1004)
//     {"maxAge": 2.5}    an answer that is at most 2.5 s old will do
//
// They are those of HTTP (RFC 9111 §5.2.1), with HTTP's effect: they narrow what the policy allows.

/// The cache directive of one request.
package enum CacheDirective: Equatable, Sendable {
    /// There is none.
    case none
    case noStore
    case noCache
    case onlyIfCached
    /// In nanoseconds.
    case maxAge(Int64)
    /// There is one that mcpo does not know: ignored, counted, logged once.
    case notUnderstood

    /// Reads the directive of a request.
    package init(_ line: RawSpan, _ meta: RequestMeta) {
        let value = meta.cacheDirective
        switch value.kind {
        case .absent:
            self = .none
        case .string:
            if line.stringEquals(value, "no-store") {
                self = .noStore
            } else if line.stringEquals(value, "no-cache") {
                self = .noCache
            } else if line.stringEquals(value, "only-if-cached") {
                self = .onlyIfCached
            } else {
                self = .notUnderstood
            }
        case .object:
            self = Self.maximumAge(line, value).map(Self.maxAge) ?? .notUnderstood
        default:
            self = .notUnderstood
        }
        if meta.hasDuplicates, self != .none { self = .notUnderstood }
    }

    /// The age in `{"maxAge": seconds}`, which has no other member.
    private static func maximumAge(_ line: RawSpan, _ object: JSONValue) -> Int64? {
        var members = ObjectMembers(line, of: object)
        guard let member = members.next(line), member.isNamed("maxAge", line),
            members.next(line) == nil
        else { return nil }
        return nanoseconds(line, member.value)
    }

    /// A number of seconds, which may have a fraction or an exponent, in nanoseconds. More than 292
    /// years are as good as that.
    private static func nanoseconds(_ line: RawSpan, _ value: JSONValue) -> Int64? {
        guard value.kind == .integer || value.kind == .number, value.range.count <= 40 else {
            return nil
        }
        let text = line.extracting(value.range.bounds).withUnsafeBytes {
            String(decoding: $0, as: UTF8.self)
        }
        guard let seconds = Double(text), seconds >= 0 else { return nil }
        // `rounded()` is a call into libm, which the executable does not link.
        let nanoseconds = seconds * 1e9 + 0.5
        return nanoseconds < 0x1p63 ? Int64(nanoseconds) : .max
    }
}
