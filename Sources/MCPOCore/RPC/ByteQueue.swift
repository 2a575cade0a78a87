// Bytes on their way out to one peer.
//
// The core appends whole messages; the driver takes what the peer's pipe accepts from the front.
// The queue knows two totals, so that one can tell whether a message has begun to leave:
//
//     appendedTotal ──────────────────────────┐
//     takenTotal ───────┐                     │
//     ……… already out ……│ still queued (count)│
//
// Every forwarded byte passes through here, a few per call: hence memory of its own instead of an
// array, whose checks and reference counts are a measurable part of a small message's cost.

/// A first-in first-out byte buffer that is contiguous, so that one system call can write it.
package struct ByteQueue: ~Copyable {
    /// Storage above this is given back when the queue runs empty. Four times the usual pipe
    /// capacity on Linux (64 KiB): ordinary traffic keeps its buffer, a burst does not.
    private static let keptCapacity = 256 * 1024
    /// Room for a few dozen small messages, so that most queues never grow.
    private static let firstCapacity = 8 * 1024

    private var storage: UnsafeMutableRawBufferPointer
    /// The waiting bytes are `storage[head..<tail]`.
    private var head = 0
    private var tail = 0
    /// Bytes taken from the front since the queue was made.
    package private(set) var takenTotal: UInt64 = 0

    package init() {
        storage = .allocate(byteCount: Self.firstCapacity, alignment: 16)
    }

    deinit { storage.deallocate() }

    /// Bytes that wait to be taken.
    package var count: Int { tail - head }
    package var isEmpty: Bool { tail == head }
    /// Bytes appended since the queue was made: the position of the next byte.
    package var appendedTotal: UInt64 { takenTotal + UInt64(count) }

    package mutating func append(_ bytes: RawSpan) {
        bytes.withUnsafeBytes { append($0) }
    }

    package mutating func append(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { append($0) }
    }

    package mutating func append(_ text: StaticString) {
        append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Makes room for what `appendReserved` appends.
    mutating func makeRoom(for count: Int) {
        reserve(count)
    }

    /// Appends a text for which there is room.
    @inline(__always)
    mutating func appendReserved(_ text: StaticString) {
        let count = text.utf8CodeUnitCount
        guard let target = storage.baseAddress else { return }
        (target + tail).copyMemory(from: text.utf8Start, byteCount: count)
        tail += count
    }

    package mutating func append(_ byte: UInt8) {
        reserve(1)
        storage[tail] = byte
        tail += 1
    }

    /// Appends a line, and a newline, with `lexeme` in place of what is at `range`.
    package mutating func appendLine(
        _ line: RawSpan, replacing range: ByteRange, with lexeme: borrowing Lexeme
    ) {
        reserve(line.byteCount + lexeme.count + 1)
        line.withUnsafeBytes { bytes in
            appendReserved(bytes, 0, Int(range.lower))
            lexeme.append(to: &self)
            appendReserved(bytes, Int(range.upper), bytes.count)
        }
        append(UInt8(ascii: "\n"))
    }

    /// Appends a line, and a newline, with a number in place of what is at `range`.
    package mutating func appendLine(
        _ line: RawSpan, replacing range: ByteRange, withNumber number: UInt32
    ) {
        reserve(line.byteCount + 11)  // the digits of 2³² − 1, and the newline
        line.withUnsafeBytes { bytes in
            appendReserved(bytes, 0, Int(range.lower))
            append(decimal: number)
            appendReserved(bytes, Int(range.upper), bytes.count)
        }
        append(UInt8(ascii: "\n"))
    }

    /// Appends a line, and a newline, with a number in place of what is at `range`, and a name in
    /// place of what is at `nameRange`.
    mutating func appendLine(
        _ line: RawSpan, replacing range: ByteRange, withNumber number: UInt32,
        and nameRange: ByteRange, with name: UnsafeRawBufferPointer
    ) {
        reserve(line.byteCount + name.count + 11)  // the digits of 2³² − 1, and the newline
        line.withUnsafeBytes { bytes in
            let isNumberFirst = range.lower < nameRange.lower
            let (first, second) = isNumberFirst ? (range, nameRange) : (nameRange, range)
            appendReserved(bytes, 0, Int(first.lower))
            if isNumberFirst {
                append(decimal: number)
            } else {
                appendReserved(name, 0, name.count)
            }
            appendReserved(bytes, Int(first.upper), Int(second.lower))
            if isNumberFirst {
                appendReserved(name, 0, name.count)
            } else {
                append(decimal: number)
            }
            appendReserved(bytes, Int(second.upper), bytes.count)
        }
        append(UInt8(ascii: "\n"))
    }

    /// Appends a line, without a newline, with `number` in place of what is at `range` and once
    /// more, between `before` and `after`, where `insertion` is, which comes behind.
    mutating func append(
        _ bytes: UnsafeRawBufferPointer, replacing range: ByteRange, withNumber number: UInt32,
        andAt insertion: Int, _ before: StaticString, _ after: StaticString
    ) {
        let (frame, rest) = (before.utf8CodeUnitCount, after.utf8CodeUnitCount)
        reserve(bytes.count + frame + rest + 20)  // twice the digits of 2³² − 1
        appendReserved(bytes, 0, Int(range.lower))
        let start = tail
        append(decimal: number)
        let digits = tail - start
        appendReserved(bytes, Int(range.upper), insertion)
        appendReserved(UnsafeRawBufferPointer(start: before.utf8Start, count: frame), 0, frame)
        let number = UnsafeRawBufferPointer(storage)
        appendReserved(number, start, start + digits)
        appendReserved(UnsafeRawBufferPointer(start: after.utf8Start, count: rest), 0, rest)
        appendReserved(bytes, insertion, bytes.count)
    }

    /// Copies a part of `bytes` into room that is there.
    @inline(__always)
    mutating func appendReserved(
        _ bytes: UnsafeRawBufferPointer, _ lower: Int, _ upper: Int
    ) {
        guard let source = bytes.baseAddress, let target = storage.baseAddress, upper > lower
        else { return }
        (target + tail).copyMemory(from: source + lower, byteCount: upper - lower)
        tail += upper - lower
    }

    /// Appends a number's decimal digits.
    package mutating func append(decimal number: UInt32) {
        append(decimal: UInt64(number))
    }

    /// Appends a number's decimal digits.
    package mutating func append(decimal number: UInt64) {
        reserve(20)  // the digits of 2⁶⁴ − 1
        var digits = 1
        var bound: UInt64 = 10
        while number >= bound, digits < 20 {
            digits += 1
            bound = bound &* 10
        }
        var rest = number
        for place in stride(from: tail + digits - 1, through: tail, by: -1) {
            storage[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        tail += digits
    }

    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, let base = space(for: bytes.count) else { return }
        base.copyMemory(from: source, byteCount: bytes.count)
        tail += bytes.count
    }

    /// Copies the line that begins at a position that was not taken yet, without its newline.
    package func copyLine(at position: UInt64, into line: inout [UInt8]) {
        guard position >= takenTotal, position < appendedTotal else { return }
        let start = head + Int(position - takenTotal)
        let rest = UnsafeRawBufferPointer(rebasing: storage[start..<tail])
        line += rest.prefix { $0 != UInt8(ascii: "\n") }
    }

    /// Drops everything that waits; it has not been taken.
    package mutating func removeAll() {
        (head, tail) = (0, 0)
    }

    /// Shows the waiting bytes to `body`, which returns how many of them it took.
    package mutating func take(_ body: (UnsafeRawBufferPointer) -> Int) {
        let taken = body(UnsafeRawBufferPointer(rebasing: storage[head..<tail]))
        precondition(taken >= 0 && taken <= count, "a queue cannot give more than it holds")
        didTake(taken)
    }

    private mutating func didTake(_ taken: Int) {
        takenTotal += UInt64(taken)
        head += taken
        guard head == tail else { return }
        (head, tail) = (0, 0)
        if storage.count > Self.keptCapacity { reallocate(Self.firstCapacity) }
    }

    private mutating func space(for count: Int) -> UnsafeMutableRawPointer? {
        reserve(count)
        return storage.baseAddress?.advanced(by: tail)
    }

    @inline(__always)
    private mutating func reserve(_ extra: Int) {
        if storage.count - tail < extra { makeRoom(extra) }
    }

    /// Moves what waits to the front where that frees half of the storage, else doubles it: either
    /// way a byte is moved O(1) times.
    private mutating func makeRoom(_ extra: Int) {
        let needed = count + extra
        if needed <= storage.count / 2 {
            moveDown(into: storage)
        } else {
            reallocate(max(2 * storage.count, needed))
        }
    }

    private mutating func reallocate(_ capacity: Int) {
        let old = storage
        let fresh = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 16)
        moveDown(into: fresh)
        storage = fresh
        old.deallocate()
    }

    private mutating func moveDown(into target: UnsafeMutableRawBufferPointer) {
        target.copyMemory(from: UnsafeRawBufferPointer(rebasing: storage[head..<tail]))
        (head, tail) = (0, count)
    }
}
