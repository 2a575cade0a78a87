// Loading, comparing and searching bytes of a line, sixteen at a time where it pays.
//
// `firstNewline(in: "ab\ncd\n", from: 0)` is 2, from 3 it is 5, from 6 it is nil.
//
// Sixteen bytes are compared by one instruction each on every machine mcpo runs on (SSE2, NEON).
// The result has 0xFF in each byte that is equal; it is narrowed to four bits a byte, one word:
//
//     "ab\ncd…" == "\n"   →   00 00 FF 00 00 …   →   0x…0000_0F00, trailing zero bits 8, index 2
//
// The type of a comparison's result is spelled out on purpose: only then does Swift 6.3 take the
// vector instruction and not a loop over sixteen lanes (seen in the assembly, ten times slower).

/// Sixteen bytes of a line, and which of them were found.
typealias Bytes16 = SIMD16<Int8>
typealias Mask16 = SIMDMask<SIMD16<Int8>>

extension RawSpan {
    /// The byte at `offset`, or NUL at and after the end. NUL is in no JSON text, so a check for
    /// an expected byte needs no other one for the end.
    @inline(always)
    func byte(_ offset: Int) -> UInt8 {
        guard offset < byteCount else { return 0 }
        return unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)
    }

    /// The byte at `offset`; the caller has made sure that it is there.
    @inline(always)
    func knownByte(_ offset: Int) -> UInt8 {
        unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)
    }

    /// The 16 bytes from `offset`; the caller has made sure that they are there.
    @inline(always)
    func bytes16(_ offset: Int) -> Bytes16 {
        unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: Bytes16.self)
    }

    /// The little-endian word from `offset`; the caller has made sure that its bytes are there.
    @inline(always)
    func word(_ offset: Int) -> UInt64 {
        UInt64(littleEndian: unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self))
    }

    /// Whether both have the same bytes.
    func hasSameBytes(as other: RawSpan) -> Bool {
        guard byteCount == other.byteCount else { return false }
        var offset = 0
        while offset &+ 8 <= byteCount {
            if word(offset) != other.word(offset) { return false }
            offset &+= 8
        }
        while offset < byteCount {
            if knownByte(offset) != other.knownByte(offset) { return false }
            offset &+= 1
        }
        return true
    }

    /// Whether the bytes of `range`, a string's quotes included, are exactly those of `text`.
    @inline(__always)
    package func equals(_ range: ByteRange, _ text: StaticString) -> Bool {
        range.count == text.utf8CodeUnitCount && equalsOfSameLength(range, text)
    }

    @inline(never)
    private func equalsOfSameLength(_ range: ByteRange, _ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard text.hasPointerRepresentation, Int(range.upper) <= byteCount else { return false }
        let lower = Int(range.lower)
        let expected = UnsafeRawPointer(text.utf8Start)
        guard count >= 8 else {
            for index in 0..<count where byte(lower &+ index) != text.utf8Start[index] {
                return false
            }
            return true
        }
        var index = 0
        while index < count {
            index = min(index, count &- 8)  // the last word overlaps the one before
            let word = expected.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            guard self.word(lower &+ index) == UInt64(littleEndian: word) else { return false }
            index &+= 8
        }
        return true
    }
}

/// Up to eight bytes of a line as a word, the first one lowest, zero above the line's end.
struct LineWord {
    let bits: UInt64

    @inline(always)
    init(_ line: RawSpan, _ offset: Int) {
        if line.byteCount &- offset >= 8 {
            bits = line.word(offset)
        } else {
            bits = Self.last(line, offset)
        }
    }

    @inline(never)
    private static func last(_ line: RawSpan, _ offset: Int) -> UInt64 {
        var bits: UInt64 = 0
        for index in 0..<8 {
            bits |= UInt64(line.byte(offset &+ index)) &<< UInt64(8 &* index)
        }
        return bits
    }

    /// Whether the bytes start with those of `text`, of which the first eight count. `text` is a
    /// literal, so that the compiler makes two numbers of it (seen in the assembly).
    @inline(always)
    func starts(with text: StaticString) -> Bool {
        var expected: UInt64 = 0
        var mask: UInt64 = 0
        var index = 0
        while index < text.utf8CodeUnitCount, index < 8 {
            expected |= UInt64(text.utf8Start[index]) &<< UInt64(8 &* index)
            mask |= 0xFF &<< UInt64(8 &* index)
            index &+= 1
        }
        return bits & mask == expected
    }
}

/// Which of 16 bytes were found, four bits for each; see the head of this file.
struct Hits16 {
    private let bits: UInt64

    @inline(always)
    private init(bits: UInt64) { self.bits = bits }

    @inline(always)
    init(_ mask: Mask16) {
        let pairs = unsafeBitCast(mask, to: SIMD8<UInt16>.self) &>> SIMD8<UInt16>(repeating: 4)
        // Lane by lane, which becomes one instruction; `SIMD8.init(truncatingIfNeeded:)` a call.
        let narrow = SIMD8(
            UInt8(truncatingIfNeeded: pairs[0]), UInt8(truncatingIfNeeded: pairs[1]),
            UInt8(truncatingIfNeeded: pairs[2]), UInt8(truncatingIfNeeded: pairs[3]),
            UInt8(truncatingIfNeeded: pairs[4]), UInt8(truncatingIfNeeded: pairs[5]),
            UInt8(truncatingIfNeeded: pairs[6]), UInt8(truncatingIfNeeded: pairs[7]))
        bits = UInt64(littleEndian: unsafeBitCast(narrow, to: UInt64.self))
    }

    @inline(always)
    var isEmpty: Bool { bits == 0 }

    /// The index of the first byte that was found; 16 when none was.
    @inline(always)
    var first: Int { bits.trailingZeroBitCount &>> 2 }

    /// Those from an index on, which is below 16.
    @inline(always)
    func dropping(_ count: Int) -> Hits16 {
        Hits16(bits: bits & (UInt64.max &<< UInt64(truncatingIfNeeded: 4 &* count)))
    }
}

/// The first offset at or after `from` of a line feed (0x0A), or nil.
package func firstNewline(in bytes: RawSpan, from: Int) -> Int? {
    var offset = max(from, 0)
    let count = bytes.byteCount
    let newline = Bytes16(repeating: 0x0A)
    while offset < count, count &- offset >= 64 {
        let first: Mask16 = bytes.bytes16(offset) .== newline
        let second: Mask16 = bytes.bytes16(offset &+ 16) .== newline
        let third: Mask16 = bytes.bytes16(offset &+ 32) .== newline
        let fourth: Mask16 = bytes.bytes16(offset &+ 48) .== newline
        let any: Mask16 = (first .| second) .| (third .| fourth)
        if !Hits16(any).isEmpty {
            let front = Hits16(first .| second)
            let (early, late) = front.isEmpty ? (Hits16(third), fourth) : (Hits16(first), second)
            if front.isEmpty { offset &+= 32 }
            return early.isEmpty ? offset &+ 16 &+ Hits16(late).first : offset &+ early.first
        }
        offset &+= 64
    }
    while offset < count, count &- offset >= 16 {
        let mask: Mask16 = bytes.bytes16(offset) .== newline
        let hits = Hits16(mask)
        if !hits.isEmpty { return offset &+ hits.first }
        offset &+= 16
    }
    while offset < count {
        if bytes.byte(offset) == 0x0A { return offset }
        offset &+= 1
    }
    return nil
}
