// Forwarding a message with a few of its values replaced.
//
// Bytes are sacred: what is forwarded is the peer's own line, and only ids and tokens are exchanged
// for those that the other side knows.
//
//     from the client  {"jsonrpc":"2.0","id":"a7","method":"ping"}
//     edits            id ↦ 42
//     to the server    {"jsonrpc":"2.0","id":42,"method":"ping"}⏎

/// The values to replace in one line; a message of MCP has at most two that mcpo owns.
package struct Edits {
    private typealias Edit = (range: ByteRange, lexeme: Lexeme)

    private var first: Edit?
    private var second: Edit?

    package init() {}

    package init(_ range: ByteRange, _ lexeme: Lexeme) {
        first = (range, lexeme)
    }

    /// Adds a replacement, keeping them in the order of the line.
    package mutating func replace(_ range: ByteRange, with lexeme: Lexeme) {
        precondition(second == nil, "a message has at most two values of mcpo's own")
        guard let earlier = first else {
            first = (range, lexeme)
            return
        }
        if earlier.range.lower < range.lower {
            second = (range, lexeme)
        } else {
            first = (range, lexeme)
            second = earlier
        }
    }

    /// Appends `line` to `queue` with the replacements made; no newline is added.
    package func apply(to line: RawSpan, appendingTo queue: inout ByteQueue) {
        var position = 0
        if let first { Self.apply(first, to: line, from: &position, appendingTo: &queue) }
        if let second { Self.apply(second, to: line, from: &position, appendingTo: &queue) }
        queue.append(line.extracting(position...))
    }

    private static func apply(
        _ edit: Edit, to line: RawSpan, from position: inout Int,
        appendingTo queue: inout ByteQueue
    ) {
        queue.append(line.extracting(position..<Int(edit.range.lower)))
        edit.lexeme.append(to: &queue)
        position = Int(edit.range.upper)
    }
}
