// The vocabulary of the scanner: where a value is in its line, what kind it is, what is wrong.
//
// mcpo never builds a tree of a message. It notes where the few members it decides on are, as byte
// offsets into the line, and forwards the line's own bytes. For the line
//
//     {"id":7,"method":"ping"}
//     0     6         17    23
//
// `id` is `JSONValue(range: 6..<7, kind: .integer)` and `method` is
// `JSONValue(range: 17..<23, kind: .string)`: a string's range includes its quotes, so that every
// range is a lexeme that can be copied into another message as it is.

/// A half-open range of byte offsets in a line.
///
/// Offsets are 32 bits wide because a message has some twenty of them and is copied between tables;
/// lines of 4 GiB and more are refused by the scanner before an offset could overflow.
package struct ByteRange: Equatable, Sendable {
    package var lower: UInt32
    package var upper: UInt32

    /// The range of a value that is absent. A member's value comes after `{` and its key, so no
    /// value that is there starts at 0 and is empty.
    package static let none = ByteRange(lower: 0, upper: 0)

    @inline(__always)
    package init(lower: UInt32 = 0, upper: UInt32 = 0) {
        self.lower = lower
        self.upper = upper
    }

    /// The offsets must fit; those from the scanner do, because it refuses longer lines.
    @inline(__always)
    package init(_ lower: Int, _ upper: Int) {
        self.lower = UInt32(truncatingIfNeeded: lower)
        self.upper = UInt32(truncatingIfNeeded: upper)
    }

    package var isEmpty: Bool { lower >= upper }
    package var count: Int { isEmpty ? 0 : Int(upper &- lower) }
    /// The same range as a standard one, for slicing.
    package var bounds: Range<Int> { isEmpty ? 0..<0 : Int(lower)..<Int(upper) }
}

/// What a JSON value is. `integer` is a number without fraction and exponent, however long.
package enum JSONKind: UInt8, Sendable {
    case absent, object, array, string, integer
    /// A number that has a fraction or an exponent, `1.0` and `1e0` included.
    case number
    case `true`, `false`, null
}

/// One value of a line: its lexeme's place and its kind.
package struct JSONValue: Equatable, Sendable {
    package var range: ByteRange
    package var kind: JSONKind

    package static let absent = JSONValue(range: .none, kind: .absent)

    @inline(__always)
    package init(range: ByteRange = ByteRange(), kind: JSONKind = .absent) {
        self.range = range
        self.kind = kind
    }

    package var isPresent: Bool { kind != .absent }
}

/// Why a line is not a message that can be worked with. Offsets are where it was noticed.
package enum JSONFault: Error, Equatable, Sendable {
    /// Not one JSON text by the grammar of RFC 8259.
    case syntax(offset: Int)
    /// A string has bytes that are not UTF-8 (RFC 3629: no overlong form, no surrogate).
    case invalidUTF8(offset: Int)
    /// A container is nested deeper than allowed; what follows it was not looked at.
    case tooDeep(offset: Int)
    /// A member that mcpo decides on is there twice, in a line that is valid JSON: two readers
    /// could take different ones, so neither is believed. The offset is the second key's.
    case duplicateMember(offset: Int)
}
