// The bookkeeping of one entry, and the memory that all of it lives in.
//
// An entry is known by the number of its slot, which is at the same time a member of several lists
// and hash chains, all threaded through the slots themselves: four bytes a link, no allocation.
// They come in pages, so growing never copies (a million slots are 80 MB).
//
//     slots   0 … 17 … 402 … 599 │ 600 …      used = 600: slots from there on were never touched
//                                             free ▶ 17 ▶ 402: gaps, used again before new ones

/// The number of a slot.
typealias SlotIndex = Int32

/// No slot: the end of a list or chain.
let noSlot: SlotIndex = -1

/// A slot's neighbours in one list.
struct SlotLinks {
    var before = noSlot
    var after = noSlot
}

/// What the cache knows of one entry.
struct CacheSlot {
    /// Costs are counted in 32 bits; an answer is a message, which is far below (SPEC §9: 64 MiB).
    static let maximumCost = UInt32.max

    /// The key's hash.
    var hash: UInt64 = 0
    /// nil in a free slot.
    var answer: CachedAnswer?
    /// The cache's epoch when it was stored: below that of its group's last drop, it is gone.
    var epoch: UInt64 = 0
    /// When nothing may use it any more.
    var deadline = Instant.never
    /// The next one in the bucket of the key's hash.
    var nextByKey = noSlot
    /// The next one in the bucket of the resource's hash.
    var nextByResource = noSlot
    /// In the order that decides who goes first; in a free slot, the list of free ones.
    var order = SlotLinks()
    /// In its lane of equal lifetimes.
    var expiry = SlotLinks()
    /// In its group, in the order of storing.
    var membership = SlotLinks()
    var group: Int32 = 0
    var cost: UInt32 = 0
    /// The lane of its lifetime; negative if it never expires.
    var lane: Int16 = -1
    /// Strategy `s3FIFO`: whether it is past its trial.
    var isProven = false
    /// Strategy `s3FIFO`: uses since it came or was last passed over, at most 3.
    var uses: UInt8 = 0
}

/// All slots of a cache.
struct SlotStore: ~Copyable {
    /// 256 slots are 20 KiB: far below malloc's threshold for mapping pages, and obtained in no time.
    private var memory = PagedMemory<CacheSlot>(shift: 8)
    /// Slots below are initialised, in use or free.
    private(set) var used: SlotIndex = 0
    private var free = SlotList<ByOrder>()
    /// Slots in use.
    private(set) var count = 0

    deinit {
        for index in 0..<used { pointer(index).deinitialize(count: 1) }
    }

    /// In place: reading one field neither copies the slot nor counts a reference.
    subscript(index: SlotIndex) -> CacheSlot {
        @inline(__always) unsafeAddress { UnsafePointer(pointer(index)) }
        @inline(__always) nonmutating unsafeMutableAddress { pointer(index) }
    }

    @inline(__always)
    private func pointer(_ index: SlotIndex) -> UnsafeMutablePointer<CacheSlot> {
        memory.pointer(Int(index))
    }

    /// A slot to fill, with whatever was in it last.
    mutating func take() -> SlotIndex {
        count += 1
        if let gap = takeGap() { return gap }
        if Int(used) == memory.capacity { memory.addPage() }
        pointer(used).initialize(to: CacheSlot())
        used += 1
        return used - 1
    }

    /// Gives back a slot that is in no list and no chain.
    /// - Returns: the answer that was in it.
    mutating func release(_ index: SlotIndex) -> CachedAnswer? {
        count -= 1
        let answer = self[index].answer.take()
        var list = free
        list.prepend(index, in: self)
        free = list
        return answer
    }

    /// Whether there are so many gaps that memory can be given back.
    var isSparse: Bool { Int(used) - count >= 2 * memory.pageSize }

    /// Makes the topmost slot unused. If it was in use, its contents now are in the slot that is
    /// returned, and whoever knew its number has to learn the new one.
    mutating func lowerTop() -> SlotIndex? {
        let top = used - 1
        var target: SlotIndex?
        if self[top].answer == nil {
            leaveGaps(top)
            pointer(top).deinitialize(count: 1)
        } else if let gap = takeGap() {
            pointer(gap).moveUpdate(from: pointer(top), count: 1)
            target = gap
        } else {
            preconditionFailure("slots are moved down only while there are gaps")
        }
        used = top
        memory.trim(to: Int(used))
        return target
    }

    private mutating func takeGap() -> SlotIndex? {
        let gap = free.first
        guard gap != noSlot else { return nil }
        leaveGaps(gap)
        return gap
    }

    private mutating func leaveGaps(_ index: SlotIndex) {
        // A copy, since the list cannot be changed while it reads the store that it is part of.
        var list = free
        list.remove(index, in: self)
        free = list
    }
}
