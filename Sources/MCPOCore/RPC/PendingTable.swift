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
package struct PendingTable<Payload> {
    private static var firstCapacity: Int { 64 }
    private static var lastNumber: UInt32 { 0x7fff_ffff }

    /// The number in each place; 0 marks a free one, since numbering starts at 1.
    private var places: [UInt32]
    private var payloads: [Payload?]
    private var nextNumber: UInt32
    package private(set) var count = 0

    /// - Parameter firstNumber: where the sequence starts; at least 1.
    package init(firstNumber: UInt32 = 1) {
        nextNumber = firstNumber
        places = Array(repeating: 0, count: Self.firstCapacity)
        payloads = Array(repeating: nil, count: Self.firstCapacity)
    }

    package var isEmpty: Bool { count == 0 }

    /// Takes in `payload` and returns the number it goes by.
    package mutating func insert(_ payload: Payload) -> UInt32 {
        if 2 * (count + 1) > places.count { grow() }
        while places[place(of: nextNumber)] != 0 { stepNumber() }
        let number = nextNumber
        places[place(of: number)] = number
        payloads[place(of: number)] = payload
        count += 1
        stepNumber()
        return number
    }

    /// What goes by `number`; nil when nothing does.
    package subscript(number: UInt32) -> Payload? {
        let place = place(of: number)
        return places[place] == number && number != 0 ? payloads[place] : nil
    }

    /// Changes in place what goes by `number`, if anything does.
    package mutating func update(_ number: UInt32, _ change: (inout Payload?) -> Void) {
        let place = place(of: number)
        if places[place] == number, number != 0 { change(&payloads[place]) }
    }

    /// Takes out and returns what goes by `number`.
    @discardableResult
    package mutating func remove(_ number: UInt32) -> Payload? {
        let place = place(of: number)
        guard places[place] == number, number != 0 else { return nil }
        places[place] = 0
        count -= 1
        return payloads[place].take()
    }

    /// All numbers in use, oldest first (the sequence wraps after 2³¹ requests).
    package var numbers: [UInt32] {
        places.filter { $0 != 0 }.sorted()
    }

    private func place(of number: UInt32) -> Int {
        Int(number) & (places.count - 1)
    }

    private mutating func stepNumber() {
        nextNumber = nextNumber == Self.lastNumber ? 1 : nextNumber + 1
    }

    /// Doubles the ring. Distinct places stay distinct: they differ in the low bits already.
    private mutating func grow() {
        let (oldPlaces, oldPayloads) = (places, payloads)
        places = Array(repeating: 0, count: 2 * oldPlaces.count)
        payloads = Array(repeating: nil, count: 2 * oldPlaces.count)
        for (number, payload) in zip(oldPlaces, oldPayloads) where number != 0 {
            places[place(of: number)] = number
            payloads[place(of: number)] = payload
        }
    }
}

extension PendingTable: Sendable where Payload: Sendable {}
