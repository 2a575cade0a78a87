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
package struct PendingTable<Payload>: ~Copyable {
    private static var firstCapacity: Int { 64 }
    private static var lastNumber: UInt32 { 0x7fff_ffff }

    private struct Place {
        /// 0 marks a free place, since numbering starts at 1.
        var number: UInt32 = 0
        var payload: Payload?
    }

    /// Memory of its own: an array would be asked at each change whether somebody has a copy.
    private var places: UnsafeMutableBufferPointer<Place>
    private var nextNumber: UInt32
    package private(set) var count = 0

    /// - Parameter firstNumber: where the sequence starts; at least 1.
    package init(firstNumber: UInt32 = 1) {
        nextNumber = firstNumber
        places = Self.makePlaces(Self.firstCapacity)
    }

    deinit { places.deinitialize().deallocate() }

    private static func makePlaces(_ count: Int) -> UnsafeMutableBufferPointer<Place> {
        let places = UnsafeMutableBufferPointer<Place>.allocate(capacity: count)
        places.initialize(repeating: Place())
        return places
    }

    package var isEmpty: Bool { count == 0 }

    /// Takes in `payload` and returns the number it goes by.
    package mutating func insert(_ payload: Payload) -> UInt32 {
        if 2 * (count + 1) > places.count { grow() }
        while places[place(of: nextNumber)].number != 0 { stepNumber() }
        let number = nextNumber
        places[place(of: number)] = Place(number: number, payload: payload)
        count += 1
        stepNumber()
        return number
    }

    /// What goes by `number`; nil when nothing does.
    package subscript(number: UInt32) -> Payload? {
        contains(number) ? places[place(of: number)].payload : nil
    }

    /// Whether anything goes by `number`.
    package func contains(_ number: UInt32) -> Bool {
        places[place(of: number)].number == number && number != 0
    }

    /// Changes in place what goes by `number`, if anything does.
    package mutating func update(_ number: UInt32, _ change: (inout Payload?) -> Void) {
        if contains(number) { change(&places[place(of: number)].payload) }
    }

    /// Takes out and returns what goes by `number`.
    @discardableResult
    package mutating func remove(_ number: UInt32) -> Payload? {
        guard contains(number) else { return nil }
        count -= 1
        places[place(of: number)].number = 0
        return places[place(of: number)].payload.take()
    }

    /// All numbers in use, oldest first (the sequence wraps after 2³¹ requests).
    package var numbers: [UInt32] {
        places.lazy.map(\.number).filter { $0 != 0 }.sorted()
    }

    private func place(of number: UInt32) -> Int {
        Int(number) & (places.count - 1)
    }

    private mutating func stepNumber() {
        nextNumber = nextNumber == Self.lastNumber ? 1 : nextNumber + 1
    }

    /// Doubles the ring. Distinct places stay distinct: they differ in the low bits already.
    private mutating func grow() {
        let old = places
        places = Self.makePlaces(2 * old.count)
        for place in old where place.number != 0 { places[self.place(of: place.number)] = place }
        old.deinitialize().deallocate()
    }
}
