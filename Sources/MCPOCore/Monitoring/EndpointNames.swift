// Finds an endpoint by the bytes of its name.
//
// An open-addressed table with four places for each name that it can hold, so that one probe is
// enough for most. Names that a client makes collide cost it, at the worst, a probe of as many
// places as there are names: at most a thousand.
//
//     endpoint 0   "other"      every name that finds no room, and a tool that is really named so
//     endpoint 1   "tools/list"
//     endpoint 2   "github__search_issues"  …

/// Where an endpoint's figures are in its monitor.
package struct EndpointID: Hashable, Sendable {
    let index: Int32

    /// The endpoint of all names that have none of their own.
    package static let other = EndpointID(index: 0)
}

/// The names of endpoints. Nothing is ever taken out.
struct EndpointNames {
    private static let slotCount = 4 * 1024

    private struct Entry {
        var hash: UInt64
        var lower: Int
        var upper: Int
    }

    private var entries: [Entry] = []
    /// The names, one behind the other.
    private var bytes: [UInt8] = []
    /// Places in `entries`, or -1.
    private var slots: [Int16] = Array(repeating: -1, count: slotCount)

    /// - Parameter first: the name at place 0.
    init(first: StaticString) {
        let name = first.withUTF8Buffer { Array($0) }
        add(name.span.bytes)
    }

    var count: Int { entries.count }

    /// Whether one more can be added.
    var hasRoom: Bool { entries.count < Self.slotCount / 4 }

    /// The name at a place.
    func name(_ place: Int) -> [UInt8] {
        Array(bytes[entries[place].lower..<entries[place].upper])
    }

    /// The place of `name`; nil when it has none.
    func place(of name: RawSpan) -> Int? {
        let hash = ByteHash.hash(name, 0, name.byteCount)
        var slot = Int(truncatingIfNeeded: hash) & (Self.slotCount &- 1)
        while slots[slot] >= 0 {
            let place = Int(slots[slot])
            if entries[place].hash == hash, isName(entries[place], name) { return place }
            slot = (slot &+ 1) & (Self.slotCount &- 1)
        }
        return nil
    }

    /// Adds a name that is not there; at most a quarter as many as there are slots.
    mutating func add(_ name: RawSpan) {
        precondition(entries.count <= Self.slotCount / 4, "there are too many endpoints")
        let hash = ByteHash.hash(name, 0, name.byteCount)
        var slot = Int(truncatingIfNeeded: hash) & (Self.slotCount &- 1)
        while slots[slot] >= 0 { slot = (slot &+ 1) & (Self.slotCount &- 1) }
        slots[slot] = Int16(truncatingIfNeeded: entries.count)
        let lower = bytes.count
        bytes += name.array
        entries.append(Entry(hash: hash, lower: lower, upper: bytes.count))
    }

    private func isName(_ entry: Entry, _ name: RawSpan) -> Bool {
        let count = name.byteCount
        guard entry.upper &- entry.lower == count else { return false }
        let own = bytes.span.bytes
        guard count >= 8 else {
            for index in 0..<count where own.byte(entry.lower &+ index) != name.byte(index) {
                return false
            }
            return true
        }
        var index = 0
        while index < count {
            index = min(index, count &- 8)  // the last word overlaps the one before
            guard own.word(entry.lower &+ index) == name.word(index) else { return false }
            index &+= 8
        }
        return true
    }
}
