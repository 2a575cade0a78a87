// Which of a few numbered things has waited longest: a tournament over their arrival numbers.
//
//     1              3            a node has the smaller key of the two below it, so that the root
//                  /   \          has the smallest of all; changing one leaf replays its way up
//     2, 3        –     3
//               /  \   / \
//     4 … 7    –    – 7   3       leaves 0 … 3; – is a leaf with nobody who may go
//
// Chosen over a binary heap because a leaf that changes needs no position kept elsewhere.

/// Numbered leaves with keys, of which the smallest is found at once.
struct EarliestTree {
    /// The key of a leaf that takes no part.
    static let none = UInt64.max

    /// The root is at 1; leaf `n` at `capacity + n`.
    private var keys = [none, none]

    private var capacity: Int { keys.count / 2 }

    /// The smallest key.
    var earliest: UInt64 { keys[1] }

    var isEmpty: Bool { keys[1] == Self.none }

    /// The leaf with the smallest key.
    var first: Int? {
        let key = keys[1]
        guard key != Self.none else { return nil }
        var node = 1
        while node < capacity { node = keys[2 * node] == key ? 2 * node : 2 * node + 1 }
        return node - capacity
    }

    /// Makes room for leaves up to `count`.
    mutating func reserve(_ count: Int) {
        var wanted = capacity
        while wanted < count { wanted *= 2 }
        guard wanted > capacity else { return }
        let leaves = keys[capacity...]
        keys = Array(repeating: Self.none, count: 2 * wanted)
        for (leaf, key) in leaves.enumerated() where key != Self.none { set(leaf, key) }
    }

    mutating func set(_ leaf: Int, _ key: UInt64) {
        var node = capacity + leaf
        keys[node] = key
        while node > 1 {
            let winner = min(keys[node], keys[node ^ 1])
            node /= 2
            if keys[node] == winner { return }
            keys[node] = winner
        }
    }
}
