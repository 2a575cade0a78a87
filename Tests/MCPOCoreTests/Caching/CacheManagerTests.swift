import MCPOCore
import Testing

@Suite("Named caches")
struct CacheManagerTests {
    @Test("default is there from the start, and names are unique")
    func names() {
        var caches = CacheManager(default: CacheSettings())
        let made = caches.create("high_frequency", CacheSettings(maxSize: 5000))
        let again = caches.create("high_frequency", CacheSettings())
        let another = caches.create("default", CacheSettings())
        let found = ["default", "high_frequency", "other"].map { caches.handle(named: $0) }
        #expect(made != nil)
        #expect(again == nil)
        #expect(another == nil)
        #expect(found == [.default, made, nil])
        #expect(caches.names == ["default", "high_frequency"])
    }

    @Test("A cache out of force is empty, stays so, and is not shown; it may come back")
    func outOfForce() throws {
        var caches = CacheManager(default: CacheSettings())
        let made = caches.create("small", CacheSettings(maxSize: 5))
        let small = try #require(made)
        caches[small].put(1)
        let asked = caches[small].generation
        caches.retire(allBut: [])
        #expect(caches.statistics.map(\.name) == ["default"])
        #expect(caches.handle(named: "small") == nil)
        let late = caches[small].put(2, terms(asked: asked))
        #expect(late == .refused(.overtaken))
        caches.set(CacheSettings(maxSize: 7), of: "small")
        #expect(caches.handle(named: "small") == small)
        #expect(caches.statistics.map(\.name) == ["default", "small"])
        #expect(caches.statistics.map(\.statistics.currentSize) == [0, 0])
        #expect(caches.statistics.last?.statistics.maxSize == 7)
    }

    @Test("Each cache has its own contents and statistics, also when there are many")
    func separate() throws {
        var caches = CacheManager(default: CacheSettings())
        for number in 1...20 {
            let made = caches.create("\(number)", CacheSettings(maxSize: number))
            caches[try #require(made)].put(1)
        }
        let statistics = caches.statistics
        #expect(statistics.map(\.name) == ["default"] + (1...20).map { "\($0)" })
        #expect(statistics.map(\.statistics.currentSize) == [0] + Array(repeating: 1, count: 20))
        #expect(statistics.last?.statistics.maxSize == 20)
    }

    @Test("Clearing reaches every cache: all, a server, a tool, a resource")
    func clearing() throws {
        var caches = CacheManager(default: CacheSettings())
        let made = caches.create("other", CacheSettings())
        let other = try #require(made)
        for handle in [CacheHandle.default, other] {
            for number in 0..<12 {
                caches[handle].put(
                    number, terms(server: number % 2, group: number % 4, resource: UInt64(number)))
            }
        }
        caches.drop(CacheGroup(server: 0, number: 2))
        #expect(caches.statistics.map(\.statistics.currentSize) == [9, 9])
        caches.drop(resource: 4)
        #expect(caches.statistics.map(\.statistics.currentSize) == [8, 8])
        caches.drop(server: 1)
        #expect(caches.statistics.map(\.statistics.currentSize) == [2, 2])
        caches.dropAll()
        #expect(caches.statistics.map(\.statistics.currentSize) == [0, 0])
        #expect(caches.statistics.map(\.statistics.invalidations) == [12, 12])
    }

    @Test("A drop reaches caches that never saw what is dropped, and is the same moment in all")
    func sameMoment() throws {
        var caches = CacheManager(default: CacheSettings())
        let made = caches.create("other", CacheSettings())
        let other = try #require(made)
        // Drops of one cache alone do not set the others' clocks wrong.
        for _ in 0..<5 { caches[other].drop(CacheGroup(server: 0, number: 9)) }
        for step in 0..<4 {
            let asked = [caches[.default].generation, caches[other].generation]
            switch step {
            case 0: caches.drop(CacheGroup(server: 0, number: 7))
            case 1: caches.drop(server: 0)
            case 2: caches.drop(resource: 55)
            default: caches.dropAll()
            }
            let now = [caches[.default].generation, caches[other].generation]
            #expect(now[0] == now[1])
            for handle in [CacheHandle.default, other] {
                for old in asked {
                    let terms = terms(group: 7, resource: 55, asked: old)
                    let outcome = caches[handle].put(1, terms)
                    #expect(outcome == .refused(.overtaken), "step \(step)")
                }
                let outcome = caches[handle].put(1, terms(group: 7, resource: 55, asked: now[0]))
                #expect(outcome != .refused(.overtaken))
            }
        }
    }

    @Test("A cache that is made later knows what time it is")
    func madeLater() throws {
        var caches = CacheManager(default: CacheSettings())
        let before = caches[.default].generation
        for number in 0..<3 { caches.drop(CacheGroup(server: 0, number: number)) }
        let between = caches[.default].generation
        let made = caches.create("later", CacheSettings())
        let later = try #require(made)
        let same = caches[later].generation == between
        #expect(same)
        caches.drop(CacheGroup(server: 0, number: 1))
        let group = CacheGroup(server: 0, number: 1)
        let current = [before, between, caches[.default].generation].map {
            caches[later].isCurrent($0, group: group, resource: 0)
        }
        #expect(current == [false, false, true])
    }

    @Test("The background visits every cache, and wakes for the first that has work")
    func background() throws {
        var caches = CacheManager(default: CacheSettings())
        let made = caches.create("other", CacheSettings())
        let other = try #require(made)
        #expect(caches.nextDeadline == nil)
        caches[.default].put(1, terms(lifetime(60)))
        caches[other].put(1, terms(lifetime(20)))
        #expect(caches.nextDeadline == at(20))
        caches.tick(at: at(20))
        #expect(caches.nextDeadline == at(60))
        caches.tick(at: at(60))
        #expect(caches.nextDeadline == nil)
        #expect(caches.statistics.map(\.statistics.expirations) == [1, 1])
    }
}
