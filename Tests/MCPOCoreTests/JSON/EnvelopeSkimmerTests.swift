// The skimmer on lines that the scanner does not read: too deep, broken, strange.

import MCPOCore
import Testing

@Suite("Skimming a message that is not kept")
struct EnvelopeSkimmerTests {
    func skimmed(_ line: String) -> EnvelopeSkimmer {
        var random = SplitMix64(state: UInt64(line.utf8.count))
        let bytes = Array(line.utf8)
        let whole = skim(bytes, size: max(bytes.count, 1), &random)
        for size in [1, 2, 3, 0, 0, 0] {
            let other = skim(bytes, size: size, &random)
            #expect(other.id == whole.id && other.idKind == whole.idKind)
            #expect(other.hasMethod == whole.hasMethod)
            #expect(other.hasResultOrError == whole.hasResultOrError)
        }
        return whole
    }

    func id(_ line: String) -> String? {
        skimmed(line).id.map { String(decoding: $0, as: UTF8.self) }
    }

    @Test("The id is found behind and before nesting that is too deep")
    func deep() {
        let open = String(repeating: "[{\"id\":5,\"x\":", count: 5000)
        let close = String(repeating: "}]", count: 5000)
        #expect(id("{\"params\":\(open)1\(close),\"id\":\"a\\\"b\"}") == #""a\"b""#)
        #expect(id("{\"id\":7,\"params\":\(open)") == "7")
    }

    @Test("Ids of other kinds, too long, doubled or invalid ones are none")
    func noIDs() {
        for (value, kind) in [
            ("null", JSONKind.null), ("1.5", .number), ("{}", .object), ("[1]", .array),
            ("true", .true),
            ("01", .absent), ("x", .absent), (#""\x""#, .absent), ("\"\u{1}\"", .absent),
            ("", .absent),
        ] {
            let skimmer = skimmed("{\"id\":\(value),\"method\":\"m\"}")
            #expect(skimmer.id == nil && skimmer.idKind == kind, "\(value)")
            #expect(skimmer.hasMethod, "\(value)")
        }
        #expect(id(#"{"id":1,"id":1}"#) == nil && id(#"{"id":1,"\u0069d":2}"#) == nil)
        #expect(id(#"{"id":{},"id":2}"#) == nil)
        for (length, isTaken) in [(1022, true), (1023, false), (100_000, false)] {
            let long = String(repeating: "a", count: length)
            #expect((id("{\"id\":\"\(long)\"}") != nil) == isTaken)
        }
        #expect(id("{\"id\":\(String(repeating: "9", count: 1025))}") == nil)
        #expect(id("{\"id\":\(String(repeating: "9", count: 1024))}") != nil)
    }

    @Test("What is no object has no id, and what comes after the object does not count")
    func otherRoots() {
        for line in [
            "", " ", "[{\"id\":1}]", "\"id\"", "1", "x{\"id\":1}", "{}{\"id\":1}", "{\"id\":1",
            "{\"id\"",
        ] {
            #expect(id(line) == nil, "\(line)")
        }
        #expect(id(" {\"id\":1}{\"id\":2}") == "1")
    }

    @Test("Requests and responses are told apart by members of the outermost object alone")
    func kinds() {
        #expect(skimmed(#"{"method":"m"}"#).hasMethod)
        #expect(!skimmed(#"{"params":{"method":"m","result":1}}"#).hasMethod)
        #expect(!skimmed(#"{"params":{"method":"m","result":1}}"#).hasResultOrError)
        #expect(skimmed(#"{"result":"method"}"#).hasResultOrError)
        #expect(skimmed(#"{"error":{"code":1}}"#).hasResultOrError)
        #expect(!skimmed(#"{"x":"method","y":["result","error"]}"#).hasMethod)
    }

    @Test("Random bytes never trap, however they are cut")
    func garbage() {
        var random = SplitMix64(state: 9)
        let bytes = Array(#"{}[]",:\id1u 0069method"#.utf8) + [0, 0x80, 0xFF]
        for _ in 0..<3000 {
            let line = (0..<Int.random(in: 0...60, using: &random)).map { _ in
                bytes[Int.random(in: 0..<bytes.count, using: &random)]
            }
            let whole = skim([0x7B] + line, size: 100, &random)
            let pieces = skim([0x7B] + line, size: 0, &random)
            #expect(whole.id == pieces.id && whole.idKind == pieces.idKind)
        }
    }
}
