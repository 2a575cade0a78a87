// An id or a progress token exactly as its owner wrote it.
//
// The owner gets it back byte for byte: `"a\u0041"` stays `"a\u0041"` and 12345678901234567890123
// keeps its digits. Almost all ids are short integers or quoted UUIDs (38 bytes), so they are kept
// inline, and a request in flight costs no allocation of its own.

/// A short JSON value (string or integer) kept verbatim.
package struct Lexeme: Sendable {
    /// Quoted UUIDs (38 bytes) fit with two bytes to spare.
    private static let inlineCapacity = 40
    /// Longer ids and tokens are refused: with the bound on requests in flight this bounds what
    /// ids can cost. No real client comes near (the longest seen are quoted UUIDs with a prefix).
    package static let maximumLength = 1024

    private var short: InlineArray<40, UInt8>
    private var long: [UInt8]
    private var length: UInt8

    /// The lexeme of nothing.
    package init() {
        short = InlineArray(repeating: 0)
        long = []
        length = 0
    }

    /// Copies the bytes of `range`; at most `maximumLength` are meant to come here.
    package init(_ line: RawSpan, _ range: ByteRange) {
        self.init(line.extracting(Int(range.lower)..<Int(range.upper)))
    }

    package init(_ bytes: [UInt8]) {
        self.init(bytes.span.bytes)
    }

    private init(_ bytes: RawSpan) {
        self.init()
        if bytes.byteCount <= Self.inlineCapacity {
            length = UInt8(truncatingIfNeeded: bytes.byteCount)
            for offset in 0..<bytes.byteCount {
                short[offset] = bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
            }
        } else {
            bytes.withUnsafeBytes { long.append(contentsOf: $0) }
        }
    }

    /// The decimal lexeme of a number of mcpo's own.
    package init(_ number: UInt32) {
        self.init()
        var digits = 1
        var rest = number
        while rest >= 10 {
            rest /= 10
            digits += 1
        }
        length = UInt8(truncatingIfNeeded: digits)
        rest = number
        for place in stride(from: digits - 1, through: 0, by: -1) {
            short[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
    }

    /// The JSON literal `null`, the id of an answer to nobody in particular.
    package static let null: Lexeme = {
        var null = Lexeme()
        for (offset, byte) in "null".utf8.enumerated() { null.short[offset] = byte }
        null.length = 4
        return null
    }()

    package var isEmpty: Bool { count == 0 }
    package var count: Int { long.isEmpty ? Int(length) : long.count }

    package func append(to queue: inout ByteQueue) {
        if long.isEmpty {
            queue.append(short.span.bytes.extracting(first: Int(length)))
        } else {
            queue.append(long)
        }
    }

    /// A copy as an array, for what is cold.
    package var array: [UInt8] {
        long.isEmpty ? (0..<Int(length)).map { short[$0] } : long
    }

    package func forEachByte(_ body: (UInt8) -> Void) {
        if long.isEmpty {
            for offset in 0..<Int(length) { body(short[offset]) }
        } else {
            for byte in long { body(byte) }
        }
    }

    package func contains(_ byte: UInt8) -> Bool {
        var found = false
        forEachByte { found = found || $0 == byte }
        return found
    }

    /// The number that an unsigned decimal lexeme of at most ten digits stands for.
    package static func number(_ line: RawSpan, _ value: JSONValue) -> UInt32? {
        guard value.kind == .integer, value.range.count <= 10 else { return nil }
        var number: UInt64 = 0
        for offset in Int(value.range.lower)..<Int(value.range.upper) {
            let digit = line.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
            guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
            number = number * 10 + UInt64(digit - UInt8(ascii: "0"))
        }
        return UInt32(exactly: number)
    }
}

extension Lexeme: Equatable {
    package static func == (left: Lexeme, right: Lexeme) -> Bool {
        guard left.count == right.count else { return false }
        guard left.long.isEmpty else { return left.long == right.long }
        for offset in 0..<Int(left.length) where left.short[offset] != right.short[offset] {
            return false
        }
        return true
    }
}
