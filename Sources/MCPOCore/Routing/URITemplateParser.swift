// The grammar of URI templates (RFC 6570 §2).
//
//     /a{?x*,y:3}b     literal "/a", operator `?`, variables x (exploded) and y (three characters)
//                      literal "b", no variables
//
// Names are taken as they come, though the grammar has no `-` in them, because templates in use do.

/// A literal, and the expression behind it; the last part has none.
struct URITemplatePart {
    var literal: [UInt8] = []
    var expression = URITemplateOperator.simple
    var variables: [URITemplateVariable] = []
}

struct URITemplateVariable {
    var name: [UInt8] = []
    var isExploded = false
    /// How many characters of the value there are at most; nil for all.
    var maximumLength: Int?
}

/// RFC 6570, appendix A: what comes before and between variables.
enum URITemplateOperator: UInt8 {
    case simple = 0
    case reserved = 0x2B  // +
    case fragment = 0x23  // #
    case label = 0x2E  // .
    case path = 0x2F  // /
    case parameter = 0x3B  // ;
    case query = 0x3F  // ?
    case continuation = 0x26  // &

    /// Before the first variable that is there; nil for nothing.
    var first: UInt8? {
        switch self {
        case .simple, .reserved: nil
        default: rawValue
        }
    }

    /// Before each that follows.
    var separator: UInt8 {
        switch self {
        case .simple, .reserved, .fragment: 0x2C
        case .query: 0x26
        default: rawValue
        }
    }

    /// Whether a variable's name is written too.
    var isNamed: Bool { self == .parameter || self == .query || self == .continuation }
}

enum URITemplateParser {
    /// The parts of a template; nil if it is none.
    static func parts(of text: [UInt8]) -> [URITemplatePart]? {
        var parts: [URITemplatePart] = []
        var part = URITemplatePart()
        var rest = text[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "}") { return nil }
            guard byte == UInt8(ascii: "{") else {
                part.literal.append(byte)
                continue
            }
            guard let end = rest.firstIndex(of: UInt8(ascii: "}")),
                parse(rest[..<end], into: &part)
            else { return nil }
            rest = rest[(end + 1)...]
            parts.append(part)
            part = URITemplatePart()
        }
        return parts + [part]
    }

    /// Reads what is between braces.
    private static func parse(_ text: ArraySlice<UInt8>, into part: inout URITemplatePart) -> Bool {
        var text = text
        if let first = text.first, let expression = URITemplateOperator(rawValue: first) {
            part.expression = expression
            text = text.dropFirst()
        } else if let first = text.first, #"=,!@|"#.utf8.contains(first) {
            return false  // RFC 6570 §2.2: kept for extensions
        }
        let list = text.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        for text in list {
            guard let variable = variable(text) else { return false }
            part.variables.append(variable)
        }
        return true
    }

    private static func variable(_ text: ArraySlice<UInt8>) -> URITemplateVariable? {
        var variable = URITemplateVariable()
        var name = text
        if text.last == UInt8(ascii: "*") {
            variable.isExploded = true
            name = text.dropLast()
        } else if let colon = text.firstIndex(of: UInt8(ascii: ":")) {
            guard let length = length(text[(colon + 1)...]) else { return nil }
            variable.maximumLength = length
            name = text[..<colon]
        }
        guard !name.isEmpty, !name.contains(where: { "{*:".utf8.contains($0) }) else { return nil }
        variable.name = Array(name)
        return variable
    }

    /// One to four digits, of which the first is not 0.
    private static func length(_ digits: ArraySlice<UInt8>) -> Int? {
        guard (1...4).contains(digits.count), digits.first != UInt8(ascii: "0") else { return nil }
        var length = 0
        for digit in digits {
            guard (0x30...0x39).contains(digit) else { return nil }
            length = length * 10 + Int(digit - 0x30)
        }
        return length
    }
}
