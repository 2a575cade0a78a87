// Framing must not depend on how the bytes arrive, and an endless line must not cost memory.

import MCPOCore
import Testing

@Suite struct LineFramerTests {
    /// A framed line, in a form that can be compared.
    private enum Line: Equatable {
        case line([UInt8])
        case tooLong(id: [UInt8]?)
    }

    /// What a naive splitter makes of the same bytes.
    private static func reference(_ bytes: [UInt8], limit: Int) -> [Line] {
        var pieces = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
        if pieces.last?.isEmpty == true { pieces.removeLast() }  // no line after the last newline
        return pieces.map { piece in
            guard piece.count > limit else { return .line(Array(piece)) }
            var skimmer = EnvelopeSkimmer()
            skimmer.feed(Array(piece).span.bytes)
            return .tooLong(id: skimmer.id)
        }
    }

    private static func take(_ line: FramedLine, of framer: inout LineFramer) -> Line {
        switch line {
        case .line(let range): .line(Array(framer.bytes(of: range)))
        case .tooLong: .tooLong(id: framer.takeSkimmed().id)
        }
    }

    /// Frames `bytes` in the given reads and notes the most memory that was held.
    private static func frame(
        _ reads: [[UInt8]], limit: Int
    ) -> (lines: [Line], capacity: Int) {
        var framer = LineFramer(maximumLineLength: limit)
        var lines: [Line] = []
        var capacity = 0
        for read in reads {
            var rest = read[...]
            while !rest.isEmpty {
                let count = framer.fill { space in
                    let count = min(space.count, rest.count)
                    space.copyBytes(from: rest.prefix(count))
                    return count
                }
                rest = rest.dropFirst(count)
                capacity = max(capacity, framer.capacity)
                while let line = framer.next() { lines.append(take(line, of: &framer)) }
            }
        }
        if let line = framer.finish() { lines.append(take(line, of: &framer)) }
        #expect(framer.hasPartialLine == false)
        return (lines, capacity)
    }

    private static func check(_ bytes: [UInt8], limit: Int, seed: UInt64) {
        let expected = reference(bytes, limit: limit)
        for delivery in Delivery.allCases {
            var generator = SplitMix64(state: seed)
            let reads = delivery.reads(of: bytes, &generator)
            #expect(frame(reads, limit: limit).lines == expected, "\(delivery), seed \(seed)")
        }
    }

    @Test(arguments: [
        "", "\n", "\n\n", "a", "a\n", "a\nb", "\r\n", "a\r\nb\r\n", " \t\n", "\n\na\n\n",
        "{\"id\":1}\n{\"id\":2}\n", "1234567890\n12345678901\n", "12345678901",
    ])
    func `lines are cut at newlines and nowhere else`(text: String) {
        Self.check(Array(text.utf8), limit: 10, seed: 1)
    }

    @Test(arguments: 0..<100)
    func `random input is cut as a naive splitter cuts it`(seed: UInt64) {
        var generator = SplitMix64(state: seed)
        let alphabet = Array("\n\n\r{}\"id:1,ax".utf8)
        let bytes = (0..<Int.random(in: 0..<2000, using: &generator)).map { _ in
            alphabet.randomElement(using: &generator) ?? 0
        }
        Self.check(bytes, limit: Int.random(in: 1..<60, using: &generator), seed: seed)
    }

    @Test(arguments: 0..<8)
    func `long lines between short ones are cut as well`(seed: UInt64) {
        var generator = SplitMix64(state: seed)
        var bytes: [UInt8] = []
        for _ in 0..<12 {
            let length = Int.random(in: 0..<150_000, using: &generator)
            bytes += Array(#"{"id":\#(length),"x":""#.utf8)
            bytes += Array(repeating: UInt8(ascii: "y"), count: length) + Array("\"}\n".utf8)
        }
        let expected = Self.reference(bytes, limit: 100_000)
        for read in [1_000, 65_536, 70_001, bytes.count] {
            let reads = stride(from: 0, to: bytes.count, by: read).map {
                Array(bytes[$0..<min($0 + read, bytes.count)])
            }
            #expect(Self.frame(reads, limit: 100_000).lines == expected)
        }
    }

    @Test func `a line of the limit passes and one byte more does not`() {
        let bytes = Array("12345\n123456\n".utf8)
        let expected = [Line.line(Array("12345".utf8)), .tooLong(id: nil)]
        #expect(Self.frame([bytes], limit: 5).lines == expected)
    }

    @Test func `the id of a line that is too long is found before and behind the bulk`() {
        let bulk = String(repeating: "x", count: 200_000)
        let text = #"{"id":"a","x":"\#(bulk)"}"# + "\n" + #"{"x":"\#(bulk)","id":17}"# + "\n{}\n"
        let expected: [Line] = [
            .tooLong(id: Array("\"a\"".utf8)), .tooLong(id: Array("17".utf8)),
            .line(Array("{}".utf8)),
        ]
        #expect(Self.frame([Array(text.utf8)], limit: 1000).lines == expected)
    }

    @Test(arguments: [0, 1_000, 100_000, 1_000_000])
    func `an endless line costs no more than the limit and two reads, doubled`(limit: Int) {
        let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 65_536)
        let reads = Array(repeating: piece, count: 200)
        let (lines, capacity) = Self.frame(reads, limit: limit)
        #expect(lines == [.tooLong(id: nil)])
        #expect(capacity <= 2 * (limit + 2 * LineFramer.readSize), "\(capacity)")
    }

    @Test func `a quiet stream gives back what a burst needed`() {
        var framer = LineFramer(maximumLineLength: 10_000_000)
        func feed(_ bytes: [UInt8], _ framer: inout LineFramer) {
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = framer.fill { space in
                    let count = min(space.count, rest.count)
                    space.copyBytes(from: rest.prefix(count))
                    return count
                }
                rest = rest.dropFirst(count)
                while framer.next() != nil {}
            }
        }
        feed(Array(repeating: 0x78, count: 5_000_000), &framer)
        #expect(framer.capacity > 5_000_000)
        feed([0x0A], &framer)
        #expect(framer.capacity == LineFramer.readSize)
    }

    @Test func `a partial line shows until it is complete`() {
        var framer = LineFramer(maximumLineLength: 10)
        #expect(framer.hasPartialLine == false)
        _ = framer.fill { space in
            space[0] = 0x78
            return 1
        }
        #expect(framer.next() == nil)
        #expect(framer.hasPartialLine == true)
        #expect(framer.finish() != nil)
        #expect(framer.finish() == nil)
        #expect(framer.hasPartialLine == false)
    }

    @Test func `a read of nothing, or one that failed, changes nothing`() {
        var framer = LineFramer(maximumLineLength: 10)
        #expect(framer.fill { _ in 0 } == 0)
        #expect(framer.fill { _ in -1 } == -1)
        #expect(framer.next() == nil)
        #expect(framer.hasPartialLine == false)
    }
}
