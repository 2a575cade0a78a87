// Reading JSON lazily: a value is a slice of its line, and members are found when asked for.
//
//     JSON(#"{"id":7,"params":{"name":"add"}}"#)["params"]?["name"]?.string  ==  "add"
//
// Values are kept as they were written, so that ids and tokens go back byte for byte. Nothing is
// validated beyond what finding a member needs.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A value in a line of JSON.
struct JSON {
    /// The value's bytes, without space around them.
    let bytes: ArraySlice<UInt8>

    init?(_ bytes: ArraySlice<UInt8>) {
        var reader = Reader(bytes)
        guard let value = reader.value() else { return nil }
        self.bytes = value
    }

    /// As it was written.
    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// The member of an object.
    subscript(key: String) -> JSON? {
        guard bytes.first == UInt8(ascii: "{") else { return nil }
        var reader = Reader(bytes.dropFirst())
        while let name = reader.value(), reader.skip(UInt8(ascii: ":")), let value = reader.value()
        {
            if JSON(whole: name).string == key { return JSON(whole: value) }
            guard reader.skip(UInt8(ascii: ",")) else { return nil }
        }
        return nil
    }

    private init(whole bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
    }

    /// The text of a string; escapes other than `\uXXXX` of one unit are understood as well.
    var string: String? {
        guard bytes.first == UInt8(ascii: "\""), bytes.count >= 2 else { return nil }
        let content = bytes.dropFirst().dropLast()
        guard content.contains(UInt8(ascii: "\\")) else {
            return String(decoding: content, as: UTF8.self)
        }
        return Self.unescaped(content)
    }

    /// A number that is an integer.
    var integer: Int? { Int(text) }

    private static func unescaped(_ content: ArraySlice<UInt8>) -> String {
        var units: [UInt16] = []
        var rest = Array(String(decoding: content, as: UTF8.self).utf16)[...]
        while let unit = rest.popFirst() {
            guard unit == 0x5C, let escaped = rest.popFirst() else {
                units.append(unit)
                continue
            }
            switch escaped {
            case 0x62: units.append(0x08)
            case 0x66: units.append(0x0C)
            case 0x6E: units.append(0x0A)
            case 0x72: units.append(0x0D)
            case 0x74: units.append(0x09)
            case 0x75:
                let digits = String(decoding: rest.prefix(4), as: UTF16.self)
                units.append(UInt16(digits, radix: 16) ?? 0xFFFD)
                rest = rest.dropFirst(4)
            default: units.append(escaped)
            }
        }
        return String(decoding: units, as: UTF16.self)
    }

    /// Text as a JSON string with its quotes.
    static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            case "\n": quoted += "\\n"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}

/// Steps over values.
private struct Reader {
    private let bytes: ArraySlice<UInt8>
    private var offset: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        offset = bytes.startIndex
    }

    private var next: UInt8? { offset < bytes.endIndex ? bytes[offset] : nil }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || (0x09...0x0D).contains(byte) { offset += 1 }
    }

    mutating func skip(_ byte: UInt8) -> Bool {
        skipSpace()
        guard next == byte else { return false }
        offset += 1
        return true
    }

    /// The bytes of the value that begins here.
    mutating func value() -> ArraySlice<UInt8>? {
        skipSpace()
        let start = offset
        var depth = 0
        repeat {
            guard let byte = next else { return nil }
            switch byte {
            case UInt8(ascii: "\""): guard skipString() else { return nil }
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                offset += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                offset += 1
            case UInt8(ascii: ","), UInt8(ascii: ":"), 0x20, 0x09...0x0D: offset += 1
            default: skipScalar()
            }
        } while depth > 0
        return depth == 0 && offset > start ? bytes[start..<offset] : nil
    }

    private mutating func skipScalar() {
        let ends = Array(",:]} \t\r\n".utf8)
        repeat { offset += 1 } while next.map { !ends.contains($0) } ?? false
    }

    /// Long strings are most of a long line, so the C library looks for their end.
    private mutating func skipString() -> Bool {
        offset += 1
        while let quote = bytes[offset...].position(of: UInt8(ascii: "\"")) {
            let backslashes = bytes[offset..<quote].reversed().prefix { $0 == 0x5C }.count
            offset = quote + 1
            if backslashes % 2 == 0 { return true }
        }
        return false
    }
}

extension ArraySlice<UInt8> {
    /// Where the first such byte is, by the C library's search.
    func position(of byte: UInt8) -> Int? {
        withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress,
                let found = memchr(base, Int32(byte), bytes.count)
            else { return nil }
            return startIndex + (UnsafeRawPointer(found) - base)
        }
    }
}
