import MCPOCore
import Testing

private func directive(_ meta: String) throws -> CacheDirective {
    let line = try Scanned(
        #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":\#(meta)}}"#)
    let bytes = line.bytes.span.bytes
    return CacheDirective(bytes, RequestMeta(bytes, line.envelope.meta))
}

@Suite("Cache directive")
struct CacheDirectiveTests {
    @Test(
        "What a client can ask for",
        arguments: [
            (#""no-store""#, CacheDirective.noStore), (#""no-cache""#, .noCache),
            (#""only-if-cached""#, .onlyIfCached), (#""no\u002dstore""#, .noStore),
            (#"{"maxAge":60}"#, .maxAge(60_000_000_000)), (#"{"maxAge":0}"#, .maxAge(0)),
            (#"{ "maxAge" : 2.5 }"#, .maxAge(2_500_000_000)),
            (#"{"maxAge":1e-3}"#, .maxAge(1_000_000)), (#"{"maxAge":1e300}"#, .maxAge(.max)),
            (#"{"maxAge":1e999}"#, .maxAge(.max)),
        ])
    func understood(value: String, expected: CacheDirective) throws {
        #expect(try directive(#"{"mcpo/cache":\#(value)}"#) == expected)
    }

    @Test(
        "Anything else is not understood",
        arguments: [
            #""no-transform""#, #""NO-STORE""#, #""""#, "true", "false", "null", "60", "[]", "{}",
            #"["no-store"]"#, #"{"maxAge":-1}"#, #"{"maxAge":"60"}"#, #"{"maxAge":null}"#,
            #"{"maxage":60}"#, #"{"maxAge":60,"more":1}"#, #"{"maxAge":1,"maxAge":2}"#,
            #"{"status":"hit","age":3}"#,
        ])
    func notUnderstood(value: String) throws {
        #expect(try directive(#"{"mcpo/cache":\#(value)}"#) == .notUnderstood)
    }

    @Test("None is none")
    func none() throws {
        #expect(try directive("{}") == .none)
        #expect(try directive("5") == .none)
        #expect(
            try directive(#"{"mcpo/cached":"no-store","x":{"mcpo/cache":"no-store"}}"#) == .none)
    }

    @Test("Two of them are none that could be followed")
    func twice() throws {
        let meta = #"{"mcpo/cache":"no-cache","mcpo/cache":"no-store"}"#
        #expect(try directive(meta) == .notUnderstood)
    }
}
