// Strings by RFC 8259 §7 and RFC 3629: where does this one end, and are its bytes allowed?
//
// For `"a\u00e9b"` at offset 0, called with the offset after the opening quote (1), the end is 10,
// the offset after the closing quote, and `hasEscape` is true.
//
// Four kinds of bytes need attention: the quote, the backslash, control characters and the lead
// bytes of other characters than ASCII. Read as signed numbers the last two are both "less than
// 0x20", so three comparisons of sixteen bytes find them all. Most strings of a message are keys
// and short values, which the first sixteen bytes settle; that probe is inlined, the rest is not.

enum JSONStringGrammar {
    /// Which of 16 bytes are not plain ASCII text.
    @inline(always)
    static func special(_ bytes: Bytes16) -> Mask16 {
        let quote: Mask16 = bytes .== Bytes16(repeating: 0x22)
        let backslash: Mask16 = bytes .== Bytes16(repeating: 0x5C)
        let controlOrHigh: Mask16 = bytes .< Bytes16(repeating: 0x20)
        return (quote .| backslash) .| controlOrHigh
    }

    /// The offset after the closing quote of the string whose text starts at `start`.
    /// Sets `hasEscape` when the string has an escape, leaves it alone otherwise.
    @inline(always)
    static func end(
        _ line: RawSpan, _ start: Int, hasEscape: inout Bool
    ) throws(JSONFault) -> Int {
        var offset = start
        if line.byteCount &- offset >= 16 {
            let hits = Hits16(special(line.bytes16(offset)))
            offset &+= hits.first
            if !hits.isEmpty, line.knownByte(offset) == 0x22 { return offset &+ 1 }
        }
        return try endOfLong(line, offset, hasEscape: &hasEscape)
    }

    @inline(never)
    static func endOfLong(
        _ line: RawSpan, _ start: Int, hasEscape: inout Bool
    ) throws(JSONFault) -> Int {
        var offset = start
        while true {
            offset = endOfPlain(line, offset)
            let byte = line.byte(offset)
            if byte == 0x22 { return offset &+ 1 }
            if byte == 0x5C {
                hasEscape = true
                offset = try endOfEscape(line, offset)
            } else if byte >= 0x80 {
                offset = try endOfNonASCII(line, offset)
            } else {
                throw .syntax(offset: offset)  // a control character, or the line's end
            }
        }
    }

    /// The first offset from `start` that is not plain ASCII text, or the line's end.
    @inline(always)
    static func endOfPlain(_ line: RawSpan, _ start: Int) -> Int {
        var offset = start
        let count = line.byteCount
        while count &- offset >= 32 {
            let first: Mask16 = special(line.bytes16(offset))
            let second: Mask16 = special(line.bytes16(offset &+ 16))
            if !Hits16(first .| second).isEmpty {
                let hits = Hits16(first)
                return hits.isEmpty
                    ? offset &+ 16 &+ Hits16(second).first : offset &+ hits.first
            }
            offset &+= 32
        }
        if count &- offset >= 16 {
            let hits = Hits16(special(line.bytes16(offset)))
            offset &+= hits.first
            if !hits.isEmpty { return offset }
        }
        if count >= 16, offset < count {
            // The line's last sixteen bytes, without those that were looked at.
            let last = count &- 16
            let hits = Hits16(special(line.bytes16(last))).dropping(offset &- last)
            return hits.isEmpty ? count : last &+ hits.first
        }
        while offset < count {
            let byte = line.byte(offset)
            if byte == 0x22 || byte == 0x5C || byte < 0x20 || byte >= 0x80 { return offset }
            offset &+= 1
        }
        return offset
    }

    /// The offset after the escape whose backslash is at `start`. Surrogates may stand alone: the
    /// grammar allows `"\ud800"`, and what it means is left to who reads the string.
    @inline(always)
    static func endOfEscape(_ line: RawSpan, _ start: Int) throws(JSONFault) -> Int {
        switch line.byte(start &+ 1) {
        case 0x22, 0x5C, 0x2F, 0x62, 0x66, 0x6E, 0x72, 0x74:  // " \ / b f n r t
            return start &+ 2
        case 0x75:  // u
            var offset = start &+ 2
            while offset < start &+ 6 {
                guard isHexDigit(line.byte(offset)) else { throw .syntax(offset: offset) }
                offset &+= 1
            }
            return offset
        default:
            throw .syntax(offset: start &+ 1)
        }
    }

    @inline(always)
    static func isHexDigit(_ byte: UInt8) -> Bool {
        byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 6
    }

    /// The offset after the characters other than ASCII that start at `start`.
    @inline(always)
    static func endOfNonASCII(_ line: RawSpan, _ start: Int) throws(JSONFault) -> Int {
        var offset = start
        repeat {
            let length = sequenceLength(line, offset)
            guard length > 0 else { throw .invalidUTF8(offset: offset) }
            offset &+= length
        } while line.byte(offset) >= 0x80
        return offset
    }

    /// The length of the well-formed UTF-8 sequence of 2 to 4 bytes at `offset`, 0 if it is none.
    ///
    /// The sequence is compared as one little-endian word: the masks pick the marker bits of RFC
    /// 3629 §3 (`110xxxxx 10xxxxxx` and so on), then the bits that tell overlong forms, surrogates
    /// and values above U+10FFFF.
    @inline(always)
    static func sequenceLength(_ line: RawSpan, _ offset: Int) -> Int {
        let word = fourBytes(line, offset)
        if word & 0x00C0_C0F0 == 0x0080_80E0 {
            let top = word & 0x0000_200F  // the code point's five highest bits
            // All zero: below U+0800, overlong. 0x200D: U+D800 to U+DFFF.
            return top != 0 && top != 0x200D ? 3 : 0
        }
        if word & 0x0000_C0E0 == 0x0000_80C0 {
            return word & 0x1E != 0 ? 2 : 0  // below U+0080: overlong
        }
        if word & 0xC0C0_C0F8 == 0x8080_80F0 {
            let top = word & 0x0000_3007  // the code point's five highest bits
            // All zero: below U+10000, overlong. Lead byte F4 with more, or F5 to F7: too large.
            return top != 0 && (word & 0x04 == 0 || top == 0x04) ? 4 : 0
        }
        return 0
    }

    @inline(always)
    private static func fourBytes(_ line: RawSpan, _ offset: Int) -> UInt32 {
        if line.byteCount &- offset >= 4 {
            return UInt32(
                littleEndian: line.unsafeLoadUnaligned(
                    fromUncheckedByteOffset: offset, as: UInt32.self))
        }
        return UInt32(line.byte(offset)) | UInt32(line.byte(offset &+ 1)) &<< 8
            | UInt32(line.byte(offset &+ 2)) &<< 16
    }
}
