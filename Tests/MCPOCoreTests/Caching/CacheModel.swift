// A second, obvious cache to compare with: arrays, searched from end to end.

import MCPOCore

/// The contents and counters that `SmartCache` should have.
struct CacheModel {
    struct Entry {
        var number: Int
        var version: Int
        var terms: CacheTerms
        var cost: Int
        var storedAt: Int64
        var freshUntil: Int64
        var deadline: Int64
        /// The place in the order of storing.
        var sequence: Int
    }

    var settings: CacheSettings
    /// The most recent first: by use, or under `ttl` by storing.
    var entries: [Entry] = []
    var counts = CacheStatistics()
    /// What was dropped since the one generation that the duel remembers.
    var droppedGroups: Set<Int> = []
    var droppedResources: Set<UInt64> = []
    private var sequence = 0

    init(_ settings: CacheSettings) { self.settings = settings }

    var bytes: Int { entries.reduce(0) { $0 + $1.cost } }

    var statistics: CacheStatistics {
        var current = counts
        current.currentSize = entries.count
        current.maxSize = settings.maxSize
        current.memoryBytes = bytes
        return current
    }

    mutating func lookup(_ number: Int, at now: Int64) -> (version: Int, isFresh: Bool)? {
        guard let place = usable(number, at: now) else {
            counts.misses += 1
            return nil
        }
        let entry = entries[place]
        let isFresh = now < entry.freshUntil
        let revalidates = now < end(entry.freshUntil, entry.terms.lifetime.staleWhileRevalidate)
        if isFresh || revalidates {
            counts.hits += 1
            if !isFresh { counts.staleServed += 1 }
            if settings.strategy != .ttl { entries.insert(entries.remove(at: place), at: 0) }
        } else {
            counts.misses += 1
        }
        return (entry.version, isFresh)
    }

    /// Where an entry is that has not ended; an ended one is removed.
    mutating func usable(_ number: Int, at now: Int64) -> Int? {
        guard let place = entries.firstIndex(where: { $0.number == number }) else { return nil }
        if entries[place].deadline > now { return place }
        entries.remove(at: place)
        counts.expirations += 1
        return nil
    }

    mutating func store(
        _ number: Int, version: Int, _ terms: CacheTerms, cost: Int, at now: Int64
    ) -> CacheStoreOutcome {
        guard cost <= settings.entryLimit else { return .refused(.tooLarge) }
        guard terms.lifetime.fresh > 0 else { return .refused(.alreadyStale) }
        guard terms.asked == nil || isCurrent(terms) else { return .refused(.overtaken) }
        let former = usable(number, at: now)
        if let former {
            entries.remove(at: former)
            counts.replacements += 1
        }
        while entries.count + 1 > settings.maxSize || bytes + cost > settings.maxBytes {
            removeOne(at: now)
        }
        let isEndless = settings.strategy == .lru && terms.lifetime.isDefault
        let freshUntil = end(now, isEndless ? .max : terms.lifetime.fresh)
        let deadline = max(
            end(freshUntil, terms.lifetime.staleWhileRevalidate),
            end(freshUntil, terms.lifetime.staleIfError))
        sequence += 1
        let entry = Entry(
            number: number, version: version, terms: terms, cost: cost, storedAt: now,
            freshUntil: freshUntil, deadline: deadline, sequence: sequence)
        entries.insert(entry, at: 0)
        counts.stores += 1
        return former == nil ? .stored : .replaced
    }

    /// Of resources the cache only remembers the last byte of the hash.
    func isCurrent(_ terms: CacheTerms) -> Bool {
        !droppedGroups.contains(terms.group.number)
            && (terms.resource == 0 || !droppedResources.contains(terms.resource & 0xff))
    }

    mutating func drop(where isDropped: (Entry) -> Bool) {
        let before = entries.count
        entries.removeAll(where: isDropped)
        counts.invalidations += before - entries.count
    }

    /// All that the background has to do.
    mutating func tick(at now: Int64) {
        let before = entries.count
        entries.removeAll { $0.deadline <= now }
        counts.expirations += before - entries.count
        while entries.count > settings.maxSize || bytes > settings.maxBytes { removeOne(at: now) }
    }

    /// The soonest to expire if it is expired already, else whom the strategy chooses.
    private mutating func removeOne(at now: Int64) {
        let soonest = entries.indices.filter { entries[$0].deadline != .max }.min { left, right in
            expiry(entries[left]) < expiry(entries[right])
        }
        if let soonest, entries[soonest].deadline <= now {
            entries.remove(at: soonest)
            counts.expirations += 1
            return
        }
        if let soonest, settings.strategy == .ttl {
            entries.remove(at: soonest)
        } else {
            entries.removeLast()
        }
        counts.evictions += 1
    }

    /// Of those that expire together the shortest-lived goes first, then the first stored.
    private func expiry(_ entry: Entry) -> (Int64, Int64, Int) {
        (entry.deadline, entry.deadline - entry.storedAt, entry.sequence)
    }

    private func end(_ start: Int64, _ span: Int64) -> Int64 {
        Instant(nanoseconds: start).advanced(byNanoseconds: span).nanoseconds
    }
}
