// Whether a URI is one that a template (RFC 6570) can expand to.
//
//     template   file:///{+path}{?line}
//     matches    file:///a/b.txt      file:///a/b.txt?line=7
//     and not    file://a             files:///a
//     literals   8, those of `file:///`: how specific it is
//
// A variable may stand for any text of its operator's characters, none included, and may be absent:
// `{x}` for unreserved characters and commas (a list), `{+x}` and `{#x}` for anything. Servers are
// less strict: their libraries match `{x}` with whatever is no slash, and do not ask for encoding.
// So there are two readings, and who routes asks for the strict one of all templates first.
//
// The template becomes a program whose jumps all go forwards, and all its states are followed at
// the same time: there is no backtracking, and a byte of the URI costs at most a step a state.
//
//     {/a,b}x    0 fork 3   1 '/'   2 jump 9     the first variable that is there is a,
//                3 fork 6   4 '/'   5 jump 12    or it is b,
//                6 jump 13                       or none is
//                7 fork 10  8 '/'   9 star       (never entered here) a
//               10 fork 13 11 '/'  12 star       and b, which may be absent
//               13 'x'     14 end

/// A template, ready to be matched.
package struct URITemplate: Sendable {
    /// How much a variable may stand for.
    package enum Reading: Sendable {
        /// What RFC 6570 expands to.
        case strict
        /// What servers' libraries take.
        case lenient
    }

    /// Longer templates match nothing: real ones have under a hundred bytes.
    package static let longest = 1_024
    /// Longer URIs match nothing: what browsers and servers commonly take at most.
    package static let longestURI = 8_192

    /// Bytes outside of expressions.
    package let literalCount: Int
    /// The bytes before the first expression, which a URI must begin with.
    private let prefix: [UInt8]
    private let strict: URITemplateProgram
    private let lenient: URITemplateProgram

    /// - Returns: nil for what is no template, or too long.
    package init?(_ text: [UInt8]) {
        guard text.count <= Self.longest, let parts = URITemplateParser.parts(of: text),
            let strict = URITemplateProgram(parts, .strict),
            let lenient = URITemplateProgram(parts, .lenient)
        else { return nil }
        self.strict = strict
        self.lenient = lenient
        literalCount = parts.reduce(0) { $0 + $1.literal.count }
        prefix = parts.first?.literal ?? []
    }

    /// Whether the bytes from `lower` to `upper` can come from the template.
    ///
    /// - Parameter steps: how many may be taken at most; what is left of them. When none is, the
    ///   answer is no.
    package func matches(
        _ bytes: RawSpan, _ lower: Int, _ upper: Int, _ reading: Reading, steps: inout Int
    ) -> Bool {
        guard upper - lower <= Self.longestURI, upper - lower >= prefix.count else { return false }
        for index in prefix.indices where bytes.byte(lower &+ index) != prefix[index] {
            return false
        }
        switch reading {
        case .strict: return strict.matches(bytes, lower, upper, &steps)
        case .lenient: return lenient.matches(bytes, lower, upper, &steps)
        }
    }
}

/// A set of characters, as the kinds of characters in it.
struct URICharacters: OptionSet {
    let rawValue: UInt8

    /// RFC 3986 §2.3.
    static let unreserved = URICharacters(rawValue: 1)
    static let comma = URICharacters(rawValue: 2)
    static let equals = URICharacters(rawValue: 4)
    static let slash = URICharacters(rawValue: 8)
    static let semicolon = URICharacters(rawValue: 16)
    static let ampersand = URICharacters(rawValue: 32)
    /// The beginning of an encoded character.
    static let percent = URICharacters(rawValue: 64)
    static let other = URICharacters(rawValue: 128)

    static let all = URICharacters(rawValue: 255)
    /// What a value consists of after encoding.
    static let encoded: URICharacters = [.unreserved, .percent]

    /// The kind of a character.
    init(of byte: UInt8) {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: self = .unreserved
        case 0x2D, 0x2E, 0x5F, 0x7E: self = .unreserved  // - . _ ~
        case 0x2C: self = .comma
        case 0x3D: self = .equals
        case 0x2F: self = .slash
        case 0x3B: self = .semicolon
        case 0x26: self = .ampersand
        case 0x25: self = .percent
        default: self = .other
        }
    }

    init(rawValue: UInt8) { self.rawValue = rawValue }
}
