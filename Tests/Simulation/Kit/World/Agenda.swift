// What will happen when: the simulation's only clockwork. Time stands still between two entries.

import MCPOCore

/// Something that happens outside of mcpo, or that mcpo's event loop notices.
enum Happening {
    case clientSpeaks
    case clientAnswers(UInt32)
    case clientReads
    /// mcpo reads from the client.
    case clientInput
    /// The client's pipe has room again.
    case clientRoom
    case ending
    case stop
    case hangUp
    case jump
    case processReady(UInt32)
    case processReads(UInt32)
    case processSays(UInt32, ServerMessage)
    case processDies(UInt32, ProcessEnd)
    case processClosesOutput(UInt32)
    case processClosesInput(UInt32)
    /// mcpo reads from the process.
    case processOutput(UInt32)
    case processRoom(UInt32)
    /// The system tells mcpo that the process is gone.
    case processGone(UInt32)
}

/// A priority queue by time; entries of the same time come in the order in which they were made.
struct Agenda<What> {
    private var heap: [(time: Int64, serial: Int, what: What)] = []
    private var serial = 0

    var isEmpty: Bool { heap.isEmpty }
    var nextTime: Instant {
        heap.first.map { Instant(nanoseconds: $0.time) } ?? .never
    }

    mutating func add(_ what: What, at time: Instant) {
        serial += 1
        heap.append((time.nanoseconds, serial, what))
        var child = heap.count - 1
        while child > 0, precedes(child, (child - 1) / 2) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func removeFirst() -> What? {
        guard let first = heap.first else { return nil }
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && precedes(child, least) {
                least = child
            }
            if least == parent { break }
            heap.swapAt(parent, least)
            parent = least
        }
        return first.what
    }

    private func precedes(_ left: Int, _ right: Int) -> Bool {
        (heap[left].time, heap[left].serial) < (heap[right].time, heap[right].serial)
    }
}
