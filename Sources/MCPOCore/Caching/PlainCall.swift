// Calls whose key needs no `CanonicalJSON`, as nearly all are: clients write `name` before
// `arguments`, most write no space, and arguments are few and come in an order of their own.
//
//     {"name":"add","arguments":{"a":1,"b":[2]}}                     plain
//     {"_meta":{…},"name":"add","arguments":{"a":1}}                 plain
//     {"name":"add","arguments":{"a":1},"_meta":{…}}                 plain
//     {"name":"add","arguments":{"b":1,"a":1}}                       not: `a` comes before `b`
//     {"name":"add","arguments":{"a": 1}}                            not: a space
//     {"name":"add","arguments":{"a":1},"task":{}}                   not: another member
//
// What is plain has the same key as `CanonicalJSON` would give it; anything that is not certain is
// left to that.

/// A `tools/call` that is in canonical form but for the order of `name` and `arguments`.
struct PlainCall {
    let name: ByteRange
    let arguments: ByteRange

    /// Deeper arguments are left to `CanonicalJSON`, which does not recur.
    private static let deepest = 16

    /// - Parameter line: accepted by `Envelope.scan`.
    init?(_ line: RawSpan, _ envelope: Envelope) {
        let (params, meta) = (envelope.params, envelope.meta)
        name = envelope.name.range
        arguments = envelope.arguments.range
        // Of a method with as many bytes as its name has, none is an escape.
        guard params.kind == .object, envelope.name.kind == .string,
            envelope.arguments.kind == .object, envelope.method.range.count == 12
        else { return nil }
        var offset = Int(params.range.lower) &+ 1
        if meta.isPresent, meta.range.upper < name.lower {
            guard Self.skip(#""_meta":"#, line, &offset), offset == Int(meta.range.lower) else {
                return nil
            }
            offset = Int(meta.range.upper)
            guard Self.skip(",", line, &offset) else { return nil }
        }
        // Compared as numbers; the second text as two that overlap.
        guard offset &+ 7 == Int(name.lower), LineWord(line, offset).starts(with: #""name":"#)
        else {
            return nil
        }
        offset = Int(name.upper)
        guard offset &+ 13 == Int(arguments.lower),
            LineWord(line, offset).starts(with: #","argume"#),
            LineWord(line, offset &+ 5).starts(with: #"uments":"#)
        else { return nil }
        offset = Int(arguments.upper)
        if line.byte(offset) == 0x2C {
            guard meta.isPresent, Self.skip(#","_meta":"#, line, &offset),
                offset == Int(meta.range.lower)
            else { return nil }
            offset = Int(meta.range.upper)
        }
        guard offset &+ 1 == Int(params.range.upper) else { return nil }
        var place = Int(name.lower)
        guard Self.isPlainString(line, &place) else { return nil }
        place = Int(arguments.lower)
        guard Self.isCanonical(line, &place, depth: 0), place == Int(arguments.upper) else {
            return nil
        }
    }

    /// Steps over `text`, if that is what comes next.
    @inline(__always)
    private static func skip(_ text: StaticString, _ line: RawSpan, _ offset: inout Int) -> Bool {
        let end = offset &+ text.utf8CodeUnitCount
        guard line.equals(ByteRange(offset, end), text) else { return false }
        offset = end
        return true
    }

    /// Steps over a value; whether it is in canonical form already.
    private static func isCanonical(_ line: RawSpan, _ offset: inout Int, depth: Int) -> Bool {
        switch line.byte(offset) {
        case 0x22: return isPlainString(line, &offset)
        case 0x7B: return depth < deepest && isCanonicalObject(line, &offset, depth: depth)
        case 0x5B: return depth < deepest && isCanonicalArray(line, &offset, depth: depth)
        default: return skipScalar(line, &offset)
        }
    }

    private static func isCanonicalObject(
        _ line: RawSpan, _ offset: inout Int, depth: Int
    ) -> Bool {
        offset &+= 1
        if line.byte(offset) == 0x7D {
            offset &+= 1
            return true
        }
        var former: UInt64 = 0
        while true {
            let start = offset
            guard isPlainString(line, &offset) else { return false }
            // Keys with the same first eight bytes are left to `CanonicalJSON`, as is the empty one.
            let prefix = CanonicalJSON.prefix(line, start, offset &- start)
            guard prefix > former, line.byte(offset) == 0x3A else { return false }
            former = prefix
            offset &+= 1
            guard isCanonical(line, &offset, depth: depth &+ 1) else { return false }
            let byte = line.byte(offset)
            offset &+= 1
            if byte == 0x7D { return true }
            guard byte == 0x2C else { return false }
        }
    }

    private static func isCanonicalArray(
        _ line: RawSpan, _ offset: inout Int, depth: Int
    ) -> Bool {
        offset &+= 1
        if line.byte(offset) == 0x5D {
            offset &+= 1
            return true
        }
        while true {
            guard isCanonical(line, &offset, depth: depth &+ 1) else { return false }
            let byte = line.byte(offset)
            offset &+= 1
            if byte == 0x5D { return true }
            guard byte == 0x2C else { return false }
        }
    }

    /// Steps over a string without escapes.
    @inline(__always)
    private static func isPlainString(_ line: RawSpan, _ offset: inout Int) -> Bool {
        guard line.byte(offset) == 0x22 else { return false }
        var hasEscape = false
        guard let end = try? JSONStringGrammar.end(line, offset &+ 1, hasEscape: &hasEscape),
            !hasEscape
        else { return false }
        offset = end
        return true
    }

    /// Steps over a number or literal, which is known to be right, up to what ends it.
    @inline(__always)
    private static func skipScalar(_ line: RawSpan, _ offset: inout Int) -> Bool {
        let start = offset
        while true {
            switch line.byte(offset) {
            case 0x2C, 0x5D, 0x7D: return offset > start
            case 0...0x20: return false
            default: offset &+= 1
            }
        }
    }
}
