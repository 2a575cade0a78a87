// Forwarding a message with several values of mcpo's in place of others, as a gateway to several
// servers does: the id, a progress token, a name without its prefix, and what another era wants.
//
//     from the client  {"jsonrpc":"2.0","id":"a7","method":"tools/call","params":{"name":"gh__add"}}
//     replacements     "a7" ↦ 42, "gh__add" ↦ "add"
//     insertion        "_meta":{"progressToken":42}, as the first member of params
//     to the server    {"jsonrpc":"2.0","id":42,"method":"tools/call",
//                       "params":{"_meta":{"progressToken":42},"name":"add"}}
//
// `Edits` does the same for the one value and two places that a proxy of one server needs, faster.

/// What to replace in one line and to put into it, each place with bytes of its own.
package struct LineRewrite: ~Copyable {
    private enum Value {
        case number(UInt32)
        case lexeme(Lexeme)
        case bytes([UInt8])
    }

    private struct Edit {
        var lower = 0
        var upper = 0
        var value = Value.number(0)

        /// What is put in before a value comes before what replaces it.
        func comes(after other: Edit) -> Bool {
            lower > other.lower
                || (lower == other.lower && upper > lower && other.upper == other.lower)
        }
    }

    /// The id, two progress tokens (of the message and in `_meta`), a name and an insertion.
    package static let maximumEdits = 5

    /// In the order of the line; `count` of them.
    private var edits = InlineArray<5, Edit>(repeating: Edit())
    private var count = 0

    /// The line as it is.
    package init() {}

    /// A number of mcpo's own in place of what is at `range`.
    package mutating func replace(_ range: ByteRange, withNumber number: UInt32) {
        add(Edit(lower: Int(range.lower), upper: Int(range.upper), value: .number(number)))
    }

    /// Its owner's id or token in place of what is at `range`.
    package mutating func replace(_ range: ByteRange, with lexeme: Lexeme) {
        add(Edit(lower: Int(range.lower), upper: Int(range.upper), value: .lexeme(lexeme)))
    }

    /// A JSON value in place of what is at `range`.
    package mutating func replace(_ range: ByteRange, with bytes: [UInt8]) {
        add(Edit(lower: Int(range.lower), upper: Int(range.upper), value: .bytes(bytes)))
    }

    /// Bytes before what is at `offset`.
    package mutating func insert(_ bytes: [UInt8], at offset: Int) {
        add(Edit(lower: offset, upper: offset, value: .bytes(bytes)))
    }

    /// Keeps the edits in order; of two insertions at the same place the earlier one stays first.
    private mutating func add(_ edit: Edit) {
        precondition(count < Self.maximumEdits, "a message has at most five values of mcpo's own")
        var place = count
        while place > 0, edits[place - 1].comes(after: edit) {
            edits[place] = edits[place - 1]
            place -= 1
        }
        precondition(
            (place == 0 || edits[place - 1].upper <= edit.lower)
                && (place == count || edit.upper <= edits[place + 1].lower),
            "values of a message are beside each other")
        edits[place] = edit
        count += 1
    }

    /// Appends `line` to `queue` with the edits made; no newline is added.
    package borrowing func apply(to line: RawSpan, appendingTo queue: inout ByteQueue) {
        line.withUnsafeBytes { bytes in
            var position = 0
            for place in 0..<count {
                let (lower, upper) = (edits[place].lower, edits[place].upper)
                queue.append(UnsafeRawBufferPointer(rebasing: bytes[position..<lower]))
                switch edits[place].value {
                case .number(let number): queue.append(decimal: number)
                case .lexeme(let lexeme): lexeme.append(to: &queue)
                case .bytes(let bytes): queue.append(bytes)
                }
                position = upper
            }
            queue.append(UnsafeRawBufferPointer(rebasing: bytes[position...]))
        }
    }
}
