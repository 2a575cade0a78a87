// Which request is under way already: the flights that an equal request may wait for (SPEC §6).
//
//     buckets   – a – – b c – –     by the key's hash, linear probing, at most half full
//
// A flight leads its key from the moment it is sent until it is answered, or until a newer flight
// with the same key takes the lead because nobody may join the older one any more.

/// The flights in progress, by key.
package struct RequestDeduplicator: ~Copyable {
    private static let firstCapacity = 64

    private var buckets: [FlightTerms?] = Array(repeating: nil, count: Self.firstCapacity)
    /// Keys with a flight under way.
    package private(set) var count = 0
    /// Bytes of all their keys.
    package private(set) var keyBytes = 0
    /// Requests that have joined a flight of another one, ever.
    package internal(set) var joined = 0

    package init() {}

    /// The flight that leads the key.
    func leader(of key: RawSpan, hash: UInt64) -> FlightTerms? {
        var bucket = home(of: hash)
        while let terms = buckets[bucket] {
            if terms.hash == hash {
                let leading = terms.key
                if leading.span.bytes.hasSameBytes(as: key) { return terms }
            }
            bucket = next(bucket)
        }
        return nil
    }

    /// Makes a flight the one to join; an older one with its key is left to those who wait for it.
    mutating func lead(_ terms: FlightTerms) {
        if 2 * (count + 1) > buckets.count { grow() }
        var bucket = home(of: terms.hash)
        while let other = buckets[bucket] {
            if other.hash == terms.hash, other.key == terms.key {
                // Its answer may come after the newer one, and is older.
                other.stores = false
                buckets[bucket] = terms
                return
            }
            bucket = next(bucket)
        }
        buckets[bucket] = terms
        count += 1
        keyBytes += terms.key.count
    }

    /// The flight has ended, or may not be joined any more.
    mutating func leave(_ terms: FlightTerms) {
        var bucket = home(of: terms.hash)
        while let other = buckets[bucket] {
            if other === terms {
                count -= 1
                keyBytes -= terms.key.count
                close(bucket)
                return
            }
            bucket = next(bucket)
        }
    }

    /// Empties a bucket and moves up what was pushed behind it.
    private mutating func close(_ emptied: Int) {
        let mask = buckets.count - 1
        var gap = emptied
        var bucket = next(gap)
        while let terms = buckets[bucket] {
            let wanted = home(of: terms.hash)
            if (bucket &- wanted) & mask >= (bucket &- gap) & mask {
                buckets[gap] = terms
                gap = bucket
            }
            bucket = next(bucket)
        }
        buckets[gap] = nil
    }

    private mutating func grow() {
        let old = buckets
        buckets = Array(repeating: nil, count: 2 * old.count)
        for case let terms? in old {
            var bucket = home(of: terms.hash)
            while buckets[bucket] != nil { bucket = next(bucket) }
            buckets[bucket] = terms
        }
    }

    private func home(of hash: UInt64) -> Int {
        Int(truncatingIfNeeded: hash) & (buckets.count - 1)
    }

    private func next(_ bucket: Int) -> Int { (bucket + 1) & (buckets.count - 1) }
}
