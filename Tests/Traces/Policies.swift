// Bare models of the replacement strategies of the literature: keys only, all of one size, so that
// one can tell which deserves to be built. `SmartCache` itself is measured in RealCache.swift.

/// A cache of `capacity` keys.
protocol ReplacementPolicy: AnyObject {
    init(capacity: Int, keyBound: Int)
    /// Asks for a key, which is stored if it was missing; true for a hit.
    func request(_ key: Int) -> Bool
}

/// Doubly linked lists of keys that share their links: a key is in at most one list.
struct KeyLists {
    struct List {
        var first = -1
        var last = -1
        var count = 0
    }

    private var before: [Int32]
    private var after: [Int32]

    init(keyBound: Int) {
        before = Array(repeating: -1, count: keyBound)
        after = before
    }

    func predecessor(of key: Int) -> Int { Int(before[key]) }

    mutating func prepend(_ key: Int, to list: inout List) {
        before[key] = -1
        after[key] = Int32(list.first)
        if list.first >= 0 { before[list.first] = Int32(key) } else { list.last = key }
        list.first = key
        list.count += 1
    }

    mutating func remove(_ key: Int, from list: inout List) {
        let (previous, next) = (Int(before[key]), Int(after[key]))
        if previous >= 0 { after[previous] = Int32(next) } else { list.first = next }
        if next >= 0 { before[next] = Int32(previous) } else { list.last = previous }
        list.count -= 1
    }
}

/// Least recently used.
final class LRUPolicy: ReplacementPolicy {
    private let capacity: Int
    private var lists: KeyLists
    private var recency = KeyLists.List()
    private var isHeld: [Bool]

    init(capacity: Int, keyBound: Int) {
        self.capacity = capacity
        lists = KeyLists(keyBound: keyBound)
        isHeld = Array(repeating: false, count: keyBound)
    }

    func request(_ key: Int) -> Bool {
        let hit = isHeld[key]
        if hit {
            lists.remove(key, from: &recency)
        } else if recency.count == capacity {
            isHeld[recency.last] = false
            lists.remove(recency.last, from: &recency)
        }
        isHeld[key] = true
        lists.prepend(key, to: &recency)
        return hit
    }
}

/// SIEVE (Zhang et al., NSDI 2024): a queue, a visited bit, and a hand that sweeps.
final class SievePolicy: ReplacementPolicy {
    private let capacity: Int
    private var lists: KeyLists
    private var queue = KeyLists.List()
    private var hand = -1
    private var isHeld: [Bool]
    private var isVisited: [Bool]

    init(capacity: Int, keyBound: Int) {
        self.capacity = capacity
        lists = KeyLists(keyBound: keyBound)
        isHeld = Array(repeating: false, count: keyBound)
        isVisited = isHeld
    }

    func request(_ key: Int) -> Bool {
        if isHeld[key] {
            isVisited[key] = true
            return true
        }
        if queue.count == capacity { evict() }
        isHeld[key] = true
        isVisited[key] = false
        lists.prepend(key, to: &queue)
        return false
    }

    private func evict() {
        var candidate = hand >= 0 ? hand : queue.last
        while isVisited[candidate] {
            isVisited[candidate] = false
            candidate = lists.predecessor(of: candidate)
            if candidate < 0 { candidate = queue.last }
        }
        hand = lists.predecessor(of: candidate)
        isHeld[candidate] = false
        lists.remove(candidate, from: &queue)
    }
}

/// S3-FIFO (Yang et al., SOSP 2023): a small queue on trial, a main queue, a memory of who left.
final class S3FIFOPolicy: ReplacementPolicy {
    private enum Place { case nowhere, small, main }

    private let capacity: Int
    private let smallShare: Int
    private var lists: KeyLists
    private var small = KeyLists.List()
    private var main = KeyLists.List()
    private var place: [Place]
    private var uses: [UInt8]
    /// When a key entered the ghost queue, in keys entered so far.
    private var ghostEntry: [Int]
    private var ghostClock = 0

    init(capacity: Int, keyBound: Int) {
        self.capacity = capacity
        smallShare = max(1, capacity / 10)
        lists = KeyLists(keyBound: keyBound)
        place = Array(repeating: .nowhere, count: keyBound)
        uses = Array(repeating: 0, count: keyBound)
        ghostEntry = Array(repeating: .min / 2, count: keyBound)
    }

    func request(_ key: Int) -> Bool {
        if place[key] != .nowhere {
            uses[key] = min(3, uses[key] + 1)
            return true
        }
        while small.count + main.count >= capacity { evict() }
        uses[key] = 0
        if ghostClock - ghostEntry[key] < capacity - smallShare {
            ghostEntry[key] = .min / 2
            place[key] = .main
            lists.prepend(key, to: &main)
        } else {
            place[key] = .small
            lists.prepend(key, to: &small)
        }
        return false
    }

    private func evict() {
        if small.count >= smallShare || main.count == 0 { evictSmall() } else { evictMain() }
    }

    private func evictSmall() {
        let key = small.last
        lists.remove(key, from: &small)
        if uses[key] > 1 {
            uses[key] = 0
            place[key] = .main
            lists.prepend(key, to: &main)
        } else {
            place[key] = .nowhere
            ghostClock += 1
            ghostEntry[key] = ghostClock
        }
    }

    private func evictMain() {
        while true {
            let key = main.last
            lists.remove(key, from: &main)
            if uses[key] > 0 {
                uses[key] -= 1
                lists.prepend(key, to: &main)
            } else {
                place[key] = .nowhere
                return
            }
        }
    }
}
