// From what servers list, over what a client sees and calls, back to what a server is called with.

import Foundation
import MCPOCore
import Testing

/// Odd names, as they are between quotes: escapes, half a character, long ones.
private let oddNames = [
    "add", "a__b", "__", "", " ", "größe", #"gr\u00f6\u00dfe"#, #"\u0061dd"#, #"a\/b"#, #"\""#,
    #"\\"#,
    #"\n"#, #"\ud83d\ude00"#, #"x\ud800y"#, #"\u0000"#, "mcpo_metrics",
    String(repeating: "long_", count: 20), String(repeating: "lang_ä", count: 20),
    String(repeating: #"\u00e4"#, count: 60), String(repeating: "x", count: 5_000),
]

/// What a client writes for a name that it has read.
private func written(_ name: String) throws -> String {
    let data = try JSONSerialization.data(withJSONObject: [name])
    return String(String(decoding: data, as: UTF8.self).dropFirst().dropLast())
}

private struct Sent {
    var owner: ExposedNames.Owner
    var line: [UInt8]
}

/// The line that the owner of a name gets for a client's call of it.
private func call(
    _ lexeme: String, _ names: ExposedNames, _ lists: [EntryListContent]
) throws -> Sent? {
    let line = try Scanned(
        #"{"jsonrpc":"2.0","id":"i","method":"tools/call","params":{"name":\#(lexeme)}}"#)
    guard let owner = names.owner(line.bytes.span.bytes, line.envelope.name) else { return nil }
    var rewrite = LineRewrite()
    rewrite.rename(line.envelope.name, to: lists[owner.server], owner.entry)
    rewrite.number(line.envelope, 7)
    var queue = ByteQueue()
    rewrite.apply(to: line.bytes.span.bytes, appendingTo: &queue)
    var bytes: [UInt8] = []
    queue.take { waiting in
        bytes = Array(waiting)
        return waiting.count
    }
    return Sent(owner: owner, line: bytes)
}

@Suite struct RoutingRoundTripTests {
    @Test(arguments: [Naming(), Naming(.prefix, separator: "."), Naming(.none), .verbatim])
    func `each name that a client sees calls the entry that it belongs to`(naming: Naming) throws {
        // Foundation refuses half a character, which only the prefix makes a whole one of.
        let odd = oddNames.filter { naming.mode == .prefix || !$0.contains("ud800") }
        let lists = try [odd, ["add", "sub"], []].map { try entryList(.tools, $0).content }
        let servers = ["a", "a__b", "c"]
        let parts = zip(servers, lists).map { ExposedNames.Part($0, $1) }
        let names = ExposedNames(parts, naming)
        let nothing: [UInt8] = []
        let merged = MergedList(.tools, lists, names)
        let page = merged.result(nothing.span.bytes, cursor: .absent, .legacy) ?? []
        let entries = try #require(try parsed(page)["tools"] as? [[String: Any]])
        #expect(entries.count == names.count)
        var seen: Set<[Int]> = []
        for entry in entries {
            let name = try #require(entry["name"] as? String)
            let sent = try #require(try call(written(name), names, lists), "\(name)")
            #expect(seen.insert([sent.owner.server, sent.owner.entry]).inserted)
            let lexeme = lists[sent.owner.server].keyLexeme(sent.owner.entry)
            let expected =
                Array(#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"#.utf8)
                + lexeme + Array("}}".utf8)
            #expect(sent.line == expected)
        }
        #expect(seen.count == entries.count)
    }

    @Test func `what nobody lists is called nowhere`() throws {
        let lists = [try entryList(.tools, oddNames).content]
        let names = ExposedNames([.init("a", lists[0])], Naming())
        for name in ["5", "null", "{}", "[]", #""add""#, #""a__""#, #""a__ad""#, #""a__adda""#] {
            let sent = try call(name, names, lists)
            #expect((sent != nil) == (name == #""a__""#), "the name that is empty, prefixed")
        }
    }
}
