import MCPOCore
import Testing

private func page(_ tools: String, cursor: String? = nil) -> String {
    let next = cursor.map { #","nextCursor":"\#($0)""# } ?? ""
    return #"{"jsonrpc":"2.0","id":1,"result":{"tools":[\#(tools)]\#(next)}}"#
}

private func tool(_ name: String, _ annotations: String? = nil) -> String {
    let hints = annotations.map { #","annotations":\#($0)"# } ?? ""
    return #"{"name":"\#(name)","inputSchema":{"type":"object","name":"not me"}\#(hints)}"#
}

private final class Server {
    var catalog = ToolCatalog()
    var policy = CachePolicy()

    /// What a page means: `last`, `unusable` or the next cursor.
    func add(_ text: String) throws -> String {
        let line = try Scanned(text)
        switch catalog.add(line.bytes.span.bytes, line.envelope, policy) {
        case .last: return "last"
        case .unusable: return "unusable"
        case .more(let cursor):
            return String(decoding: line.bytes[cursor.range.bounds], as: UTF8.self)
        }
    }

    func decision(_ name: String) throws -> CacheDecision {
        let line = try Scanned(#"{"params":{"name":\#(name)}}"#)
        return catalog.decision(line.bytes.span.bytes, line.envelope.name, policy)
    }

    func line(_ name: String) throws -> DecisionLine { try decision("\"\(name)\"").line }
}

@Suite("Tool catalog")
struct ToolCatalogTests {
    @Test("Nothing is cached until the last page of the list is there")
    func pages() throws {
        let server = Server()
        #expect(try server.line("get_a") == .listUnknown)
        server.catalog.begin()
        #expect(try server.add(page(tool("get_a"), cursor: "c1")) == #""c1""#)
        #expect(try server.line("get_a") == .listUnknown)
        #expect(try server.decision(#""get_a""#).mayWrite)
        #expect(try server.add(page(tool("get_b"))) == "last")
        #expect(try server.line("get_a") == .dynamicWord)
        #expect(try server.line("get_b") == .dynamicWord)
        #expect(try server.line("get_c") == .unlisted)
        #expect(try server.decision(#""get_c""#).mayWrite)
    }

    @Test("After list_changed nothing is known until the list was read again")
    func changes() throws {
        let server = Server()
        server.catalog.begin()
        _ = try server.add(page(tool("get_a")))
        server.catalog.invalidate()
        #expect(try server.line("get_a") == .listUnknown)
        server.catalog.begin()
        _ = try server.add(page(tool("get_a", #"{"readOnlyHint":false}"#), cursor: "c"))
        server.catalog.invalidate()  // again, before the list was complete
        #expect(try server.add(page(tool("get_b"))) == "unusable")
        #expect(try server.line("get_a") == .listUnknown)
        server.catalog.begin()
        _ = try server.add(page(tool("get_a", #"{"readOnlyHint":false}"#)))
        #expect(try server.line("get_a") == .notReadOnly)
    }

    @Test("A list that is read anew takes the place of the old one when it is complete")
    func renewal() throws {
        let server = Server()
        server.catalog.begin()
        _ = try server.add(page(tool("get_a")))
        server.catalog.begin()
        _ = try server.add(page(tool("get_b"), cursor: "c"))
        #expect(try server.line("get_a") == .dynamicWord)
        _ = try server.add(page(""))
        #expect(try server.line("get_a") == .unlisted)
        #expect(server.catalog.tools.map(\.name) == ["get_b"])
    }

    @Test(
        "Annotations are absent, true, false, or of no use",
        arguments: [
            (nil, DecisionLine.nothingKnown), ("{}", .nothingKnown), ("null", .nothingKnown),
            ("5", .nothingKnown), (#"{"readOnlyHint":true}"#, .readOnly),
            (#"{"readOnlyHint":false}"#, .notReadOnly), (#"{"readOnlyHint":null}"#, .nothingKnown),
            (#"{"readOnlyHint":"true"}"#, .nothingKnown), (#"{"readOnlyHint":1}"#, .nothingKnown),
            (#"{"destructiveHint":true}"#, .destructive),
            (#"{"destructiveHint":false}"#, .nothingKnown),
            (#"{"readOnlyHint":true,"destructiveHint":false}"#, .readOnly),
            (#"{"title":"x","idempotentHint":true,"openWorldHint":false}"#, .nothingKnown),
            (#"{"read\u004fnlyHint":true}"#, .readOnly),
            (#"{"readOnlyHint":true,"readOnlyHint":false}"#, .nothingKnown),
            (#"{"readonlyhint":true}"#, .nothingKnown),
        ] as [(String?, DecisionLine)])
    func annotations(text: String?, line: DecisionLine) throws {
        let server = Server()
        server.catalog.begin()
        _ = try server.add(page(tool("frobnicate", text)))
        #expect(try server.line("frobnicate") == line)
    }

    @Test("A name is found however it is written, and whole")
    func names() throws {
        let server = Server()
        server.catalog.begin()
        _ = try server.add(page(tool("get_\\u0061") + "," + tool("größe")))
        #expect(try server.decision(#""get_a""#).line == .dynamicWord)
        #expect(try server.decision(#""\u0067et_a""#).line == .dynamicWord)
        #expect(try server.decision(#""gr\u00f6\u00dfe""#).line == .nothingKnown)
        #expect(try server.decision(#""get_aa""#).line == .unlisted)
        #expect(try server.decision(#""get_""#).line == .unlisted)
        #expect(try server.decision(#""""#).line == .unlisted)
        #expect(try server.decision("5").line == .unlisted)
        #expect(try server.decision("null").line == .unlisted)
    }

    @Test("Of two tools with one name the more dangerous one counts")
    func twice() throws {
        let server = Server()
        server.catalog.begin()
        let hints = [#"{"readOnlyHint":true}"#, #"{"readOnlyHint":false}"#]
        _ = try server.add(page(tool("get_a", hints[0]) + "," + tool("get_a", hints[1])))
        #expect(try server.line("get_a") == .notReadOnly)
        #expect(server.catalog.tools.count == 1)
    }

    @Test(
        "What is no list leaves the state as it was",
        arguments: [
            #"{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no"}}"#,
            #"{"jsonrpc":"2.0","id":1,"result":{}}"#,
            #"{"jsonrpc":"2.0","id":1,"result":{"tools":5}}"#,
            #"{"jsonrpc":"2.0","id":1,"result":[]}"#,
        ])
    func unusable(text: String) throws {
        let server = Server()
        server.catalog.begin()
        #expect(try server.add(text) == "unusable")
        #expect(!server.catalog.isKnown && !server.catalog.isListing)
    }

    @Test("What is no tool in a list is passed over")
    func strangeElements() throws {
        let server = Server()
        server.catalog.begin()
        let tools = #"1,null,[],{},{"name":5},"x",\#(tool("get_a"))"#
        #expect(try server.add(page(tools)) == "last")
        #expect(server.catalog.tools.map(\.name) == ["get_a"])
    }

    @Test("A server without tools has a known list")
    func empty() throws {
        let server = Server()
        server.catalog.begin()
        #expect(try server.add(page("")) == "last")
        #expect(server.catalog.isKnown && server.catalog.tools.isEmpty)
    }

    @Test("Thousands of tools are found, and a list without an end is given up")
    func bounds() throws {
        let server = Server()
        server.catalog.begin()
        let names = (0..<ToolCatalog.maximumTools).map { "get_\($0)" }
        _ = try server.add(page(names.map { tool($0) }.joined(separator: ",")))
        for name in stride(from: 0, to: names.count, by: 97).map({ names[$0] }) {
            #expect(try server.line(name) == .dynamicWord)
        }
        server.catalog.begin()
        let more = (names + ["one_more"]).map { tool($0) }.joined(separator: ",")
        #expect(try server.add(page(more)) == "unusable")
        server.catalog.begin()
        for _ in 0..<ToolCatalog.maximumPages {
            #expect(try server.add(page("", cursor: "again")) == #""again""#)
        }
        #expect(try server.add(page("", cursor: "again")) == "unusable")
    }

    @Test("A new policy judges the tools that are known, and those of a list on its way")
    func reload() throws {
        let server = Server()
        server.catalog.begin()
        _ = try server.add(page(tool("get_a")))
        server.catalog.begin()
        _ = try server.add(page(tool("get_a"), cursor: "c"))
        server.policy = CachePolicy(mode: .off)
        server.catalog.judgeAgain(by: server.policy)
        #expect(try server.line("get_a") == .policyOff)
        _ = try server.add(page(tool("get_b")))
        #expect(try server.line("get_a") == .policyOff)
        #expect(try server.line("get_b") == .policyOff)
    }

    @Test("A rule's limits hold for tools that are not listed, its caching does not")
    func unlistedRule() throws {
        let server = Server()
        var rule = ToolRule("get_*", cache: .yes)
        rule.maximumConcurrent = 1
        server.policy = CachePolicy(rules: [rule])
        let decision = try server.decision(#""get_\u0061""#)
        #expect(!decision.isCacheable)
        #expect(server.policy.rule(of: decision)?.maximumConcurrent == 1)
    }
}
