// Those who wait for a permit: each is in two lists, both in the order of arrival.
//
//     all      a ─ b ─ c ─ d      by arrival; since all may wait equally long, also by deadline
//     lane 1   a ───── c          the one to go next is at the head of its lane
//     lane 2       b ───── d
//
// Places are kept and used again; their number grows to the most that ever waited at once.

/// Links of one waiter in one list; -1 at the ends.
struct WaiterLinks {
    var before: Int32 = -1
    var after: Int32 = -1
}

/// One caller in the queue, or a free place: its `all.after` is the next one.
struct Waiter {
    var token: Int32 = -1
    /// -1 if the place is free.
    var lane: Int32 = -1
    var arrival: UInt64 = 0
    var since = Instant(nanoseconds: 0)
    var all = WaiterLinks()
    var inLane = WaiterLinks()
}

/// The ends of a list of waiters.
struct WaiterLine {
    var first: Int32 = -1
    var last: Int32 = -1
}

/// All waiters, and the list of them by arrival. The lanes keep the ends of their own lists.
struct WaitingQueue: ~Copyable {
    private var waiters = GrowingTable<Waiter>()
    private var firstFree: Int32 = -1
    private var all = WaiterLine()
    private var nextArrival: UInt64 = 0
    private(set) var count = 0

    /// The one that arrived first of all.
    var first: Int32 { all.first }

    subscript(place: Int32) -> Waiter { waiters[Int(place)] }

    /// The arrival of the first in a lane, `EarliestTree.none` if nobody waits there.
    func arrival(ofFirstIn line: WaiterLine) -> UInt64 {
        line.first < 0 ? EarliestTree.none : waiters[Int(line.first)].arrival
    }

    /// The place that a ticket stands for, if its owner still waits.
    func place(of ticket: WaitTicket) -> Int32? {
        guard Int(ticket.place) < waiters.count else { return nil }
        let waiter = waiters[Int(ticket.place)]
        return waiter.lane >= 0 && waiter.arrival == ticket.arrival ? ticket.place : nil
    }

    mutating func append(
        _ token: Int32, lane: Int32, line: inout WaiterLine, at now: Instant
    ) -> WaitTicket {
        let place = freePlace()
        let index = Int(place)
        waiters[index].token = token
        waiters[index].lane = lane
        waiters[index].arrival = nextArrival
        waiters[index].since = now
        waiters[index].all = WaiterLinks(before: all.last)
        waiters[index].inLane = WaiterLinks(before: line.last)
        if all.last < 0 { all.first = place } else { waiters[Int(all.last)].all.after = place }
        if line.last < 0 {
            line.first = place
        } else {
            waiters[Int(line.last)].inLane.after = place
        }
        all.last = place
        line.last = place
        count += 1
        defer { nextArrival += 1 }
        return WaitTicket(place: place, arrival: nextArrival)
    }

    /// Takes one out; `line` is that of its lane.
    mutating func remove(_ place: Int32, line: inout WaiterLine) {
        let waiter = waiters[Int(place)]
        precondition(waiter.lane >= 0, "a waiter was taken out twice")
        let (before, after) = (waiter.all.before, waiter.all.after)
        if before < 0 { all.first = after } else { waiters[Int(before)].all.after = after }
        if after < 0 { all.last = before } else { waiters[Int(after)].all.before = before }
        let (ahead, behind) = (waiter.inLane.before, waiter.inLane.after)
        if ahead < 0 { line.first = behind } else { waiters[Int(ahead)].inLane.after = behind }
        if behind < 0 { line.last = ahead } else { waiters[Int(behind)].inLane.before = ahead }
        waiters[Int(place)].lane = -1
        waiters[Int(place)].all.after = firstFree
        firstFree = place
        count -= 1
    }

    private mutating func freePlace() -> Int32 {
        guard firstFree >= 0 else {
            waiters.append(Waiter())
            return Int32(truncatingIfNeeded: waiters.count - 1)
        }
        let place = firstFree
        firstFree = waiters[Int(place)].all.after
        return place
    }
}
