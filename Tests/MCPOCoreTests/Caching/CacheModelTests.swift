import MCPOCore
import Testing

/// Random operations on a cache and on its model.
private struct Duel: ~Copyable {
    static let keyCount = 60

    let cache: TestCache
    var model: CacheModel
    var generator: SeededRandom
    var now: Int64 = 0
    var version = 0
    var asked: CacheGeneration

    init(_ settings: CacheSettings, seed: Int) {
        cache = TestCache(settings)
        asked = cache.generation
        model = CacheModel(settings)
        generator = SeededRandom(seed: seed)
    }

    private mutating func below(_ bound: Int) -> Int {
        Int(generator.next() % UInt64(bound))
    }

    mutating func step() {
        now += Int64(below(10)) * second
        switch below(100) {
        case ..<50: lookUp()
        case ..<90: store()
        case ..<92: drop()
        case ..<94: changeBounds()
        case ..<96: tick()
        case ..<98: ask()
        default: jump()
        }
    }

    /// That cache and model hold the same, and count the same.
    mutating func compare() -> Bool {
        let time = Instant(nanoseconds: now)
        for number in 0..<Self.keyCount {
            let expected = model.usable(number, at: now).map { model.entries[$0].version }
            let found = cache.cache.peek(testKey(number), at: time).bytes
            let size = found?.count ?? 0
            if found != expected.map({ testPayload(number, version: $0, count: size) }) {
                return false
            }
        }
        return cache.statistics == model.statistics && cache.statistics.addsUp
    }

    private mutating func lookUp() {
        let number = below(Self.keyCount)
        let found = cache.lookup(testKey(number), at: Instant(nanoseconds: now))
        let expected = model.lookup(number, at: now)
        #expect(found.isMiss == (expected == nil))
        #expect(found.isFresh == (expected?.isFresh ?? false))
    }

    private mutating func store() {
        let number = below(Self.keyCount)
        version += 1
        let payload = testPayload(number, version: version, count: 20 + below(300))
        // Spans so different that no lane holds two of them.
        let fresh = Int64([0, 30, 100, 500, 2000][below(5)])
        // The windows are part of the span after which an entry ends, so each fresh span has its own.
        let lifetime = CacheLifetime(
            fresh: fresh * second, isDefault: below(2) == 0,
            staleWhileRevalidate: fresh == 100 ? 20 * second : 0,
            staleIfError: fresh == 500 ? 200 * second : 0)
        let group = below(6)
        let terms = terms(
            lifetime, server: group / 3, group: group,
            resource: number % 5 == 0 ? testKey(number).hash : 0,
            asked: below(3) == 0 ? asked : nil)
        let cost = testCost(number, count: payload.count)
        let outcome = cache.cache.store(
            testKey(number), payload, terms, at: Instant(nanoseconds: now))
        #expect(
            outcome == model.store(number, version: version, terms, cost: cost, at: now))
        #expect(
            cache.isCurrent(asked, terms.group, resource: terms.resource) == model.isCurrent(terms))
    }

    /// A request goes out; later stores answer it.
    private mutating func ask() {
        asked = cache.generation
        model.droppedGroups = []
        model.droppedResources = []
    }

    private mutating func drop() {
        let number = below(6)
        switch below(9) {
        case 0...2:
            cache.drop(CacheGroup(server: number / 3, number: number))
            model.droppedGroups.insert(number)
            model.drop { $0.terms.group.number == number }
        case 3:
            cache.drop(server: number / 3)
            model.droppedGroups.formUnion((0..<6).filter { $0 / 3 == number / 3 })
            model.drop { $0.terms.group.server == number / 3 }
        case 4...5:
            let hash = testKey(number * 5).hash
            cache.drop(resource: hash)
            model.droppedResources.insert(hash & 0xff)
            model.drop { $0.terms.resource == hash }
        case 6 where below(4) == 0:
            cache.dropAll()
            model.droppedGroups.formUnion(0..<6)
            model.drop { _ in true }
        default:
            cache.drop(testKey(number))
            model.drop { $0.number == number }
        }
    }

    private mutating func changeBounds() {
        let (size, bytes) = (10 + below(30), 4000 + below(8000))
        cache.setBounds(maxSize: size, maxBytes: bytes)
        model.settings.maxSize = size
        model.settings.maxBytes = bytes
        tick()
    }

    private mutating func tick() {
        cache.settle(at: Instant(nanoseconds: now))
        model.tick(at: now)
    }

    private mutating func jump() { now += Int64(below(200)) * second }
}

@Suite("A cache against its model")
struct CacheModelTests {
    @Test(
        "It holds and counts what an obvious implementation does",
        arguments: [CacheStrategy.lru, .ttl, .lruTTL], [1, 2, 3, 4] as [Int])
    func sameAsModel(strategy: CacheStrategy, seed: Int) {
        let settings = CacheSettings(maxSize: 25, maxBytes: 8000, strategy: strategy)
        var duel = Duel(settings, seed: seed)
        for step in 0..<3000 {
            duel.step()
            guard step % 7 == 0 || duel.cache.statistics != duel.model.statistics else { continue }
            guard duel.compare() else {
                Issue.record("seed \(seed), step \(step): \(duel.cache.statistics)")
                return
            }
        }
        #expect(duel.cache.statistics.evictions > 100)
        #expect(duel.cache.statistics.hits > 100)
    }

    @Test("Whatever the strategy, what it gives out is what was stored last under that key")
    func neverWrong() {
        let cache = TestCache(CacheSettings(maxSize: 40, maxBytes: 1 << 20, strategy: .s3FIFO))
        var generator = SeededRandom(seed: 9)
        var versions: [Int: Int] = [:]
        for step in 0..<20_000 {
            let number = Int(generator.next() % 100)
            if let found = cache.get(number).bytes {
                #expect(found == testPayload(number, version: versions[number] ?? -1))
            }
            if generator.next() % 3 == 0 {
                versions[number] = step
                let payload = testPayload(number, version: step)
                cache.store(testKey(number), terms(), payload: payload)
            }
            #expect(cache.statistics.currentSize <= 40)
        }
        let counted = cache.statistics
        #expect(counted.addsUp)
        #expect(counted.hits + counted.misses == 20_000)
        #expect(counted.evictions > 1000)
    }
}
