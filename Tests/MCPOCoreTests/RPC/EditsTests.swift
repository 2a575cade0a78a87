// Forwarding with replacements: everything outside them stays as it was.

import MCPOCore
import Testing

@Suite struct EditsTests {
    private static func applied(_ edits: borrowing Edits, to text: [UInt8]) -> [UInt8] {
        var queue = ByteQueue()
        edits.apply(to: text.span.bytes, appendingTo: &queue)
        var bytes: [UInt8] = []
        queue.take { waiting in
            bytes = Array(waiting)
            return waiting.count
        }
        return bytes
    }

    @Test func `no edit leaves the line as it is`() {
        #expect(Self.applied(Edits(), to: Array("abc".utf8)) == Array("abc".utf8))
        #expect(Self.applied(Edits(), to: []) == [])
    }

    @Test func `edits at both ends and of the whole line work`() {
        let line = Array("abc".utf8)
        let long = Lexeme(Array(repeating: UInt8(ascii: "7"), count: 50))
        #expect(Self.applied(Edits(ByteRange(0, 1), 10), to: line) == Array("10bc".utf8))
        #expect(Self.applied(Edits(ByteRange(2, 3), 10), to: line) == Array("ab10".utf8))
        #expect(Self.applied(Edits(ByteRange(0, 3), long), to: line) == long.array)
    }

    @Test(arguments: 0..<100)
    func `one value goes into two places, in either order`(seed: UInt64) {
        var generator = SplitMix64(state: seed)
        let line = (0..<60).map { _ in UInt8.random(in: 32..<127, using: &generator) }
        let cuts = (0..<4).map { _ in Int.random(in: 0...60, using: &generator) }.sorted()
        guard cuts[0] < cuts[1], cuts[1] <= cuts[2], cuts[2] < cuts[3] else { return }
        let (left, right) = (ByteRange(cuts[0], cuts[1]), ByteRange(cuts[2], cuts[3]))
        func expected(_ value: [UInt8]) -> [UInt8] {
            line[..<cuts[0]] + value + line[cuts[1]..<cuts[2]] + value + line[cuts[3]...]
        }
        let number = UInt32.random(in: 0 ... .max, using: &generator)
        let token = Lexeme(Array("\"token\"".utf8))

        var forwards = Edits(left, number)
        forwards.add(right)
        var backwards = Edits(right, token)
        backwards.add(left)
        #expect(Self.applied(forwards, to: line) == expected(Array("\(number)".utf8)))
        #expect(Self.applied(backwards, to: line) == expected(token.array))
    }
}
