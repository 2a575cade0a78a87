// The best that any strategy could do, knowing the future: evict what is asked for last (Belady
// 1966), and do not store what is asked for later than everything that is held.

/// Hits of the optimal strategy.
func optimalHits(_ keys: [Int], capacity: Int, keyBound: Int) -> Int {
    let nextUse = nextUses(keys, keyBound: keyBound)
    // The next use of each held key; 0 for keys that are not held (no use is at place 0 again).
    var heldUntil = Array(repeating: 0, count: keyBound)
    var heldCount = 0
    var hits = 0
    var farthest = FarthestFirst()
    for (place, key) in keys.enumerated() {
        if heldUntil[key] != 0 {
            hits += 1
        } else {
            heldCount += 1
        }
        heldUntil[key] = nextUse[place]
        farthest.push(nextUse[place], key)
        while heldCount > capacity, let (use, victim) = farthest.pop() {
            // What was pushed for an earlier use is out of date.
            guard heldUntil[victim] == use else { continue }
            heldUntil[victim] = 0
            heldCount -= 1
        }
    }
    return hits
}

/// For each place in the stream, where its key comes next; past the end if it never does.
private func nextUses(_ keys: [Int], keyBound: Int) -> [Int] {
    var seenAt = Array(repeating: keys.count, count: keyBound)
    var next = Array(repeating: 0, count: keys.count)
    for place in keys.indices.reversed() {
        next[place] = seenAt[keys[place]]
        seenAt[keys[place]] = place
    }
    return next
}

/// A binary heap whose first is the key with the latest use.
private struct FarthestFirst {
    private var items: [(use: Int, key: Int)] = []

    mutating func push(_ use: Int, _ key: Int) {
        items.append((use, key))
        var child = items.count - 1
        while child > 0, items[(child - 1) / 2].use < items[child].use {
            items.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func pop() -> (use: Int, key: Int)? {
        guard let top = items.first else { return nil }
        let last = items.removeLast()
        guard !items.isEmpty else { return top }
        items[0] = last
        var parent = 0
        while true {
            var largest = parent
            for child in 2 * parent + 1...2 * parent + 2 where child < items.count {
                if items[child].use > items[largest].use { largest = child }
            }
            guard largest != parent else { return top }
            items.swapAt(parent, largest)
            parent = largest
        }
    }
}
