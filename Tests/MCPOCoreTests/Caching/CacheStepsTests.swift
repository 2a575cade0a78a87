import MCPOCore
import Testing

@Suite("Steps of a cache")
struct CacheStepsTests {
    /// A search of two chains of 32, one eviction with 64 second chances, a bucket split.
    private static let mostSteps = 400
    /// What each step of the background may look at, its own removal included.
    private static let mostStepsOfTick = 20 * SmartCache.usualBudget

    @Test(
        "With 100,000 entries no operation takes more than a few hundred steps",
        arguments: [CacheStrategy.lruTTL, .ttl, .s3FIFO])
    func many(strategy: CacheStrategy) {
        let count = 100_000
        let cache = TestCache(CacheSettings(maxSize: count, maxBytes: 1 << 40, strategy: strategy))
        var worst = 0
        for number in 0..<count + count / 10 {
            let before = cache.steps
            cache.store(number)
            worst = max(worst, cache.steps - before)
        }
        #expect(cache.statistics.currentSize == count)
        #expect(cache.statistics.evictions == count / 10)
        #expect(worst <= Self.mostSteps)

        let before = cache.steps
        cache.drop(CacheGroup(server: 0, number: 0))
        #expect(cache.steps - before <= 1)
        #expect(cache.statistics.currentSize == count / 2)
        #expect(cache.settle(at: at(0)) <= Self.mostStepsOfTick)
        #expect(cache.settle(at: at(3600)) <= Self.mostStepsOfTick)
        #expect(cache.statistics.currentSize == 0)
        #expect(cache.statistics.addsUp)
    }

    @Test("Keys chosen so that their hashes agree do not make an operation long")
    func flooding() {
        let cache = TestCache(CacheSettings(maxSize: 100_000))
        var worst = 0
        for number in 0..<5000 {
            let key = TestKey(hash: 42, bytes: Array("\(number)".utf8))
            let before = cache.steps
            cache.store(key, terms(resource: 43), payload: testPayload(number))
            _ = cache.lookup(key, at: at(0))
            worst = max(worst, cache.steps - before)
        }
        #expect(worst <= Self.mostSteps)
        #expect(cache.statistics.currentSize == 32)
        #expect(cache.statistics.addsUp)
    }

    @Test("Nor do they when the table shrinks around them")
    func floodingWhileShrinking() {
        let cache = TestCache(CacheSettings(maxSize: 100_000))
        for number in 0..<20_000 { cache.put(number, terms(group: 1)) }
        // A full chain in each of many buckets that a small table would merge into one.
        let keys = (0..<3200).map { number in
            TestKey(hash: UInt64(number % 100) << 6, bytes: Array("\(number)".utf8))
        }
        for key in keys { cache.store(key, terms(group: 2), payload: []) }
        let full = keys.count { !cache.lookup($0, at: at(0)).isMiss }
        #expect(full > 2500)
        cache.drop(CacheGroup(server: 0, number: 1))
        // Each removal may look along a full chain, and along two more that it could merge.
        #expect(cache.settle(at: at(0)) <= 3 * 32 * SmartCache.usualBudget)
        for key in keys {
            let before = cache.steps
            _ = cache.lookup(key, at: at(0))
            #expect(cache.steps - before <= Self.mostSteps / 10)
        }
    }

    @Test("A large answer in place of many that were used is no longer a step either")
    func largeAmongUsed() {
        let bytes = 20_000 * testCost(10_000, count: 0)
        let cache = TestCache(
            CacheSettings(maxSize: 30_000, maxBytes: bytes, strategy: .s3FIFO))
        for number in 10_000..<25_000 { cache.put(number) }
        for _ in 0..<3 {
            for number in 10_000..<25_000 { _ = cache.get(number) }
        }
        for number in 0..<8 {
            let before = cache.steps
            cache.put(number, count: bytes / 10)
            #expect(cache.steps - before <= 1024 * 20)
            #expect(cache.statistics.memoryBytes <= bytes)
        }
        #expect(cache.statistics.evictions > 0)
    }

    @Test("Thousands of groups that were dropped just now do not keep an answer from being stored")
    func manyGroups() {
        let cache = TestCache(CacheSettings(maxSize: 10_000))
        for number in 0..<10_000 { cache.put(number, terms(group: number / 2)) }
        // The other half of each group stays in the way of whoever looks for dropped entries.
        for group in 0..<5000 { cache.drop(testKey(2 * group)) }
        for number in 10_000..<15_000 { cache.put(number, terms(group: 5000)) }
        cache.drop(server: 0)
        for number in 20_000..<40_000 {
            let before = cache.steps
            #expect(cache.put(number, terms(server: 1, group: 6000)) == .stored)
            #expect(cache.steps - before <= Self.mostSteps)
        }
        #expect(cache.statistics.currentSize == 10_000)
        #expect(cache.statistics.addsUp)
    }

    @Test("A search for whom to remove is bounded when every entry was used")
    func chances() {
        let cache = TestCache(CacheSettings(maxSize: 10_000, strategy: .s3FIFO))
        for number in 0..<10_000 { cache.put(number) }
        for _ in 0..<3 {
            for number in 0..<10_000 { _ = cache.get(number) }
        }
        for number in 10_000..<20_000 {
            let before = cache.steps
            cache.put(number)
            #expect(cache.steps - before <= Self.mostSteps)
        }
    }
}

extension TestCache {
    /// Stores under a key that is quick to make; half of them in either group.
    fileprivate func store(_ number: Int) {
        var generator = SeededRandom(seed: number)
        let hash = generator.next()
        let key = TestKey(hash: hash, bytes: [UInt8](repeating: 7, count: 8))
        store(key, terms(server: 0, group: number % 2), payload: key.bytes)
    }
}
