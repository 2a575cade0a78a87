// SQL text as words, quoted things and punctuation; comments and space are gone.
//
//     select "a b", 'it''s' from t -- drop table t
//     word   quoted , quoted word word
//
// Databases do not agree where a string or a comment ends, and what one of them reads as text
// another one executes:
//
//     select '\'; drop table t; --'      one statement for MySQL, two and a comment for others
//     select 1 --1; drop table t         a comment for others, two statements for MySQL
//     /*! drop table t */                a comment for others, executed by MySQL
//
// A text with such a place is read by each dialect in turn.

/// One token of a statement.
struct SQLToken: Equatable {
    enum Kind { case word, quoted, number, symbol }

    var kind: Kind
    /// Of a word.
    var word: SQLWord = ""
    /// Of punctuation.
    var symbol: UInt8 = 0

    static func isWord(_ token: SQLToken?, _ word: SQLWord) -> Bool {
        token?.kind == .word && token?.word == word
    }

    func isSymbol(_ scalar: Unicode.Scalar) -> Bool {
        kind == .symbol && UInt32(symbol) == scalar.value
    }
}

/// Where one family of databases ends strings and comments.
struct SQLDialect {
    /// `\'` does not end a string.
    var escapesWithBackslash = false
    /// `$tag$ … $tag$` is a string.
    var quotesWithDollars = false
    /// `#` begins a comment, `--` only with a space after it, and `/*!` none.
    var isMySQL = false
    var nestsComments = false

    static let standard = SQLDialect()
    static let postgres = SQLDialect(quotesWithDollars: true, nestsComments: true)
    static let mySQL = SQLDialect(escapesWithBackslash: true, isMySQL: true)
}

/// Splits SQL text into tokens.
struct SQLTokenizer {
    private let dialect: SQLDialect
    private(set) var tokens: [SQLToken] = []
    /// Whether another dialect would read the text in another way.
    private(set) var isAmbiguous = false
    private var offset = 0
    /// There is no `]` from here up to this offset; or the search for it would be quadratic.
    private var unclosedUntil = 0

    init(_ text: RawSpan, _ dialect: SQLDialect) {
        self.dialect = dialect
        tokens.reserveCapacity(text.byteCount / 4)
        while offset < text.byteCount { step(text) }
    }

    private mutating func step(_ text: RawSpan) {
        let byte = text.byte(offset)
        switch byte {
        case 0...0x20: offset += 1
        case 0xEF where text.byte(offset + 1) == 0xBB && text.byte(offset + 2) == 0xBF:
            offset += 3  // a byte order mark
        case UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "`"): quoted(text, byte)
        case UInt8(ascii: "["): bracketed(text)
        case UInt8(ascii: "$"): dollar(text)
        case UInt8(ascii: "#"): hash(text)
        case UInt8(ascii: "-") where text.byte(offset + 1) == byte: dashes(text)
        case UInt8(ascii: "/") where text.byte(offset + 1) == UInt8(ascii: "*"): comment(text)
        case UInt8(ascii: "0")...UInt8(ascii: "9"): number(text)
        default: isWordByte(byte) ? word(text) : symbol(byte)
        }
    }

    private mutating func symbol(_ byte: UInt8) {
        tokens.append(SQLToken(kind: .symbol, symbol: byte))
        offset += 1
    }

    private func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...:
            true
        default: false
        }
    }

    private mutating func word(_ text: RawSpan) {
        let start = offset
        while isWordByte(text.byte(offset)) { offset += 1 }
        tokens.append(SQLToken(kind: .word, word: SQLWord(text, start, offset)))
    }

    /// Digits; `1e5` and `0x1F` too. A word right behind a number is read as one: `1union select`.
    private mutating func number(_ text: RawSpan) {
        while text.byte(offset) &- 0x30 < 10 { offset += 1 }
        tokens.append(SQLToken(kind: .number))
    }

    /// A quoted string or name; a doubled quote does not end it. One without an end is a mistake
    /// that no database executes, and goes up to the end.
    private mutating func quoted(_ text: RawSpan, _ quote: UInt8) {
        offset += 1
        while offset < text.byteCount {
            let byte = text.byte(offset)
            offset += 1
            if byte == UInt8(ascii: "\\"), quote != UInt8(ascii: "`") {
                isAmbiguous = true
                if dialect.escapesWithBackslash { offset += 1 }
            } else if byte == quote {
                guard text.byte(offset) == quote else { break }
                offset += 1
            }
        }
        tokens.append(SQLToken(kind: .quoted))
    }

    /// `[a name]` of SQL Server and SQLite; in `a[1]` of others there is nothing to miss, and one
    /// without an end is punctuation.
    private mutating func bracketed(_ text: RawSpan) {
        guard offset >= unclosedUntil else { return symbol(UInt8(ascii: "[")) }
        var end = offset
        while end < text.byteCount, text.byte(end) != UInt8(ascii: "]"),
            text.byte(end) != UInt8(ascii: ";")
        {
            end += 1
        }
        guard text.byte(end) == UInt8(ascii: "]") else {
            unclosedUntil = end
            return symbol(UInt8(ascii: "["))
        }
        offset = end + 1
        tokens.append(SQLToken(kind: .quoted))
    }

    /// `$$…$$` or `$tag$…$tag$`, otherwise punctuation.
    private mutating func dollar(_ text: RawSpan) {
        var end = offset + 1
        while isWordByte(text.byte(end)) { end += 1 }
        guard text.byte(end) == UInt8(ascii: "$") else { return symbol(UInt8(ascii: "$")) }
        isAmbiguous = true
        guard dialect.quotesWithDollars else { return symbol(UInt8(ascii: "$")) }
        let tag = offset...end
        offset = end + 1
        while offset < text.byteCount, !matches(text, tag) { offset += 1 }
        offset = min(offset + tag.count, text.byteCount)
        tokens.append(SQLToken(kind: .quoted))
    }

    private func matches(_ text: RawSpan, _ tag: ClosedRange<Int>) -> Bool {
        for index in 0..<tag.count
        where text.byte(offset + index) != text.byte(tag.lowerBound + index) {
            return false
        }
        return true
    }

    private mutating func hash(_ text: RawSpan) {
        isAmbiguous = true
        dialect.isMySQL ? skipLine(text) : symbol(UInt8(ascii: "#"))
    }

    private mutating func dashes(_ text: RawSpan) {
        let isSure = offset + 2 >= text.byteCount || text.byte(offset + 2) <= 0x20
        if !isSure { isAmbiguous = true }
        isSure || !dialect.isMySQL ? skipLine(text) : symbol(UInt8(ascii: "-"))
    }

    private mutating func skipLine(_ text: RawSpan) {
        while offset < text.byteCount, text.byte(offset) != 0x0A, text.byte(offset) != 0x0D {
            offset += 1
        }
    }

    /// A comment; `/*! …` and `/*M! …` are none for MySQL, whose end `*/` is left as punctuation.
    private mutating func comment(_ text: RawSpan) {
        let mark = text.byte(offset + 2) == UInt8(ascii: "M") ? offset + 3 : offset + 2
        if text.byte(mark) == UInt8(ascii: "!") {
            isAmbiguous = true
            if dialect.isMySQL {
                offset = mark + 1
                while text.byte(offset) &- 0x30 < 10 { offset += 1 }
                return
            }
        }
        offset += 2
        var depth = 1
        while depth > 0, offset < text.byteCount {
            let pair = (text.byte(offset), text.byte(offset + 1))
            if pair == (UInt8(ascii: "*"), UInt8(ascii: "/")) {
                depth -= 1
                offset += 2
            } else if pair == (UInt8(ascii: "/"), UInt8(ascii: "*")) {
                isAmbiguous = true
                if dialect.nestsComments { depth += 1 }
                offset += dialect.nestsComments ? 2 : 1
            } else {
                offset += 1
            }
        }
    }
}
