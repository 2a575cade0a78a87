// The elements of a JSON-RPC batch, one after the other.
//
// Of the line `[{"id":1}, {"id":2}]` the elements are 1..<9 and 11..<19. The line was validated as a
// whole before, so here it is only walked; `Envelope.scan` of an element's bytes reads its members.

/// An iterator over the elements of an array in a line that `Envelope.scan` has accepted.
package struct BatchElements {
    /// Where the next element starts, or the closing bracket is.
    private var offset: Int
    private let end: Int

    /// The elements of `root`; none if it is no array.
    package init(_ line: RawSpan, _ root: JSONValue) {
        guard root.kind == .array, root.range.count >= 2 else {
            (offset, end) = (0, 0)
            return
        }
        offset = Int(root.range.lower) &+ 1
        end = min(Int(root.range.upper), line.byteCount) &- 1
    }

    /// The next element, or nil after the last one. `line` is the one given to `init`.
    package mutating func next(_ line: RawSpan) -> JSONValue? {
        let start = JSONGrammar.skipWhitespace(line, offset)
        guard start < end else { return nil }
        let lexeme: JSONLexeme
        do {
            lexeme = try JSONGrammar.skipValue(
                line, start, depth: 1, maximumDepth: JSONGrammar.deepest)
        } catch {
            offset = end  // only in a line that was not validated
            return nil
        }
        let comma = JSONGrammar.skipWhitespace(line, lexeme.end)
        offset = line.byte(comma) == 0x2C ? comma &+ 1 : end
        return JSONValue(range: ByteRange(start, lexeme.end), kind: lexeme.kind)
    }
}
