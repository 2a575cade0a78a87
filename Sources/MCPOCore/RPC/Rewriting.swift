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
    /// Where a progress token is put in that the message does not have, and what frames it.
    private var insertion = 0
    private var frame: (before: StaticString, after: StaticString)?

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

    /// Asks for progress on a request that does not do so itself, under the number; a request
    /// without `params` stays as it is. No other place may have been added.
    package mutating func addProgressToken(_ line: RawSpan, _ envelope: Envelope) {
        precondition(second.isEmpty, "a message has at most two values of mcpo's own")
        guard envelope.params.kind == .object, !envelope.metaProgressToken.isPresent else { return }
        if envelope.meta.kind == .object {
            insertion = Int(envelope.meta.range.lower) + 1
            frame = (#""progressToken":"#, line.isObjectEmpty(envelope.meta) ? "" : ",")
        } else if !envelope.meta.isPresent {
            insertion = Int(envelope.params.range.lower) + 1
            let isEmpty = line.isObjectEmpty(envelope.params)
            frame = (#""_meta":{"progressToken":"#, isEmpty ? "}" : "},")
        }
    }

    /// Appends `line` to `queue` with the replacements made; no newline is added.
    package func apply(to line: RawSpan, appendingTo queue: inout ByteQueue) {
        line.withUnsafeBytes { bytes in
            if let frame, second.isEmpty, !first.isEmpty, case .number(let number) = value,
                insertion >= Int(first.upper)
            {
                queue.append(
                    bytes, replacing: first, withNumber: number, andAt: insertion, frame.before,
                    frame.after)
                return
            }
            var position = 0
            if frame != nil, insertion < first.bounds.lowerBound {
                insert(into: bytes, from: &position, appendingTo: &queue)
            }
            if !first.isEmpty { apply(first, to: bytes, from: &position, appendingTo: &queue) }
            if !second.isEmpty { apply(second, to: bytes, from: &position, appendingTo: &queue) }
            if frame != nil, insertion >= position {
                insert(into: bytes, from: &position, appendingTo: &queue)
            }
            queue.append(UnsafeRawBufferPointer(rebasing: bytes[position...]))
        }
    }

    private func insert(
        into line: UnsafeRawBufferPointer, from position: inout Int,
        appendingTo queue: inout ByteQueue
    ) {
        guard let frame, position <= insertion else { return }
        queue.append(UnsafeRawBufferPointer(rebasing: line[position..<insertion]))
        queue.append(frame.before)
        if case .number(let number) = value { queue.append(decimal: number) }
        queue.append(frame.after)
        position = insertion
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

extension RawSpan {
    /// Whether an object of the line has no member.
    func isObjectEmpty(_ object: JSONValue) -> Bool {
        byte(JSONGrammar.skipWhitespace(self, Int(object.range.lower) &+ 1)) == 0x7D
    }
}
