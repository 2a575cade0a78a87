// An array that is changed in place all the time: elements by number, nothing is ever taken out.
//
// A Swift array asks at each change whether somebody else has a copy of it. Where several numbers
// of several elements change with every stored answer, that is a measurable part of its cost.

/// Elements by number, in memory of its own.
struct GrowingTable<Element: ~Copyable>: ~Copyable {
    private static var firstCapacity: Int { 8 }

    private var memory = UnsafeMutableBufferPointer<Element>(start: nil, count: 0)
    private(set) var count = 0

    deinit {
        for index in 0..<count { memory.deinitializeElement(at: index) }
        memory.deallocate()
    }

    var indices: Range<Int> { 0..<count }

    /// The element in place.
    subscript(index: Int) -> Element {
        @inline(__always) unsafeAddress { UnsafePointer(pointer(index)) }
        @inline(__always) unsafeMutableAddress { pointer(index) }
    }

    @inline(__always)
    private func pointer(_ index: Int) -> UnsafeMutablePointer<Element> {
        guard let start = memory.baseAddress, index >= 0, index < count else {
            preconditionFailure("there is no element of this number")
        }
        return start + index
    }

    mutating func append(_ element: consuming Element) {
        if count == memory.count { grow() }
        memory.initializeElement(at: count, to: element)
        count += 1
    }

    private mutating func grow() {
        let old = memory
        memory = .allocate(capacity: max(2 * old.count, Self.firstCapacity))
        for index in 0..<count {
            memory.initializeElement(at: index, to: old.moveElement(from: index))
        }
        old.deallocate()
    }
}
