// Doubly linked lists of slots. The links are in the slots; a list itself is two numbers.

/// Which of a slot's links a kind of list uses.
protocol SlotThread {
    static func links(_ slot: CacheSlot) -> SlotLinks
    static func set(_ slot: inout CacheSlot, _ links: SlotLinks)
}

/// The order that decides who goes first, and the list of free slots.
enum ByOrder: SlotThread {
    static func links(_ slot: CacheSlot) -> SlotLinks { slot.order }
    static func set(_ slot: inout CacheSlot, _ links: SlotLinks) { slot.order = links }
}

/// The lane of one lifetime.
enum ByExpiry: SlotThread {
    static func links(_ slot: CacheSlot) -> SlotLinks { slot.expiry }
    static func set(_ slot: inout CacheSlot, _ links: SlotLinks) { slot.expiry = links }
}

/// The members of one group.
enum ByMembership: SlotThread {
    static func links(_ slot: CacheSlot) -> SlotLinks { slot.membership }
    static func set(_ slot: inout CacheSlot, _ links: SlotLinks) { slot.membership = links }
}

/// A list of slots; every operation takes constant time.
struct SlotList<Thread: SlotThread> {
    private(set) var first = noSlot
    private(set) var last = noSlot

    mutating func prepend(_ index: SlotIndex, in slots: borrowing SlotStore) {
        Thread.set(&slots[index], SlotLinks(before: noSlot, after: first))
        if first == noSlot { last = index } else { setBefore(first, index, slots) }
        first = index
    }

    mutating func append(_ index: SlotIndex, in slots: borrowing SlotStore) {
        Thread.set(&slots[index], SlotLinks(before: last, after: noSlot))
        if last == noSlot { first = index } else { setAfter(last, index, slots) }
        last = index
    }

    mutating func remove(_ index: SlotIndex, in slots: borrowing SlotStore) {
        let links = Thread.links(slots[index])
        join(links.before, links.after, slots)
    }

    /// Puts `index`, which holds the links of the slot that it was moved from, in that one's place.
    mutating func adopt(_ index: SlotIndex, in slots: borrowing SlotStore) {
        let links = Thread.links(slots[index])
        if links.before == noSlot { first = index } else { setAfter(links.before, index, slots) }
        if links.after == noSlot { last = index } else { setBefore(links.after, index, slots) }
    }

    private mutating func join(_ left: SlotIndex, _ right: SlotIndex, _ slots: borrowing SlotStore)
    {
        if left == noSlot { first = right } else { setAfter(left, right, slots) }
        if right == noSlot { last = left } else { setBefore(right, left, slots) }
    }

    private func setBefore(_ index: SlotIndex, _ value: SlotIndex, _ slots: borrowing SlotStore) {
        var links = Thread.links(slots[index])
        links.before = value
        Thread.set(&slots[index], links)
    }

    private func setAfter(_ index: SlotIndex, _ value: SlotIndex, _ slots: borrowing SlotStore) {
        var links = Thread.links(slots[index])
        links.after = value
        Thread.set(&slots[index], links)
    }
}
