// Whose message was it, when the message itself is too long or too deeply nested to be read?
//
// Such a line is passed over without being kept, yet its sender waits for an answer that carries
// its `id`. The skimmer is fed the line in pieces of any size, keeps at most 1,025 bytes, and looks
// at the members of the outermost object only:
//
//     feed(`{"method":"x","par`)  feed(`ams":[[[[…]]]],"id":4`)  feed(`2}`)   →   id is `42`
//
// It is tolerant: brackets are counted and not matched, and what makes no sense is passed over.
// What it returns as `id` is a valid lexeme all the same, since it is written into an answer.
//
//     phase    sees                      becomes
//     start    { | white space | other   member | start | finished
//     member   " | } | other             key    | finished | member
//     key      closing quote             colon
//     colon    :                         value
//     value    " | { [ | other           string | nested | scalar (white space: value)
//     string   closing quote             member
//     scalar   , white space | }         member | finished
//     nested   " | the last } or ]       nestedString | member

/// Finds the `id` of a message that is not kept; see the head of this file.
package struct EnvelopeSkimmer: Sendable {
    private enum Phase: UInt8 {
        case start, member, key, colon, value, string, scalar, nested, nestedString, finished
    }

    /// The longest `id` that is answered to: `Lexeme.maximumLength`, the longest that is accepted.
    private static let longestID = 1024

    /// The raw lexeme of the outermost object's `id`, if that is a string of at most 1,024 bytes
    /// (quotes included) or an integer; nil also when there are two of them.
    package private(set) var id: [UInt8]?
    /// What the outermost object's `id` is; `.absent` also when there are two of them.
    package private(set) var idKind = JSONKind.absent
    /// Whether there is a `method`: the message is a request, or a notification if it has no `id`.
    package private(set) var hasMethod = false
    /// Whether there is a `result` or an `error`: the message is a response.
    package private(set) var hasResultOrError = false

    private var phase = Phase.start
    /// How many containers are open inside the outermost object, while `nested`.
    private var depth = 0
    /// Whether the byte before was a backslash, in a string.
    private var isEscaped = false
    private var hasSeenID = false
    /// Which member the value at hand belongs to.
    private var member = EnvelopeMember.other
    /// The key or the `id` at hand, as far as it is short enough to matter.
    private var lexeme: [UInt8] = []

    package init() {}

    /// Takes the next bytes of the line.
    package mutating func feed(_ bytes: RawSpan) {
        var offset = 0
        while offset < bytes.byteCount {
            switch phase {
            case .finished: return
            case .nested: offset = skipNested(bytes, offset)
            case .key, .string, .nestedString: offset = readString(bytes, offset)
            default:
                step(bytes.byte(offset))
                offset &+= 1
            }
        }
    }

    /// One byte outside strings and nested containers.
    private mutating func step(_ byte: UInt8) {
        switch phase {
        case .start:
            if byte == 0x7B { phase = .member } else if byte > 0x20 { phase = .finished }
        case .member where byte == 0x22:
            lexeme = [byte]
            phase = .key
        case .member where byte == 0x7D:
            phase = .finished
        case .colon where byte == 0x3A:
            beginValue()
        case .value where byte > 0x20:
            stepIntoValue(byte)
        case .scalar:
            stepScalar(byte)
        default: break
        }
    }

    private mutating func beginValue() {
        phase = .value
        switch member {
        case .method: hasMethod = true
        case .result, .error: hasResultOrError = true
        case .id: lexeme = []
        default: break
        }
    }

    private mutating func stepIntoValue(_ byte: UInt8) {
        keep(byte)
        switch byte {
        case 0x22:
            phase = .string
        case 0x7B, 0x5B:
            endValue(byte == 0x7B ? .object : .array)
            depth = 1
            phase = .nested
        case 0x2C, 0x7D:  // there is no value
            endValue(.absent)
            phase = byte == 0x7D ? .finished : .member
        default:
            phase = .scalar
        }
    }

    private mutating func stepScalar(_ byte: UInt8) {
        guard byte <= 0x20 || byte == 0x2C || byte == 0x7D else { return keep(byte) }
        endValue(.null)
        phase = byte == 0x7D ? .finished : .member
    }

    /// Notes a byte of the lexeme at hand; one more than is allowed, to tell that it is too long.
    @inline(always)
    private mutating func keep(_ byte: UInt8) {
        if phase == .key || member == .id, lexeme.count <= Self.longestID { lexeme.append(byte) }
    }

    /// Reads on in a string up to its closing quote.
    private mutating func readString(_ bytes: RawSpan, _ start: Int) -> Int {
        var offset = start
        let isKept = phase == .key || (phase == .string && member == .id)
        while offset < bytes.byteCount {
            if !isKept, !isEscaped { offset = endOfText(bytes, offset) }
            let byte = bytes.byte(offset)
            guard offset < bytes.byteCount else { break }
            offset &+= 1
            if isKept { keep(byte) }
            if isEscaped {
                isEscaped = false
            } else if byte == 0x5C {
                isEscaped = true
            } else if byte == 0x22 {
                endString()
                break
            }
        }
        return offset
    }

    /// The first quote or backslash from `start`, or the end.
    private func endOfText(_ bytes: RawSpan, _ start: Int) -> Int {
        var offset = start
        while bytes.byteCount &- offset >= 16 {
            let text = bytes.bytes16(offset)
            let quote: Mask16 = text .== Bytes16(repeating: 0x22)
            let backslash: Mask16 = text .== Bytes16(repeating: 0x5C)
            let hits = Hits16(quote .| backslash)
            if !hits.isEmpty { return offset &+ hits.first }
            offset &+= 16
        }
        while offset < bytes.byteCount, bytes.byte(offset) != 0x22, bytes.byte(offset) != 0x5C {
            offset &+= 1
        }
        return offset
    }

    private mutating func endString() {
        switch phase {
        case .key:
            member = Self.member(lexeme)
            phase = .colon
        case .string:
            endValue(.string)
            phase = .member
        default:
            phase = .nested
        }
    }

    private static func member(_ lexeme: [UInt8]) -> EnvelopeMember {
        guard lexeme.count <= longestID else { return .other }
        let range = ByteRange(0, lexeme.count)
        return EnvelopeMember(escapedKey: range, lexeme.span.bytes, .message)
    }

    /// Reads on in a nested container up to a string or to its end.
    private mutating func skipNested(_ bytes: RawSpan, _ start: Int) -> Int {
        var offset = start
        while offset < bytes.byteCount {
            let byte = bytes.byte(offset)
            offset &+= 1
            switch byte {
            case 0x22:
                phase = .nestedString
                return offset
            case 0x7B, 0x5B:
                depth &+= 1
            case 0x7D, 0x5D:
                depth &-= 1
                if depth == 0 {
                    phase = .member
                    return offset
                }
            default: break
            }
        }
        return offset
    }

    /// A value is over, or is known to be a container. If it is the `id`, its lexeme is judged.
    private mutating func endValue(_ kind: JSONKind) {
        guard member == .id else { return }
        member = .other
        id = nil
        idKind = .absent
        defer { hasSeenID = true }
        guard !hasSeenID else { return }
        idKind = kind
        guard lexeme.count <= Self.longestID, kind == .string || kind == .null else { return }
        // A scalar's kind is not known yet, and a string may be invalid.
        var envelope = Envelope()
        try? Envelope.scan(lexeme.span.bytes, into: &envelope)
        idKind = envelope.root.kind
        if idKind == .string || idKind == .integer { id = lexeme }
    }
}
