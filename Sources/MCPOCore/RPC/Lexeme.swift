// An id or a progress token exactly as its owner wrote it.
//
// The owner gets it back byte for byte: `"a\u0041"` stays `"a\u0041"` and 12345678901234567890123
// keeps its digits. Almost all ids are short integers or quoted UUIDs (38 bytes), so they are kept
// inline, and a request in flight costs no allocation of its own.
//
//     words   "abc" and zeros: five words of eight bytes, first byte lowest in memory
//     long    nil, or the bytes of a lexeme that does not fit

/// A short JSON value (string or integer) kept verbatim.
package struct Lexeme: Sendable {
    private typealias Words = InlineArray<5, UInt64>

    /// Quoted UUIDs (38 bytes) fit with two bytes to spare.
    private static let inlineCapacity = 40
    /// Longer ids and tokens are refused: with the bound on requests in flight this bounds what
    /// ids can cost. No real client comes near (the longest seen are quoted UUIDs with a prefix).
    package static let maximumLength = 1024

    /// The bytes, then zeros; all zeros when they are in `long`.
    private var words = Words(repeating: 0)
    /// A class, because copying no reference is free, and copying an empty array is not.
    private var long: LongLexeme?
    package private(set) var count = 0

    /// The lexeme of nothing.
    package init() {}

    /// Copies the bytes of `range`; at most `maximumLength` are meant to come here.
    package init(_ line: RawSpan, _ range: ByteRange) {
        if range.count < 8, !range.isEmpty {
            // A number, nearly always.
            count = range.count
            let word = LineWord(line, Int(range.lower)).bits
            words[0] = (word & ((1 &<< UInt64(8 &* count)) &- 1)).littleEndian
            return
        }
        self = line.withUnsafeBytes {
            Lexeme(UnsafeRawBufferPointer(rebasing: $0[range.bounds]))
        }
    }

    package init(_ bytes: [UInt8]) {
        self = bytes.withUnsafeBytes { Lexeme($0) }
    }

    private init(_ bytes: UnsafeRawBufferPointer) {
        count = bytes.count
        if count > Self.inlineCapacity {
            long = LongLexeme(bytes: Array(bytes))
        } else {
            withUnsafeMutableBytes(of: &words) { $0.copyMemory(from: bytes) }
        }
    }

    /// The decimal lexeme of a number of mcpo's own.
    package init(_ number: UInt32) {
        // Ten digits at most: the last eight go into a word from its end, the others follow.
        var digits = InlineArray<10, UInt8>(repeating: 0)
        var rest = number
        repeat {
            digits[count] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
            count += 1
        } while rest > 0
        let count = count
        withUnsafeMutableBytes(of: &words) { bytes in
            for place in 0..<count { bytes[place] = digits[count - 1 - place] }
        }
    }

    /// The JSON literal `null`, the id of an answer to nobody in particular.
    package static let null = Lexeme(Array("null".utf8))

    package var isEmpty: Bool { count == 0 }

    /// Shows the bytes to `body`.
    package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        if let long { return long.bytes.withUnsafeBytes(body) }
        return withUnsafeBytes(of: words) {
            body(UnsafeRawBufferPointer(rebasing: $0[..<count]))
        }
    }

    package func append(to queue: inout ByteQueue) {
        withBytes { queue.append($0) }
    }

    /// A copy as an array, for what is cold.
    package var array: [UInt8] {
        withBytes { Array($0) }
    }

    /// Whether a string lexeme can be written in another way.
    package var hasEscapes: Bool {
        withBytes { $0.first == UInt8(ascii: "\"") && $0.contains(UInt8(ascii: "\\")) }
    }

    /// A hash of the bytes, well spread in its low bits. Only the client itself would suffer from
    /// collisions that it makes on purpose.
    package var hash: UInt64 {
        var hash = UInt64(truncatingIfNeeded: count)
        guard let long else {
            for index in 0..<5 { hash = Self.mix(hash ^ words[index]) }
            return hash
        }
        for byte in long.bytes { hash = Self.mix(hash ^ UInt64(byte)) }
        return hash
    }

    /// Both halves of a product with the golden ratio's bits: every bit reaches the low ones.
    private static func mix(_ word: UInt64) -> UInt64 {
        let product = word.multipliedFullWidth(by: 0x9e37_79b9_7f4a_7c15)
        return product.high ^ product.low
    }

    /// The number that an unsigned decimal lexeme of at most ten digits stands for.
    package static func number(_ line: RawSpan, _ value: JSONValue) -> UInt32? {
        guard value.kind == .integer, value.range.count <= 10 else { return nil }
        var number: UInt64 = 0
        for offset in value.range.bounds {
            let digit = line.byte(offset) &- UInt8(ascii: "0")
            guard digit <= 9 else { return nil }
            number = number &* 10 &+ UInt64(digit)
        }
        return UInt32(exactly: number)
    }
}

extension Lexeme: Equatable {
    package static func == (left: Lexeme, right: Lexeme) -> Bool {
        guard left.count == right.count else { return false }
        if let leftLong = left.long { return leftLong.bytes == right.long?.bytes }
        for index in 0..<5 where left.words[index] != right.words[index] { return false }
        return true
    }
}

/// The bytes of a lexeme that is not kept inline.
private final class LongLexeme: Sendable {
    let bytes: [UInt8]

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }
}
