// Who belongs to which group and server, so that dropping either takes constant time.
//
// Time is counted in epochs: a drop begins a new one. An entry carries the epoch in which it was
// stored, and is live if neither its group nor its server was dropped in a later one:
//
//     epoch 7: store a, b in group 4    epoch 8: drop group 4    epoch 8: store c in group 4
//     members of group 4, in the order of storing:  a(7) b(7) c(8)      dropped at 8 → c is live
//
// What is dropped therefore is the front part of the list. It leaves the counts at once, and the
// memory when the background comes to it: dropped servers queue their groups, and queued groups
// give up their front entries one by one.

/// The groups of one cache, their members, and what was dropped and not yet taken away.
struct GroupTable: ~Copyable {
    private struct Group {
        var server = 0
        var isKnown = false
        var isQueued = false
        var droppedAt: UInt64 = 0
        /// `count` and `bytes` are void if the server was dropped after this epoch.
        var countedAt: UInt64 = 0
        var count = 0
        var bytes = 0
        var members = SlotList<ByMembership>()
    }

    private struct Server {
        var droppedAt: UInt64 = 0
        var count = 0
        var bytes = 0
        var groups: [Int] = []
        /// The next of `groups` to look at for dropped entries.
        var cursor = 0
        var isQueued = false
    }

    /// What a step of the background came to.
    enum Sweep {
        case dropped(SlotIndex)
        /// A group or server was looked at; go on.
        case searching
        case done
    }

    private var groups = GrowingTable<Group>()
    private var servers = GrowingTable<Server>()
    private var queuedGroups: [Int] = []
    private var queuedServers: [Int] = []
    private(set) var epoch: UInt64 = 0
    /// The epoch of the last drop of anything: entries from then on are live without a closer look.
    private var lastDrop: UInt64 = 0
    /// The epoch of the last drop of everything, servers and groups never seen included.
    private var allDroppedAt: UInt64 = 0
    /// Live entries and their cost.
    private(set) var count = 0
    private(set) var bytes = 0

    /// Whether there are groups to look through for dropped entries.
    var hasQueued: Bool { !queuedGroups.isEmpty || !queuedServers.isEmpty }

    /// When this group, all of its server, or everything was dropped last.
    func lastDrop(of group: CacheGroup) -> UInt64 {
        max(
            allDroppedAt,
            group.number < groups.count ? groups[group.number].droppedAt : 0,
            group.server < servers.count ? servers[group.server].droppedAt : 0)
    }

    @inline(__always)
    func isLive(_ slot: CacheSlot) -> Bool {
        slot.epoch >= lastDrop || isLive(Int(slot.group), since: slot.epoch)
    }

    private func isLive(_ number: Int, since epoch: UInt64) -> Bool {
        epoch >= groups[number].droppedAt && epoch >= servers[groups[number].server].droppedAt
    }

    /// Live entries of a group.
    func count(of group: CacheGroup) -> Int {
        guard group.number < groups.count else { return 0 }
        let found = groups[group.number]
        return found.countedAt < servers[found.server].droppedAt ? 0 : found.count
    }

    /// Enters a slot whose `group` and `cost` are set.
    mutating func insert(_ index: SlotIndex, in slots: borrowing SlotStore) {
        let (number, cost) = (Int(slots[index].group), Int(slots[index].cost))
        slots[index].epoch = epoch
        refresh(number)
        groups[number].members.append(index, in: slots)
        groups[number].count += 1
        groups[number].bytes += cost
        let server = groups[number].server
        servers[server].count += 1
        servers[server].bytes += cost
        count += 1
        bytes += cost
    }

    /// Takes a slot out, live or dropped.
    mutating func remove(_ index: SlotIndex, in slots: borrowing SlotStore) {
        let (number, cost) = (Int(slots[index].group), Int(slots[index].cost))
        if isLive(slots[index]) {
            refresh(number)
            groups[number].count -= 1
            groups[number].bytes -= cost
            let server = groups[number].server
            servers[server].count -= 1
            servers[server].bytes -= cost
            count -= 1
            bytes -= cost
        }
        groups[number].members.remove(index, in: slots)
    }

    /// Learns that an entry has moved to slot `index`.
    mutating func adopt(_ index: SlotIndex, in slots: borrowing SlotStore) {
        groups[Int(slots[index].group)].members.adopt(index, in: slots)
    }

    /// Begins a new epoch without dropping a group.
    mutating func beginEpoch() -> UInt64 {
        epoch += 1
        return epoch
    }

    /// Lets time pass without a drop.
    mutating func advance(to later: UInt64) {
        epoch = max(epoch, later)
    }

    /// Drops a group; returns how many entries that were.
    mutating func drop(_ group: CacheGroup) -> Int {
        register(group)
        refresh(group.number)
        let dropped = (count: groups[group.number].count, bytes: groups[group.number].bytes)
        lastDrop = beginEpoch()
        groups[group.number].droppedAt = epoch
        groups[group.number].count = 0
        groups[group.number].bytes = 0
        servers[group.server].count -= dropped.count
        servers[group.server].bytes -= dropped.bytes
        count -= dropped.count
        bytes -= dropped.bytes
        queueGroup(group.number)
        return dropped.count
    }

    /// Drops all groups of a server; returns how many entries that were.
    mutating func drop(server: Int) -> Int {
        registerServer(server)
        let dropped = servers[server].count
        lastDrop = beginEpoch()
        markDropped(server: server)
        return dropped
    }

    private mutating func markDropped(server: Int) {
        let dropped = servers[server].count
        servers[server].droppedAt = epoch
        // What was dropped before is queued already. (A server whose calls all may write is dropped
        // twice a call, with nothing ever stored.)
        if dropped == 0 { return }
        count -= dropped
        bytes -= servers[server].bytes
        servers[server].count = 0
        servers[server].bytes = 0
        servers[server].cursor = 0
        if !servers[server].isQueued {
            servers[server].isQueued = true
            queuedServers.append(server)
        }
    }

    /// Drops everything; returns how many entries that were. Takes a step for each server.
    mutating func dropAll() -> Int {
        let dropped = count
        lastDrop = beginEpoch()
        allDroppedAt = epoch
        for server in servers.indices { markDropped(server: server) }
        return dropped
    }

    /// Looks for one entry that was dropped and not removed yet.
    mutating func sweep(in slots: borrowing SlotStore) -> Sweep {
        if let number = queuedGroups.last {
            let first = groups[number].members.first
            if first != noSlot, !isLive(slots[first]) { return .dropped(first) }
            queuedGroups.removeLast()
            groups[number].isQueued = false
            return .searching
        }
        guard let server = queuedServers.last else { return .done }
        let cursor = servers[server].cursor
        if cursor < servers[server].groups.count {
            servers[server].cursor += 1
            queueGroup(servers[server].groups[cursor])
        } else {
            queuedServers.removeLast()
            servers[server].isQueued = false
        }
        return .searching
    }

    /// Makes room in the tables for a group that is seen for the first time.
    mutating func register(_ group: CacheGroup) {
        registerServer(group.server)
        precondition(group.number >= 0, "groups are numbered from 0")
        while groups.count <= group.number { groups.append(Group()) }
        guard !groups[group.number].isKnown else { return }
        groups[group.number].isKnown = true
        groups[group.number].server = group.server
        servers[group.server].groups.append(group.number)
    }

    private mutating func registerServer(_ server: Int) {
        precondition(server >= 0, "servers are numbered from 0")
        while servers.count <= server { servers.append(Server()) }
    }

    private mutating func queueGroup(_ number: Int) {
        guard !groups[number].isQueued, groups[number].members.first != noSlot else { return }
        groups[number].isQueued = true
        queuedGroups.append(number)
    }

    /// Voids the counts of a group whose server was dropped since they were last touched.
    private mutating func refresh(_ number: Int) {
        if groups[number].countedAt < servers[groups[number].server].droppedAt {
            groups[number].count = 0
            groups[number].bytes = 0
        }
        groups[number].countedAt = epoch
    }
}
