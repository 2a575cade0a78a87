import MCPOCore
import Testing

@Suite("Invalidation in a cache")
struct CacheDroppingTests {
    @Test("Dropping a group takes its entries out of sight and out of the counts at once")
    func group() {
        let cache = TestCache(CacheSettings())
        for number in 0..<90 { cache.put(number, terms(group: number % 3)) }
        let bytes = cache.statistics.memoryBytes
        cache.drop(CacheGroup(server: 0, number: 1))
        #expect(cache.statistics.currentSize == 60)
        #expect(cache.statistics.invalidations == 30)
        #expect(cache.statistics.memoryBytes < bytes * 7 / 10)
        #expect((0..<90).filter { cache.holds($0) } == (0..<90).filter { $0 % 3 != 1 })
    }

    @Test("Dropping a server takes all its groups and no other's")
    func server() {
        let cache = TestCache(CacheSettings())
        for number in 0..<100 { cache.put(number, terms(server: number % 2, group: number % 10)) }
        cache.drop(server: 1)
        #expect((0..<100).filter { cache.holds($0) } == (0..<100).filter { $0 % 2 == 0 })
        #expect(cache.count(of: CacheGroup(server: 1, number: 3)) == 0)
        #expect(cache.count(of: CacheGroup(server: 0, number: 4)) == 10)
    }

    @Test("What is stored after a drop stays, also while the dropped is still taken away")
    func storedAfter() {
        let cache = TestCache(CacheSettings())
        for number in 0..<50 { cache.put(number) }
        cache.drop(server: 0)
        cache.put(3)
        cache.put(60)
        cache.drop(CacheGroup(server: 0, number: 1))
        cache.settle(at: at(0))
        #expect(cache.holds(3))
        #expect(cache.holds(60))
        #expect(cache.statistics.currentSize == 2)
        #expect(cache.statistics.invalidations == 50)
        #expect(cache.statistics.replacements == 0)
    }

    @Test("Dropping twice counts once")
    func twice() {
        let cache = TestCache(CacheSettings())
        cache.put(1)
        cache.drop(server: 0)
        cache.drop(server: 0)
        cache.drop(CacheGroup(server: 0, number: 0))
        cache.dropAll()
        #expect(cache.statistics.invalidations == 1)
        cache.settle(at: at(0))
        #expect(cache.statistics.addsUp)
    }

    @Test("Dropping a resource takes every answer about it, whoever asked")
    func resource() {
        let cache = TestCache(CacheSettings())
        for number in 0..<30 { cache.put(number, terms(resource: UInt64(1000 + number % 3))) }
        cache.put(30)
        cache.drop(resource: 1001)
        #expect((0...30).filter { cache.holds($0) } == (0...30).filter { $0 % 3 != 1 || $0 == 30 })
        #expect(cache.statistics.invalidations == 10)
    }

    @Test("An answer to what was asked before a drop is not stored")
    func overtaken() {
        let cache = TestCache(CacheSettings())
        let before = cache.generation
        cache.drop(CacheGroup(server: 0, number: 1))
        #expect(cache.put(1, terms(group: 1, asked: before)) == .refused(.overtaken))
        #expect(cache.put(2, terms(group: 2, asked: before)) == .stored)
        let between = cache.generation
        #expect(cache.put(1, terms(group: 1, asked: between)) == .stored)
        cache.drop(server: 0)
        #expect(cache.put(2, terms(group: 2, asked: between)) == .refused(.overtaken))
        let later = cache.generation
        cache.drop(resource: 77)
        #expect(cache.put(3, terms(resource: 77, asked: later)) == .refused(.overtaken))
        #expect(cache.put(3, terms(resource: 78, asked: later)) == .stored)
        #expect(cache.put(4, terms(asked: later)) == .stored)
    }

    @Test("A drop counts for what was asked before it, also of groups that never had an entry")
    func neverSeen() {
        let (seen, unseen) = (CacheGroup(server: 0, number: 1), CacheGroup(server: 3, number: 40))
        let drops: [(name: String, drop: (TestCache) -> Void, tells: [Bool])] = [
            ("group", { $0.drop(unseen) }, [true, false, true]),
            ("server", { $0.drop(server: 3) }, [true, false, true]),
            ("resource", { $0.drop(resource: 900) }, [true, true, false]),
            ("all", { $0.dropAll() }, [false, false, false]),
        ]
        for (name, drop, tells) in drops {
            let cache = TestCache(CacheSettings())
            cache.put(1, terms(group: 1))
            let asked = cache.generation
            drop(cache)
            let current = [
                cache.isCurrent(asked, seen), cache.isCurrent(asked, unseen),
                cache.isCurrent(asked, seen, resource: 900),
            ]
            #expect(current == tells, "\(name)")
            let outcome = cache.put(2, terms(server: 3, group: 40, asked: asked))
            #expect(outcome == (tells[1] ? .stored : .refused(.overtaken)), "\(name)")
            #expect(cache.isCurrent(cache.generation, unseen, resource: 900))
        }
    }

    @Test("Everything dropped includes what nobody has stored anything of")
    func allOfNothing() {
        let cache = TestCache(CacheSettings())
        let asked = cache.generation
        cache.dropAll()
        #expect(cache.put(1, terms(asked: asked)) == .refused(.overtaken))
        #expect(cache.put(1, terms(asked: cache.generation)) == .stored)
    }

    @Test("Dropping one key leaves the others")
    func oneKey() {
        let cache = TestCache(CacheSettings())
        cache.put(1)
        cache.put(2)
        cache.drop(testKey(1))
        cache.drop(testKey(9))
        #expect(!cache.holds(1))
        #expect(cache.holds(2))
        #expect(cache.statistics.invalidations == 1)
    }

    @Test("An answer that is held outlives its entry")
    func held() {
        let cache = TestCache(CacheSettings())
        cache.put(1)
        let found = cache.get(1)
        cache.drop(server: 0)
        cache.settle(at: at(0))
        #expect(found.bytes == testPayload(1))
    }
}
