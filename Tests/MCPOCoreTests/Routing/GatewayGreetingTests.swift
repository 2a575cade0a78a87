// What mcpo says of itself in front of several servers.

import Foundation
import MCPOCore
import Testing

private func greeting(
    _ results: [(String, String?)], version: String = "1.2.3", hasTool: Bool = false
) -> GatewayGreeting {
    GatewayGreeting(
        results.map { .init($0.0, $0.1.map { Array($0.utf8) }) }, version: version, hasTool: hasTool
    )
}

private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

/// The union of capabilities as text.
private func union(_ capabilities: [String], hasTool: Bool = false) throws -> String {
    let results = capabilities.enumerated().map { ("s\($0)", #"{"capabilities":\#($1)}"#) }
    let all = text(greeting(results, hasTool: hasTool).initializeResult(revision: "r"))
    let start = #"{"protocolVersion":"r","capabilities":"#
    let end = #","serverInfo":{"name":"mcpo","version":"1.2.3"}}"#
    try #require(all.hasPrefix(start) && all.hasSuffix(end), "\(all)")
    return String(all.dropFirst(start.count).dropLast(end.count))
}

@Suite struct GatewayGreetingTests {
    @Test func `a legacy client gets the servers' capabilities and instructions`() {
        let results = greeting([
            ("github", #"{"capabilities":{"tools":{}},"instructions":"Search\n\u0066irst."}"#),
            ("down", nil),
            ("files", #"{"capabilities":{"logging":{}},"instructions":" \n"}"#),
            ("wiki", #"{ "serverInfo":{"name":"w"}, "instructions" : "Read \"it\"" }"#),
        ])
        #expect(
            text(results.initializeResult(revision: "2025-11-25"))
                == #"{"protocolVersion":"2025-11-25","#
                + #""capabilities":{"tools":{"listChanged":true},"logging":{}},"#
                + #""serverInfo":{"name":"mcpo","version":"1.2.3"},"instructions":"#
                + "\"" + #"## github\n\nSearch\n\u0066irst.\n\n## wiki\n\nRead \"it\""}"#)
    }

    @Test func `a modern client is told the revisions, and how long they hold`() {
        let results = greeting([
            ("a", #"{"capabilities":{},"ttlMs":5000,"cacheScope":"private"}"#),
            ("b", #"{"capabilities":{"prompts":{}}}"#),
        ])
        #expect(
            text(results.discoverResult(versions: ["2026-07-28", "2025-11-25"], defaultMs: 4000))
                == #"{"resultType":"complete","supportedVersions":["2026-07-28","2025-11-25"],"#
                + #""capabilities":{"prompts":{"listChanged":true}},"_meta":{"#
                + #""io.modelcontextprotocol/serverInfo":{"name":"mcpo","version":"1.2.3"}},"#
                + #""ttlMs":4000,"cacheScope":"private"}"#)
        let waiting = greeting([("a", #"{"ttlMs":5000}"#), ("b", nil)])
            .discoverResult(versions: [], defaultMs: 4000)
        #expect(text(waiting).hasSuffix(#""ttlMs":0,"cacheScope":"public"}"#))
    }

    @Test(
        "Capabilities are united",
        arguments: [
            ([], "{}"), (["{}", "{}"], "{}"), (["5", "null", "[]"], "{}"),
            ([#"{"tools":{}}"#, #"{"tools":{"x":1}}"#], #"{"tools":{"listChanged":true,"x":1}}"#),
            ([#"{"prompts":{"listChanged":false}}"#], #"{"prompts":{"listChanged":true}}"#),
            (
                [#"{"resources":{"subscribe":false}}"#, #"{"resources":{"subscribe":true}}"#],
                #"{"resources":{"listChanged":true,"subscribe":true}}"#
            ),
            ([#"{"logging":{}}"#, #"{"completions":{}}"#], #"{"logging":{},"completions":{}}"#),
            (
                [#"{"extensions":{"a/b":{"v":1},"c/d":{}}}"#, #"{"extensions":{"a/b":{"w":2}}}"#],
                #"{"extensions":{"a/b":{"v":1},"c/d":{}}}"#
            ),
            (
                [#"{"experimental":{"e":{ }}}"#, #"{"experimental":{"f":{}}}"#],
                #"{"experimental":{"e":{ },"f":{}}}"#
            ),
            (
                [
                    #"{"tasks":{"list":{},"requests":{"tools":{}}}}"#,
                    #"{"tasks":{"cancel":{},"requests":{"tools":{"call":{}}}}}"#,
                ],
                #"{"tasks":{"list":{},"requests":{"tools":{"call":{}}},"cancel":{}}}"#
            ),
            ([#"{"x":1.0}"#, #"{"x":2}"#, #"{"x":{"y":false}}"#], #"{"x":{"y":false}}"#),
            ([#"{"x":false}"#, #"{"x":true}"#], #"{"x":true}"#),
            ([#"{"to\u006fls":{}}"#, #"{"tools":{}}"#], #"{"tools":{"listChanged":true}}"#),
        ] as [([String], String)])
    func capabilities(all: [String], expected: String) throws {
        #expect(try union(all) == expected)
    }

    @Test func `mcpo's own tool makes it a server with tools`() throws {
        #expect(try union([], hasTool: true) == #"{"tools":{"listChanged":true}}"#)
        #expect(try union(["{}"], hasTool: true) == #"{"tools":{"listChanged":true}}"#)
        let both = try union([#"{"tools":{},"logging":{}}"#], hasTool: true)
        #expect(both == #"{"tools":{"listChanged":true},"logging":{}}"#)
    }

    @Test(arguments: ["", "5", "{", "{}x", "[]", "null", #"{"capabilities":"#, " {}"])
    func `a result that is no object has no part in it`(result: String) throws {
        let bytes = greeting([("a", result), ("b", #"{"capabilities":{"logging":{}}}"#)])
            .initializeResult(revision: "r")
        #expect(
            try parsed(bytes).keys.sorted() == ["capabilities", "protocolVersion", "serverInfo"])
        #expect(text(bytes).contains(#""capabilities":{"logging":{}}"#))
    }

    @Test func `depth has a bound`() throws {
        let deep =
            String(repeating: #"{"a":"#, count: 400) + "1" + String(repeating: "}", count: 400)
        #expect(try union([deep, deep]) == deep)
    }

    @Test(arguments: 0..<100)
    func `whatever servers say, the greeting is JSON with every member once`(seed: UInt64) throws {
        var random = RandomJSON(seed: seed)
        let results = (0..<3).map { server in
            let capabilities = random.object(depth: 1)
            return (
                "s\(server)",
                random.chance(80)
                    ? #"{"capabilities":\#(capabilities),"instructions":\#(random.value())}"# : nil
            )
        }
        let whole = greeting(results, hasTool: random.chance(50))
        let bytes = whole.discoverResult(versions: ["2026-07-28"], defaultMs: 1)
        let capabilities = try #require(try parsed(bytes)["capabilities"] as? [String: Any])
        for (_, result) in results {
            guard let result else { continue }
            let own = try parsed(Array(result.utf8))["capabilities"] as? [String: Any]
            for key in own?.keys ?? [:].keys { #expect(capabilities[key] != nil) }
        }
        #expect(bytes == whole.discoverResult(versions: ["2026-07-28"], defaultMs: 1))
    }
}
