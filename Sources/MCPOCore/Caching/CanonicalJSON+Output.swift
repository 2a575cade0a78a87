// The output of `CanonicalJSON`: copying runs, writing strings that had escapes, sorting members.

extension CanonicalJSON {
    /// Makes room for `count` more bytes.
    mutating func reserve(_ count: Int) {
        let missing = written + count - output.count
        if missing > 0 {
            output.append(contentsOf: repeatElement(0, count: missing + output.count))
        }
    }

    /// Copies the run up to `end`. There is room: no canonical form is longer than its input.
    @inline(__always)
    mutating func flush(_ line: RawSpan, _ end: Int) {
        append(line, runStart, end)
        runStart = end
    }

    @inline(__always)
    mutating func append(_ bytes: RawSpan, _ start: Int, _ end: Int) {
        guard end > start else { return }
        Self.copy(bytes, start, end, to: &output, written)
        written &+= end &- start
    }

    /// Copies bytes to a place that has room for them.
    @inline(__always)
    static func copy(
        _ bytes: RawSpan, _ start: Int, _ end: Int, to target: inout [UInt8], _ position: Int
    ) {
        precondition(position &+ (end &- start) <= target.count && end <= bytes.byteCount)
        target.withUnsafeMutableBytes { target in
            bytes.withUnsafeBytes { source in
                UnsafeMutableRawBufferPointer(rebasing: target[position...])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[start..<end]))
            }
        }
    }

    static func copy(
        _ bytes: [UInt8], _ start: Int, _ end: Int, to target: inout [UInt8], _ position: Int
    ) {
        copy(bytes.span.bytes, start, end, to: &target, position)
    }

    @inline(__always)
    private mutating func append(_ byte: UInt8) {
        output[written] = byte
        written &+= 1
    }

    /// Writes the string lexeme at `range` anew: an escape for what needs one, and no other.
    @inline(never)
    mutating func writeEscaped(_ line: RawSpan, _ range: ByteRange) {
        append(0x22)
        var offset = Int(range.lower) &+ 1
        let end = Int(range.upper) &- 1
        while offset < end {
            let start = offset
            while offset < end, line.byte(offset) != 0x5C { offset &+= 1 }
            append(line, start, offset)
            guard offset < end else { break }
            let first = offset
            // Units that follow each other are decoded together: two may be one character.
            while offset < end, line.byte(offset) == 0x5C {
                let isUnit = line.byte(offset &+ 1) == 0x75
                offset &+= isUnit ? 6 : 2
            }
            writeDecoded(line, ByteRange(first &- 1, offset &+ 1))
        }
        append(0x22)
    }

    /// Writes escapes; `range` has one byte more on either side, as if they were quotes.
    private mutating func writeDecoded(_ line: RawSpan, _ range: ByteRange) {
        decoded.removeAll(keepingCapacity: true)
        decodeJSONString(line, range, into: &decoded)
        for byte in decoded {
            switch byte {
            case 0x22, 0x5C: writePair(byte)
            case 0x08: writePair(0x62)
            case 0x09: writePair(0x74)
            case 0x0A: writePair(0x6E)
            case 0x0C: writePair(0x66)
            case 0x0D: writePair(0x72)
            case 0..<0x20: writeControl(byte)
            default: append(byte)
            }
        }
    }

    private mutating func writePair(_ byte: UInt8) {
        append(0x5C)
        append(byte)
    }

    private mutating func writeControl(_ byte: UInt8) {
        let low = byte & 0x0F
        writePair(0x75)
        append(0x30)
        append(0x30)
        append(0x30 &+ byte &>> 4)
        append(low < 10 ? 0x30 &+ low : 0x61 &+ low &- 10)
    }
}

// MARK: - Sorting

extension CanonicalJSON {
    /// Sorts the members of the innermost open object, which is all in `output`.
    @inline(never)
    mutating func sortMembers(from base: Int) -> CanonicalOutcome {
        if isAscending(from: base) { return .done }
        let start = Int(members[base].start)
        moved += written - start
        guard moved <= mayMove else { return .tooTangled }
        setEnds(from: base)
        Self.sort(&members, base..<memberCount, output)
        for index in (base + 1)..<memberCount
        where Self.order(output.span.bytes, members[index - 1], members[index]) == 0 {
            return .duplicateKeys
        }
        moveMembers(from: base, to: start)
        return .done
    }

    /// Whether the keys ascend after all: those with the same first eight bytes were not compared.
    private func isAscending(from base: Int) -> Bool {
        for index in (base + 1)..<memberCount
        where Self.order(output.span.bytes, members[index - 1], members[index]) >= 0 {
            return false
        }
        return true
    }

    private static func sort(_ members: inout [Member], _ range: Range<Int>, _ output: [UInt8]) {
        guard range.count > 16 else { return insertionSort(&members, range, output.span.bytes) }
        members.withUnsafeMutableBufferPointer { members in
            var own = UnsafeMutableBufferPointer(rebasing: members[range])
            own.sort { order(output.span.bytes, $0, $1) < 0 }
        }
    }

    /// For the few members of almost every object.
    private static func insertionSort(
        _ members: inout [Member], _ range: Range<Int>, _ output: RawSpan
    ) {
        for next in range.dropFirst() {
            let member = members[next]
            var place = next
            while place > range.lowerBound, order(output, member, members[place - 1]) < 0 {
                members[place] = members[place - 1]
                place -= 1
            }
            members[place] = member
        }
    }

    private mutating func setEnds(from base: Int) {
        for index in base..<(memberCount - 1) {
            members[index].end = members[index + 1].start - 1  // the comma
        }
        members[memberCount - 1].end = UInt32(truncatingIfNeeded: written)
    }

    /// Brings the bytes of the members into the order of `members`; the object's first member is
    /// at `start`.
    private mutating func moveMembers(from base: Int, to start: Int) {
        let count = written - start
        if scratch.count < count {
            scratch.append(contentsOf: repeatElement(0, count: count * 2 - scratch.count))
        }
        var position = 0
        for index in base..<memberCount {
            if index > base {
                scratch[position] = 0x2C
                position += 1
            }
            let (lower, upper) = (Int(members[index].start), Int(members[index].end))
            Self.copy(output, lower, upper, to: &scratch, position)
            position += upper - lower
        }
        Self.copy(scratch, 0, count, to: &output, start)
    }

    /// Below, at or above 0 as the left key sorts before, with or after the right one.
    private static func order(_ bytes: RawSpan, _ left: Member, _ right: Member) -> Int {
        if left.prefix != right.prefix { return left.prefix < right.prefix ? -1 : 1 }
        let leftCount = Int(left.keyLength) &- 2
        let rightCount = Int(right.keyLength) &- 2
        var index = 8
        while index < leftCount, index < rightCount {
            let leftByte = bytes.byte(Int(left.start) &+ 1 &+ index)
            let rightByte = bytes.byte(Int(right.start) &+ 1 &+ index)
            if leftByte != rightByte { return Int(leftByte) &- Int(rightByte) }
            index &+= 1
        }
        return leftCount &- rightCount
    }
}
