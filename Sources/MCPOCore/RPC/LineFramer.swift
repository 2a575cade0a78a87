// Cuts a byte stream into lines, one JSON-RPC message each (the stdio transport's framing).
//
//     read 1: {"id":1}⏎{"id"      →  line {"id":1}      kept: {"id"
//     read 2: :2}⏎                →  line {"id":2}      kept: nothing
//
// The driver reads straight into the framer's free space, and a line is handed out as offsets into
// that same storage: between `read` and the scanner no byte is copied. A line longer than the limit
// is not kept: an `EnvelopeSkimmer` runs over it, in constant memory, to find whose message it was.

/// What the framer found next in its stream.
package enum FramedLine {
    /// A complete line, without its newline; `LineFramer.bytes(of:)` has it.
    case line(Range<Int>)
    /// A line longer than the limit has ended; its bytes are gone, `LineFramer.takeSkimmed` has
    /// what is known of it.
    case tooLong
}

/// Splits one peer's input into lines.
package struct LineFramer: ~Copyable {
    /// Free space offered to each read, and the storage a quiet stream keeps: one Linux pipe
    /// buffer, the most that a single `read` of a default pipe returns.
    package static let readSize = 64 * 1024
    /// Storage above this is given back once the stream is between lines.
    private static let keptCapacity = 256 * 1024

    private let maximumLineLength: Int
    private var storage: UnsafeMutableRawBufferPointer
    /// `start..<end` holds bytes not handed out yet; no newline lies in `start..<searched`.
    private var start = 0
    private var searched = 0
    private var end = 0
    /// Whether the line that `start` is in is being skipped.
    private var isSkipping = false
    private var skimmer = EnvelopeSkimmer()

    /// - Parameter maximumLineLength: bytes a line may have without its newline.
    package init(maximumLineLength: Int) {
        self.maximumLineLength = maximumLineLength
        storage = .allocate(byteCount: Self.readSize, alignment: 16)
    }

    deinit { storage.deallocate() }

    /// Whether bytes wait that belong to a line without an end so far.
    package var hasPartialLine: Bool { end > start || isSkipping }

    /// Bytes that the framer holds memory for.
    package var capacity: Int { storage.count }

    /// Lets `body` write up to the offered number of bytes; it returns how many it wrote.
    package mutating func fill(_ body: (UnsafeMutableRawBufferPointer) -> Int) -> Int {
        makeRoom()
        let free = UnsafeMutableRawBufferPointer(rebasing: storage[end...])
        let filled = body(free)
        precondition(filled <= free.count, "more bytes written than there was room for")
        end += max(filled, 0)
        return filled
    }

    /// The bytes of a line that `next` or `finish` handed out, valid until the next call.
    package func bytes(of line: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: storage[line])
    }

    /// Whether there are bytes that were not looked at yet.
    var hasNews: Bool { searched < end }

    /// The next complete line, or nil when more bytes are needed.
    package mutating func next() -> FramedLine? {
        guard let newline = findNewline() else {
            skipIfTooLong()
            if start == end { giveBack() }
            return nil
        }
        let line = start..<newline
        start = newline + 1
        searched = start
        if isSkipping || line.count > maximumLineLength {
            skim(line)
            isSkipping = false
            return .tooLong
        }
        return .line(line)
    }

    /// What a line that was too long had to say, after `next` or `finish` has told of it.
    package mutating func takeSkimmed() -> EnvelopeSkimmer {
        let taken = skimmer
        skimmer = EnvelopeSkimmer()
        return taken
    }

    /// The stream has ended: what is left is the last line, if there is anything.
    package mutating func finish() -> FramedLine? {
        defer { (start, searched, end) = (0, 0, 0) }
        if isSkipping {
            skim(start..<end)
            isSkipping = false
            return .tooLong
        }
        return end > start ? .line(start..<end) : nil
    }

    private mutating func findNewline() -> Int? {
        guard let found = firstNewline(in: bytes(of: searched..<end).bytes, from: 0) else {
            searched = end
            return nil
        }
        return searched + found
    }

    /// Turns a partial line that is already too long into a skimmed one.
    private mutating func skipIfTooLong() {
        guard isSkipping || end - start > maximumLineLength else { return }
        isSkipping = true
        skim(start..<end)
        (start, searched, end) = (0, 0, 0)
    }

    private mutating func skim(_ part: Range<Int>) {
        skimmer.feed(UnsafeRawBufferPointer(rebasing: storage[part]).bytes)
    }

    /// Makes at least `readSize` bytes free behind `end`.
    private mutating func makeRoom() {
        if start == end { giveBack() }
        if storage.count - end >= Self.readSize { return }
        let length = end - start
        if start >= length, start >= Self.readSize {
            moveDown(into: storage)
        } else {
            reallocate(max(2 * storage.count, length + Self.readSize))
        }
    }

    /// Nothing waits: starts again at the front, in storage of the usual size.
    private mutating func giveBack() {
        (start, searched, end) = (0, 0, 0)
        if storage.count > Self.keptCapacity { reallocate(Self.readSize) }
    }

    private mutating func reallocate(_ capacity: Int) {
        let fresh = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 16)
        let old = storage
        moveDown(into: fresh)
        storage = fresh
        old.deallocate()
    }

    private mutating func moveDown(into target: UnsafeMutableRawBufferPointer) {
        if end > start {
            target.copyMemory(from: UnsafeRawBufferPointer(rebasing: storage[start..<end]))
        }
        (start, searched, end) = (0, searched - start, end - start)
    }
}
