// Comparing ids as JSON values: a client may cancel "a" what it asked for as "\u0061".

/// An id in the form that is compared: a string with its escapes resolved, an integer as written.
package struct IDKey: Sendable {
    package let hash: UInt64
    private let canonical: Lexeme

    /// - Parameter id: a string or an integer of at most `Lexeme.maximumLength` bytes.
    package init(_ line: RawSpan, _ id: JSONValue) {
        let verbatim = Lexeme(line, id.range)
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
    /// Whether a string lexeme can be written in another way.
    fileprivate var hasEscapes: Bool {
        contains(UInt8(ascii: "\\"))
    }

    /// FNV-1a, 64 bits: ids are short, and only the client itself would suffer from collisions.
    fileprivate var hash: UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        forEachByte { hash = (hash ^ UInt64($0)) &* 0x0000_0100_0000_01b3 }
        // The low bits choose the bucket; FNV's own are weak for inputs that differ in one digit.
        return hash ^ (hash >> 32)
    }
}
