// Walking an object of a line, one member after the other; `BatchElements` does it for arrays.
//
//     {"a":1,"b":[2]}      next → ("a", 1), ("b", [2]), nil
//
// For what is read once a list or once a `_meta`; the messages themselves are scanned by `Envelope`.

/// One member of an object.
struct ObjectMember {
    /// The key, a string with its quotes.
    var key: JSONValue
    var value: JSONValue
    /// Whether the key is written with escapes.
    var isEscaped: Bool

    /// Whether the key stands for `text`, however it is written.
    @inline(__always)
    func isNamed(_ text: StaticString, _ line: RawSpan) -> Bool {
        line.keyEquals(key.range, isEscaped: isEscaped, text)
    }
}

/// The members of one object, in the order of the line.
struct ObjectMembers {
    private var offset: Int

    /// The members of `object`, which is part of a line that `Envelope.scan` has accepted; none if
    /// it is not an object.
    @inline(__always)
    init(_ line: RawSpan, of object: JSONValue) {
        guard object.kind == .object else {
            offset = line.byteCount
            return
        }
        offset = JSONGrammar.skipWhitespace(line, Int(object.range.lower) &+ 1)
    }

    @inline(__always)
    mutating func next(_ line: RawSpan) -> ObjectMember? {
        guard line.byte(offset) == 0x22 else { return nil }
        do {
            var isEscaped = false
            let end = try JSONStringGrammar.end(line, offset &+ 1, hasEscape: &isEscaped)
            let key = JSONValue(range: ByteRange(offset, end), kind: .string)
            let colon = JSONGrammar.skipWhitespace(line, end)
            let start = JSONGrammar.skipWhitespace(line, colon &+ 1)
            let value = try JSONGrammar.skipValue(
                line, start, depth: 0, maximumDepth: JSONGrammar.deepest)
            let comma = JSONGrammar.skipWhitespace(line, value.end)
            let hasNext = line.byte(comma) == 0x2C
            offset = hasNext ? JSONGrammar.skipWhitespace(line, comma &+ 1) : line.byteCount
            return ObjectMember(
                key: key,
                value: JSONValue(range: ByteRange(start, value.end), kind: value.kind),
                isEscaped: isEscaped)
        } catch {
            return nil  // only in a line that was not validated
        }
    }
}

extension RawSpan {
    /// Whether the key at `range`, quotes included, stands for `text`.
    ///
    /// Like `stringEquals`, which decodes any string that is longer than `text` for the sake of
    /// escapes; of a key one knows whether it has any.
    @inline(__always)
    func keyEquals(_ range: ByteRange, isEscaped: Bool, _ text: StaticString) -> Bool {
        if isEscaped { return stringEquals(JSONValue(range: range, kind: .string), text) }
        return equals(ByteRange(lower: range.lower &+ 1, upper: range.upper &- 1), text)
    }
}
