import MCPOCore
import Testing

/// The key of a request, or why it has none.
private func key(
    _ line: String, era: Era = .modern, identity: String = "server",
    session: (String, String) = ("2025-06-18", "{}")
) throws -> Result<CacheKey, NoKeyReason> {
    let scanned = try Scanned(line)
    var maker = CacheKeyMaker(identity: Array(identity.utf8))
    maker.agree(revision: Array(session.0.utf8), capabilities: Array(session.1.utf8))
    return key(scanned, era, &maker)
}

private func key(
    _ scanned: Scanned, _ era: Era, _ maker: inout CacheKeyMaker
) -> Result<CacheKey, NoKeyReason> {
    let line = scanned.bytes.span.bytes
    let method = Method.of(line, scanned.envelope)
    let meta = RequestMeta(line, scanned.envelope.meta)
    do {
        return .success(try maker.key(line, scanned.envelope, method, era, meta))
    } catch {
        return .failure(error)
    }
}

private func call(_ params: String, id: Int = 1) -> String {
    #"{"jsonrpc":"2.0","id":\#(id),"method":"tools/call","params":\#(params)}"#
}

private func meta(_ revision: String, _ capabilities: String, _ other: String = "") -> String {
    #"{"io.modelcontextprotocol/protocolVersion":"\#(revision)","#
        + #""io.modelcontextprotocol/clientCapabilities":\#(capabilities)\#(other)}"#
}

@Suite("Cache key")
struct CacheKeyTests {
    @Test("Calls that differ in notation, id and trace have the same key")
    func sameCall() throws {
        let first = try key(
            call(#"{"name":"add","arguments":{"a":1,"b":2},"_meta":\#(meta("2026-07-28", "{}"))}"#))
        let other = meta("2026-07-28", " { } ", #","progressToken":7,"traceparent":"00-1""#)
        let second = try key(
            call(#"{"_meta":\#(other), "arguments" : {"b":2, "a" : 1},"name":"\u0061dd"}"#, id: 2))
        #expect(first == second)
        #expect(try first.get().hash == second.get().hash)
    }

    @Test("The key is what its head comment says")
    func layout() throws {
        let line = call(#"{"name":"add","arguments":{"b":[1.0],"a":"x"},"_meta":{"x":1}}"#)
        let parts = [
            "server", "L", "2025-06-18", "{}", "tools/call",
            #"{"arguments":{"a":"x","b":[1.0]},"name":"add"}"#,
        ]
        var expected: [UInt8] = []
        for part in parts { expected += [UInt8(part.utf8.count), 0, 0, 0] + Array(part.utf8) }
        #expect(try key(line, era: .legacy).get().bytes == expected)
    }

    @Test("Whatever can change the answer changes the key")
    func differences() throws {
        let modern = #"{"name":"t","arguments":{"a":1},"_meta":\#(meta("2026-07-28", "{}"))}"#
        let base = call(modern)
        var keys: [CacheKey] = [
            try key(base).get(), try key(base, identity: "another server").get(),
            try key(base, era: .legacy).get(),
            try key(base, era: .legacy, session: ("2025-11-25", "{}")).get(),
            try key(base, era: .legacy, session: ("2025-06-18", #"{"roots":{}}"#)).get(),
            // The same bytes, cut between the parts in another place.
            try key(base, era: .legacy, session: ("2025-06-18{", "}")).get(),
            try key(base.replacing("tools/call", with: "prompts/get")).get(),
        ]
        let variants = [
            (#""t""#, #""u""#), (#"{"a":1}"#, #"{"a":1.0}"#), (#"{"a":1}"#, #"{"b":1}"#),
            (#"{"a":1}"#, #"{"a":"1"}"#), (#"{"a":1}"#, #"[1]"#), (#"{"a":1}"#, "{}"),
            (#""name""#, #""cursor":"c","name""#), (#""name""#, #""unknown":null,"name""#),
            ("2026-07-28", "2027-01-01"),
            (#"clientCapabilities":{}"#, #"clientCapabilities":{"x":{}}"#),
        ]
        for (from, to) in variants { keys.append(try key(base.replacing(from, with: to)).get()) }
        #expect(Set(keys.map(\.bytes)).count == keys.count)
        #expect(Set(keys.map(\.hash)).count == keys.count)
    }

    @Test("A list without params is the same as one with nothing but _meta")
    func noParams() throws {
        let lists = ["", #","params":{}"#, #","params": { } "#, #","params":{"_meta":{"x":1}}"#]
        let keys = try lists.map {
            try key(#"{"jsonrpc":"2.0","id":1,"method":"tools/list"\#($0)}"#, era: .legacy).get()
        }
        #expect(Set(keys).count == 1)
    }

    @Test("_meta is left out wherever it stands")
    func metaAnywhere() throws {
        let places = [
            #"{"_meta":{"a":{}},"cursor":"c","name":"t"}"#,
            #"{"cursor":"c","_meta":{"a":{}},"name":"t"}"#,
            #"{"cursor":"c","name":"t","_meta":{"a":{}}}"#,
            #"{ "cursor" : "c" , "_meta" : 5 , "name" : "t" }"#,
            #"{"\u005fmeta":[],"name":"t","cursor":"c"}"#, #"{"name":"t","cursor":"c"}"#,
        ]
        let keys = try places.map { try key(call($0), era: .legacy).get() }
        #expect(Set(keys).count == 1)
        let nested = try key(
            call(#"{"name":"t","cursor":"c","arguments":{"_meta":1}}"#), era: .legacy)
        #expect(try nested.get() != keys[0])
    }

    @Test(
        "Some requests have no key",
        arguments: [
            (#"{"name":"t","inputResponses":{}}"#, NoKeyReason.inputResponses),
            (#"{"name":"t","requestState":"s"}"#, .requestState),
            (#"{"task":{},"name":"t"}"#, .task), (#"{"t\u0061sk":null,"name":"t"}"#, .task),
            (#"{"name":"t","arguments":{"a":1,"a":1}}"#, .duplicateKeys),
            (#"{"name":"t","x":1,"x":1}"#, .duplicateKeys), (#"[1]"#, .paramsNoObject),
            (#""t""#, .paramsNoObject),
            (#"{"name":"t","_meta":{"mcpo/cache":1,"mcpo/cache":2}}"#, .duplicateKeys),
        ])
    func refusals(params: String, reason: NoKeyReason) throws {
        #expect(try key(call(params)) == .failure(reason))
    }

    @Test("Those members concern params alone, not the arguments")
    func nestedMembers() throws {
        let params = #"{"name":"t","arguments":{"task":1,"requestState":2,"inputResponses":3}}"#
        #expect(throws: Never.self) { try key(call(params)).get() }
    }

    @Test(
        "A legacy call that is canonical as it stands has the key of one that is not",
        arguments: [
            (#"{"name":"t","arguments":{}}"#, #"{ "arguments":{},"name":"t" }"#),
            (
                #"{"name":"t","arguments":{"a":1,"b":[2,{"c":"x"},[]],"d":null}}"#,
                #"{"name":"t", "arguments":{"b":[2,{"c":"x"},[]],"d":null,"a":1}}"#
            ),
            (
                #"{"_meta":{"progressToken":1},"name":"t","arguments":{"key":"é","z":-1.5e3}}"#,
                #"{"arguments":{"z":-1.5e3,"key":"\u00e9"},"name":"t"}"#
            ),
            (
                #"{"name":"t","arguments":{"a":{"b":true}},"_meta":{"x":{}}}"#,
                #"{"name":"\u0074","arguments":{"a":{"b":true}}}"#
            ),
            (
                #"{"name":"t","arguments":{"argument1":1,"argument2":2}}"#,
                #"{"name":"t","arguments":{"argument2":2,"argument1":1}}"#
            ),
            (#"{"name":"t","arguments":{"":0,"a":1}}"#, #"{"name":"t","arguments":{"a":1,"":0}}"#),
        ])
    func plainCall(plain: String, other: String) throws {
        let expected = try key(call(plain), era: .legacy).get()
        #expect(try key(call(other), era: .legacy).get() == expected)
        #expect(expected.hash == CacheKey(bytes: expected.bytes).hash)
    }

    @Test(
        "A legacy call with anything else in it has another key, or none",
        arguments: [
            #"{"name":"t","arguments":{"a":1},"other":1}"#,
            #"{"name":"t","other":1,"arguments":{"a":1}}"#,
            #"{"name":"t","arguments":{"a":1},"task":{}}"#,
            #"{"name":"u","arguments":{"a":1}}"#, #"{"name":"t","arguments":{"a":1.0}}"#,
            #"{"name":"t","arguments":{"a":1,"a":1}}"#, #"{"name":"t","arguments":{"a":"1"}}"#,
            #"{"name":"t","arguments":[{"a":1}]}"#, #"{"arguments":{"a":1}}"#,
            #"{"name":"t"}"#, #"{"_meta":{},"name":"t","arguments":{"a":[1]}}"#,
        ])
    func notThatCall(params: String) throws {
        let plain = try key(call(#"{"name":"t","arguments":{"a":1}}"#), era: .legacy)
        #expect(try key(call(params), era: .legacy) != plain)
    }

    @Test("A legacy call in canonical form has the key of any other notation", arguments: 0..<500)
    func legacyProperty(seed: Int) throws {
        var random = SeededRandom(seed: seed)
        let arguments = Tree.randomObject(&random)
        var writer = TreeWriter(seed: seed)
        let wild = writer.bytes(arguments)
        let plain = try canonical(wild).text
        // Half a character is no text, although it has a canonical form.
        guard String(validating: plain, as: UTF8.self) != nil else { return }
        var maker = CacheKeyMaker(identity: [1, 2, 3])
        let keys = try [wild, plain].map { arguments in
            let line =
                Array(#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","#.utf8)
                + Array(#""arguments":"#.utf8) + arguments + Array("}}".utf8)
            return try key(Scanned(line), .legacy, &maker).get()
        }
        #expect(keys[0] == keys[1])
    }

    @Test("Params that are too long have no key")
    func tooLong() throws {
        let text = String(repeating: "x", count: CacheKeyMaker.maximumParamsBytes)
        #expect(try key(call(#"{"name":"\#(text)"}"#)) == .failure(.tooLarge))
    }

    @Test(
        "Only methods whose answers may be stored have keys",
        arguments: [
            ("server/discover", true), ("tools/list", true), ("prompts/list", true),
            ("resources/list", true), ("resources/templates/list", true),
            ("resources/read", true), ("tools/call", true), ("prompts/get", true),
            ("completion/complete", true), ("initialize", false), ("ping", false),
            ("resources/subscribe", false), ("logging/setLevel", false),
            ("subscriptions/listen", false), ("tasks/get", false), ("whatever", false),
        ])
    func methods(name: String, hasKey: Bool) throws {
        let result = try key(#"{"jsonrpc":"2.0","id":1,"method":"\#(name)","params":{}}"#)
        #expect(hasKey ? result != .failure(.method) : result == .failure(.method))
    }

    @Test("Equal calls have equal keys and unequal ones never do", arguments: 0..<300)
    func property(seed: Int) throws {
        var random = SeededRandom(seed: seed)
        let arguments = Tree.randomObject(&random)
        let other = arguments.changed(&random)
        var writer = TreeWriter(seed: seed)
        var maker = CacheKeyMaker(identity: [1, 2, 3])
        func line(_ tree: Tree) -> [UInt8] {
            let members: [Tree.Member] = [
                .init(key: Array("name".utf16), value: .string(Array("tool".utf16))),
                .init(key: Array("arguments".utf16), value: tree),
                .init(key: Array("_meta".utf16), value: .random(&random)),
            ]
            return Array(#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":"#.utf8)
                + writer.bytes(.object(members)) + Array("}".utf8)
        }
        let first = key(try Scanned(line(arguments)), .legacy, &maker)
        let second = key(try Scanned(line(arguments)), .legacy, &maker)
        let third = key(try Scanned(line(other)), .legacy, &maker)
        #expect(try first.get() == second.get())
        #expect(try first.get() != third.get())
        #expect(try CacheKey(bytes: first.get().bytes).hash == first.get().hash)
    }

    @Test("A key that is stored has the same hash in every process")
    func stableHash() {
        #expect(CacheKey(bytes: []).hash == CacheKey(bytes: []).hash)
        #expect(CacheKey(bytes: [0]).hash != CacheKey(bytes: [0, 0]).hash)
        // Written down once: stores keep it.
        #expect(CacheKey(bytes: Array("mcpo".utf8)).hash == 12_270_275_386_275_336_251)
        #expect(CacheKey(bytes: Array(0..<100)).hash == 747_467_381_238_503_969)
    }
}
