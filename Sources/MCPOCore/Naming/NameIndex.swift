// Finds names by their bytes: of tools, of endpoints, of whatever a server lists.
//
//     index.add("get_a"), index.add("get_b")
//     index.find("get_b")   1, the place in the order of adding
//     index.find("get_c")   nil
//
// An open-addressed table, at most half full, so that one probe is enough for most names; nothing
// is allocated by a search. Names that are made to collide cost whoever makes them, at the worst, a
// probe of as many places as there are names, of which every user of the table has a bound.

/// A set of names, each with its place in the order of adding. Nothing is ever taken out.
struct NameIndex: Sendable {
    /// Longer lexemes are not decoded to be found; no name is near.
    static let longest = 4096

    private struct Entry {
        var hash: UInt64
        var lower: Int
        var upper: Int
    }

    private var entries: [Entry] = []
    /// The names, one behind the other.
    private(set) var nameBytes: [UInt8] = []
    /// Places in `entries`, or -1; at least half of them free.
    private var slots: [Int32]

    /// - Parameter slots: how many there are at first, a power of two: twice as many as there
    ///   will be names, or more, where a table that grows would be felt.
    init(slots: Int = 16) {
        precondition(slots > 1 && slots & (slots - 1) == 0, "a hash is cut to a power of two")
        self.slots = Array(repeating: -1, count: slots)
    }

    var count: Int { entries.count }

    /// Where the name at a place is in `nameBytes`.
    func range(_ place: Int) -> Range<Int> {
        entries[place].lower..<entries[place].upper
    }

    /// The name at a place.
    func name(_ place: Int) -> [UInt8] {
        Array(nameBytes[range(place)])
    }

    /// Adds a name that is not there.
    mutating func add(_ name: [UInt8]) {
        add(name.span.bytes)
    }

    /// Adds a name that is not there.
    mutating func add(_ name: RawSpan) {
        let lower = nameBytes.count
        name.withUnsafeBytes { nameBytes.append(contentsOf: $0) }
        let hash = ByteHash.hash(name, 0, name.byteCount)
        entries.append(Entry(hash: hash, lower: lower, upper: nameBytes.count))
        if entries.count * 2 > slots.count { grow() } else { insert(entries.count - 1) }
    }

    /// The place of a name among those added.
    func find(_ name: [UInt8]) -> Int? {
        find(name.span.bytes, 0, name.count)
    }

    /// The place of the name from `lower` to `upper` among those added.
    func find(_ bytes: RawSpan, _ lower: Int, _ upper: Int) -> Int? {
        let hash = ByteHash.hash(bytes, lower, upper)
        let mask = slots.count &- 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] >= 0 {
            let place = Int(slots[slot])
            if entries[place].hash == hash, isName(entries[place], bytes, lower, upper) {
                return place
            }
            slot = (slot &+ 1) & mask
        }
        return nil
    }

    /// The place of the name that a value of a line stands for; nil too if it is no string.
    func find(_ line: RawSpan, _ value: JSONValue) -> Int? {
        guard value.kind == .string else { return nil }
        let (lower, upper) = (Int(value.range.lower) &+ 1, Int(value.range.upper) &- 1)
        if let place = find(line, lower, upper) { return place }
        return findEscaped(line, value.range)
    }

    /// A name that is not found as it stands may be written with escapes.
    @inline(never)
    private func findEscaped(_ line: RawSpan, _ range: ByteRange) -> Int? {
        guard range.count <= Self.longest,
            range.bounds.contains(where: { line.byte($0) == 0x5C })
        else { return nil }
        var bytes: [UInt8] = []
        decodeJSONString(line, range, into: &bytes)
        return find(bytes)
    }

    private func isName(_ entry: Entry, _ bytes: RawSpan, _ lower: Int, _ upper: Int) -> Bool {
        let count = upper &- lower
        guard entry.upper &- entry.lower == count else { return false }
        let own = nameBytes.span.bytes
        guard count >= 8 else {
            for index in 0..<count
            where own.byte(entry.lower &+ index) != bytes.byte(lower &+ index) {
                return false
            }
            return true
        }
        var index = 0
        while index < count {
            index = min(index, count &- 8)  // the last word overlaps the one before
            guard own.word(entry.lower &+ index) == bytes.word(lower &+ index) else { return false }
            index &+= 8
        }
        return true
    }

    private mutating func insert(_ place: Int) {
        let mask = slots.count &- 1
        var slot = Int(truncatingIfNeeded: entries[place].hash) & mask
        while slots[slot] >= 0 { slot = (slot &+ 1) & mask }
        slots[slot] = Int32(truncatingIfNeeded: place)
    }

    private mutating func grow() {
        slots = Array(repeating: -1, count: slots.count * 4)
        for place in entries.indices { insert(place) }
    }
}
