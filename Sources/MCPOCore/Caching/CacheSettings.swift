// The bounds of one cache, as the configuration gives them (SPEC §2).

/// How large a cache may be and how it makes room.
package struct CacheSettings: Equatable, Sendable {
    /// Entries at most.
    package var maxSize: Int
    /// Bytes at most, the real cost of all entries.
    package var maxBytes: Int
    /// The cost of one entry at most; nil is an eighth of `maxBytes` (SPEC §5).
    package var maxEntryBytes: Int?
    package var strategy: CacheStrategy

    /// The defaults are those of SPEC §2.
    package init(
        maxSize: Int = 1000, maxBytes: Int = 64 << 20, maxEntryBytes: Int? = nil,
        strategy: CacheStrategy = .lruTTL
    ) {
        self.maxSize = maxSize
        self.maxBytes = maxBytes
        self.maxEntryBytes = maxEntryBytes
        self.strategy = strategy
    }

    /// What one entry may cost, however the settings say it.
    package var entryLimit: Int {
        min(maxEntryBytes ?? maxBytes / 8, maxBytes, Int(CacheSlot.maximumCost))
    }
}
