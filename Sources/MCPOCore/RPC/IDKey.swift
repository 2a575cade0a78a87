// Comparing ids as JSON values: a client may cancel "a" what it asked for as "\u0061".
//
// Nearly no id has an escape, and then its bytes are all there is to compare: no key is made.

/// An id in the form that is compared: a string with its escapes resolved, an integer as written.
package struct IDKey: Sendable {
    package let hash: UInt64
    private let canonical: Lexeme

    /// - Parameter id: a string or an integer of at most `Lexeme.maximumLength` bytes.
    package init(_ line: RawSpan, _ id: JSONValue) {
        self.init(Lexeme(line, id.range))
    }

    package init(_ verbatim: Lexeme) {
        canonical = verbatim.hasEscapes ? Self.unescaped(verbatim) : verbatim
        hash = canonical.hash
    }

    /// Whether `verbatim`, an id as its owner wrote it, is the same id.
    package func names(_ verbatim: Lexeme) -> Bool {
        verbatim.hasEscapes ? Self.unescaped(verbatim) == canonical : verbatim == canonical
    }

    private static func unescaped(_ lexeme: Lexeme) -> Lexeme {
        let quoted = lexeme.array
        var bytes: [UInt8] = [UInt8(ascii: "\"")]
        decodeJSONString(quoted.span.bytes, ByteRange(0, quoted.count), into: &bytes)
        bytes.append(UInt8(ascii: "\""))
        return Lexeme(bytes)
    }
}

extension Lexeme {
    /// The hash of the id that this is, however it is written: `IDKey.hash`.
    package var idHash: UInt64 { hasEscapes ? IDKey(self).hash : hash }

    /// Whether both are the same id.
    package func isSameID(as other: Lexeme) -> Bool {
        hasEscapes || other.hasEscapes ? IDKey(self).names(other) : self == other
    }
}
