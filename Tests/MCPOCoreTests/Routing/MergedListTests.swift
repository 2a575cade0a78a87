// The client's list of what several servers list: entries, names, pages, freshness.

import Foundation
import MCPOCore
import Testing

private let noLine: [UInt8] = []

/// Servers with lists of one kind, and what the client asks for.
private struct Gateway {
    var kind = EntryList.Kind.tools
    var servers: [(name: String, list: EntryList)]
    var naming = Naming()
    var extra = ""
    var meta = ""
    var hidden: Set<String> = []
    var terms = MergedList.Terms.legacy

    var names: ExposedNames {
        ExposedNames(servers.map { .init($0.name, $0.list.content) }, naming) { _, name in
            hidden.contains(String(decoding: name, as: UTF8.self)) ? .hidden : .exposed
        }
    }

    /// - Parameter cursor: a JSON value; nil for the first page.
    func page(_ cursor: String? = nil) -> [UInt8]? {
        let merged = MergedList(
            kind, servers.map(\.list.content), names, extra: Array(extra.utf8),
            meta: Array(meta.utf8))
        guard let cursor else {
            return merged.result(noLine.span.bytes, cursor: .absent, terms)
        }
        let line = Array(cursor.utf8)
        let kind: JSONKind = cursor.hasPrefix("\"") ? .string : .integer
        let value = JSONValue(range: ByteRange(0, line.count), kind: kind)
        return merged.result(line.span.bytes, cursor: value, terms)
    }

    func text(_ cursor: String? = nil) -> String? {
        page(cursor).map { String(decoding: $0, as: UTF8.self) }
    }

    /// All pages, each as the values of its entries' keys.
    func pages() throws -> [[String]] {
        try results().map { result in
            let entries = try #require(result["\(kind.member)"] as? [[String: Any]])
            return try entries.map { try #require($0["\(kind.key)"] as? String) }
        }
    }

    /// The lexemes of all cursors that a client is given.
    func cursors() throws -> [String] {
        try results().compactMap { $0["nextCursor"] as? String }.map { "\"\($0)\"" }
    }

    private func results() throws -> [[String: Any]] {
        var results: [[String: Any]] = []
        var cursor: String?
        repeat {
            let result = try parsed(try #require(page(cursor)))
            results.append(result)
            cursor = (result["nextCursor"] as? String).map { "\"\($0)\"" }
        } while cursor != nil && results.count < 100
        return results
    }
}

/// Entries that fill pages: `a0`, `a1` …
private func keys(_ letter: String, _ range: Range<Int>) -> [String] {
    range.map { entry(.tools, "\(letter)\($0)") }
}

@Suite struct MergedListTests {
    @Test func `names are written into the entries, and nothing else changes`() throws {
        let first = #"{ "title":"name","name" : "se\u0061rch" ,"x":1.0}"#
        let second = #"{"inputSchema":{"name":"read"},"name":"read","n":12345678901234567890}"#
        let gateway = Gateway(servers: [
            ("github", try entryList(.tools, pages: [[first]])),
            ("files", try entryList(.tools, pages: [[], [second, "5"], []])),
        ])
        let expected = [
            #"{"tools":[{ "title":"name","name" : "github__search" ,"x":1.0},"#,
            #"{"inputSchema":{"name":"read"},"name":"files__read","n":12345678901234567890}]}"#,
        ]
        #expect(gateway.text() == expected.joined())
        #expect(gateway.text() == gateway.text())
    }

    @Test func `the tools of real servers differ in their names alone`() throws {
        let folder = URL(filePath: #filePath).appending(path: "../../../../Fixtures/Policy/lists")
        let servers = ["fetch", "git", "sqlite", "time"]
        var gateway = Gateway(servers: [])
        var expected: [NSDictionary] = []
        for server in servers {
            let file = folder.standardized.appending(path: "\(server).json")
            let answer = Array(try Data(contentsOf: file))
            var list = EntryList(.tools)
            list.begin()
            #expect(try list.add(text: String(decoding: answer, as: UTF8.self)) == "last")
            gateway.servers.append((server, list))
            let result = try #require(try parsed(answer)["result"] as? [String: Any])
            for tool in try #require(result["tools"] as? [[String: Any]]) {
                let name = try #require(tool["name"] as? String)
                expected.append(tool.merging(["name": "\(server)__\(name)"]) { $1 } as NSDictionary)
            }
        }
        let merged = try parsed(try #require(gateway.page()))["tools"] as? [NSDictionary]
        #expect(merged == expected && expected.count > 10)
    }

    @Test(arguments: EntryList.Kind.allCases)
    func `names that are not changed leave the entry as it is`(kind: EntryList.Kind) throws {
        let odd = [#"\u0061"#, #"\ud800"#, #"a\/b"#, ""]
        let gateway = Gateway(
            kind: kind,
            servers: [("a", try entryList(kind, odd)), ("b", try entryList(kind, ["x"]))],
            naming: .verbatim)
        let entries = odd.map { entry(kind, $0) } + [entry(kind, "x")]
        #expect(gateway.text() == #"{"\#(kind.member)":[\#(entries.joined(separator: ","))]}"#)
    }

    @Test func `hidden entries are left out, and mcpo's own comes last`() throws {
        var gateway = Gateway(servers: [
            ("a", try entryList(.tools, ["x", "y"])), ("b", try entryList(.tools, ["y", "z"])),
        ])
        gateway.hidden = ["y"]
        gateway.extra = #"{"name":"mcpo_metrics"}"#
        #expect(try gateway.pages() == [["a__x", "b__z", "mcpo_metrics"]])
        gateway.hidden = ["x", "y", "z"]
        #expect(gateway.text() == #"{"tools":[{"name":"mcpo_metrics"}]}"#)
        gateway.extra = ""
        #expect(gateway.text() == #"{"tools":[]}"#)
        gateway.servers = []
        #expect(gateway.text() == #"{"tools":[]}"#)
    }

    @Test func `a modern client is told how long the list is good, and for whom`() throws {
        var gateway = Gateway(kind: .prompts, servers: [])
        gateway.terms = .modern(ttlMs: 500, isPrivate: false)
        let members = #""resultType":"complete","ttlMs":500,"cacheScope":"public""#
        #expect(gateway.text() == #"{"prompts":[],\#(members)}"#)
        gateway.terms = .modern(ttlMs: 0, isPrivate: true)
        #expect(try #require(gateway.text()).hasSuffix(#""ttlMs":0,"cacheScope":"private"}"#))
        gateway.meta = #"{"x":1}"#
        #expect(try #require(gateway.text()).hasSuffix(#""private","_meta":{"x":1}}"#))
        gateway.terms = .legacy
        #expect(gateway.text() == #"{"prompts":[]}"#)
    }

    @Test func `the shortest time of all parts counts, less the time that has gone by`() throws {
        typealias Terms = MergedList.Terms
        let long = try entryList(.tools, [], members: #","ttlMs":9000,"cacheScope":"private""#)
        let short = try entryList(.tools, [], members: #","ttlMs":500"#)
        let legacy = try entryList(.tools, [])
        func terms(_ parts: [Terms.Part]) -> Terms { Terms(modern: parts, defaultMs: 700) }
        #expect(terms([]) == .modern(ttlMs: 700, isPrivate: false))
        #expect(terms([.init(legacy)]) == .modern(ttlMs: 700, isPrivate: false))
        #expect(terms([.init(long)]) == .modern(ttlMs: 9000, isPrivate: true))
        #expect(terms([.init(long), .init(legacy)]) == .modern(ttlMs: 700, isPrivate: true))
        #expect(terms([.init(short), .init(legacy)]) == .modern(ttlMs: 500, isPrivate: false))
        #expect(terms([.init(short, ageMs: 200)]) == .modern(ttlMs: 300, isPrivate: false))
        #expect(terms([.init(short, ageMs: 900)]) == .modern(ttlMs: 0, isPrivate: false))
        var doubtful = long
        doubtful.invalidate()
        #expect(terms([.init(doubtful)]) == .modern(ttlMs: 0, isPrivate: true))
        #expect(terms([.init(EntryList(.tools))]) == .modern(ttlMs: 0, isPrivate: false))
    }
}

@Suite struct MergedListPagesTests {
    @Test func `a list of usual size has one page, however many the servers have`() throws {
        let gateway = Gateway(servers: [
            ("a", try entryList(.tools, pages: (0..<10).map { keys("a", $0 * 50..<$0 * 50 + 50) })),
            ("b", try entryList(.tools, pages: (0..<10).map { keys("b", $0 * 50..<$0 * 50 + 50) })),
        ])
        #expect(try gateway.pages().map(\.count) == [1000])
    }

    @Test func `a large list has pages that end where a server's do`() throws {
        var gateway = Gateway(servers: [
            ("a", try entryList(.tools, pages: [keys("a", 0..<700), keys("a", 700..<1400)])),
            (
                "b",
                try entryList(.tools, pages: [[], keys("b", 0..<800), keys("b", 800..<801), []])
            ),
            ("c", try entryList(.tools, pages: [[]])),
        ])
        gateway.extra = #"{"name":"mcpo_metrics"}"#
        #expect(try gateway.pages().map(\.count) == [1400, 802])
        gateway.servers.append(("d", try entryList(.tools, pages: [keys("d", 0..<1200)])))
        let pages = try gateway.pages()
        #expect(pages.map(\.count) == [1400, 2002])
        #expect(pages.last?.last == "mcpo_metrics")
    }

    @Test func `bytes fill a page as entries do`() throws {
        let large = String(repeating: "x", count: 300 * 1024)
        let pages = (0..<9).map { [#"{"name":"t\#($0)","x":"\#(large)"}"#] }
        let gateway = Gateway(servers: [("a", try entryList(.tools, pages: pages))])
        #expect(try gateway.pages().map(\.count) == [4, 4, 1])
    }

    @Test func `no page is empty when the rest of the list is hidden`() throws {
        var gateway = Gateway(servers: [
            ("a", try entryList(.tools, pages: [keys("a", 0..<1000), keys("z", 0..<1)])),
            ("b", try entryList(.tools, pages: [keys("z", 0..<1)])),
        ])
        gateway.hidden = ["z0"]
        #expect(try gateway.pages().map(\.count) == [1000])
    }

    @Test func `a cursor is good as long as the list that it is in`() throws {
        var gateway = Gateway(servers: [
            ("a", try entryList(.tools, pages: [keys("a", 0..<1000), keys("a", 1000..<1500)])),
            ("b", try entryList(.tools, pages: [keys("b", 0..<900), keys("b", 900..<1100)])),
        ])
        let first = try #require(gateway.cursors().first)
        #expect(first.hasPrefix(#""tools.0.1000."#))
        try gateway.servers[1].list.read(pages: [keys("c", 0..<5)])
        #expect(try parsed(try #require(gateway.page(first)))["tools"] as? [Any] != nil)
        #expect(gateway.page(#""tools.1.0.""#) != nil, "the beginning of a part stays good")
        try gateway.servers[0].list.read(pages: [keys("a", 0..<1000), keys("d", 1000..<1500)])
        #expect(gateway.page(first) == nil)
    }

    @Test(arguments: [
        "5", #""""#, #""x""#, #""tools""#, #""tools.0.1000.""#, #""tools.0.1000.0""#,
        #""tools.-1.0.""#, #""tools.+0.0.""#, #""tools.00.0.""#, #""tools.1.0.""#,
        #""tools.0.0.0""#,
        #""tools.0.99999999999999999999.""#, #""tools.0.0""#, #""prompts.0.0.""#, #""tools.0.0..""#,
        #""tools.0.1500.""#, #""TOOLS.0.0.""#, #"" tools.0.0.""#, #""\u0000""#, #""\ud800.0.0.""#,
        "\"" + String(repeating: "9", count: 100_000) + "\"",
    ])
    func `a cursor that mcpo has not given out is refused`(cursor: String) throws {
        let list = try entryList(.tools, pages: [keys("a", 0..<1500)])
        #expect(Gateway(servers: [("a", list)]).page(cursor) == nil)
    }

    @Test func `a cursor may come back with escapes`() throws {
        let list = try entryList(.tools, pages: [keys("a", 0..<2)])
        let gateway = Gateway(servers: [("a", list), ("b", list)])
        #expect(gateway.page(#""tools\u002e1\u002e0.""#) == gateway.page(#""tools.1.0.""#))
        #expect(gateway.page(#""tools.1.0.""#) != gateway.page())
    }

    @Test(arguments: 0..<12)
    func `all pages together have each visible entry once, in order`(seed: UInt64) throws {
        var random = RandomJSON(seed: seed)
        var expected: [String] = []
        var gateway = Gateway(servers: [], naming: Naming(.none))
        for server in 0..<Int.random(in: 1...4, using: &random.random) {
            let pages = (0..<Int.random(in: 1...5, using: &random.random)).map { page in
                let count =
                    random.chance(50) ? random.pick([0, 1, 5]) : random.pick([400, 999, 1001])
                return (0..<count).map { "s\(server)p\(page)e\($0)" }
            }
            for key in pages.joined() {
                if random.chance(10) { gateway.hidden.insert(key) } else { expected.append(key) }
            }
            let texts = pages.map { $0.map { #"{"x":\#(random.value()),"name":"\#($0)"}"# } }
            gateway.servers.append(("s\(server)", try entryList(.tools, pages: texts)))
        }
        let pages = try gateway.pages()
        #expect(Array(pages.joined()) == expected)
        #expect(pages.dropLast().allSatisfy { $0.count >= 1000 })
        #expect(pages.allSatisfy { $0.count <= 2000 })
    }
}
