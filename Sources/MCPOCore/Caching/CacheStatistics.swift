// The numbers of SPEC §5 "Statistics".
//
// They add up: hits + misses = lookups, and
// stores − replacements − evictions − expirations − invalidations = currentSize.

/// What a cache did since it was made, and what it holds.
package struct CacheStatistics: Equatable, Sendable {
    package var hits = 0
    package var misses = 0
    package var stores = 0
    /// Stores that took the place of an entry under the same key.
    package var replacements = 0
    /// Entries removed for want of room.
    package var evictions = 0
    /// Entries removed because their time was over.
    package var expirations = 0
    /// Entries dropped because what they answer may have changed.
    package var invalidations = 0
    /// Answers served after their freshness had ended.
    package var staleServed = 0
    /// Entries that can be found.
    package var currentSize = 0
    /// The bound on entries.
    package var maxSize = 0
    /// What the entries that can be found cost: contents, key and bookkeeping.
    package var memoryBytes = 0

    /// Hits among lookups in percent; 0 before the first lookup.
    package var hitRate: Double {
        let lookups = hits + misses
        return lookups == 0 ? 0 : Double(hits) * 100 / Double(lookups)
    }

    package init() {}
}
