// Keeping a cache within its bounds, and the work that is done in the background.

/// Why an entry is removed: the counter that it goes to.
enum CacheRemoval {
    case eviction, expiration, invalidation, replacement
}

extension SmartCache {
    /// Steps that one store may take to remove others. At 0.1 µs each, or 0.4 µs with a million
    /// entries (measured by `traces`), they stay below half a millisecond.
    static var longestClearing: Int { 1024 }
    /// Groups that one store may look through for dropped entries before it evicts live ones: a
    /// store must not be refused because thousands of groups were dropped just now.
    private static var longestSearch: Int { 64 }
    /// Steps of one `tick` unless its caller says otherwise: by the same figures a tenth of a
    /// millisecond.
    package static var usualBudget: Int { 256 }
    /// Times at which expired entries are looked for are whole seconds, so that a thousand entries
    /// that expire one after the other do not wake the process a thousand times.
    private static var expiryGrain: Int64 { 1_000_000_000 }

    /// Changes the bounds. What is now too much goes in the background, and with the next stores.
    package mutating func setBounds(maxSize: Int, maxBytes: Int, maxEntryBytes: Int? = nil) {
        settings.maxSize = maxSize
        settings.maxBytes = maxBytes
        settings.maxEntryBytes = maxEntryBytes
    }

    /// When `tick` has something to do; a time that is past already if it has now.
    package var nextDeadline: Instant? {
        if hasBacklog { return lastSeen }
        guard let soonest = lanes.soonest?.deadline.nanoseconds, soonest != .max else { return nil }
        let grain = Self.expiryGrain
        let (sum, overflow) = soonest.addingReportingOverflow(grain - 1)
        return overflow ? nil : Instant(nanoseconds: sum / grain * grain)
    }

    /// Does at most `budget` steps of what can wait: takes away what was dropped, what is expired
    /// and what is too much, and gives memory back.
    /// - Returns: whether it came to an end before the budget did.
    @discardableResult
    package mutating func tick(at now: Instant, budget: Int = usualBudget) -> Bool {
        lastSeen = max(lastSeen, now)
        for _ in 0..<budget {
            guard takeAway(at: now) != .nothing || evictSurplus() || moveTop() else { return true }
        }
        return false
    }

    /// Makes room for an entry of this cost; false if that takes too many steps.
    mutating func clear(cost: Int, at now: Instant) -> Bool {
        var searches = 0
        for _ in 0..<Self.longestClearing {
            if fits(1, cost) { return true }
            let taken = searches < Self.longestSearch ? takeAway(at: now) : .nothing
            switch taken {
            case .removed: break
            case .searched: searches += 1
            case .nothing: guard evictOne() else { return false }
            }
        }
        return fits(1, cost)
    }

    mutating func remove(_ index: SlotIndex, _ cause: CacheRemoval) {
        ownSteps += 1
        if groups.isLive(slots[index]) { count(cause) }
        if cause == .eviction {
            order.willEvict(index, bucket: keys.bucket(of: slots[index].hash), in: slots)
        }
        keys.remove(index, in: slots)
        if slots[index].answer?.record.resource != 0 { resources.remove(index, in: slots) }
        lanes.remove(index, in: slots)
        order.remove(index, in: slots)
        groups.remove(index, in: slots)
        heldBytes -= Int(slots[index].cost)
        let answer = slots.release(index)
        if isStoring { spare = answer }
    }

    private var hasBacklog: Bool { groups.hasQueued || !fits(0, 0) || slots.isSparse }

    private func fits(_ extraCount: Int, _ extraCost: Int) -> Bool {
        slots.count + extraCount <= settings.maxSize && heldBytes + extraCost <= settings.maxBytes
    }

    /// What a step towards entries that are dropped or expired came to.
    private enum Taking {
        case removed, searched, nothing
    }

    /// Takes away one entry that was dropped or is expired, or comes closer to one.
    private mutating func takeAway(at now: Instant) -> Taking {
        switch groups.sweep(in: slots) {
        case .dropped(let index):
            remove(index, .invalidation)
            return .removed
        case .searching:
            ownSteps += 1
            return .searched
        case .done:
            guard let soonest = lanes.soonest, soonest.deadline <= now else { return .nothing }
            remove(soonest.slot, .expiration)
            return .removed
        }
    }

    private mutating func evictSurplus() -> Bool {
        fits(0, 0) ? false : evictOne()
    }

    /// Removes the entry whose turn it is, or comes closer to it.
    private mutating func evictOne() -> Bool {
        if settings.strategy == .ttl, let soonest = lanes.soonest {
            remove(soonest.slot, .eviction)
            return true
        }
        switch order.judgeNext(in: slots) {
        case .empty: return false
        case .spared: return true
        case .remove(let victim):
            remove(victim, .eviction)
            return true
        }
    }

    /// Moves the topmost entry down into a gap when there are many, so that memory can be freed.
    private mutating func moveTop() -> Bool {
        guard slots.isSparse else { return false }
        ownSteps += 1
        guard let index = slots.lowerTop() else { return true }
        let former = slots.used
        keys.replace(former, hash: slots[index].hash, with: index, in: slots)
        if let resource = slots[index].answer?.record.resource, resource != 0 {
            resources.replace(former, hash: resource, with: index, in: slots)
        }
        lanes.adopt(index, in: slots)
        order.adopt(index, in: slots)
        groups.adopt(index, in: slots)
        return true
    }

    private mutating func count(_ cause: CacheRemoval) {
        switch cause {
        case .eviction: counts.evictions += 1
        case .expiration: counts.expirations += 1
        case .invalidation: counts.invalidations += 1
        case .replacement: counts.replacements += 1
        }
    }
}
