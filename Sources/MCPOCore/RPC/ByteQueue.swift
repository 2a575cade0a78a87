// Bytes on their way out to one peer.
//
// The core appends whole messages; the driver takes what the peer's pipe accepts from the front.
// The queue knows two totals, so that one can tell whether a message has begun to leave:
//
//     appendedTotal ──────────────────────────┐
//     takenTotal ───────┐                     │
//     ……… already out ……│ still queued (count)│

/// A first-in first-out byte buffer that is contiguous, so that one system call can write it.
package struct ByteQueue: Sendable {
    /// Storage above this is given back when the queue runs empty. Four times the usual pipe
    /// capacity on Linux (64 KiB): ordinary traffic keeps its buffer, a burst does not.
    private static let keptCapacity = 256 * 1024

    private var storage: [UInt8] = []
    private var head = 0
    /// Bytes taken from the front since the queue was made.
    package private(set) var takenTotal: UInt64 = 0

    package init() {}

    /// Bytes that wait to be taken.
    package var count: Int { storage.count - head }
    package var isEmpty: Bool { storage.count == head }
    /// Bytes appended since the queue was made: the position of the next byte.
    package var appendedTotal: UInt64 { takenTotal + UInt64(count) }

    package mutating func append(_ bytes: RawSpan) {
        bytes.withUnsafeBytes { storage.append(contentsOf: $0) }
    }

    package mutating func append(_ bytes: [UInt8]) {
        storage.append(contentsOf: bytes)
    }

    package mutating func append(_ byte: UInt8) {
        storage.append(byte)
    }

    package mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { storage.append(contentsOf: $0) }
    }

    /// Drops everything that waits, as if it had been taken.
    package mutating func removeAll() {
        didTake(count)
    }

    /// Shows the waiting bytes to `body`, which returns how many of them it took.
    package mutating func take(_ body: (UnsafeRawBufferPointer) -> Int) -> Int {
        let taken = storage.withUnsafeBytes { all in
            body(UnsafeRawBufferPointer(rebasing: all[head...]))
        }
        precondition(taken >= 0 && taken <= count, "a queue cannot give more than it holds")
        didTake(taken)
        return taken
    }

    private mutating func didTake(_ taken: Int) {
        takenTotal += UInt64(taken)
        head += taken
        if head == storage.count {
            storage.removeAll(keepingCapacity: storage.capacity <= Self.keptCapacity)
            head = 0
        } else if head >= Self.keptCapacity, head >= count {
            // At least as many bytes leave as are moved, so moving costs O(1) per byte.
            storage.removeSubrange(..<head)
            head = 0
        }
    }
}
