// Requests that come again byte for byte, but for their id: what was found out about them the first
// time holds, and they need no scan, no policy and no canonical form.
//
//     {"jsonrpc":"2.0","id":41,"method":"tools/call","params":{…}}
//     └─────── head ───────┘  └────────────── tail ──────────────┘
//
// A line that was scanned and answered from the cache is remembered without its id. Another line
// with the same head and tail, and with one whole integer or plain string between them, is the same
// JSON but for that value: it is valid, means the same, and has the same key. Clients write the id
// first or last, so one of head and tail is short and always the same; the other one is looked up by
// its hash and compared byte for byte.
//
// What is remembered depends on the server's tools and on what the session has agreed; when those
// change, all is forgotten (`forget`).

/// A line that was recognised.
package struct FamiliarRequest {
    /// The key's hash.
    package var hash: UInt64
    package var cache: CacheHandle
    package var endpoint: EndpointID
    /// The id in the line.
    package var id: ByteRange
    /// Where the table has the key.
    fileprivate(set) var slot: Int
}

/// The lines that were answered from the cache not long ago.
package struct FamiliarLines: ~Copyable {
    /// As many as the default cache has entries, and as many again, since each hash has one place.
    private static let slotCount = 2048
    /// Longer lines are not remembered: they cost more than they are likely to save, and this
    /// bounds the table to 6 MiB.
    private static let longestLine = 1024
    private static let longestKey = 2048
    /// The part of a line that is the same in all of them: `{"jsonrpc":"2.0","id":` or the like.
    private static let longestFrame = 64
    /// Integers of at most this many digits, strings of at most this many bytes.
    private static let longestID = 64

    private struct Slot {
        var hash: UInt64 = 0
        var version: UInt32 = 0
        /// Bytes of the line that are compared, and of the key behind them.
        var lineCount: UInt32 = 0
        var keyCount: UInt32 = 0
        var capacity: UInt32 = 0
        var isIDFirst = false
        var endpoint = EndpointID.other
        var cache = CacheHandle.default
        var keyHash: UInt64 = 0
        var block: UnsafeMutableRawPointer?
    }

    /// nil until the first line is remembered.
    private var slots: UnsafeMutablePointer<Slot>?
    private var version: UInt32 = 1
    /// What is in front of the id in lines that have it first, and behind it in the others.
    private var head: [UInt8] = []
    private var tail: [UInt8] = []

    package init() {}

    deinit {
        guard let slots else { return }
        for index in 0..<Self.slotCount { slots[index].block?.deallocate() }
        slots.deallocate()
    }

    /// Nothing that was remembered holds any more.
    package mutating func forget() {
        version &+= 1
    }

    /// Recognises a line.
    package func find(_ line: RawSpan) -> FamiliarRequest? {
        guard let slots, line.byteCount <= Self.longestLine else { return nil }
        if !head.isEmpty, line.hasBytes(head, at: 0),
            let end = Self.endOfID(line, head.count),
            let slot = place(slots, line, end, line.byteCount, isIDFirst: true)
        {
            return request(slots, slot, ByteRange(head.count, end))
        }
        let end = line.byteCount &- tail.count
        if !tail.isEmpty, end > 0, line.hasBytes(tail, at: end),
            let start = Self.startOfID(line, end),
            let slot = place(slots, line, 0, start, isIDFirst: false)
        {
            return request(slots, slot, ByteRange(start, end))
        }
        return nil
    }

    /// Shows the key of a line that was just recognised.
    package func withKey<Result>(of request: FamiliarRequest, _ body: (RawSpan) -> Result)
        -> Result?
    {
        guard let slot = slots?[request.slot], let block = slot.block else { return nil }
        let key = UnsafeRawBufferPointer(
            start: block + Int(slot.lineCount), count: Int(slot.keyCount))
        return body(key.bytes)
    }

    /// Remembers a line that was answered from the cache.
    /// - Parameter id: where its id is.
    package mutating func remember(
        _ line: RawSpan, _ id: ByteRange, _ key: RawSpan, hash: UInt64, cache: CacheHandle,
        endpoint: EndpointID
    ) {
        let (lower, upper) = (Int(id.lower), Int(id.upper))
        guard line.byteCount <= Self.longestLine, key.byteCount <= Self.longestKey else { return }
        let isIDFirst = lower <= Self.longestFrame
        guard isIDFirst || line.byteCount &- upper <= Self.longestFrame else { return }
        setFrame(line, lower, upper, isIDFirst)
        let part = isIDFirst ? upper..<line.byteCount : 0..<lower
        let partHash = ByteHash.hash(line, part.lowerBound, part.upperBound)
        let slots = slots ?? makeSlots()
        let index = Int(truncatingIfNeeded: partHash) & (Self.slotCount &- 1)
        Self.fill(&slots[index], line.extracting(part), key)
        slots[index].hash = partHash
        slots[index].version = version
        slots[index].isIDFirst = isIDFirst
        slots[index].endpoint = endpoint
        slots[index].cache = cache
        slots[index].keyHash = hash
    }

    /// Lines with another frame than before are from another client, or it has changed its ways.
    private mutating func setFrame(_ line: RawSpan, _ lower: Int, _ upper: Int, _ isIDFirst: Bool) {
        let frame = isIDFirst ? head : tail
        let part = isIDFirst ? 0..<lower : upper..<line.byteCount
        if frame.count == part.count, line.hasBytes(frame, at: part.lowerBound) { return }
        let bytes = line.extracting(part).array
        if isIDFirst { head = bytes } else { tail = bytes }
        forget()
    }

    private mutating func makeSlots() -> UnsafeMutablePointer<Slot> {
        let made = UnsafeMutablePointer<Slot>.allocate(capacity: Self.slotCount)
        made.initialize(repeating: Slot(), count: Self.slotCount)
        slots = made
        return made
    }

    private static func fill(_ slot: inout Slot, _ line: RawSpan, _ key: RawSpan) {
        let needed = line.byteCount + key.byteCount
        if slot.block == nil || Int(slot.capacity) < needed {
            slot.block?.deallocate()
            slot.block = .allocate(byteCount: needed, alignment: 8)
            slot.capacity = UInt32(truncatingIfNeeded: needed)
        }
        guard let block = slot.block else { return }
        line.withUnsafeBytes {
            if let base = $0.baseAddress { block.copyMemory(from: base, byteCount: $0.count) }
        }
        let rest = block + line.byteCount
        key.withUnsafeBytes {
            if let base = $0.baseAddress { rest.copyMemory(from: base, byteCount: $0.count) }
        }
        slot.lineCount = UInt32(truncatingIfNeeded: line.byteCount)
        slot.keyCount = UInt32(truncatingIfNeeded: key.byteCount)
    }

    private func place(
        _ slots: UnsafeMutablePointer<Slot>, _ line: RawSpan, _ lower: Int, _ upper: Int,
        isIDFirst: Bool
    ) -> Int? {
        let hash = ByteHash.hash(line, lower, upper)
        let index = Int(truncatingIfNeeded: hash) & (Self.slotCount &- 1)
        let slot = slots + index
        guard slot.pointee.hash == hash, slot.pointee.version == version,
            slot.pointee.isIDFirst == isIDFirst, Int(slot.pointee.lineCount) == upper &- lower,
            let block = slot.pointee.block
        else { return nil }
        let known = UnsafeRawBufferPointer(start: block, count: upper &- lower).bytes
        return line.extracting(lower..<upper).hasSameBytes(as: known) ? index : nil
    }

    private func request(
        _ slots: UnsafeMutablePointer<Slot>, _ slot: Int, _ id: ByteRange
    ) -> FamiliarRequest {
        FamiliarRequest(
            hash: slots[slot].keyHash, cache: slots[slot].cache, endpoint: slots[slot].endpoint,
            id: id, slot: slot)
    }
}

// MARK: - Ids

extension FamiliarLines {
    /// The end of the id that starts at `start`: an integer without sign, or a string of plain ASCII
    /// without escapes. Nil for anything else, which may be valid all the same.
    private static func endOfID(_ line: RawSpan, _ start: Int) -> Int? {
        var offset = start
        if line.byte(start) == 0x22 {
            repeat { offset &+= 1 } while isPlain(line.byte(offset))
            guard line.byte(offset) == 0x22, offset &- start < longestID else { return nil }
            return offset &+ 1
        }
        while isDigit(line.byte(offset)) { offset &+= 1 }
        return isInteger(line, start, offset) ? offset : nil
    }

    /// The start of the id that ends before `end`.
    private static func startOfID(_ line: RawSpan, _ end: Int) -> Int? {
        var offset = end &- 1
        if line.byte(offset) == 0x22 {
            guard offset > 0 else { return nil }
            repeat { offset &-= 1 } while offset > 0 && isPlain(line.byte(offset))
            guard line.byte(offset) == 0x22, end &- offset < longestID else { return nil }
            return offset
        }
        while offset >= 0, isDigit(line.byte(offset)) { offset &-= 1 }
        return isInteger(line, offset &+ 1, end) ? offset &+ 1 : nil
    }

    /// Whether these digits are an integer of JSON.
    private static func isInteger(_ line: RawSpan, _ start: Int, _ end: Int) -> Bool {
        let count = end &- start
        return count > 0 && count < longestID && (line.byte(start) != 0x30 || count == 1)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte < 0x7F && byte != 0x22 && byte != 0x5C
    }
}

extension RawSpan {
    /// Whether `bytes` are there at `offset`.
    fileprivate func hasBytes(_ bytes: [UInt8], at offset: Int) -> Bool {
        guard offset &+ bytes.count <= byteCount else { return false }
        return extracting(offset..<offset &+ bytes.count).hasSameBytes(as: bytes.span.bytes)
    }
}
