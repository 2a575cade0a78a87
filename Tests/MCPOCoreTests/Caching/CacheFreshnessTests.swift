import MCPOCore
import Testing

@Suite("Freshness in a cache")
struct CacheFreshnessTests {
    @Test("An answer is fresh until the very nanosecond at which its lifetime ends")
    func exactEnd() {
        let cache = TestCache(CacheSettings())
        cache.put(1, terms(lifetime(60)))
        let last = Instant(nanoseconds: 60 * second - 1)
        #expect(cache.get(1, at: last).isFresh)
        #expect(cache.get(1, at: at(60)).isMiss)
        #expect(cache.statistics.expirations == 1)
    }

    @Test("A hit tells the answer's age and what remains of its lifetime")
    func ageAndRemaining() {
        let cache = TestCache(CacheSettings())
        cache.put(1, terms(lifetime(60)), at: at(100))
        guard case .fresh(_, let age, let remaining) = cache.get(1, at: at(115)) else {
            Issue.record("a fresh answer was not found")
            return
        }
        #expect(age == 15 * second)
        #expect(remaining == 45 * second)
    }

    @Test("An answer comes back with the layout with which it was stored")
    func layout() {
        let cache = TestCache(CacheSettings())
        var wanted = terms()
        wanted.layout.insertion = 17
        wanted.layout.flags = .max
        wanted.layout.ttl = ByteRange(3, 9)
        cache.put(1, wanted)
        cache.put(2)
        #expect(cache.get(1).answer?.layout == wanted.layout)
        #expect(cache.get(2).answer?.layout == AnswerLayout())
        #expect(cache.get(1).answer?.count == testPayload(1).count)
    }

    @Test("Under lru a default lifetime does not count, an explicit one does")
    func defaultsUnderLRU() {
        let cache = TestCache(CacheSettings(strategy: .lru))
        cache.put(1, terms(CacheLifetime(fresh: 60 * second, isDefault: true)))
        cache.put(2, terms(lifetime(60)))
        guard case .fresh(_, _, let remaining) = cache.get(1, at: at(1e6)) else {
            Issue.record("an answer without lifetime was not found")
            return
        }
        #expect(remaining == nil)
        #expect(cache.get(2, at: at(60)).isMiss)
    }

    @Test(
        "Under the other strategies a default lifetime counts",
        arguments: [CacheStrategy.ttl, .lruTTL, .s3FIFO])
    func defaultsElsewhere(strategy: CacheStrategy) {
        let cache = TestCache(CacheSettings(strategy: strategy))
        cache.put(1, terms(CacheLifetime(fresh: 60 * second, isDefault: true)))
        #expect(cache.get(1, at: at(60)).isMiss)
    }

    @Test("A lifetime of zero or less is not stored")
    func noLifetime() {
        let cache = TestCache(CacheSettings())
        #expect(cache.put(1, terms(lifetime(0, revalidate: 60))) == .refused(.alreadyStale))
        #expect(cache.put(1, terms(lifetime(-1))) == .refused(.alreadyStale))
    }

    @Test("Both stale windows begin when freshness ends, and each ends for itself")
    func staleWindows() {
        let cache = TestCache(CacheSettings())
        cache.put(1, terms(lifetime(60, revalidate: 10, onError: 30)))
        #expect(cache.get(1, at: at(59)).isFresh)
        #expect(cache.get(1, at: at(60)).use == .whileRevalidatingAndIfError)
        #expect(cache.get(1, at: at(70)).use == .ifError)
        #expect(cache.get(1, at: at(90)).isMiss)
        cache.put(2, terms(lifetime(60, revalidate: 10)))
        #expect(cache.get(2, at: at(65)).use == .whileRevalidating)
    }

    @Test("Stale while revalidating is a hit, stale in case of an error is a miss")
    func staleCounting() {
        let cache = TestCache(CacheSettings())
        cache.put(1, terms(lifetime(60, revalidate: 10, onError: 30)))
        _ = cache.get(1, at: at(65))
        _ = cache.get(1, at: at(75))
        #expect(cache.statistics.hits == 1)
        #expect(cache.statistics.misses == 1)
        #expect(cache.statistics.staleServed == 1)
        cache.noteStaleServed()
        #expect(cache.statistics.staleServed == 2)
    }

    @Test("Looking without counting changes no statistics and no order")
    func peeking() {
        let cache = TestCache(CacheSettings(maxSize: 2))
        cache.put(1)
        cache.put(2)
        #expect(cache.holds(1))
        cache.put(3)
        #expect(!cache.holds(1))
        #expect(cache.statistics.hits + cache.statistics.misses == 0)
    }

    @Test("The background removes an expired entry within a second and 1/32 of its lifetime")
    func expiryPrecision() {
        let cache = TestCache(CacheSettings(maxSize: 10_000))
        var generator = SeededRandom(seed: 5)
        var ends: [Int64] = []
        for number in 0..<5000 {
            let stored = Int64(number) * second / 50
            let fresh = Int64(generator.next() % UInt64(400 * second)) + 1
            cache.put(
                number, terms(CacheLifetime(fresh: fresh, isDefault: false)),
                at: Instant(nanoseconds: stored))
            ends.append(stored + fresh + fresh / 32 + second)
        }
        var wakeUps = 0
        while let deadline = cache.nextDeadline {
            cache.settle(at: deadline)
            wakeUps += 1
            let overdue = ends.count { $0 < deadline.nanoseconds }
            #expect(cache.statistics.expirations >= overdue)
        }
        #expect(cache.statistics.currentSize == 0)
        #expect(wakeUps <= 501)
    }

    @Test("A cache in which nothing expires asks for no wake-up")
    func noDeadline() {
        let cache = TestCache(CacheSettings(strategy: .lru))
        #expect(cache.nextDeadline == nil)
        cache.put(1, terms(CacheLifetime(fresh: second, isDefault: true)))
        #expect(cache.nextDeadline == nil)
        cache.put(2, terms(lifetime(60)))
        #expect(cache.nextDeadline == at(60))
    }
}
