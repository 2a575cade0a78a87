// Keys, payloads and shorthands for the cache's tests.

import MCPOCore

let second: Int64 = 1_000_000_000

/// A key whose hash a test may choose.
struct TestKey {
    let hash: UInt64
    let bytes: [UInt8]
}

func testKey(_ number: Int) -> TestKey {
    var generator = SeededRandom(seed: number)
    return TestKey(hash: generator.next(), bytes: Array("key \(number)".utf8))
}

/// A payload that tells what it was stored for.
func testPayload(_ number: Int, version: Int = 0, count: Int = 0) -> [UInt8] {
    let bytes = Array("\(number) version \(version) ".utf8)
    return bytes + Array(repeating: UInt8(ascii: "x"), count: max(0, count - bytes.count))
}

func testCost(_ number: Int, count: Int) -> Int {
    SmartCache.cost(keyCount: testKey(number).bytes.count, payloadCount: count)
}

func at(_ seconds: Double) -> Instant { Instant(nanoseconds: Int64(seconds * Double(second))) }

/// An explicit lifetime in seconds.
func lifetime(_ fresh: Int64, revalidate: Int64 = 0, onError: Int64 = 0) -> CacheLifetime {
    CacheLifetime(
        fresh: fresh * second, isDefault: false, staleWhileRevalidate: revalidate * second,
        staleIfError: onError * second)
}

func terms(
    _ lifetime: CacheLifetime = lifetime(300), server: Int = 0, group: Int = 0,
    resource: UInt64 = 0, asked: CacheGeneration? = nil
) -> CacheTerms {
    CacheTerms(
        group: CacheGroup(server: server, number: group), lifetime: lifetime, resource: resource,
        asked: asked)
}

extension CacheLookup {
    /// Fresh or stale.
    var answer: CachedAnswer? {
        switch self {
        case .miss: nil
        case .fresh(let answer, _, _), .stale(let answer, _, _): answer
        }
    }

    var bytes: [UInt8]? {
        answer?.withPayload { payload in payload.withUnsafeBytes { Array($0) } }
    }

    var isFresh: Bool {
        if case .fresh = self { true } else { false }
    }

    var isMiss: Bool {
        if case .miss = self { true } else { false }
    }

    /// What a stale answer may be used for.
    var use: StaleUse? {
        if case .stale(_, _, let use) = self { use } else { nil }
    }
}

extension SmartCache {
    mutating func lookup(_ key: TestKey, at now: Instant) -> CacheLookup {
        lookup(key.bytes.span.bytes, hash: key.hash, at: now)
    }

    mutating func peek(_ key: TestKey, at now: Instant) -> CacheLookup {
        peek(key.bytes.span.bytes, hash: key.hash, at: now)
    }

    mutating func store(
        _ key: TestKey, _ payload: [UInt8], _ terms: CacheTerms, at now: Instant
    ) -> CacheStoreOutcome {
        store(key.bytes.span.bytes, hash: key.hash, payload.span.bytes, terms, at: now)
    }

    /// Stores a small payload.
    @discardableResult
    mutating func put(
        _ number: Int, _ terms: CacheTerms = terms(), at now: Instant = at(0), count: Int = 0
    ) -> CacheStoreOutcome {
        store(testKey(number), testPayload(number, count: count), terms, at: now)
    }
}

/// A cache behind a reference, since `#expect` copies what a method is called on.
final class TestCache {
    var cache: SmartCache

    init(_ settings: CacheSettings) { cache = SmartCache(settings) }

    var statistics: CacheStatistics { cache.statistics }
    var nextDeadline: Instant? { cache.nextDeadline }
    var generation: CacheGeneration { cache.generation }
    var steps: Int { cache.steps }

    @discardableResult
    func put(
        _ number: Int, _ terms: CacheTerms = terms(), at now: Instant = at(0), count: Int = 0
    ) -> CacheStoreOutcome {
        cache.put(number, terms, at: now, count: count)
    }

    func get(_ number: Int, at now: Instant = at(0)) -> CacheLookup {
        cache.lookup(testKey(number), at: now)
    }

    func holds(_ number: Int, at now: Instant = at(0)) -> Bool {
        !cache.peek(testKey(number), at: now).isMiss
    }

    func lookup(_ key: TestKey, at now: Instant) -> CacheLookup { cache.lookup(key, at: now) }

    @discardableResult
    func store(_ key: TestKey, _ terms: CacheTerms, payload: [UInt8]) -> CacheStoreOutcome {
        cache.store(key, payload, terms, at: at(0))
    }

    func drop(_ group: CacheGroup) { cache.drop(group) }
    func drop(server: Int) { cache.drop(server: server) }
    func drop(resource: UInt64) { cache.drop(resource: resource) }
    func drop(_ key: TestKey) { cache.drop(key.bytes.span.bytes, hash: key.hash) }
    func dropAll() { cache.dropAll() }
    func isCurrent(
        _ asked: CacheGeneration, _ group: CacheGroup, resource: UInt64 = 0
    ) -> Bool {
        cache.isCurrent(asked, group: group, resource: resource)
    }

    func count(of group: CacheGroup) -> Int { cache.count(of: group) }
    func noteStaleServed() { cache.noteStaleServed() }

    func setBounds(maxSize: Int, maxBytes: Int) {
        cache.setBounds(maxSize: maxSize, maxBytes: maxBytes)
    }

    @discardableResult
    func tick(at now: Instant) -> Bool { cache.tick(at: now) }

    /// Ticks until there is nothing left to do; returns the most steps that one tick took.
    @discardableResult
    func settle(at now: Instant) -> Int {
        var worst = 0
        var isDone = false
        while !isDone {
            let before = steps
            isDone = tick(at: now)
            worst = max(worst, steps - before)
        }
        return worst
    }
}

extension CacheStatistics {
    /// Whether the counters account for every entry.
    var addsUp: Bool {
        stores - replacements - evictions - expirations - invalidations == currentSize
    }
}
