// All requests of one client that have no answer yet, by place and by id.
//
//     buckets   · 2 · · 1 · · ·        hash of the id → place + 1, linear probing, at most half full
//     slots     [ {"a7"…}, {12…}, – ]  exchanges stay where they are until they end
//     free      2                      places to use again
//     lines     [ {"jsonrpc"…, –, – ]  the requests of those that need them later, by place
//
// Slots are memory of its own because an exchange is large and is only ever read or changed in
// place: an array of optionals copies it, references and all, each time somebody looks.

/// The exchanges of one client.
package struct ExchangeTable: ~Copyable {
    private static let firstCapacity = 64

    /// A longer line gives its memory back when its exchange ends.
    private static let keptCapacity = 4096

    private var slots: UnsafeMutableBufferPointer<Exchange>
    private var lines: UnsafeMutableBufferPointer<KeptBytes>
    private var isLive: [Bool]
    private var freeSlots: [ExchangeIndex]
    private var buckets: [Int32]
    package private(set) var count = 0
    /// How many of them are subscriptions, which have no end of their own.
    package private(set) var subscriptionCount = 0
    /// Bytes of all lines that exchanges keep.
    package private(set) var keptBytes = 0

    package init() {
        slots = .allocate(capacity: Self.firstCapacity)
        lines = Self.makeLines(Self.firstCapacity)
        isLive = Array(repeating: false, count: Self.firstCapacity)
        freeSlots = (0..<Self.firstCapacity).reversed()
        buckets = Array(repeating: 0, count: 2 * Self.firstCapacity)
    }

    deinit {
        for index in slots.indices where isLive[index] { slots.deinitializeElement(at: index) }
        slots.deallocate()
        lines.deinitialize().deallocate()
    }

    private static func makeLines(_ count: Int) -> UnsafeMutableBufferPointer<KeptBytes> {
        let lines = UnsafeMutableBufferPointer<KeptBytes>.allocate(capacity: count)
        for place in lines.indices { lines.initializeElement(at: place, to: KeptBytes()) }
        return lines
    }

    package var isEmpty: Bool { count == 0 }

    /// Adds an exchange whose id is not in the table yet.
    package mutating func insert(_ exchange: consuming Exchange) -> ExchangeIndex {
        if freeSlots.isEmpty { grow() }
        let index = freeSlots.removeLast()
        enter(index, hash: exchange.hash)
        if exchange.method == .listen { subscriptionCount += 1 }
        slots.initializeElement(at: index, to: exchange)
        isLive[index] = true
        count += 1
        return index
    }

    /// Finds the exchange with this id of the client.
    /// - Parameter hash: `id.idHash`.
    package func find(_ id: Lexeme, hash: UInt64) -> ExchangeIndex? {
        var bucket = home(of: hash)
        while buckets[bucket] != 0 {
            let index = Int(buckets[bucket]) - 1
            if slots[index].hash == hash, slots[index].id.isSameID(as: id) { return index }
            bucket = (bucket + 1) & (buckets.count - 1)
        }
        return nil
    }

    /// The exchange in a place that is known to be in use, for reading and changing in place.
    package subscript(index: ExchangeIndex) -> Exchange {
        // Not `_read`, for which the compiler (6.3.1) copies the whole of an exchange.
        @inline(__always) unsafeAddress { UnsafePointer(pointer(index)) }
        @inline(__always) unsafeMutableAddress { pointer(index) }
    }

    @inline(__always)
    private func pointer(_ index: ExchangeIndex) -> UnsafeMutablePointer<Exchange> {
        guard isLive[index], let start = slots.baseAddress else {
            preconditionFailure("an exchange was used after its end")
        }
        return start + index
    }

    /// Keeps the line of an exchange that keeps none yet.
    package mutating func keep(_ line: RawSpan, in index: ExchangeIndex) {
        precondition(isLive[index] && !slots[index].hasLine, "a line is kept already")
        slots[index].hasLine = true
        keptBytes += line.byteCount
        lines[index].begin(line.byteCount)
        line.withUnsafeBytes { lines[index].append($0) }
    }

    /// The line of an exchange is of no more use. Its bytes stay where they are until the exchange
    /// ends: it may have been sent from there just now.
    package mutating func dropLine(of index: ExchangeIndex) {
        guard self[index].hasLine else { return }
        slots[index].hasLine = false
        keptBytes -= lines[index].count
    }

    /// The kept line of an exchange, until the exchange ends; nil when there is none.
    package func line(of index: ExchangeIndex) -> UnsafeRawBufferPointer? {
        isLive[index] && slots[index].hasLine ? lines[index].bytes : nil
    }

    /// The request has been written to a connection's queue under this number.
    package mutating func markSent(
        _ index: ExchangeIndex, to connection: ConnectionID, as number: UInt32
    ) {
        self[index].stage = .sent
        self[index].connection = connection
        self[index].flight = number
    }

    /// Whether there is an exchange in this place.
    package func isLive(_ index: ExchangeIndex) -> Bool { isLive[index] }

    /// A copy of the exchange in this place; nil when it is free.
    package func live(_ index: ExchangeIndex) -> Exchange? {
        isLive[index] ? slots[index] : nil
    }

    /// The id of the exchange in a place in use. (Read through the subscript while something else of
    /// the proxy is changed, it is the whole exchange that is copied.)
    @inline(never)
    func id(of index: ExchangeIndex) -> Lexeme { self[index].id }

    /// Takes an exchange out and says who waits for its answer.
    package mutating func remove(_ index: ExchangeIndex) -> Caller? {
        guard isLive[index] else { return nil }
        let caller = slots[index].caller
        discard(index)
        return caller
    }

    /// Takes an exchange out; its place may be used again.
    package mutating func discard(_ index: ExchangeIndex) {
        precondition(isLive[index], "an exchange was ended twice")
        leave(index, hash: slots[index].hash)
        if slots[index].method == .listen { subscriptionCount -= 1 }
        if slots[index].hasLine { keptBytes -= lines[index].count }
        if lines[index].capacity > Self.keptCapacity { lines[index].clear() }
        slots.deinitializeElement(at: index)
        isLive[index] = false
        freeSlots.append(index)
        count -= 1
    }

    /// Places in use, in the order in which the requests came.
    package var indices: [ExchangeIndex] {
        slots.indices.filter { isLive[$0] }.sorted { slots[$0].arrival < slots[$1].arrival }
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
            let wanted = home(of: slots[Int(buckets[next]) - 1].hash)
            if (next &- wanted) & mask >= (next &- gap) & mask {
                buckets[gap] = buckets[next]
                gap = next
            }
            next = (next + 1) & mask
        }
        buckets[gap] = 0
    }

    /// Doubles both parts; places stay what they are.
    private mutating func grow() {
        let old = slots
        slots = .allocate(capacity: 2 * old.count)
        for index in old.indices {
            slots.initializeElement(at: index, to: old.moveElement(from: index))
        }
        old.deallocate()
        let oldLines = lines
        lines = .allocate(capacity: slots.count)
        for index in oldLines.indices {
            lines.initializeElement(at: index, to: oldLines.moveElement(from: index))
        }
        for index in old.count..<slots.count {
            lines.initializeElement(at: index, to: KeptBytes())
        }
        oldLines.deallocate()
        isLive += Array(repeating: false, count: old.count)
        freeSlots = (old.count..<slots.count).reversed()
        buckets = Array(repeating: 0, count: 2 * slots.count)
        for index in 0..<old.count { enter(index, hash: slots[index].hash) }
    }
}
