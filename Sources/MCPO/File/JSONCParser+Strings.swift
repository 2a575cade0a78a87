// Strings of a configuration file (RFC 8259 §7), decoded as they are read.

extension JSONCParser {
    /// Reads the string whose opening quote is here.
    mutating func string() throws(SyntaxFault) -> String {
        let start = offset
        offset += 1
        var text: [UInt8] = []
        while offset < bytes.count {
            switch byte {
            case UInt8(ascii: "\""):
                offset += 1
                return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): try escape(&text)
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                throw SyntaxFault(
                    offset: start,
                    message: #"this string does not end on its line: expected '"' (a line break "#
                        + #"is written \n)"#)
            case 0..<0x20:
                throw fault(
                    #"a control character in a string is written as an escape, a tab as \t"#)
            default:
                text.append(byte)
                offset += 1
            }
        }
        throw SyntaxFault(offset: start, message: #"this string has no end: expected '"'"#)
    }

    private mutating func escape(_ text: inout [UInt8]) throws(SyntaxFault) {
        let start = offset
        offset += 1
        let escaped = byte
        offset += 1
        switch escaped {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(escaped)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): text += Array(String(try character(start)).utf8)
        default:
            throw SyntaxFault(
                offset: start,
                message: #"a backslash is written \\, and before any of "\/bfnrtu it is an escape"#)
        }
    }

    /// The character of a `\u` escape, or of two that are a surrogate pair (RFC 8259 §7).
    private mutating func character(_ start: Int) throws(SyntaxFault) -> Unicode.Scalar {
        let unit = try codeUnit(start)
        if let scalar = Unicode.Scalar(unit) { return scalar }
        if unit & 0xFC00 == 0xD800, take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) {
            let low = try codeUnit(offset - 2)
            let value = 0x10000 + (unit & 0x3FF) << 10 + (low & 0x3FF)
            if low & 0xFC00 == 0xDC00, let scalar = Unicode.Scalar(value) { return scalar }
        }
        throw SyntaxFault(
            offset: start, message: "half a character: expected two \\u escapes, a surrogate pair")
    }

    private mutating func codeUnit(_ start: Int) throws(SyntaxFault) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            let digit: UInt32
            switch byte {
            case 0x30...0x39: digit = UInt32(byte - 0x30)
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = UInt32(byte - 0x61 + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = UInt32(byte - 0x41 + 10)
            default: throw SyntaxFault(offset: start, message: "expected four hex digits after \\u")
            }
            unit = unit << 4 | digit
            offset += 1
        }
        return unit
    }
}
