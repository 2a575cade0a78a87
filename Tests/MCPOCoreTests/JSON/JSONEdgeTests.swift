// Edges of the grammar that need more than a table: bad UTF-8, depth, surrogates, blocks of bytes.

import Foundation
import MCPOCore
import Testing

@Suite("Edges of the JSON grammar")
struct JSONEdgeTests {
    static let badSequences: [[UInt8]] = [
        [0x80], [0xBF], [0x80, 0x80],  // continuation bytes alone
        [0xC0, 0x80], [0xC0, 0xAF], [0xC1, 0xBF],  // overlong ASCII
        [0xC2], [0xDF], [0xC2, 0x41], [0xC2, 0xC2],  // cut after one byte
        [0xE0, 0x80, 0x80], [0xE0, 0x9F, 0xBF],  // overlong, three bytes
        [0xE0], [0xE0, 0xA0], [0xE1, 0x80], [0xEF, 0xBF], [0xE1, 0x80, 0x41], [0xE1, 0x41, 0x80],
        // surrogates
        [0xED, 0xA0, 0x80], [0xED, 0xAF, 0xBF], [0xED, 0xB0, 0x80], [0xED, 0xBF, 0xBF],
        [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x8F, 0xBF, 0xBF],  // overlong, four bytes
        [0xF0], [0xF0, 0x90], [0xF0, 0x90, 0x80], [0xF1, 0x80, 0x80], [0xF1, 0x80, 0x80, 0x41],
        [0xF4, 0x90, 0x80, 0x80], [0xF4, 0xBF, 0xBF, 0xBF],  // above U+10FFFF
        [0xF5, 0x80, 0x80, 0x80], [0xF7, 0xBF, 0xBF, 0xBF], [0xF8, 0x88, 0x80, 0x80, 0x80],
        [0xFC, 0x84, 0x80, 0x80, 0x80, 0x80], [0xFE], [0xFF], [0xFF, 0xFE],
    ]

    @Test("Bad UTF-8 in a string is refused as such, at its offset, at every place in a block")
    func badUTF8() {
        for bad in Self.badSequences {
            for before in 0..<40 {
                let line = [0x22] + [UInt8](repeating: 0x61, count: before) + bad + [0x62, 0x22]
                #expect(fault(line) == .invalidUTF8(offset: before + 1), "\(bad) at \(before)")
            }
            let key = Array("{\"id".utf8) + bad + Array("\":1}".utf8)
            #expect(fault(key) == .invalidUTF8(offset: 4))
        }
    }

    @Test("A string that ends the line amid a character is refused")
    func cutCharacter() {
        for character in ["é", "日", "😀"] {
            let bytes = Array("\"\(character)\"".utf8)
            for length in 2..<bytes.count - 1 {
                #expect(fault(Array(bytes[..<length])) == .invalidUTF8(offset: 1))
            }
        }
    }

    @Test(
        "Validity of every sequence of two and of many of three bytes agrees with the standard library"
    )
    func sequences() {
        var random = SplitMix64(state: 1)
        func check(_ bytes: [UInt8]) {
            let isValid = String(validating: bytes, as: UTF8.self) != nil
            #expect((fault([0x22] + bytes + [0x22]) == nil) == isValid, "\(bytes)")
            #expect((fault([0x22] + bytes + [0x22] + Array("        ".utf8)) == nil) == isValid)
        }
        for first in UInt8(0x80)...0xFF {
            for second in UInt8(0x80)...0xFF { check([first, second]) }
        }
        for _ in 0..<20_000 {
            let edges: [UInt8] = [0x7E, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0]
            let lead = UInt8.random(in: 0xDF...0xF6, using: &random)
            let rest = (0..<Int.random(in: 1...3, using: &random)).map { _ in
                edges[Int.random(in: 0..<edges.count, using: &random)]
            }
            check([lead] + rest)
        }
    }

    @Test("512 nested containers are accepted and 513 refused, of either kind and at each level")
    func depth() {
        func nested(_ count: Int, _ open: String, _ close: String) -> String {
            String(repeating: open, count: count) + "0" + String(repeating: close, count: count)
        }
        for (open, close) in [
            ("[", "]"), ("{\"a\":", "}"), ("{\"params\":", "}"), ("{\"_meta\":", "}"),
        ] {
            for count in [1, 2, 3, 63, 64, 65, 66, 127, 128, 129, 192, 448, 449, 511, 512] {
                #expect(fault(nested(count, open, close)) == nil, "\(count) \(open)")
            }
            for count in [513, 514, 100_000] {
                let offset = 512 * open.utf8.count
                #expect(fault(nested(count, open, close)) == .tooDeep(offset: offset))
            }
        }
        let inner = nested(509, "[", "]")
        #expect(fault("{\"params\":{\"_meta\":{\"x\":\(inner)}}}") == nil)
        #expect(fault("{\"params\":{\"_meta\":{\"x\":[\(inner)]}}}") == .tooDeep(offset: 24 + 509))
        #expect(
            fault("{\"params\":{\"_meta\":{\"progressToken\":[\(inner)]}}}")
                == .tooDeep(offset: 36 + 509))
    }

    @Test("Containers of mixed kinds are closed in their own order, however deep")
    func mixedDepth() {
        var random = SplitMix64(state: 3)
        for _ in 0..<50 {
            let kinds = (0..<Int.random(in: 1...512, using: &random)).map { _ in
                Bool.random(using: &random)
            }
            let opened = kinds.map { $0 ? "{\"a\":" : "[" }.joined()
            let closed = kinds.reversed().map { $0 ? "}" : "]" }
            #expect(fault(opened + "1" + closed.joined()) == nil)
            var wrong = closed
            let place = Int.random(in: 0..<wrong.count, using: &random)
            wrong[place] = wrong[place] == "}" ? "]" : "}"
            #expect(
                fault(opened + "1" + wrong.joined())
                    == .syntax(offset: opened.utf8.count + 1 + place))
        }
    }

    @Test("A smaller maximum depth holds at every level, and zero allows scalars only")
    func smallDepth() {
        #expect(fault("{\"params\":{\"_meta\":{}}}", maximumDepth: 3) == nil)
        #expect(fault("{\"params\":{\"_meta\":{}}}", maximumDepth: 2) == .tooDeep(offset: 19))
        #expect(fault("{\"params\":{\"_meta\":{}}}", maximumDepth: 1) == .tooDeep(offset: 10))
        #expect(fault("{}", maximumDepth: 0) == .tooDeep(offset: 0))
        #expect(fault("[]", maximumDepth: 0) == .tooDeep(offset: 0))
        #expect(fault("1", maximumDepth: 0) == nil)
        #expect(fault("{\"x\":[[1]]}", maximumDepth: 2) == .tooDeep(offset: 6))
        #expect(fault("[]", maximumDepth: -1) == .tooDeep(offset: 0))
        #expect(fault("[1]", maximumDepth: .max) == nil)
        #expect(fault("{}", maximumDepth: .min) == .tooDeep(offset: 0))
    }

    @Test("Lone surrogate escapes are accepted, though Foundation refuses them")
    func loneSurrogates() {
        for line in [#""\ud800""#, #""\udfff""#, #""a\ud83dx""#, #""\ude00\ud83d""#] {
            #expect(fault(line) == nil)
            #expect(throws: (any Error).self) {
                try JSONSerialization.jsonObject(with: Data(line.utf8), options: .fragmentsAllowed)
            }
        }
    }

    @Test(
        "Quotes, escapes and control characters are found at every place of strings of every length"
    )
    func blocks() {
        for length in 0..<100 {
            let plain = [UInt8](repeating: 0x61, count: length)
            #expect(fault([0x22] + plain + [0x22]) == nil)
            #expect(fault([0x22] + plain) == .syntax(offset: length + 1))
            for place in 0..<length {
                var changed = plain
                changed[place] = 0x1F
                #expect(fault([0x22] + changed + [0x22]) == .syntax(offset: place + 1))
                changed[place] = 0x22
                #expect(fault([0x22] + changed + [0x22]) == .syntax(offset: place + 2))
                changed[place] = 0x5C  // `\a` is no escape, and `\"` leaves the string open
                #expect(
                    fault([0x22] + changed + [0x22])
                        == .syntax(offset: place + 2 + (place + 1 == length ? 1 : 0)))
                changed[place] = 0x7F
                #expect(fault([0x22] + changed + [0x22]) == nil)
            }
        }
    }

    @Test("A fault's offset is that of the first byte that cannot be right")
    func offsets() {
        #expect(fault("") == .syntax(offset: 0))
        #expect(fault("[1,x]") == .syntax(offset: 3))
        #expect(fault("{\"id\":1,\"id\":}") == .syntax(offset: 13))
        #expect(fault("[1] x") == .syntax(offset: 4))
        #expect(fault("[01]") == .syntax(offset: 2))
        #expect(fault("\u{FEFF}{}") == .syntax(offset: 0))
    }
}
