// Requests that mcpo has under way with one peer, under numbers of its own.
//
// Numbers are handed out in sequence, so a ring indexed by the low bits is a perfect hash: request
// n sits in place n mod capacity. A request that outlives a whole round (a subscription) keeps its
// place; the number that would land there is skipped.
//
//     capacity 4, request 2 is slow:   place 0: 4   1: 5   2: 2   3: 3   → the next number is 7
//
// Numbers stay below 2³¹: some servers read ids into 32 bits.

/// A table from a number of mcpo's own to what the request was for.
package struct PendingTable<Payload: Sendable>: Sendable {
    private static var firstCapacity: Int { 64 }
    private static var lastNumber: UInt32 { 0x7fff_ffff }

    private struct Entry: Sendable {
        let number: UInt32
        var payload: Payload

        mutating func update(_ change: (inout Payload) -> Void) { change(&payload) }
    }

    private var entries: [Entry?]
    private var nextNumber: UInt32 = 1
    package private(set) var count = 0

    package init() {
        entries = Array(repeating: nil, count: Self.firstCapacity)
    }

    package var isEmpty: Bool { count == 0 }

    /// Takes in `payload` and returns the number it goes by.
    package mutating func insert(_ payload: Payload) -> UInt32 {
        if 2 * (count + 1) > entries.count { grow() }
        while entries[place(of: nextNumber)] != nil { stepNumber() }
        let number = nextNumber
        entries[place(of: number)] = Entry(number: number, payload: payload)
        count += 1
        stepNumber()
        return number
    }

    /// What goes by `number`; nil when nothing does.
    package subscript(number: UInt32) -> Payload? {
        guard let entry = entries[place(of: number)], entry.number == number else { return nil }
        return entry.payload
    }

    /// Changes in place what goes by `number`, if anything does.
    package mutating func update(_ number: UInt32, _ change: (inout Payload) -> Void) {
        guard entries[place(of: number)]?.number == number else { return }
        entries[place(of: number)]?.update(change)
    }

    /// Takes out and returns what goes by `number`.
    @discardableResult
    package mutating func remove(_ number: UInt32) -> Payload? {
        let place = place(of: number)
        guard let entry = entries[place], entry.number == number else { return nil }
        entries[place] = nil
        count -= 1
        return entry.payload
    }

    /// All numbers in use, oldest first (the sequence wraps after 2³¹ requests).
    package var numbers: [UInt32] {
        entries.compactMap { $0?.number }.sorted()
    }

    private func place(of number: UInt32) -> Int {
        Int(number) & (entries.count - 1)
    }

    private mutating func stepNumber() {
        nextNumber = nextNumber == Self.lastNumber ? 1 : nextNumber + 1
    }

    /// Doubles the ring. Distinct places stay distinct: they differ in the low bits already.
    private mutating func grow() {
        let old = entries
        entries = Array(repeating: nil, count: 2 * old.count)
        for entry in old {
            guard let entry else { continue }
            entries[place(of: entry.number)] = entry
        }
    }
}
