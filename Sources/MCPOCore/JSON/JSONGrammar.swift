// The grammar of RFC 8259 for everything that mcpo does not look into: check it and step over it.
//
// `skipValue` of `[1,{"a":null}] ` at 0 is `JSONLexeme(end: 14, kind: .array)`.
//
// Containers are walked with a loop, not by recursion, so that no input can exhaust the stack: one
// bit for each open container tells whether it is an object. 512 bits are the depth that Foundation
// and most parsers stop at, and SPEC §9 names.

/// Where a value ends and what it was.
struct JSONLexeme {
    var end: Int
    var kind: JSONKind
}

enum JSONGrammar {
    /// The deepest nesting that can be tracked: the bits of `ContainerStack`.
    static let deepest = 512

    /// The first offset from `start` that is no white space (RFC 8259 §2).
    @inline(always)
    static func skipWhitespace(_ line: RawSpan, _ start: Int) -> Int {
        if line.byte(start) > 0x20 { return start }  // compact JSON
        if line.byte(start &+ 1) > 0x20, line.byte(start) == 0x20 { return start &+ 1 }  // ", "
        return skipLongWhitespace(line, start)
    }

    /// The byte after the white space that starts at `offset`, which is moved to it. For places
    /// where serialisers write none, before `:` `,` `}` `]`: one comparison settles it.
    @inline(always)
    static func skipToByte(_ line: RawSpan, _ offset: inout Int) -> UInt8 {
        let byte = line.byte(offset)
        if byte > 0x20 { return byte }
        offset = skipLongWhitespace(line, offset)
        return line.byte(offset)
    }

    @inline(never)
    static func skipLongWhitespace(_ line: RawSpan, _ start: Int) -> Int {
        var offset = start
        while true {
            switch line.byte(offset) {
            case 0x20, 0x09, 0x0A, 0x0D: offset &+= 1
            default: return offset
            }
        }
    }

    /// Steps over the value at `offset`, which is inside `depth` containers.
    @inline(always)
    static func skipValue(
        _ line: RawSpan, _ offset: Int, depth: Int, maximumDepth: Int
    ) throws(JSONFault) -> JSONLexeme {
        switch line.byte(offset) {
        case 0x22:  // "
            var hasEscape = false
            let end = try JSONStringGrammar.end(line, offset &+ 1, hasEscape: &hasEscape)
            return JSONLexeme(end: end, kind: .string)
        case 0x7B:  // {
            let end = try skipContainer(line, offset, depth: depth, maximumDepth: maximumDepth)
            return JSONLexeme(end: end, kind: .object)
        case 0x5B:  // [
            let end = try skipContainer(line, offset, depth: depth, maximumDepth: maximumDepth)
            return JSONLexeme(end: end, kind: .array)
        default:
            return try skipScalar(line, offset)
        }
    }

    /// Steps over a number, `true`, `false` or `null`.
    @inline(always)
    static func skipScalar(_ line: RawSpan, _ offset: Int) throws(JSONFault) -> JSONLexeme {
        switch line.byte(offset) {
        case 0x2D, 0x30...0x39:
            return try skipNumber(line, offset)
        case 0x74:
            return try skipLiteral(line, offset, "true", .true)
        case 0x66:
            return try skipLiteral(line, offset, "false", .false)
        case 0x6E:
            return try skipLiteral(line, offset, "null", .null)
        default:
            throw .syntax(offset: offset)
        }
    }

    @inline(always)
    private static func skipLiteral(
        _ line: RawSpan, _ offset: Int, _ text: StaticString, _ kind: JSONKind
    ) throws(JSONFault) -> JSONLexeme {
        var index = 1  // the first byte is known
        while index < text.utf8CodeUnitCount {
            guard line.byte(offset &+ index) == text.utf8Start[index] else {
                throw .syntax(offset: offset &+ index)
            }
            index &+= 1
        }
        return JSONLexeme(end: offset &+ index, kind: kind)
    }

    /// `-`? (`0` | [1-9][0-9]*) (`.` [0-9]+)? ([eE] [+-]? [0-9]+)?, RFC 8259 §6.
    @inline(always)
    private static func skipNumber(
        _ line: RawSpan, _ start: Int
    ) throws(JSONFault) -> JSONLexeme {
        let first = line.byte(start) == 0x2D ? start &+ 1 : start
        let offset = try skipDigits(line, first)
        if line.byte(first) == 0x30, offset &- first > 1 { throw .syntax(offset: first &+ 1) }
        let byte = line.byte(offset)
        if byte != 0x2E, byte | 0x20 != 0x65 { return JSONLexeme(end: offset, kind: .integer) }
        return JSONLexeme(end: try skipFraction(line, offset), kind: .number)
    }

    /// The fraction, the exponent or both, the first of which starts at `start`.
    @inline(never)
    private static func skipFraction(_ line: RawSpan, _ start: Int) throws(JSONFault) -> Int {
        var offset = start
        if line.byte(offset) == 0x2E {
            offset = try skipDigits(line, offset &+ 1)
        }
        if line.byte(offset) | 0x20 == 0x65 {
            let sign = line.byte(offset &+ 1)
            offset = try skipDigits(line, sign == 0x2B || sign == 0x2D ? offset &+ 2 : offset &+ 1)
        }
        return offset
    }

    /// At least one digit.
    @inline(always)
    private static func skipDigits(_ line: RawSpan, _ start: Int) throws(JSONFault) -> Int {
        var offset = start
        while line.byte(offset) &- 0x30 < 10 { offset &+= 1 }
        guard offset > start else { throw .syntax(offset: offset) }
        return offset
    }
}

extension JSONGrammar {
    /// Steps over the object or array at `start`, which is inside `depth` containers, and returns
    /// the offset after it.
    @inline(never)
    static func skipContainer(
        _ line: RawSpan, _ start: Int, depth: Int, maximumDepth: Int
    ) throws(JSONFault) -> Int {
        var stack = ContainerStack(room: min(maximumDepth, deepest) &- depth)
        var offset = start
        while true {
            let byte = line.byte(offset)  // a value starts here
            if byte == 0x22 {
                var hasEscape = false
                offset = try JSONStringGrammar.end(line, offset &+ 1, hasEscape: &hasEscape)
            } else if byte == 0x7B || byte == 0x5B {
                guard stack.push(isObject: byte == 0x7B) else { throw .tooDeep(offset: offset) }
                offset = skipWhitespace(line, offset &+ 1)
                if line.byte(offset) != byte &+ 2 {  // `{` + 2 is `}`, `[` + 2 is `]`
                    if stack.isInObject { offset = try skipKey(line, offset) }
                    continue
                }
                // Empty: the code below closes it.
            } else {
                offset = try skipScalar(line, offset).end
            }
            offset = try skipClosers(line, offset, &stack)
            if stack.isEmpty { return offset }
            if stack.isInObject { offset = try skipKey(line, offset) }
        }
    }

    /// After a value: steps over the ends of containers up to the next comma and the white space
    /// after it, or to the end of the outermost container.
    @inline(always)
    private static func skipClosers(
        _ line: RawSpan, _ start: Int, _ stack: inout ContainerStack
    ) throws(JSONFault) -> Int {
        var offset = start
        while true {
            let byte = skipToByte(line, &offset)
            if byte == 0x2C { return skipWhitespace(line, offset &+ 1) }
            guard byte == (stack.isInObject ? 0x7D : 0x5D) else { throw .syntax(offset: offset) }
            offset &+= 1
            stack.pop()
            if stack.isEmpty { return offset }
        }
    }

    /// A key, the colon and the white space around them.
    @inline(always)
    private static func skipKey(_ line: RawSpan, _ start: Int) throws(JSONFault) -> Int {
        guard line.byte(start) == 0x22 else { throw .syntax(offset: start) }
        var hasEscape = false
        var colon = try JSONStringGrammar.end(line, start &+ 1, hasEscape: &hasEscape)
        guard skipToByte(line, &colon) == 0x3A else { throw .syntax(offset: colon) }
        return skipWhitespace(line, colon &+ 1)
    }
}

/// The containers that are open, one bit each: 1 for an object, 0 for an array.
///
/// The innermost 64 are bits of one word, the innermost lowest, which the compiler keeps in a
/// register; the 64 around them are in `outer` and come back when the inner ones are closed.
struct ContainerStack {
    private var innermost: UInt64 = 0
    private var outer = SIMD8<UInt64>()
    private var count = 0
    private let room: Int

    /// A stack for at most `room` containers, and never more than it has bits.
    @inline(always)
    init(room: Int) {
        self.room = min(room, JSONGrammar.deepest)
    }

    @inline(always)
    var isEmpty: Bool { count == 0 }

    /// Whether the innermost open container is an object.
    @inline(always)
    var isInObject: Bool { innermost & 1 != 0 }

    /// False, and nothing is pushed, when there is no room.
    @inline(always)
    mutating func push(isObject: Bool) -> Bool {
        guard count < room else { return false }
        if count & 63 == 0, count > 0 { save() }
        innermost = innermost &<< 1 | (isObject ? 1 : 0)
        count &+= 1
        return true
    }

    @inline(always)
    mutating func pop() {
        innermost &>>= 1
        count &-= 1
        if count & 63 == 0, count > 0 { restore() }
    }

    @inline(never)
    private mutating func save() {
        outer[(count &>> 6) & 7] = innermost
    }

    @inline(never)
    private mutating func restore() {
        innermost = outer[(count &>> 6) & 7]
    }
}
