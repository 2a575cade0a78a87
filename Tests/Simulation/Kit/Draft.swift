// Writing the lines that the simulated peers say, with the places noted that mcpo will replace.
//
//     draft.add(#"{"id":"#)  draft.mark(id)  draft.add("}")     →   {"id":7}, and the range 6..<7

/// A line in the making.
struct Draft {
    private(set) var bytes: [UInt8] = []

    mutating func add(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }

    mutating func add(_ more: [UInt8]) {
        bytes.append(contentsOf: more)
    }

    /// Adds a value and returns where it is.
    mutating func mark(_ value: [UInt8]) -> Range<Int> {
        let start = bytes.count
        bytes.append(contentsOf: value)
        return start..<bytes.count
    }
}

/// An id or token as its owner spells it, and what it means.
struct Identity: Equatable {
    /// The JSON lexeme.
    var verbatim: [UInt8]
    /// The lexeme with its escapes resolved: two spellings of one id have the same.
    var canonical: [UInt8]

    init(_ verbatim: [UInt8], canonical: [UInt8]) {
        self.verbatim = verbatim
        self.canonical = canonical
    }

    /// A lexeme without escapes.
    init(plain text: String) {
        verbatim = Array(text.utf8)
        canonical = verbatim
    }
}

/// The line `bytes` with the given ranges, which come in order, replaced.
func edited(_ bytes: [UInt8], _ edits: [(range: Range<Int>, value: [UInt8])]) -> [UInt8] {
    var result: [UInt8] = []
    var position = 0
    for edit in edits.sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) {
        result += bytes[position..<edit.range.lowerBound]
        result += edit.value
        position = edit.range.upperBound
    }
    return result + bytes[position...]
}

/// The decimal lexeme of a number.
func digits(_ number: UInt32) -> [UInt8] {
    Array(String(number).utf8)
}
