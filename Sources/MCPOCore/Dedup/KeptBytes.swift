// Bytes of a key in memory of their own, which is used again for the next one.
//
// Every request that may be stored has its key written once and kept twice, while its flight is
// under way and with its answer: an array would be allocated, counted and freed each time.

/// The bytes of a key.
struct KeptBytes: ~Copyable {
    /// Four of malloc's usual small sizes: most keys fit into one block of this.
    private static let grain = 256
    /// Longer keys give their memory back when a short one follows.
    private static let keptCapacity = 16 * 1024

    private var memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    private(set) var count = 0

    deinit { memory.deallocate() }

    /// Bytes of memory that is held.
    var capacity: Int { memory.count }

    /// The bytes, until the next change.
    var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: memory.baseAddress, count: count)
    }

    /// Empties it and makes room for `count` bytes.
    mutating func begin(_ count: Int) {
        self.count = 0
        if count <= memory.count, memory.count <= Self.keptCapacity { return }
        resize(count)
    }

    /// Gives the memory back.
    mutating func clear() {
        memory.deallocate()
        memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)
        count = 0
    }

    @inline(never)
    private mutating func resize(_ count: Int) {
        memory.deallocate()
        let capacity = (count + Self.grain - 1) / Self.grain * Self.grain
        memory = .allocate(byteCount: max(capacity, Self.grain), alignment: 16)
    }

    /// Appends bytes for which `begin` has made room.
    @inline(__always)
    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, let target = memory.baseAddress else { return }
        precondition(bytes.count <= memory.count &- count, "a key is longer than was said")
        (target + count).copyMemory(from: source, byteCount: bytes.count)
        count &+= bytes.count
    }

    @inline(__always)
    mutating func append(_ text: StaticString) {
        append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Appends a length in the form that keys have: four bytes, little-endian.
    @inline(__always)
    mutating func append(length: Int) {
        withUnsafeBytes(of: UInt32(truncatingIfNeeded: length).littleEndian) { append($0) }
    }
}
