// All connections of all servers, by their numbers.
//
// Numbers are handed out in sequence and never used twice, so a ring indexed by their low bits is a
// perfect hash, as in `PendingTable`. Connections are memory of its own because they are large and
// only ever used in place.

/// The connections of a proxy.
package struct ConnectionTable: ~Copyable {
    private static let firstCapacity = 16

    private var places: UnsafeMutableBufferPointer<Connection>
    /// The number in each place; 0 marks a free one.
    private var numbers: [UInt32]
    private var lastNumber: UInt32 = 0
    /// The numbers of all connections, oldest first.
    package private(set) var ids: [ConnectionID] = []

    package var count: Int { ids.count }

    package init() {
        places = .allocate(capacity: Self.firstCapacity)
        numbers = Array(repeating: 0, count: Self.firstCapacity)
    }

    deinit {
        for place in numbers.indices where numbers[place] != 0 {
            places.deinitializeElement(at: place)
        }
        places.deallocate()
    }

    /// Makes a connection whose process is about to be started.
    package mutating func insert(server: ServerIndex, at now: Instant) -> ConnectionID {
        if count == numbers.count { grow() }
        repeat { lastNumber &+= 1 } while lastNumber == 0 || numbers[place(of: lastNumber)] != 0
        let id = ConnectionID(rawValue: lastNumber)
        places.initializeElement(
            at: place(of: lastNumber), to: Connection(id: id, server: server, startedAt: now))
        numbers[place(of: lastNumber)] = lastNumber
        ids.append(id)
        return id
    }

    /// Whether there is a connection of this number.
    package func contains(_ id: ConnectionID) -> Bool {
        numbers[place(of: id.rawValue)] == id.rawValue && id.rawValue != 0
    }

    /// A connection that is known to be there, for use in place.
    package subscript(id: ConnectionID) -> Connection {
        @inline(__always) unsafeAddress { UnsafePointer(pointer(id)) }
        @inline(__always) unsafeMutableAddress { pointer(id) }
    }

    @inline(__always)
    private func pointer(_ id: ConnectionID) -> UnsafeMutablePointer<Connection> {
        guard contains(id), let start = places.baseAddress else {
            preconditionFailure("a connection was used after its end")
        }
        return start + place(of: id.rawValue)
    }

    package mutating func remove(_ id: ConnectionID) {
        precondition(contains(id), "a connection was removed twice")
        numbers[place(of: id.rawValue)] = 0
        places.deinitializeElement(at: place(of: id.rawValue))
        ids.removeAll { $0 == id }
    }

    /// When the first of them has something to do by itself.
    var nextDeadline: Instant {
        var next = Instant.never
        for id in ids { next = min(next, self[id].deadline) }
        return next
    }

    /// Whether any of them is ending.
    var hasEnding: Bool {
        for id in ids {
            if case .ending = self[id].phase { return true }
        }
        return false
    }

    private func place(of number: UInt32) -> Int {
        Int(number) & (numbers.count - 1)
    }

    private mutating func grow() {
        let (oldPlaces, oldNumbers) = (places, numbers)
        places = .allocate(capacity: 2 * oldNumbers.count)
        numbers = Array(repeating: 0, count: 2 * oldNumbers.count)
        for (from, number) in oldNumbers.enumerated() where number != 0 {
            numbers[place(of: number)] = number
            places.initializeElement(
                at: place(of: number), to: oldPlaces.moveElement(from: from))
        }
        oldPlaces.deallocate()
    }
}
