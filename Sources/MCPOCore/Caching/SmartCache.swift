// Answers kept for a while, within bounds (SPEC §5). This file: finding and storing.
//
//     key ─▶ HashIndex ─▶ slot ─▶ CachedAnswer          SmartCache+Room: bounds, expiry, background
//                          ├ EvictionOrder: who goes    SmartCache+Dropping: groups, resources
//                          ├ ExpiryLanes: until when
//                          └ GroupTable: whose it is, and whether that was dropped
//
// Every operation takes a bounded number of steps, however many entries there are: tables grow by a
// bucket at a time, dropped and expired entries are taken away a few at a time, and one store removes
// at most `longestClearing` others. The cache reads no clock and hashes nothing: both come in.

/// A bounded cache of answers.
package struct SmartCache: ~Copyable {
    package internal(set) var settings: CacheSettings
    var counts = CacheStatistics()
    var slots = SlotStore()
    var keys = HashIndex<ByKey>()
    var resources = HashIndex<ByResource>()
    var lanes = ExpiryLanes()
    var groups = GroupTable()
    var order: EvictionOrder
    /// The cost of all slots in use, dropped ones included, until they are taken away.
    var heldBytes = 0
    /// The latest time that was seen.
    var lastSeen = Instant(nanoseconds: .min)
    /// By the low byte of a resource's hash, the epoch of the last drop of such a one.
    var resourceDrops: [UInt64] = Array(repeating: 0, count: 256)
    /// While an answer is stored: the last one that was removed for it, whose memory it may take.
    var isStoring = false
    var spare: CachedAnswer?
    /// Entries removed or moved, and groups looked through.
    var ownSteps = 0

    package init(_ settings: CacheSettings) {
        self.settings = settings
        order = EvictionOrder(settings.strategy)
    }

    /// What an entry of these lengths costs: its block of memory, its slot, and its share of the
    /// index (a bucket of 4 bytes, up to two while the index shrinks) and of the ghosts.
    package static func cost(
        keyCount: Int, payloadCount: Int, strategy: CacheStrategy = .lruTTL
    ) -> Int {
        CachedAnswer.blockSize(keyCount: keyCount, payloadCount: payloadCount)
            + MemoryLayout<CacheSlot>.stride + 2 * MemoryLayout<SlotIndex>.stride
            + (strategy == .s3FIFO ? GhostTable.bytesPerBucket : 0)
    }

    package var statistics: CacheStatistics {
        var current = counts
        current.currentSize = groups.count
        current.maxSize = settings.maxSize
        current.memoryBytes = groups.bytes
        return current
    }

    /// Elementary steps taken so far (slots looked at, moved, removed). Tests bound the difference
    /// that one operation makes.
    package var steps: Int { ownSteps + keys.steps + resources.steps + order.steps }

    /// The present moment between invalidations: kept by a request, shown by its answer
    /// (`CacheTerms.asked`).
    package var generation: CacheGeneration { CacheGeneration(epoch: groups.epoch) }

    /// Looks for an answer and counts a hit or a miss.
    package mutating func lookup(
        _ key: RawSpan, hash: UInt64, at now: Instant
    ) -> CacheLookup {
        let (index, found) = search(key, hash, at: now)
        switch found {
        case .miss, .stale(_, _, .ifError):
            counts.misses += 1
        case .stale:
            counts.hits += 1
            counts.staleServed += 1
            order.touch(index, in: slots)
        case .fresh:
            counts.hits += 1
            order.touch(index, in: slots)
        }
        return found
    }

    /// Looks for an answer that is fresh, and counts a hit if there is one; whoever finds none looks
    /// again with `lookup`.
    mutating func fresh(
        _ key: RawSpan, hash: UInt64, at now: Instant
    ) -> (answer: CachedAnswer, age: Int64, remaining: Int64?)? {
        let (index, found) = search(key, hash, at: now)
        guard case .fresh(let answer, let age, let remaining) = found else { return nil }
        counts.hits += 1
        order.touch(index, in: slots)
        return (answer, age, remaining)
    }

    /// Looks without counting and without making the entry more recent.
    package mutating func peek(_ key: RawSpan, hash: UInt64, at now: Instant) -> CacheLookup {
        search(key, hash, at: now).found
    }

    /// Notes a lookup that would have found something too old for who asked.
    package mutating func noteMiss() {
        counts.misses += 1
    }

    /// Notes that a stale answer was served in place of an error.
    package mutating func noteStaleServed() {
        counts.staleServed += 1
    }

    /// Keeps an answer, unless there is a reason not to.
    package mutating func store(
        _ key: RawSpan, hash: UInt64, _ payload: RawSpan, _ terms: CacheTerms, at now: Instant
    ) -> CacheStoreOutcome {
        lastSeen = max(lastSeen, now)
        let cost = Self.cost(
            keyCount: key.byteCount, payloadCount: payload.byteCount, strategy: settings.strategy)
        if let refusal = refusal(of: terms, cost: cost) { return .refused(refusal) }
        isStoring = true
        defer {
            isStoring = false
            spare = nil
        }
        let former = removeFormer(key, hash, at: now)
        clearChain(of: terms.resource)
        guard clear(cost: cost, at: now) else { return .refused(.crowded) }
        var lifetime = terms.lifetime
        if lifetime.isDefault, !settings.strategy.expiresByDefault { lifetime.fresh = .max }
        let header = CachedAnswerHeader(
            terms, lifetime: lifetime, keyCount: key.byteCount, payloadCount: payload.byteCount,
            at: now)
        let answer = CachedAnswer.make(header, key: key, payload: payload, reusing: &spare)
        insert(answer, hash: hash, group: terms.group, cost: cost, former: former)
        return former == nil ? .stored : .replaced
    }

    /// `mutating` only because the compiler (6.3.1) copies a whole cache that is read in place.
    private mutating func refusal(of terms: CacheTerms, cost: Int) -> CacheRefusal? {
        if cost > settings.entryLimit || settings.maxSize < 1 { return .tooLarge }
        if terms.lifetime.fresh <= 0 { return .alreadyStale }
        guard let asked = terms.asked else { return nil }
        return isCurrent(asked, group: terms.group, resource: terms.resource) ? nil : .overtaken
    }

    /// Looks along the chain of a hash for the entry of a key, dropped or expired ones included.
    mutating func find(_ key: RawSpan, _ hash: UInt64) -> ChainWalk {
        keys.walk(hash, in: slots) { $0[$1].answer?.hasKey(key) == true }
    }

    /// Finds an entry that may be used for something; removes it if its time is over.
    private mutating func search(
        _ key: RawSpan, _ hash: UInt64, at now: Instant
    ) -> (index: SlotIndex, found: CacheLookup) {
        lastSeen = max(lastSeen, now)
        let index = find(key, hash).found
        guard index != noSlot else { return (noSlot, .miss) }
        if slots[index].deadline <= now || !groups.isLive(slots[index]) {
            remove(index, .expiration)
            return (noSlot, .miss)
        }
        guard let answer = slots[index].answer else { return (noSlot, .miss) }
        return (index, Self.judge(answer, at: now))
    }

    private static func judge(_ answer: CachedAnswer, at now: Instant) -> CacheLookup {
        answer.withUnsafeMutablePointerToHeader { header in
            let age = max(0, now.nanoseconds &- header.pointee.storedAt.nanoseconds)
            let freshUntil = header.pointee.freshUntil
            if now < freshUntil {
                let remaining = freshUntil.nanoseconds &- now.nanoseconds
                return .fresh(answer, age: age, remaining: freshUntil == .never ? nil : remaining)
            }
            let use = StaleUse(
                revalidating: now < header.pointee.staleWhileRevalidateUntil,
                onError: now < header.pointee.staleIfErrorUntil)
            guard let use else { return .miss }
            return .stale(answer, age: age, use)
        }
    }

    /// What an entry hands on to the one that takes its place.
    private struct Former {
        var isProven: Bool
        var uses: UInt8
    }

    /// Removes what is stored under the key, or, in a chain that is full, the last one. Returns
    /// nil unless something live is replaced.
    private mutating func removeFormer(
        _ key: RawSpan, _ hash: UInt64, at now: Instant
    ) -> Former? {
        let walk = find(key, hash)
        guard walk.found != noSlot else {
            if walk.length >= HashIndex<ByKey>.longestChain { remove(walk.last, .eviction) }
            return nil
        }
        guard groups.isLive(slots[walk.found]), now < slots[walk.found].deadline else {
            remove(walk.found, .expiration)
            return nil
        }
        let former = Former(
            isProven: slots[walk.found].isProven, uses: slots[walk.found].uses)
        remove(walk.found, .replacement)
        return former
    }

    /// Keeps the chain of a resource's hash within its bound.
    private mutating func clearChain(of resource: UInt64) {
        guard resource != 0 else { return }
        let walk = resources.walk(resource, in: slots) { _, _ in false }
        if walk.length >= HashIndex<ByResource>.longestChain { remove(walk.last, .eviction) }
    }

    private mutating func insert(
        _ answer: CachedAnswer, hash: UInt64, group: CacheGroup, cost: Int, former: Former?
    ) {
        let (storedAt, deadline) = (answer.record.storedAt, answer.record.deadline)
        let isResource = answer.record.resource != 0
        let index = slots.take()
        slots[index].hash = hash
        slots[index].answer = answer
        slots[index].deadline = deadline
        slots[index].group = Int32(truncatingIfNeeded: group.number)
        slots[index].cost = UInt32(truncatingIfNeeded: cost)
        slots[index].isProven = former?.isProven ?? false
        slots[index].uses = former?.uses ?? 0
        groups.register(group)
        groups.insert(index, in: slots)
        keys.insert(index, in: slots)
        if isResource { resources.insert(index, in: slots) }
        lanes.insert(index, at: storedAt, in: slots)
        order.insert(
            index, bucket: keys.bucket(of: hash), bucketCount: keys.bucketCount, in: slots)
        heldBytes += cost
        counts.stores += 1
    }
}
