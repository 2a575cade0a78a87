// Invalidation (SPEC §5): what may be out of date is gone at once, whatever it takes to tidy up.

extension SmartCache {
    /// Drops all entries of a group in constant time.
    package mutating func drop(_ group: CacheGroup) {
        counts.invalidations += groups.drop(group)
    }

    /// Drops all entries of a server in constant time.
    package mutating func drop(server: Int) {
        counts.invalidations += groups.drop(server: server)
    }

    /// Drops everything, in a step for each server that was seen.
    package mutating func dropAll() {
        counts.invalidations += groups.dropAll()
    }

    /// Drops the entries of one resource by the hash of its server and URI: usually one, at most as
    /// many as a chain of the index is long. Answers to what was asked before are not stored
    /// either, nor, once in 256, those for another resource whose hash ends alike.
    package mutating func drop(resource: UInt64) {
        guard resource != 0 else { return }
        resourceDrops[Int(resource & 0xff)] = groups.beginEpoch()
        while true {
            let index = resources.walk(resource, in: slots) { _, _ in true }.found
            guard index != noSlot else { return }
            remove(index, .invalidation)
        }
    }

    /// Drops the entry of one key, if there is one.
    package mutating func drop(_ key: RawSpan, hash: UInt64) {
        let index = find(key, hash).found
        if index != noSlot { remove(index, .invalidation) }
    }

    /// Whether nothing was dropped since `asked` that an answer in this group, about this resource
    /// (0 for none), could be older than: whether it may be stored, and joined by who asks now.
    package func isCurrent(
        _ asked: CacheGeneration, group: CacheGroup, resource: UInt64
    ) -> Bool {
        let byResource = resource == 0 ? 0 : resourceDrops[Int(resource & 0xff)]
        return asked.epoch >= max(groups.lastDrop(of: group), byResource)
    }

    /// Entries of a group that can be found.
    package func count(of group: CacheGroup) -> Int { groups.count(of: group) }
}
