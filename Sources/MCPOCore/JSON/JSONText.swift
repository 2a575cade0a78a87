// Between a JSON string's lexeme and the text it stands for.
//
// The lexeme `"caf\u00e9\n"` (quotes included) decodes to the bytes 63 61 66 C3 A9 0A; the text
// `say "hi"` is appended as the lexeme `"say \"hi\""`.
//
// A lone surrogate escape (`"\ud800"`) is valid JSON and no character. It decodes to the three
// bytes that UTF-8 would have for it (ED A0 80, as in WTF-8), so that distinct strings stay
// distinct; such bytes are for comparing and hashing, not for sending.

/// Appends the bytes that the string lexeme at `range`, quotes included, stands for.
///
/// The lexeme should have been validated by the scanner. Of one that was not, what makes no sense
/// is taken as it stands.
package func decodeJSONString(_ line: RawSpan, _ range: ByteRange, into bytes: inout [UInt8]) {
    let end = min(Int(range.upper), line.byteCount) &- 1
    var offset = Int(range.lower) &+ 1
    while offset < end {
        let byte = line.byte(offset)
        guard byte == 0x5C, offset &+ 1 < end else {
            bytes.append(byte)
            offset &+= 1
            continue
        }
        let escaped = line.byte(offset &+ 1)
        if escaped == 0x75, let unit = hexUnit(line, offset &+ 2, end) {
            offset &+= 6
            appendUnit(unit, line, &offset, end, &bytes)
        } else {
            bytes.append(unescaped(escaped))
            offset &+= 2
        }
    }
}

/// The character that `\` and the given one stand for.
private func unescaped(_ byte: UInt8) -> UInt8 {
    switch byte {
    case 0x62: 0x08  // b
    case 0x66: 0x0C  // f
    case 0x6E: 0x0A  // n
    case 0x72: 0x0D  // r
    case 0x74: 0x09  // t
    default: byte  // " \ /
    }
}

/// The four hex digits at `offset` as a UTF-16 code unit, if they are there.
private func hexUnit(_ line: RawSpan, _ offset: Int, _ end: Int) -> UInt32? {
    guard offset &+ 4 <= end else { return nil }
    var unit: UInt32 = 0
    for index in 0..<4 {
        let byte = line.byte(offset &+ index)
        guard JSONStringGrammar.isHexDigit(byte) else { return nil }
        let digit = byte < 0x3A ? byte &- 0x30 : (byte | 0x20) &- 0x61 &+ 10
        unit = unit &<< 4 | UInt32(digit)
    }
    return unit
}

/// Appends a UTF-16 code unit; with the low surrogate after it, which is consumed, if it is a high
/// one.
private func appendUnit(
    _ unit: UInt32, _ line: RawSpan, _ offset: inout Int, _ end: Int, _ bytes: inout [UInt8]
) {
    if unit & 0xFC00 == 0xD800, offset &+ 1 < end,
        line.byte(offset) == 0x5C, line.byte(offset &+ 1) == 0x75,
        let low = hexUnit(line, offset &+ 2, end), low & 0xFC00 == 0xDC00
    {
        offset &+= 6
        // RFC 2781 §2.2
        appendCodePoint(0x10000 &+ (unit & 0x3FF) &<< 10 &+ (low & 0x3FF), &bytes)
    } else {
        appendCodePoint(unit, &bytes)
    }
}

/// Appends the UTF-8 form (RFC 3629 §3) of a code point, also of a surrogate.
private func appendCodePoint(_ value: UInt32, _ bytes: inout [UInt8]) {
    func byte(_ marker: UInt32, _ shift: UInt32, _ mask: UInt32) -> UInt8 {
        UInt8(truncatingIfNeeded: marker | value &>> shift & mask)
    }
    if value < 0x80 {
        bytes.append(byte(0, 0, 0x7F))
    } else if value < 0x800 {
        bytes.append(byte(0xC0, 6, 0x1F))
        bytes.append(byte(0x80, 0, 0x3F))
    } else if value < 0x10000 {
        bytes.append(byte(0xE0, 12, 0x0F))
        bytes.append(byte(0x80, 6, 0x3F))
        bytes.append(byte(0x80, 0, 0x3F))
    } else {
        bytes.append(byte(0xF0, 18, 0x07))
        bytes.append(byte(0x80, 12, 0x3F))
        bytes.append(byte(0x80, 6, 0x3F))
        bytes.append(byte(0x80, 0, 0x3F))
    }
}

extension RawSpan {
    /// Whether the value is a string that stands for `text`, however it is written.
    package func stringEquals(_ value: JSONValue, _ text: StaticString) -> Bool {
        guard value.kind == .string, value.range.count >= 2 else { return false }
        let content = ByteRange(lower: value.range.lower &+ 1, upper: value.range.upper &- 1)
        if equals(content, text) { return true }
        // An escape makes a string longer, so a string that is not longer has none that matters.
        guard content.count > text.utf8CodeUnitCount else { return false }
        return escapedEquals(value.range, text)
    }

    @inline(never)
    private func escapedEquals(_ range: ByteRange, _ text: StaticString) -> Bool {
        // An escape is at most six bytes for one, and a long answer is not worth decoding.
        guard range.count <= 6 &* text.utf8CodeUnitCount &+ 2 else { return false }
        var bytes: [UInt8] = []
        decodeJSONString(self, range, into: &bytes)
        return bytes.span.bytes.equals(ByteRange(0, bytes.count), text)
    }
}

/// Appends `text` as a JSON string with its quotes.
package func appendJSONString(_ text: String, to bytes: inout [UInt8]) {
    var text = text
    text.withUTF8 { appendJSONString($0.span, to: &bytes) }
}

/// Appends bytes as a JSON string with its quotes; what is not UTF-8 is replaced by U+FFFD.
package func appendJSONString(_ text: UnsafeBufferPointer<UInt8>, to bytes: inout [UInt8]) {
    appendJSONString(text.span, to: &bytes)
}

/// Appends bytes as a JSON string with its quotes; what is not UTF-8 is replaced by U+FFFD, one
/// for each byte that starts no well-formed sequence.
package func appendJSONString(_ text: Span<UInt8>, to bytes: inout [UInt8]) {
    let text = text.bytes
    var offset = 0
    bytes.append(0x22)
    while offset < text.byteCount {
        let byte = text.byte(offset)
        if byte >= 0x80 {
            let length = JSONStringGrammar.sequenceLength(text, offset)
            if length == 0 {
                appendCodePoint(0xFFFD, &bytes)
                offset &+= 1
            }
            for index in 0..<length { bytes.append(text.byte(offset &+ index)) }
            offset &+= length
        } else {
            appendEscaping(byte, &bytes)
            offset &+= 1
        }
    }
    bytes.append(0x22)
}

/// Appends an ASCII character, escaped where RFC 8259 §7 wants it.
private func appendEscaping(_ byte: UInt8, _ bytes: inout [UInt8]) {
    switch byte {
    case 0x22, 0x5C: bytes.append(contentsOf: [0x5C, byte])
    case 0x08: bytes.append(contentsOf: [0x5C, 0x62])
    case 0x09: bytes.append(contentsOf: [0x5C, 0x74])
    case 0x0A: bytes.append(contentsOf: [0x5C, 0x6E])
    case 0x0C: bytes.append(contentsOf: [0x5C, 0x66])
    case 0x0D: bytes.append(contentsOf: [0x5C, 0x72])
    case 0..<0x20:
        let low = byte & 0x0F
        bytes.append(contentsOf: [0x5C, 0x75, 0x30, 0x30, 0x30 &+ byte &>> 4])
        bytes.append(low < 10 ? 0x30 &+ low : 0x61 &+ low &- 10)
    default: bytes.append(byte)
    }
}
