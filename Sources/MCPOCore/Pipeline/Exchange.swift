// One request of the client, from its arrival to its answer.
//
//     admitted ──▶ held (the server is starting again) ──▶ sent ──▶ answered, failed or cancelled
//         └───────────────────────────────────────────────▶┘
//
// Exchanges live in a slab and are found by the client's id through an open-addressing index: no
// allocation per request, and ids that differ only in their escapes ("a" and "\u0061") are one id.

/// The place of an exchange in its table; meaningless once the exchange has ended.
package typealias ExchangeIndex = Int

/// A request of the client that has no answer yet.
package struct Exchange: Sendable {
    /// Where the request is.
    package enum Stage: Sendable {
        /// Waiting for the server to be up again; the line is kept whole in `held`.
        case held
        /// Written to the server's queue under the number `flight`.
        case sent
        /// A subscription whose end the server has announced; its answer may follow.
        case tornDown
    }

    /// The client's id, verbatim.
    package var id: Lexeme
    /// The client's progress token, verbatim; empty when it asked for no progress.
    package var token: Lexeme
    package let method: Method
    package var stage = Stage.held
    /// The number that the server knows the request by; 0 while held.
    package var flight: UInt32 = 0
    /// The batch that the answer belongs into, if any.
    package var batch: BatchID?
    /// Counts all requests of the client: tells this one from another in the same place.
    package let arrival: UInt64
    /// The whole request: while it is held, and where a new process of the server may have to be
    /// told again (`Method.setsUpState`).
    package var line: [UInt8]
    /// When the caller gets a timeout error; `.never` for subscriptions.
    package var deadline: Instant
    /// The longest that progress may put the deadline off.
    package var lastDeadline: Instant
    /// Whether the server has acknowledged this subscription.
    package var isAcknowledged = false
    /// The hash of the id, kept for the table.
    package var hash: UInt64 = 0
}

/// All exchanges of one client, by place and by id.
package struct ExchangeTable: Sendable {
    private var slots: [Exchange?] = []
    private var freeSlots: [ExchangeIndex] = []
    /// Open addressing with linear probing: slot + 1, 0 when empty. At most half full.
    private var buckets: [Int32] = Array(repeating: 0, count: 128)
    package private(set) var count = 0

    package init() {}

    package var isEmpty: Bool { count == 0 }

    /// Adds an exchange whose id is not in the table yet.
    package mutating func insert(_ exchange: Exchange, key: borrowing IDKey) -> ExchangeIndex {
        if 2 * (count + 1) > buckets.count { growBuckets() }
        var exchange = exchange
        exchange.hash = key.hash
        let index = freeSlots.popLast() ?? slots.count
        if index == slots.count { slots.append(exchange) } else { slots[index] = exchange }
        enter(index, hash: key.hash)
        count += 1
        return index
    }

    /// Finds the exchange with this id of the client.
    package func find(_ key: borrowing IDKey) -> ExchangeIndex? {
        var bucket = home(of: key.hash)
        while buckets[bucket] != 0 {
            let index = Int(buckets[bucket]) - 1
            if let exchange = slots[index], exchange.hash == key.hash, key.names(exchange.id) {
                return index
            }
            bucket = (bucket + 1) & (buckets.count - 1)
        }
        return nil
    }

    /// The exchange in this place; nil when it is free.
    package subscript(index: ExchangeIndex) -> Exchange? { slots[index] }

    /// Changes in place the exchange in this place, if there is one.
    package mutating func update(_ index: ExchangeIndex, _ change: (inout Exchange) -> Void) {
        guard var exchange = slots[index].take() else { return }
        change(&exchange)
        slots[index] = exchange
    }

    /// Takes an exchange out; its place may be used again.
    @discardableResult
    package mutating func remove(_ index: ExchangeIndex) -> Exchange? {
        guard let exchange = slots[index] else { return nil }
        slots[index] = nil
        freeSlots.append(index)
        count -= 1
        leave(index, hash: exchange.hash)
        return exchange
    }

    /// Places in use, in the order in which the requests came.
    package var indices: [ExchangeIndex] {
        let used = slots.indices.compactMap { index in
            slots[index].map { (index: index, arrival: $0.arrival) }
        }
        return used.sorted { $0.arrival < $1.arrival }.map(\.index)
    }

    private func home(of hash: UInt64) -> Int {
        Int(truncatingIfNeeded: hash) & (buckets.count - 1)
    }

    private mutating func enter(_ index: ExchangeIndex, hash: UInt64) {
        var bucket = home(of: hash)
        while buckets[bucket] != 0 { bucket = (bucket + 1) & (buckets.count - 1) }
        buckets[bucket] = Int32(truncatingIfNeeded: index + 1)
    }

    /// Empties a bucket and closes the gap, so that no search meets a tombstone.
    private mutating func leave(_ index: ExchangeIndex, hash: UInt64) {
        let mask = buckets.count - 1
        var gap = home(of: hash)
        while Int(buckets[gap]) != index + 1 { gap = (gap + 1) & mask }
        var next = (gap + 1) & mask
        while buckets[next] != 0 {
            let wanted = home(of: slots[Int(buckets[next]) - 1]?.hash ?? 0)
            if (next &- wanted) & mask >= (next &- gap) & mask {
                buckets[gap] = buckets[next]
                gap = next
            }
            next = (next + 1) & mask
        }
        buckets[gap] = 0
    }

    private mutating func growBuckets() {
        buckets = Array(repeating: 0, count: 2 * buckets.count)
        for (index, exchange) in slots.enumerated() {
            guard let exchange else { continue }
            enter(index, hash: exchange.hash)
        }
    }
}
