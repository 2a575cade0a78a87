// Who expires soonest, without sorting and without the pauses of a timer wheel, whose buckets have
// to be taken apart all at once.
//
// Entries of the same lifetime expire in the order in which they were stored. So each lifetime has a
// lane, a plain queue, and the soonest of all is the soonest of the lanes' heads: the winner of a
// tournament tree, in which a new head plays 11 matches at most.
//
//     lane of 60 s     12:01:00 ▸ 12:01:07 ▸ …   ┐
//     lane of 300 s    12:00:30 ▸ 12:04:59 ▸ …   ├─▶ 12:00:30
//     lane of 3600 s   12:42:00 ▸ …              ┘
//
// Lifetimes are told apart to five bits below the leading one, so entries of one lane differ by less
// than 1/32 of their lifetime, and that is the precision: an entry may be removed, or count as
// soonest, that much too late. Lookups do not depend on it; they compare times.

/// The entries that expire, soonest first.
struct ExpiryLanes: ~Copyable {
    /// Below 2²⁰ ns, about a millisecond, lifetimes share a lane.
    private static let shortest = 20
    /// Bits of a lifetime that count below the leading one.
    private static let precision = 5
    /// Leading bits 20 to 62, times 32 steps each.
    private static let laneCount = (63 - shortest) << precision
    /// The power of two that holds all lanes.
    private static let leafCount = 2048

    // Memory of its own, since each store and each removal plays a match at every level.
    private let lanes: UnsafeMutablePointer<SlotList<ByExpiry>>
    /// When the head of each lane expires; `.max` for an empty lane.
    private let heads: UnsafeMutablePointer<Int64>
    /// The tournament: node n's winner, its children being 2n and 2n + 1. The leaves are nodes too,
    /// and win against nobody.
    private let winners: UnsafeMutablePointer<UInt16>
    /// Lanes that are not empty.
    private var occupied = 0

    init() {
        lanes = .allocate(capacity: Self.laneCount)
        lanes.initialize(repeating: SlotList(), count: Self.laneCount)
        heads = .allocate(capacity: Self.leafCount)
        heads.initialize(repeating: .max, count: Self.leafCount)
        winners = .allocate(capacity: 2 * Self.leafCount)
        winners.initialize(repeating: 0, count: 2 * Self.leafCount)
        for leaf in 0..<Self.leafCount { winners[Self.leafCount + leaf] = UInt16(leaf) }
        // Empty lanes are equal, and of equals the left one wins.
        for node in (1..<Self.leafCount).reversed() { winners[node] = winners[2 * node] }
    }

    deinit {
        lanes.deallocate()
        heads.deallocate()
        winners.deallocate()
    }

    /// The slot that expires first, as far as lanes tell, and when.
    var soonest: (slot: SlotIndex, deadline: Instant)? {
        let lane = Int(winners[1])
        return heads[lane] == .max
            ? nil : (lanes[lane].first, Instant(nanoseconds: heads[lane]))
    }

    /// Takes in an entry that is stored at `now`, if it expires at all.
    mutating func insert(_ index: SlotIndex, at now: Instant, in slots: borrowing SlotStore) {
        let deadline = slots[index].deadline
        guard deadline != .never else {
            slots[index].lane = -1
            return
        }
        let lane = Self.lane(of: deadline.nanoseconds &- now.nanoseconds)
        slots[index].lane = Int16(lane)
        lanes[lane].append(index, in: slots)
        if lanes[lane].first == index { headChanged(lane, in: slots) }
    }

    mutating func remove(_ index: SlotIndex, in slots: borrowing SlotStore) {
        let lane = Int(slots[index].lane)
        guard lane >= 0 else { return }
        let wasHead = lanes[lane].first == index
        lanes[lane].remove(index, in: slots)
        if wasHead { headChanged(lane, in: slots) }
    }

    /// Learns that an entry has moved to slot `index`.
    mutating func adopt(_ index: SlotIndex, in slots: borrowing SlotStore) {
        let lane = Int(slots[index].lane)
        if lane >= 0 { lanes[lane].adopt(index, in: slots) }
    }

    static func lane(of lifetime: Int64) -> Int {
        let clamped = max(lifetime, 1 << shortest)
        let leading = 63 - clamped.leadingZeroBitCount
        let below = Int(clamped >> (leading - precision)) & ((1 << precision) - 1)
        return (leading - shortest) << precision | below
    }

    private mutating func headChanged(_ lane: Int, in slots: borrowing SlotStore) {
        let first = lanes[lane].first
        let former = heads[lane]
        let head = first == noSlot ? Int64.max : slots[first].deadline.nanoseconds
        heads[lane] = head
        if former == .max { occupied += 1 }
        if head == .max { occupied -= 1 }
        // The only lane that is not empty wins every match, as it did before.
        if occupied == 1, former != .max, head != .max { return }
        var node = Self.leafCount + lane
        while node > 1 {
            let left = winners[node & ~1]
            let right = winners[node | 1]
            node >>= 1
            winners[node] = heads[Int(left)] <= heads[Int(right)] ? left : right
        }
    }
}
