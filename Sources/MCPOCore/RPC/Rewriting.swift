// Forwarding a message with a value of mcpo's or its owner's in place of another.
//
// Bytes are sacred: what is forwarded is the peer's own line, and only ids and tokens are exchanged
// for those that the other side knows. Where a message has two of them, an id and a progress token,
// mcpo's number stands for both, so that one value is put into one or two places.
//
//     from the client  {"jsonrpc":"2.0","id":"a7","method":"ping"}
//     edits            the id ↦ 42
//     to the server    {"jsonrpc":"2.0","id":42,"method":"ping"}⏎

/// What to replace in one line. Not copyable only because it is never worth a copy.
package struct Edits: ~Copyable {
    private enum Value {
        case none
        case number(UInt32)
        case lexeme(Lexeme)
    }

    private let value: Value
    /// In the order of the line; `.none` where there is nothing to replace.
    private var first: ByteRange
    private var second = ByteRange.none

    /// The line as it is.
    package init() {
        value = .none
        first = .none
    }

    /// A number of mcpo's own in place of what is at `range`.
    package init(_ range: ByteRange, _ number: UInt32) {
        value = .number(number)
        first = range
    }

    /// Its owner's own id or token in place of what is at `range`.
    package init(_ range: ByteRange, _ lexeme: Lexeme) {
        value = .lexeme(lexeme)
        first = range
    }

    /// The same value in another place too.
    package mutating func add(_ range: ByteRange) {
        precondition(second.isEmpty, "a message has at most two values of mcpo's own")
        if range.lower < first.lower {
            (first, second) = (range, first)
        } else {
            second = range
        }
    }

    /// Appends `line` to `queue` with the replacements made; no newline is added.
    package func apply(to line: RawSpan, appendingTo queue: inout ByteQueue) {
        line.withUnsafeBytes { bytes in
            var position = 0
            if !first.isEmpty { apply(first, to: bytes, from: &position, appendingTo: &queue) }
            if !second.isEmpty { apply(second, to: bytes, from: &position, appendingTo: &queue) }
            queue.append(UnsafeRawBufferPointer(rebasing: bytes[position...]))
        }
    }

    private func apply(
        _ range: ByteRange, to line: UnsafeRawBufferPointer, from position: inout Int,
        appendingTo queue: inout ByteQueue
    ) {
        queue.append(UnsafeRawBufferPointer(rebasing: line[position..<Int(range.lower)]))
        switch value {
        case .none: break
        case .number(let number): queue.append(decimal: number)
        case .lexeme(let lexeme): lexeme.append(to: &queue)
        }
        position = Int(range.upper)
    }
}
