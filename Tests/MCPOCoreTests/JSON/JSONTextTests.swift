// Strings and their lexemes, comparisons with literals, and the search for line ends.

import MCPOCore
import Testing

@Suite("JSON strings and bytes")
struct JSONTextTests {
    func decoded(_ lexeme: String) -> [UInt8] {
        let bytes = Array(lexeme.utf8)
        var decoded: [UInt8] = []
        decodeJSONString(bytes.span.bytes, ByteRange(0, bytes.count), into: &decoded)
        return decoded
    }

    func written(_ text: String) -> String {
        var bytes: [UInt8] = []
        appendJSONString(text, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("Escapes decode to what they stand for")
    func escapes() {
        #expect(decoded(#""""#) == [])
        #expect(decoded(#""a\"\\\/\b\f\n\r\tz""#) == Array("a\"\\/\u{8}\u{C}\n\r\tz".utf8))
        #expect(
            decoded(#""caf\u00e9 \u65E5 \ud83d\uDE00 \u0000\u007f\u0080\u07ff\u0800\uffff""#)
                == Array("café 日 😀 \u{0}\u{7F}\u{80}\u{7FF}\u{800}\u{FFFF}".utf8))
        #expect(decoded(#""\ud800\udc00\udbff\udfff""#) == Array("\u{10000}\u{10FFFF}".utf8))
        #expect(decoded("\"日本 é 😀\"") == Array("日本 é 😀".utf8))
    }

    @Test("Lone surrogates decode to three bytes each, and stay distinct")
    func loneSurrogates() {
        #expect(decoded(#""\ud800""#) == [0xED, 0xA0, 0x80])
        #expect(decoded(#""\udfff""#) == [0xED, 0xBF, 0xBF])
        #expect(decoded(#""\udc00\ud800""#) == [0xED, 0xB0, 0x80, 0xED, 0xA0, 0x80])
        #expect(decoded(#""\ud83d\ud83d\ude00""#) == [0xED, 0xA0, 0xBD] + Array("😀".utf8))
        #expect(decoded(#""\ud83d\u0041""#) == [0xED, 0xA0, 0xBD, 0x41])
        #expect(decoded(#""\ud83dx""#) == [0xED, 0xA0, 0xBD, 0x78])
    }

    @Test("Decoding what was not validated does not trap")
    func decodeGarbage() {
        for lexeme in [
            "", "\"", "\"\\", "\"\\u", "\"\\u12", "\"\\ud800\\u", "\"\\ud800\\", "\\\\\\", "ab",
        ] {
            let bytes = Array(lexeme.utf8)
            for lower in 0...bytes.count {
                for upper in lower...bytes.count + 2 {
                    var decoded: [UInt8] = []
                    decodeJSONString(bytes.span.bytes, ByteRange(lower, upper), into: &decoded)
                    #expect(decoded.count <= bytes.count)
                }
            }
        }
    }

    @Test("Text is written with escapes where JSON wants them and nowhere else")
    func writing() {
        #expect(written("") == "\"\"")
        #expect(written("say \"hi\" \\ /") == #""say \"hi\" \\ /""#)
        #expect(written("\u{8}\u{9}\u{A}\u{C}\u{D}") == #""\b\t\n\f\r""#)
        #expect(written("\u{0}\u{1}\u{B}\u{1F}\u{7F}") == "\"\\u0000\\u0001\\u000b\\u001f\u{7F}\"")
        #expect(written("é日😀\u{2028}") == "\"é日😀\u{2028}\"")
    }

    @Test("Bytes that are not UTF-8 are replaced, one by one")
    func replacing() {
        func written(_ text: [UInt8]) -> String {
            var bytes: [UInt8] = []
            appendJSONString(text.span, to: &bytes)
            var again: [UInt8] = []
            text.withUnsafeBufferPointer { appendJSONString($0, to: &again) }
            #expect(bytes == again)
            #expect(fault(bytes) == nil)
            return String(decoding: bytes, as: UTF8.self)
        }
        #expect(written([0x61, 0x80, 0x62]) == "\"a\u{FFFD}b\"")
        #expect(written([0xC3]) == "\"\u{FFFD}\"")
        #expect(written([0xED, 0xA0, 0x80]) == "\"\u{FFFD}\u{FFFD}\u{FFFD}\"")
        #expect(written(Array("é".utf8) + [0xFF, 0x22]) == "\"é\u{FFFD}\\\"\"")
    }

    func randomScalar(_ random: inout SplitMix64) -> Unicode.Scalar? {
        let highest: [UInt32] = [0x7F, 0x7FF, 0x10FFFF]
        let index = Int.random(in: 0..<highest.count, using: &random)
        return Unicode.Scalar(UInt32.random(in: 0...highest[index], using: &random))
    }

    @Test("Every string that is written reads back as it was")
    func roundTrip() {
        var random = SplitMix64(state: 5)
        for _ in 0..<2000 {
            let scalars = (0..<Int.random(in: 0...12, using: &random)).compactMap { _ in
                Unicode.Scalar(
                    UInt32.random(
                        in: 0...[0x7F, 0x7FF, 0x10FFFF].randomElement(using: &random)!,
                        using: &random))
            }
            var text = ""
            text.unicodeScalars.append(contentsOf: scalars)
            #expect(fault(written(text)) == nil)
            #expect(decoded(written(text)) == Array(text.utf8))
        }
    }

    @Test("Ranges are compared with literals of every length, whole")
    func equals() {
        let line = Array("xprogressToken\"tools/call\"".utf8)
        func equals(_ range: ByteRange, _ text: StaticString) -> Bool {
            line.span.bytes.equals(range, text)
        }
        #expect(equals(ByteRange(1, 14), "progressToken"))
        #expect(!equals(ByteRange(1, 14), "progressTokem"))
        #expect(!equals(ByteRange(1, 14), "Progresstoken"))
        #expect(!equals(ByteRange(1, 13), "progressToken"))
        #expect(equals(ByteRange(14, 26), "\"tools/call\""))
        #expect(equals(ByteRange(1, 5), "prog") && !equals(ByteRange(1, 5), "proh"))
        #expect(
            equals(ByteRange(1, 9), "progress") && !equals(ByteRange(1, 9), "progresz"))
        #expect(equals(.none, "") && !equals(.none, "a"))
        #expect(!equals(ByteRange(20, 33), "progressToken"))
        #expect(!equals(ByteRange(26, 27), "a") && !equals(ByteRange(9, 1), "a"))
    }

    @Test("A string equals a literal however it is written")
    func stringEquals() {
        func equals(_ lexeme: String, _ kind: JSONKind = .string) -> Bool {
            let bytes = Array(lexeme.utf8)
            let value = JSONValue(range: ByteRange(0, bytes.count), kind: kind)
            return bytes.span.bytes.stringEquals(value, "tools/call")
        }
        #expect(equals(#""tools/call""#) && equals(#""tools\/call""#))
        #expect(equals(#""\u0074\u006f\u006f\u006c\u0073\u002f\u0063\u0061\u006c\u006c""#))
        #expect(!equals(#""tools/cal""#) && !equals(#""tools/call\u0000""#) && !equals("\"\""))
        #expect(!equals(#""tools/call""#, .integer))
        #expect(!equals("\"" + String(repeating: "a", count: 1000) + "\""))
    }

    func newline(_ bytes: [UInt8], _ from: Int) -> Int? {
        firstNewline(in: bytes.span.bytes, from: from)
    }

    @Test("The first newline is found at every alignment and length")
    func newline() {
        var random = SplitMix64(state: 11)
        let plain = [UInt8](repeating: 0x61, count: 200)
        for length in [0, 1, 15, 16, 17, 31, 63, 64, 65, 79, 80, 81, 127, 128, 129, 200] {
            for place in 0...length {
                var bytes = Array(plain[..<length])
                if place < length { bytes[place] = 0x0A }
                if place + 3 < length { bytes[place + 3] = 0x0A }
                for from in [0, 1, place - 1, place, place + 1, length, length + 1, -5, Int.max] {
                    let naive = bytes.indices.first { $0 >= from && bytes[$0] == 0x0A }
                    #expect(newline(bytes, from) == naive)
                }
            }
        }
        for _ in 0..<500 {
            let bytes = (0..<100).map { _ in UInt8.random(in: 0...255, using: &random) }
            for start in 0..<100 {
                let part = Array(bytes[start...])
                #expect(
                    newline(part, 0)
                        == bytes[start...].firstIndex(of: 0x0A).map { $0 - start })
            }
        }
    }
}
