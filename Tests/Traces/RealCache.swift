// `SmartCache` itself behind the key streams, and against the clock.

import MCPOCore

/// A key as long as those that the proxy makes (about 110 bytes).
func traceKey(_ number: Int) -> CacheKey {
    let server = "npx -y @modelcontextprotocol/server-github"
    let method = "tools/call"
    let params = #"{"arguments":{"query":"\#(number)"},"name":"search_issues"}"#
    return CacheKey(bytes: Array((server + method + params).utf8))
}

/// Hits of a cache of `capacity` entries of one size, a request each millisecond.
func realHits(_ keys: [Int], _ strategy: CacheStrategy, capacity: Int, bound: Int) -> Int {
    let settings = CacheSettings(maxSize: capacity, maxBytes: 1 << 40, strategy: strategy)
    var cache = SmartCache(settings)
    // An hour, longer than any stream takes: replacement is compared, not expiry. Under `ttl`, where
    // all live equally long, this is first in, first out.
    let lifetime = CacheLifetime(fresh: 3_600_000_000_000, isDefault: true)
    let terms = CacheTerms(group: CacheGroup(server: 0, number: 0), lifetime: lifetime)
    let payload: [UInt8] = [1, 2, 3]
    let made = (0..<bound).map(traceKey)
    for (place, number) in keys.enumerated() {
        let now = Instant(nanoseconds: Int64(place) * 1_000_000)
        let key = made[number]
        if case .miss = cache.lookup(key.bytes.span.bytes, hash: key.hash, at: now) {
            _ = cache.store(
                key.bytes.span.bytes, hash: key.hash, payload.span.bytes, terms, at: now)
        }
    }
    return cache.statistics.hits
}
