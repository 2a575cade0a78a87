import Foundation
import MCPOCore
import Testing

@Suite("Room in a cache")
struct CacheRoomTests {
    @Test(
        "lru and lru_ttl remove what was used longest ago", arguments: [CacheStrategy.lru, .lruTTL])
    func leastRecent(strategy: CacheStrategy) {
        let cache = TestCache(CacheSettings(maxSize: 3, strategy: strategy))
        for number in 1...3 { cache.put(number) }
        _ = cache.get(1)
        cache.put(4)
        #expect([1, 3, 4].filter { cache.holds($0) } == [1, 3, 4])
        #expect(!cache.holds(2))
        #expect(cache.statistics.evictions == 1)
    }

    @Test("An answer that somebody holds stays as it is although its entry has made room")
    func heldAnswer() {
        let cache = TestCache(CacheSettings(maxSize: 1))
        cache.put(1)
        let first = cache.get(1)
        let bytes = first.bytes
        cache.put(2)
        cache.put(3)
        #expect(bytes == testPayload(1))
        #expect(first.bytes == bytes)
        #expect(cache.get(3).bytes == testPayload(3))
        #expect(!cache.holds(1) && !cache.holds(2))
    }

    @Test("ttl removes what expires soonest, however much it is used")
    func soonest() {
        let cache = TestCache(CacheSettings(maxSize: 3, strategy: .ttl))
        cache.put(1, terms(lifetime(300)))
        cache.put(2, terms(lifetime(10)))
        cache.put(3, terms(lifetime(3600)))
        _ = cache.get(2)
        cache.put(4, terms(lifetime(60)))
        #expect(!cache.holds(2))
        cache.put(5, terms(lifetime(60)))
        #expect(!cache.holds(4))
        #expect([1, 3, 5].filter { cache.holds($0) } == [1, 3, 5])
    }

    @Test("What is expired goes before anything that is not", arguments: CacheStrategy.allCases)
    func expiredFirst(strategy: CacheStrategy) {
        let cache = TestCache(CacheSettings(maxSize: 2, strategy: strategy))
        cache.put(1, terms(lifetime(300)))
        cache.put(2, terms(lifetime(10)))
        cache.put(3, terms(lifetime(300)), at: at(20))
        #expect(cache.holds(1, at: at(20)))
        #expect(cache.statistics.expirations == 1)
        #expect(cache.statistics.evictions == 0)
    }

    @Test("s3_fifo keeps what is asked for again through a walk over many other keys")
    func scanResistance() {
        for (strategy, kept) in [(CacheStrategy.s3FIFO, 50), (.lruTTL, 0)] {
            let cache = TestCache(CacheSettings(maxSize: 100, strategy: strategy))
            for _ in 0..<3 {
                for number in 0..<50 where cache.get(number).isMiss { cache.put(number) }
            }
            for number in 1000..<3000 where cache.get(number).isMiss { cache.put(number) }
            #expect((0..<50).count { cache.holds($0) } == kept, "\(strategy)")
        }
    }

    @Test("s3_fifo takes back at once what it removed too early")
    func ghosts() {
        let cache = TestCache(CacheSettings(maxSize: 100, strategy: .s3FIFO))
        for number in 0..<100 { cache.put(number) }
        cache.put(100)
        #expect(!cache.holds(0))
        cache.put(0)
        for number in 200..<290 { cache.put(number) }
        #expect(cache.holds(0))
    }

    @Test("Neither bound is ever exceeded", arguments: CacheStrategy.allCases)
    func bounds(strategy: CacheStrategy) {
        let cache = TestCache(CacheSettings(maxSize: 50, maxBytes: 30_000, strategy: strategy))
        var generator = SeededRandom(seed: 3)
        for step in 0..<6000 {
            let number = Int(generator.next() % 500)
            let size = Int(generator.next() % 4000)
            let now = at(Double(step) / 10)
            if cache.get(number, at: now).isMiss {
                let group = Int(generator.next() % 8)
                cache.put(number, terms(server: group / 4, group: group), at: now, count: size)
            }
            if step % 100 == 0 { cache.drop(CacheGroup(server: 0, number: step / 100 % 4)) }
            #expect(cache.statistics.currentSize <= 50)
            #expect(cache.statistics.memoryBytes <= 30_000)
        }
        #expect(cache.statistics.addsUp)
    }

    @Test("An entry may cost an eighth of the bytes, or what the settings say")
    func entryLimit() {
        let cost = testCost(1, count: 100)
        let cache = TestCache(CacheSettings(maxBytes: 8 * cost))
        #expect(cache.put(1, count: 100) == .stored)
        #expect(cache.put(1, count: 117) == .refused(.tooLarge))
        let other = TestCache(CacheSettings(maxBytes: 8 * cost, maxEntryBytes: 4 * cost))
        #expect(other.put(1, count: 117) == .stored)
        let none = TestCache(CacheSettings(maxSize: 0))
        #expect(none.put(1) == .refused(.tooLarge))
    }

    @Test("A large answer that would displace too many small ones is refused, then gets further")
    func crowded() {
        let bytes = 40_000 * testCost(10_000, count: 20)
        let cache = TestCache(CacheSettings(maxSize: 100_000, maxBytes: bytes))
        for number in 10_000..<50_000 { cache.put(number, count: 20) }
        var attempts = 0
        repeat {
            attempts += 1
            #expect(cache.statistics.memoryBytes <= bytes)
        } while cache.put(1, count: bytes / 10) == .refused(.crowded) && attempts < 100
        #expect(cache.holds(1))
        #expect(attempts == 4)
    }

    @Test("Lowering the bounds takes effect in the background, with bounded steps")
    func shrinking() {
        let cache = TestCache(CacheSettings(maxSize: 5000))
        for number in 0..<5000 { cache.put(number) }
        cache.setBounds(maxSize: 100, maxBytes: 1 << 20)
        #expect(cache.statistics.maxSize == 100)
        #expect(cache.nextDeadline == at(0))
        cache.tick(at: at(0))
        #expect(cache.statistics.currentSize == 5000 - SmartCache.usualBudget)
        cache.settle(at: at(0))
        #expect(cache.statistics.currentSize == 100)
        #expect((4900..<5000).count { cache.holds($0) } == 100)
        #expect(cache.statistics.addsUp)
    }

    @Test(
        "After shrinking, what is left survives being moved together",
        arguments: CacheStrategy.allCases)
    func moving(strategy: CacheStrategy) {
        let cache = TestCache(CacheSettings(maxSize: 20_000, strategy: strategy))
        for number in 0..<20_000 {
            let kind = number % 10 == 0 ? 1 : 0
            cache.put(number, terms(group: kind, resource: kind == 1 ? testKey(number).hash : 0))
        }
        cache.drop(CacheGroup(server: 0, number: 0))
        cache.settle(at: at(0))
        #expect((0..<20_000).count { cache.holds($0) } == 2000)
        cache.drop(resource: testKey(19_990).hash)
        #expect(cache.statistics.currentSize == 1999)
        for number in 20_000..<40_000 { cache.put(number) }
        #expect(cache.statistics.currentSize == 20_000)
        cache.settle(at: at(1000))
        #expect(cache.statistics.currentSize == 0)
        #expect(cache.statistics.addsUp)
    }

    @Test("Keys of the same hash are told apart")
    func collisions() {
        let cache = TestCache(CacheSettings())
        let keys = (0..<10).map { TestKey(hash: 7, bytes: [UInt8](repeating: 1, count: $0)) }
        for key in keys { cache.store(key, terms(), payload: testPayload(key.bytes.count)) }
        for key in keys {
            #expect(cache.lookup(key, at: at(0)).bytes == testPayload(key.bytes.count))
        }
    }

    @Test("What a cache says it costs is what the process grows by, within 5 %")
    func accounting() async {
        // A process of its own, so that no other test's memory is counted.
        await #expect(processExitsWith: .success) {
            let cache = TestCache(CacheSettings(maxSize: 1 << 20, maxBytes: 1 << 30))
            for number in 0..<1000 { cache.put(number) }
            let before = (resident: residentBytes(), stated: cache.statistics.memoryBytes)
            for number in 1000..<40_000 { cache.put(number, count: number % 1000) }
            let grown = Double(residentBytes() - before.resident)
            let stated = Double(cache.statistics.memoryBytes - before.stated)
            #expect(abs(stated / grown - 1) < 0.05, "stated \(stated), grown by \(grown)")
        }
    }
}

/// What the process has in memory (Linux only; elsewhere 0).
private func residentBytes() -> Int {
    let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
    let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    return pages * Int(getpagesize())
}
