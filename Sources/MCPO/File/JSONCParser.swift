// Reading JSON with comments, as clients' configuration files are written: RFC 8259, and `// …`,
// `/* … */` wherever white space may be, and a comma after the last member or element.
//
//     { "a": [1, /* two */ 2,], }     →     an object with an array of two numbers
//
// A file is small and read once: the parser is for its errors, which say what was expected where.
// It goes down by recursion, which `deepest` bounds.

/// Why a file is no JSON with comments.
struct SyntaxFault: Error, Equatable {
    /// Where, in bytes from the start.
    var offset: Int
    /// What was expected, and what is there.
    var message: String
}

/// A parser of one file.
struct JSONCParser {
    static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
    /// More levels than any configuration has, few enough for the smallest stack of a thread.
    static let deepest = 100

    let bytes: [UInt8]
    var offset = 0
    private var depth = 0

    /// The one value of a file.
    static func parse(_ bytes: [UInt8]) throws(SyntaxFault) -> FileNode {
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            throw SyntaxFault(offset: 0, message: "the file is in UTF-16: save it as UTF-8")
        }
        do {
            _ = try UTF8Span(validating: bytes.span)
        } catch {
            throw SyntaxFault(
                offset: error.byteOffsets.lowerBound, message: "the text is not UTF-8 from here on")
        }
        var parser = JSONCParser(bytes: bytes)
        return try parser.document()
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    private mutating func document() throws(SyntaxFault) -> FileNode {
        if bytes.starts(with: Self.byteOrderMark) { offset = 3 }
        try skipSpace()
        if offset == bytes.count { throw fault("the file is empty: expected an object, {…}") }
        let node = try value()
        try skipSpace()
        guard offset == bytes.count else { throw expected("the end of the file") }
        return node
    }

    /// The byte at the offset; 0, which is no part of any file, at the end.
    var byte: UInt8 { offset < bytes.count ? bytes[offset] : 0 }

    mutating func take(_ expected: UInt8) -> Bool {
        guard offset < bytes.count, byte == expected else { return false }
        offset += 1
        return true
    }
}

// MARK: - Values

extension JSONCParser {
    private mutating func value() throws(SyntaxFault) -> FileNode {
        let start = offset
        switch byte {
        case UInt8(ascii: "{"):
            return FileNode(value: .object(try nested(Self.members)), offset: start)
        case UInt8(ascii: "["):
            return FileNode(value: .array(try nested(Self.elements)), offset: start)
        case UInt8(ascii: "\""):
            return FileNode(value: .scalar(.string(try string())), offset: start)
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"),
            UInt8(ascii: "."):
            return FileNode(value: .scalar(.number(try number())), offset: start)
        default:
            return FileNode(value: try word(), offset: start)
        }
    }

    private mutating func nested<Parts>(
        _ read: (inout JSONCParser) throws(SyntaxFault) -> Parts
    ) throws(SyntaxFault) -> Parts {
        guard depth < Self.deepest else {
            throw fault("nested deeper than \(Self.deepest) levels")
        }
        depth += 1
        defer { depth -= 1 }
        return try read(&self)
    }

    private static func members(
        _ parser: inout JSONCParser
    ) throws(SyntaxFault) -> [FileMember] {
        var members: [FileMember] = []
        let start = parser.offset
        parser.offset += 1
        while true {
            try parser.skipSpace()
            if parser.take(UInt8(ascii: "}")) { return members }
            guard parser.byte == UInt8(ascii: "\"") else {
                throw parser.expected("a key in double quotes or '}'", opened: start)
            }
            let offset = parser.offset
            let name = try parser.string()
            try parser.skipSpace()
            guard parser.take(UInt8(ascii: ":")) else {
                throw parser.expected("':' after the key \"\(name)\"")
            }
            try parser.skipSpace()
            members.append(FileMember(name: name, offset: offset, node: try parser.value()))
            try parser.skipSpace()
            if parser.take(UInt8(ascii: "}")) { return members }
            guard parser.take(UInt8(ascii: ",")) else {
                throw parser.expected("',' or '}' after the value of \"\(name)\"", opened: start)
            }
        }
    }

    private static func elements(
        _ parser: inout JSONCParser
    ) throws(SyntaxFault) -> [FileNode] {
        var elements: [FileNode] = []
        let start = parser.offset
        parser.offset += 1
        while true {
            try parser.skipSpace()
            if parser.take(UInt8(ascii: "]")) { return elements }
            elements.append(try parser.value())
            try parser.skipSpace()
            if parser.take(UInt8(ascii: "]")) { return elements }
            guard parser.take(UInt8(ascii: ",")) else {
                throw parser.expected("',' or ']' after an element", opened: start)
            }
        }
    }

    private mutating func word() throws(SyntaxFault) -> FileNode.Value {
        let word = wordHere
        let values: [(String, FileNode.Value)] = [
            ("true", .scalar(.bool(true))), ("false", .scalar(.bool(false))), ("null", .null),
        ]
        if let value = values.first(where: { $0.0 == word })?.1 {
            offset += word.utf8.count
            return value
        }
        var hint = ""
        if byte == UInt8(ascii: "'") {
            hint = "; strings stand in double quotes"
        } else if !word.isEmpty {
            let meant = values.map(\.0).first { $0 == word.lowercased() }
            hint = meant.map { "; did you mean \($0)?" } ?? "; strings stand in double quotes"
        }
        throw fault("expected a value, found \(found)\(hint)")
    }

    /// RFC 8259 §6.
    private mutating func number() throws(SyntaxFault) -> String {
        let start = offset
        _ = take(UInt8(ascii: "-"))
        let hasZero = byte == UInt8(ascii: "0")
        var isFine = digits() > 0 && !(hasZero && digitsSince(start) > 1)
        if take(UInt8(ascii: ".")) { isFine = digits() > 0 && isFine }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            isFine = digits() > 0 && isFine
        }
        guard isFine, !isWordByte(byte), byte != UInt8(ascii: "+"), byte != UInt8(ascii: ".") else {
            while isWordByte(byte) || "+-.".utf8.contains(byte) { offset += 1 }
            let text = String(decoding: bytes[start..<offset], as: UTF8.self)
            throw SyntaxFault(
                offset: start, message: "\(text) is no number of JSON; text stands in double quotes"
            )
        }
        return String(decoding: bytes[start..<offset], as: UTF8.self)
    }

    private mutating func digits() -> Int {
        let start = offset
        while (0x30...0x39).contains(byte) { offset += 1 }
        return offset - start
    }

    private func digitsSince(_ start: Int) -> Int {
        offset - start - (bytes[start] == UInt8(ascii: "-") ? 1 : 0)
    }
}

// MARK: - What stands between

extension JSONCParser {
    /// Steps over white space and comments.
    private mutating func skipSpace() throws(SyntaxFault) {
        while true {
            switch byte {
            case 0x20, 0x09, 0x0A, 0x0D: offset += 1
            case UInt8(ascii: "/"): try skipComment()
            default: return
            }
        }
    }

    private mutating func skipComment() throws(SyntaxFault) {
        let start = offset
        offset += 1
        if take(UInt8(ascii: "/")) {
            while offset < bytes.count, byte != UInt8(ascii: "\n") { offset += 1 }
        } else if take(UInt8(ascii: "*")) {
            while offset < bytes.count {
                if take(UInt8(ascii: "*")) {
                    if take(UInt8(ascii: "/")) { return }
                } else {
                    offset += 1
                }
            }
            throw SyntaxFault(offset: start, message: "this comment has no end: expected */")
        } else {
            offset = start
            throw fault("a comment begins with // or /*, not with / alone")
        }
    }
}

// MARK: - Errors

extension JSONCParser {
    func fault(_ message: String) -> SyntaxFault {
        SyntaxFault(offset: offset, message: message)
    }

    /// - Parameter opened: where the container begins that is being read.
    private func expected(_ what: String, opened: Int? = nil) -> SyntaxFault {
        var message = "expected \(what), found \(found)"
        if let opened, offset == bytes.count {
            let bracket = bytes[opened] == UInt8(ascii: "{") ? "{" : "["
            message += "; the \(bracket) of line \(FilePosition(opened, in: bytes).line) is open"
        }
        return fault(message)
    }

    /// What is there, for a person.
    private var found: String {
        if offset >= bytes.count { return "the end of the file" }
        if byte == UInt8(ascii: "\"") { return "a string" }
        let word = wordHere
        if !word.isEmpty { return word }
        guard
            let scalar = String(decoding: bytes[offset...].prefix(4), as: UTF8.self).unicodeScalars
                .first
        else { return "nothing" }
        // Spaces and quotes that word processors put in look like those of JSON.
        return scalar.isASCII
            ? "'\(scalar)'" : "'\(scalar)' (U+\(String(scalar.value, radix: 16, uppercase: true)))"
    }

    /// The letters and digits that begin here, not too many.
    private var wordHere: String {
        let word = bytes[Swift.min(offset, bytes.count)...].prefix(20).prefix(while: isWordByte)
        return String(decoding: word, as: UTF8.self)
    }

    private func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
