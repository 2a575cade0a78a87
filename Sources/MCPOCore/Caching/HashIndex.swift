// From a hash to slots, growing and shrinking by one bucket at a time (linear hashing, Litwin 1980),
// because a table that doubles at once stops everything for milliseconds at a million entries.
//
// With 6 buckets, hashes are taken modulo 8 where that bucket exists already, else modulo 4:
//
//     bucket   0    1    2    3    4    5          hash …110 (6): no bucket 6 yet → …10 = 2
//              ▼         ▼         ▼               hash …100 (4): bucket 4
//              8         6 ▶ 14    4 ▶ 12
//
// The seventh entry adds bucket 6, which takes from bucket 2 what belongs to it: 6 and 14. No chain
// grows beyond `longestChain` even if somebody chooses keys so that hashes agree: the caller makes
// room in the chain first.

/// Which hash of an entry is indexed, and where its chain goes on.
protocol SlotChain {
    static func hash(_ slot: CacheSlot) -> UInt64
    static func next(_ slot: CacheSlot) -> SlotIndex
    static func setNext(_ slot: inout CacheSlot, _ next: SlotIndex)
}

enum ByKey: SlotChain {
    static func hash(_ slot: CacheSlot) -> UInt64 { slot.hash }
    static func next(_ slot: CacheSlot) -> SlotIndex { slot.nextByKey }
    static func setNext(_ slot: inout CacheSlot, _ next: SlotIndex) { slot.nextByKey = next }
}

enum ByResource: SlotChain {
    static func hash(_ slot: CacheSlot) -> UInt64 { slot.answer?.record.resource ?? 0 }
    static func next(_ slot: CacheSlot) -> SlotIndex { slot.nextByResource }
    static func setNext(_ slot: inout CacheSlot, _ next: SlotIndex) { slot.nextByResource = next }
}

/// What a walk along a chain came to.
struct ChainWalk {
    /// The slot that was looked for.
    var found = noSlot
    /// The last slot of the chain, if nothing was found.
    var last = noSlot
    /// Slots that were looked at.
    var length = 0
}

/// An index of slots by one of their hashes.
struct HashIndex<Chain: SlotChain>: ~Copyable {
    /// Of a million chains at load 2 (the fullest that a bucket waiting for its split gets), the
    /// longest is about 12; 32 is reached by design only.
    static var longestChain: Int { 32 }
    /// 1024 buckets are 4 KiB, a page of the system too.
    private static var bucketShift: Int { 10 }
    private static var fewestBuckets: Int { 64 }

    private var buckets = PagedMemory<SlotIndex>(shift: Self.bucketShift)
    private(set) var bucketCount = Self.fewestBuckets
    /// The largest power of two that is not above `bucketCount`, less one.
    private var mask = Self.fewestBuckets - 1
    private(set) var count = 0
    /// Slots that were looked at or moved, ever: what tests bound per operation.
    private(set) var steps = 0

    init() {
        addPage()
    }

    /// The bucket where `hash` belongs.
    @inline(__always)
    func bucket(of hash: UInt64) -> Int {
        let wide = Int(truncatingIfNeeded: hash) & (2 * mask + 1)
        return wide < bucketCount ? wide : wide & mask
    }

    /// Looks for the first slot of the chain of `hash` that has this hash and satisfies `isWanted`.
    @inline(__always)
    mutating func walk(
        _ hash: UInt64, in slots: borrowing SlotStore,
        _ isWanted: (borrowing SlotStore, SlotIndex) -> Bool
    ) -> ChainWalk {
        var walk = ChainWalk()
        var index = heads(bucket(of: hash)).pointee
        while index != noSlot {
            walk.length += 1
            if Chain.hash(slots[index]) == hash, isWanted(slots, index) {
                walk.found = index
                break
            }
            walk.last = index
            index = Chain.next(slots[index])
        }
        steps += walk.length
        return walk
    }

    mutating func insert(_ index: SlotIndex, in slots: borrowing SlotStore) {
        let head = heads(bucket(of: Chain.hash(slots[index])))
        Chain.setNext(&slots[index], head.pointee)
        head.pointee = index
        count += 1
        if count > bucketCount { addBucket(in: slots) }
    }

    mutating func remove(_ index: SlotIndex, in slots: borrowing SlotStore) {
        replace(index, with: Chain.next(slots[index]), in: slots)
        count -= 1
        if bucketCount > Self.fewestBuckets, 2 * count < bucketCount { removeBucket(in: slots) }
    }

    /// Makes whatever leads to `old` lead to `new`, which is in the same bucket. The contents of
    /// `old` may have moved to `new` already.
    mutating func replace(_ old: SlotIndex, with new: SlotIndex, in slots: borrowing SlotStore) {
        replace(old, hash: Chain.hash(slots[old]), with: new, in: slots)
    }

    mutating func replace(
        _ old: SlotIndex, hash: UInt64, with new: SlotIndex, in slots: borrowing SlotStore
    ) {
        let head = heads(bucket(of: hash))
        var index = head.pointee
        if index == old {
            head.pointee = new
            return
        }
        while Chain.next(slots[index]) != old {
            steps += 1
            index = Chain.next(slots[index])
        }
        Chain.setNext(&slots[index], new)
    }

    /// Adds the next bucket and moves there what belongs there, in the order in which it was.
    private mutating func addBucket(in slots: borrowing SlotStore) {
        if bucketCount == buckets.capacity { addPage() }
        let source = heads(bucketCount & mask)
        let added = bucketCount
        bucketCount += 1
        if bucketCount == 2 * (mask + 1) { mask = 2 * mask + 1 }
        var index = source.pointee
        var (kept, moved) = (noSlot, noSlot)
        source.pointee = noSlot
        while index != noSlot {
            steps += 1
            let next = Chain.next(slots[index])
            Chain.setNext(&slots[index], noSlot)
            if bucket(of: Chain.hash(slots[index])) == added {
                link(index, after: &moved, or: heads(added), in: slots)
            } else {
                link(index, after: &kept, or: source, in: slots)
            }
            index = next
        }
    }

    private func link(
        _ index: SlotIndex, after last: inout SlotIndex,
        or head: UnsafeMutablePointer<SlotIndex>, in slots: borrowing SlotStore
    ) {
        if last == noSlot { head.pointee = index } else { Chain.setNext(&slots[last], index) }
        last = index
    }

    /// Takes away the last bucket, unless that would make too long a chain.
    private mutating func removeBucket(in slots: borrowing SlotStore) {
        let removed = heads(bucketCount - 1)
        let smallerMask = bucketCount - 1 < mask + 1 ? mask / 2 : mask
        let target = heads((bucketCount - 1) & smallerMask)
        let (last, length) = end(of: target.pointee, in: slots)
        let (_, extra) = end(of: removed.pointee, in: slots)
        guard length + extra <= Self.longestChain else { return }
        if last == noSlot {
            target.pointee = removed.pointee
        } else {
            Chain.setNext(&slots[last], removed.pointee)
        }
        removed.pointee = noSlot
        bucketCount -= 1
        mask = smallerMask
        buckets.trim(to: bucketCount)
    }

    private mutating func end(
        of chain: SlotIndex, in slots: borrowing SlotStore
    ) -> (last: SlotIndex, length: Int) {
        var (last, index, length) = (noSlot, chain, 0)
        while index != noSlot {
            length += 1
            last = index
            index = Chain.next(slots[index])
        }
        steps += length
        return (last, length)
    }

    @inline(__always)
    private func heads(_ bucket: Int) -> UnsafeMutablePointer<SlotIndex> {
        buckets.pointer(bucket)
    }

    private mutating func addPage() {
        buckets.addPage().initialize(repeating: noSlot, count: buckets.pageSize)
    }
}
