// In which order entries go when there is no room.
//
//     lru, lruTTL   newest use ▸ … ▸ oldest use ▶ out
//     ttl           newest ▸ … ▸ oldest ▶ out, after all that expire (`ExpiryLanes`)
//     s3FIFO        trial:  newcomers ▸ … ▶ used twice since? ─ yes ▶ proven
//                                                             └ no ▶ out, remembered as a ghost
//                   proven: newest ▸ … ▶ used since? ─ yes, less one ▶ back to the front
//                                                    └ no ▶ out
//
// Under `s3FIFO` the trial queue holds a tenth, a returning ghost skips it, and a hit only counts to
// three: nothing is moved.

/// The order of one cache's entries.
struct EvictionOrder: ~Copyable {
    /// The trial queue's share, 1/10, and the bound of uses are those of the S3-FIFO paper.
    private static let trialShare = 10
    private static let mostUses: UInt8 = 3
    /// Second chances given in a row; the next entry goes whatever its uses. Without a bound, a
    /// search among entries that were all used three times would go round three times.
    private static let mostChances = 64

    /// What one step of a search for whom to remove came to.
    enum Verdict {
        case remove(SlotIndex)
        /// The last one gets a second chance; go on.
        case spared
        case empty
    }

    let strategy: CacheStrategy
    /// By use (`lru`, `lruTTL`), by storing (`ttl`), or the proven ones (`s3FIFO`); newest first.
    private var main = SlotList<ByOrder>()
    private var mainCount = 0
    private var trial = SlotList<ByOrder>()
    private var trialCount = 0
    private var ghosts = GhostTable()
    private var chancesInRow = 0
    /// Second chances given, ever: what tests bound per operation.
    private(set) var steps = 0

    init(_ strategy: CacheStrategy) {
        self.strategy = strategy
    }

    /// Takes in a new entry. `bucket` is where the key index has it, of `bucketCount`.
    mutating func insert(
        _ index: SlotIndex, bucket: Int, bucketCount: Int, in slots: borrowing SlotStore
    ) {
        guard strategy == .s3FIFO else {
            main.prepend(index, in: slots)
            return
        }
        ghosts.follow(bucketCount: bucketCount)
        // Ghosts are as many as fit beside the trial queue, as in the paper.
        let span = (mainCount + trialCount) * (Self.trialShare - 1) / Self.trialShare
        let isKnown = ghosts.recall(slots[index].hash, bucket: bucket, span: span)
        slots[index].isProven = slots[index].isProven || isKnown
        enter(index, in: slots)
    }

    /// An entry was asked for.
    @inline(__always)
    mutating func touch(_ index: SlotIndex, in slots: borrowing SlotStore) {
        switch strategy {
        case .ttl: break
        case .lru, .lruTTL:
            guard main.first != index else { return }
            main.remove(index, in: slots)
            main.prepend(index, in: slots)
        case .s3FIFO:
            slots[index].uses = min(Self.mostUses, slots[index].uses + 1)
        }
    }

    mutating func remove(_ index: SlotIndex, in slots: borrowing SlotStore) {
        if strategy == .s3FIFO {
            leave(index, in: slots)
        } else {
            main.remove(index, in: slots)
        }
    }

    /// Notes that an entry, which is about to be removed, goes for want of room.
    mutating func willEvict(_ index: SlotIndex, bucket: Int, in slots: borrowing SlotStore) {
        guard strategy == .s3FIFO, !slots[index].isProven else { return }
        ghosts.remember(slots[index].hash, bucket: bucket)
    }

    /// Looks at who is next to go.
    mutating func judgeNext(in slots: borrowing SlotStore) -> Verdict {
        let isTrial = strategy == .s3FIFO && turnIsTrials
        let last = isTrial ? trial.last : main.last
        guard last != noSlot else { return .empty }
        let isUsed = strategy == .s3FIFO && slots[last].uses > (isTrial ? 1 : 0)
        guard isUsed, chancesInRow < Self.mostChances else {
            chancesInRow = 0
            return .remove(last)
        }
        chancesInRow += 1
        steps += 1
        giveChance(last, in: slots)
        return .spared
    }

    /// Learns that an entry has moved to slot `index`.
    mutating func adopt(_ index: SlotIndex, in slots: borrowing SlotStore) {
        if strategy == .s3FIFO, !slots[index].isProven {
            trial.adopt(index, in: slots)
        } else {
            main.adopt(index, in: slots)
        }
    }

    private var turnIsTrials: Bool {
        trialCount > 0
            && (mainCount == 0 || Self.trialShare * trialCount >= mainCount + trialCount)
    }

    /// Puts the last of a queue to the front of the proven ones.
    private mutating func giveChance(_ index: SlotIndex, in slots: borrowing SlotStore) {
        leave(index, in: slots)
        slots[index].uses = slots[index].isProven ? slots[index].uses - 1 : 0
        slots[index].isProven = true
        enter(index, in: slots)
    }

    private mutating func enter(_ index: SlotIndex, in slots: borrowing SlotStore) {
        if slots[index].isProven {
            main.prepend(index, in: slots)
            mainCount += 1
        } else {
            trial.prepend(index, in: slots)
            trialCount += 1
        }
    }

    private mutating func leave(_ index: SlotIndex, in slots: borrowing SlotStore) {
        if slots[index].isProven {
            main.remove(index, in: slots)
            mainCount -= 1
        } else {
            trial.remove(index, in: slots)
            trialCount -= 1
        }
    }
}
