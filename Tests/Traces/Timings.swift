// What operations cost, and the longest that any one of them took.
//
// Averages are of the monotonic clock; the longest is of the thread's own CPU time, read around each
// operation, since others use the machine too. (Page faults count, waiting for a CPU does not.) With
// a million entries nothing is in the CPU's caches, not even the keys that are asked for, which in the
// proxy were made a moment before: there the averages are those of memory.

import Foundation
import MCPOCore

/// Runs operations in phases on one cache and keeps the figures of each.
struct Timings: ~Copyable {
    private static let group = CacheGroup(server: 0, number: 0)
    /// Operations of a phase: enough to average over in a small cache too.
    private static let operationCount = 1_000_000

    private let strategy: CacheStrategy
    private let entryCount: Int
    private var cache: SmartCache
    private var now = Instant(nanoseconds: 0)
    private var generator = SeededGenerator(seed: 7)
    private let payload: [UInt8] = Array(repeating: 0x61, count: 200)
    private let keys: [CacheKey]

    init(_ strategy: CacheStrategy, entryCount: Int) {
        self.strategy = strategy
        self.entryCount = entryCount
        keys = (0..<2 * entryCount).map(traceKey)
        cache = SmartCache(
            CacheSettings(maxSize: entryCount, maxBytes: 1 << 40, strategy: strategy))
    }

    /// Prints one table row a phase.
    mutating func run() {
        let (count, entries) = (Self.operationCount, entryCount)
        phase("store into a growing cache", entries) { $0.store($1) }
        phase("hit, one key", count) { timings, _ in timings.lookup(0) }
        phase("hit, keys at random", count) { timings, _ in timings.hitAtRandom() }
        phase("miss", count) { $0.lookup(entries + $1 % entries) }
        phase("store under a key that is there", count) { $0.store($1 % entries) }
        phase("store into a full cache, one evicted", count) { $0.store($1 % (2 * entries)) }
        phase("drop of everything", 1) { timings, _ in timings.cache.drop(Self.group) }
        untilIdle("tick (256 steps) that takes it away")
        phase("store again", entries) { $0.store($1) }
        cache.setBounds(maxSize: 10, maxBytes: 1 << 40)
        untilIdle("tick after maxSize became 10")
        cache.setBounds(maxSize: entries, maxBytes: 1 << 40)
        phase("store once more", entries) { $0.store($1) }
        now = now.advanced(byNanoseconds: 7_200_000_000_000)
        untilIdle("tick with everything expired")
    }

    private mutating func store(_ number: Int) {
        now.nanoseconds += 1000
        // A few lifetimes, so that there are several lanes.
        let seconds = Int64([60, 300, 3600][number % 3]) * 1_000_000_000
        let terms = CacheTerms(
            group: Self.group, lifetime: CacheLifetime(fresh: seconds, isDefault: false))
        // Names of their own: the span of a stored property keeps all of `self` borrowed.
        let (key, payload) = (keys[number], payload)
        _ = cache.store(key.bytes.span.bytes, hash: key.hash, payload.span.bytes, terms, at: now)
    }

    private mutating func lookup(_ number: Int) {
        let key = keys[number]
        _ = cache.lookup(key.bytes.span.bytes, hash: key.hash, at: now)
    }

    private mutating func hitAtRandom() {
        lookup(Int(generator.next() % UInt64(entryCount)))
    }

    private mutating func untilIdle(_ name: String) {
        var ticks = 0
        var total = 0
        var worst = 0
        var isDone = false
        while !isDone {
            let start = processorNanoseconds()
            isDone = cache.tick(at: now)
            let spent = processorNanoseconds() - start
            worst = max(worst, spent)
            total += spent
            ticks += 1
        }
        report(name, total / ticks, worst)
    }

    private mutating func phase(
        _ name: String, _ count: Int, _ operation: (inout Timings, Int) -> Void
    ) {
        // The second half is run without reading the clock in between.
        let half = count / 2
        var worst = 0
        for number in 0..<max(1, half) {
            let start = processorNanoseconds()
            operation(&self, number)
            worst = max(worst, processorNanoseconds() - start)
        }
        guard half > 0 else { return report(name, worst, worst) }
        let start = processorNanoseconds()
        for number in half..<count { operation(&self, number) }
        report(name, (processorNanoseconds() - start) / half, worst)
    }

    private func report(_ name: String, _ average: Int, _ worst: Int) {
        let microseconds = String(format: "%.1f", Double(worst) / 1000)
        print("| \(strategy.rawValue) | \(entryCount) | \(name) | \(average) | \(microseconds) |")
    }
}

/// CPU time of this thread.
func processorNanoseconds() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
}
