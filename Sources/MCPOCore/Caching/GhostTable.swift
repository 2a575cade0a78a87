// Strategy `s3FIFO`: the keys that were removed lately without having been asked for twice.
//
// A key that comes back while it is remembered here was removed too early, and its entry gets a
// place among the proven ones at once. What is remembered is 32 bits of the hash and the moment, in
// removals; no links, no exact order. Two cells a bucket of the key index, so that the table grows
// with the cache, step by step, and costs 16 bytes an entry. A third key of a bucket takes the cell of
// the older of the two. Against exact ghosts that costs 0 to 0.3 points of hit rate on the streams of
// `traces`, except in a loop just longer than the cache (37 % instead of 49 %).

/// A bounded, slightly forgetful memory of hashes.
struct GhostTable: ~Copyable {
    // Not private: other files destroy tables of it, and the compiler (6.3.1) fails at that.
    struct Cell {
        var fingerprint: UInt32 = 0
        /// The number of the removal, from 1; 0 in an unused cell.
        var removal: UInt32 = 0
    }

    /// Bytes for each bucket, of which there is about one for each entry.
    static let bytesPerBucket = 2 * MemoryLayout<Cell>.stride
    /// 512 cells of 8 bytes are 4 KiB, a page of the system too.
    private var memory = PagedMemory<Cell>(shift: 9)
    private var removals: UInt32 = 0

    /// Remembers a key that is removed. `bucket` is where the key index has it now.
    mutating func remember(_ hash: UInt64, bucket: Int) {
        guard 2 * bucket < memory.capacity else { return }
        removals = removals == .max ? 1 : removals + 1
        let cells = memory.pointer(2 * bucket)
        let older = age(cells[0]) >= age(cells[1]) ? 0 : 1
        cells[older] = Cell(fingerprint: Self.fingerprint(hash), removal: removals)
    }

    /// Whether a key is among the last `span` that were removed; it is forgotten then.
    mutating func recall(_ hash: UInt64, bucket: Int, span: Int) -> Bool {
        guard 2 * bucket < memory.capacity else { return false }
        let cells = memory.pointer(2 * bucket)
        for place in 0..<2 where cells[place].removal != 0 {
            guard cells[place].fingerprint == Self.fingerprint(hash) else { continue }
            let isRecent = age(cells[place]) < span
            cells[place] = Cell()
            return isRecent
        }
        return false
    }

    /// Comes one page closer to the size of the key index, which changes by one bucket at a time.
    mutating func follow(bucketCount: Int) {
        if memory.capacity < 2 * bucketCount {
            memory.addPage().initialize(repeating: Cell(), count: memory.pageSize)
        } else {
            memory.trim(to: 2 * bucketCount)
        }
    }

    private func age(_ cell: Cell) -> Int {
        cell.removal == 0 ? .max : Int(removals &- cell.removal)
    }

    /// Bits that the bucket's number does not use.
    private static func fingerprint(_ hash: UInt64) -> UInt32 {
        UInt32(truncatingIfNeeded: hash >> 32)
    }
}
