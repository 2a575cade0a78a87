// Ids and tokens: returned byte for byte, compared as JSON values.

import Foundation
import MCPOCore
import Testing

@Suite struct LexemeTests {
    static let spellings = [
        "1", "0", "-1", "12345678901234567890123", "\"\"", "\"a\\u0041\"", "\"a\\/b\"",
        "\"9f0c2a3e-7a54-4e0b-b6a1-1f2e3d4c5b6a\"", String(repeating: "7", count: 39),
        String(repeating: "7", count: 40), String(repeating: "7", count: 41),
        "\"" + String(repeating: "é", count: 511) + "\"",
    ]

    private static func appended(_ lexeme: Lexeme) -> [UInt8] {
        var queue = ByteQueue()
        lexeme.append(to: &queue)
        var bytes: [UInt8] = []
        queue.take { waiting in
            bytes = Array(waiting)
            return waiting.count
        }
        return bytes
    }

    @Test(arguments: spellings)
    func `a lexeme is kept byte for byte`(text: String) {
        let line = Array("{\"id\":\(text)}".utf8)
        let lexeme = Lexeme(line.span.bytes, ByteRange(6, line.count - 1))
        #expect(lexeme.array == Array(text.utf8))
        #expect(Self.appended(lexeme) == Array(text.utf8))
        #expect(lexeme.count == text.utf8.count)
        #expect(lexeme == Lexeme(Array(text.utf8)))
        #expect(lexeme.withBytes { Array($0) } == Array(text.utf8))
    }

    @Test func `lexemes differ when a byte does`() {
        for (index, text) in Self.spellings.enumerated() {
            for (otherIndex, other) in Self.spellings.enumerated() where index != otherIndex {
                #expect(Lexeme(Array(text.utf8)) != Lexeme(Array(other.utf8)))
            }
        }
        let long = Array(repeating: UInt8(ascii: "7"), count: 41)
        #expect(Lexeme(long) != Lexeme(Array(long.dropLast()) + [UInt8(ascii: "8")]))
    }

    @Test func `a number of mcpo's own is written in decimal`() {
        for number in [0, 1, 9, 10, 99, 100, 4_294_967_295, 2_147_483_647, 1_000_000_000] {
            #expect(Lexeme(UInt32(number)).array == Array("\(number)".utf8))
        }
    }

    @Test func `nothing and null are lexemes of their own`() {
        #expect(Lexeme().isEmpty)
        #expect(Lexeme.null.array == Array("null".utf8))
        #expect(!Lexeme.null.isEmpty)
    }

    @Test(
        arguments: [
            ("0", 0), ("7", 7), ("4294967295", 4_294_967_295), ("4294967296", nil),
            ("99999999999", nil), ("-1", nil), ("-0", nil), ("1.0", nil), ("1e2", nil),
            ("\"1\"", nil),
            ("null", nil), ("true", nil), ("{}", nil),
        ] as [(String, UInt32?)])
    func `only what mcpo may have written is read as its number`(text: String, number: UInt32?) {
        let line = Array(text.utf8)
        var envelope = Envelope()
        try? Envelope.scan(line.span.bytes, into: &envelope)
        #expect(Lexeme.number(line.span.bytes, envelope.root) == number)
    }

    @Test func `a string knows whether it can be written in another way`() {
        #expect(Lexeme(Array(#""a\n""#.utf8)).hasEscapes)
        #expect(!Lexeme(Array(#""an""#.utf8)).hasEscapes)
        #expect(!Lexeme(7).hasEscapes)
    }
}

@Suite struct IDKeyTests {
    private static func key(_ text: String) -> IDKey {
        let line = Array(text.utf8)
        let kind: JSONKind = text.hasPrefix("\"") ? .string : .integer
        return IDKey(line.span.bytes, JSONValue(range: ByteRange(0, line.count), kind: kind))
    }

    @Test(arguments: [
        (#""a""#, #""\u0061""#, true), (#""/""#, #""\/""#, true), (#""é""#, #""\u00e9""#, true),
        (#""\u00E9""#, #""\u00e9""#, true), (#""😀""#, #""\ud83d\ude00""#, true),
        (#""\n""#, #""\u000a""#, true), (#""""#, #""""#, true),
        (#""a""#, #""b""#, false), (#""1""#, "1", false), ("1", "-1", false), ("0", "-0", false),
        (#""\\u0061""#, #""a""#, false),
        (#""\"""#, #""\\""#, false), (#""a""#, #""a\u0000""#, false), (#""A""#, #""a""#, false),
        (#""é""#, #""e\u0301""#, false),
        ("123456789012345678901234567890", "123456789012345678901234567890", true),
        ("123456789012345678901234567890", "123456789012345678901234567891", false),
    ])
    func `ids are compared as JSON values`(left: String, right: String, areEqual: Bool) {
        #expect(Self.key(left).names(Lexeme(Array(right.utf8))) == areEqual)
        #expect(Self.key(right).names(Lexeme(Array(left.utf8))) == areEqual)
        if areEqual { #expect(Self.key(left).hash == Self.key(right).hash) }
    }

    @Test func `an escaped backslash is no escape`() {
        let key = Self.key(#""\\u0061""#)
        #expect(!key.names(Lexeme(Array(#""\u0061""#.utf8))))
    }

    /// `text` as a JSON string whose characters are escaped at random.
    private static func spelled(_ text: String, _ generator: inout SplitMix64) -> String {
        let units = text.utf16.map { unit -> String in
            let mustEscape = unit < 0x20 || unit == 0x22 || unit == 0x5C || unit > 0x7E
            guard mustEscape || Bool.random(using: &generator) else {
                return String(UnicodeScalar(UInt8(unit)))
            }
            let hex = String(unit, radix: 16, uppercase: Bool.random(using: &generator))
            return "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
        }
        return "\"" + units.joined() + "\""
    }

    @Test(arguments: 0..<50)
    func `however a string is escaped, it is the same id`(seed: UInt64) {
        var generator = SplitMix64(state: seed)
        let alphabet = Array("ab\"\\/\u{7}\n é😀€0")
        let text = String((0..<20).compactMap { _ in alphabet.randomElement(using: &generator) })
        let (left, right) = (Self.spelled(text, &generator), Self.spelled(text, &generator))
        #expect(Self.key(left).names(Lexeme(Array(right.utf8))))
        #expect(Self.key(left).hash == Self.key(right).hash)
        let other = Self.spelled(text + "x", &generator)
        #expect(!Self.key(left).names(Lexeme(Array(other.utf8))))
    }

    @Test func `ids in sequence are spread over the buckets`() {
        let buckets = Set((0..<64).map { Self.key("\($0)").hash & 127 })
        #expect(buckets.count > 32)
    }
}
