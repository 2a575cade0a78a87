// Which request is under way already: the flights that an equal request may wait for (SPEC §6).
//
//     buckets   – 2 – – 0 1 – –     by the key's hash, linear probing, at most half full
//     entries   [0] [1] [2] [3]…    the terms of all flights that have some, each with its key
//     free      3 ▶ …               places to use again, with the memory of their keys
//
// A flight leads its key from the moment it is sent until it is answered, or until a newer flight
// with the same key takes the lead because nobody may join the older one any more. Its terms stay
// until it is over.

/// The flights in progress, by key.
package struct RequestDeduplicator: ~Copyable {
    private static let firstCapacity = 64
    /// Memory for keys that no flight needs at present: that of a few hundred usual ones.
    private static let mostSpareBytes = 64 * 1024

    private struct Entry: ~Copyable {
        var terms: FlightTerms?
        var key = KeptBytes()
        var nextFree: Int32 = -1
    }

    private var entries: UnsafeMutableBufferPointer<Entry>
    private var firstFree: Int32 = 0
    private var spareBytes = 0
    /// Places in `entries`, or -1.
    private var buckets: UnsafeMutableBufferPointer<Int32>
    /// Flights that have terms.
    package private(set) var termsCount = 0
    /// Keys with a flight under way.
    package private(set) var count = 0
    /// Bytes of the keys of all flights that have terms.
    package private(set) var keyBytes = 0
    /// Requests that have joined a flight of another one, ever.
    package internal(set) var joined = 0

    package init() {
        entries = .allocate(capacity: Self.firstCapacity)
        buckets = .allocate(capacity: 2 * Self.firstCapacity)
        buckets.initialize(repeating: -1)
        initializeEntries(from: 0)
    }

    deinit {
        entries.deinitialize().deallocate()
        buckets.deallocate()
    }

    /// The terms of a flight that has not ended.
    subscript(id: TermsID) -> FlightTerms {
        guard let terms = entries[Int(id.place)].terms else {
            preconditionFailure("the terms of a flight were used after its end")
        }
        return terms
    }

    /// The bytes of a flight's key, until it ends.
    func key(of id: TermsID) -> UnsafeRawBufferPointer { entries[Int(id.place)].key.bytes }

    /// The flight that leads the key.
    func leader(of key: UnsafeRawBufferPointer, hash: UInt64) -> TermsID? {
        var bucket = home(of: hash)
        while buckets[bucket] >= 0 {
            let id = TermsID(place: buckets[bucket])
            if hasKey(id, key, hash) { return id }
            bucket = next(bucket)
        }
        return nil
    }

    /// Takes in the terms of a flight that is about to be sent.
    mutating func enter(_ terms: FlightTerms, key: UnsafeRawBufferPointer) -> TermsID {
        if firstFree < 0 { growEntries() }
        let place = Int(firstFree)
        firstFree = entries[place].nextFree
        spareBytes -= entries[place].key.capacity
        entries[place].terms = terms
        entries[place].key.begin(key.count)
        entries[place].key.append(key)
        termsCount += 1
        keyBytes += key.count
        return TermsID(place: Int32(truncatingIfNeeded: place))
    }

    /// Makes a flight the one to join; an older one with its key is left to those who wait for it.
    /// - Parameter number: the one that it goes by on its connection.
    mutating func lead(_ id: TermsID, number: UInt32, of connection: ConnectionID) {
        if 2 * (count + 1) > buckets.count { growBuckets() }
        entries[Int(id.place)].terms?.number = number
        entries[Int(id.place)].terms?.connection = connection
        let key = key(of: id)
        let hash = self[id].hash
        var bucket = home(of: hash)
        while buckets[bucket] >= 0 {
            let other = TermsID(place: buckets[bucket])
            if hasKey(other, key, hash) {
                // Its answer may come after the newer one, and is older.
                entries[Int(other.place)].terms?.stores = false
                buckets[bucket] = id.place
                return
            }
            bucket = next(bucket)
        }
        buckets[bucket] = id.place
        count += 1
    }

    /// The answers of a server's flights are stored no more: the rules that say for how long are gone.
    mutating func forbidStoring(of server: ServerIndex) {
        for place in entries.indices where entries[place].terms?.group.server == server {
            entries[place].terms?.stores = false
        }
    }

    /// The flight may not be joined any more.
    mutating func leave(_ id: TermsID) {
        var bucket = home(of: hash(id.place))
        while buckets[bucket] >= 0 {
            if buckets[bucket] == id.place {
                count -= 1
                close(bucket)
                return
            }
            bucket = next(bucket)
        }
    }

    /// The flight, which has left, is over.
    mutating func forget(_ id: TermsID) {
        let place = Int(id.place)
        precondition(entries[place].terms != nil, "the terms of a flight were forgotten twice")
        entries[place].terms = nil
        keyBytes -= entries[place].key.count
        if spareBytes + entries[place].key.capacity > Self.mostSpareBytes {
            entries[place].key.clear()
        }
        spareBytes += entries[place].key.capacity
        entries[place].nextFree = firstFree
        firstFree = id.place
        termsCount -= 1
    }

    private func hasKey(_ id: TermsID, _ key: UnsafeRawBufferPointer, _ hash: UInt64) -> Bool {
        self.hash(id.place) == hash && self.key(of: id).bytes.hasSameBytes(as: key.bytes)
    }

    private func hash(_ place: Int32) -> UInt64 { entries[Int(place)].terms?.hash ?? 0 }

    /// Empties a bucket and moves up what was pushed behind it.
    private mutating func close(_ emptied: Int) {
        let mask = buckets.count - 1
        var gap = emptied
        var bucket = next(gap)
        while buckets[bucket] >= 0 {
            let wanted = home(of: hash(buckets[bucket]))
            if (bucket &- wanted) & mask >= (bucket &- gap) & mask {
                buckets[gap] = buckets[bucket]
                gap = bucket
            }
            bucket = next(bucket)
        }
        buckets[gap] = -1
    }

    private mutating func growBuckets() {
        let old = buckets
        buckets = .allocate(capacity: 2 * old.count)
        buckets.initialize(repeating: -1)
        for place in old where place >= 0 {
            var bucket = home(of: hash(place))
            while buckets[bucket] >= 0 { bucket = next(bucket) }
            buckets[bucket] = place
        }
        old.deallocate()
    }

    private mutating func growEntries() {
        let old = entries
        entries = .allocate(capacity: 2 * old.count)
        for place in old.indices {
            entries.initializeElement(at: place, to: old.moveElement(from: place))
        }
        old.deallocate()
        initializeEntries(from: old.count)
    }

    /// Makes free places of new ones.
    private mutating func initializeEntries(from start: Int) {
        for place in start..<entries.count {
            entries.initializeElement(at: place, to: Entry())
            entries[place].nextFree = Int32(truncatingIfNeeded: place + 1)
        }
        entries[entries.count - 1].nextFree = -1
        firstFree = Int32(truncatingIfNeeded: start)
    }

    private func home(of hash: UInt64) -> Int {
        Int(truncatingIfNeeded: hash) & (buckets.count - 1)
    }

    private func next(_ bucket: Int) -> Int { (bucket + 1) & (buckets.count - 1) }
}
