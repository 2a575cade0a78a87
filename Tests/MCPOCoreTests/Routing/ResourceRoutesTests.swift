// Which server a URI goes to.

import MCPOCore
import Testing

/// - Parameter servers: of each the URIs and the templates that it lists.
private func routes(_ servers: [([String], [String])]) throws -> ResourceRoutes {
    let resources = try servers.map { try entryList(.resources, $0.0).content }
    let templates = try servers.map { try entryList(.templates, $0.1).content }
    func names(_ lists: [EntryListContent]) -> ExposedNames {
        ExposedNames(lists.map { .init("server", $0) }, .verbatim)
    }
    return ResourceRoutes(names(resources), names(templates), templates)
}

extension ResourceRoutes {
    fileprivate func server(_ uri: String) -> Int? {
        let quoted = Quoted(uri)
        return server(quoted.bytes.span.bytes, quoted.value)
    }

    fileprivate func server(ofTemplate template: String) -> Int? {
        let quoted = Quoted(template)
        return server(ofTemplate: quoted.value, quoted.bytes.span.bytes)
    }
}

@Suite struct ResourceRoutesTests {
    @Test func `a listed URI is its server's, of several the earlier one's`() throws {
        let routes = try routes([(["a://1"], []), (["a://1", "a://2"], []), (["a://3"], [])])
        #expect(routes.server("a://1") == 0 && routes.server("a://2") == 1)
        #expect(routes.server("a://3") == 2)
        #expect(routes.server(#"a:\/\/\u0033"#) == 2)
        #expect(routes.server("a://4") == nil && routes.server("") == nil)
    }

    @Test func `a listed URI comes before any template`() throws {
        let routes = try routes([([], ["a://x/{+y}"]), (["a://x/1"], ["{+all}"])])
        #expect(routes.server("a://x/1") == 1)
        #expect(routes.server("a://x/2") == 0)
        #expect(routes.server(#"a:\/\/x\/2"#) == 0)
        #expect(routes.server("b://") == 1)
    }

    @Test func `the most literal characters count, then the configuration's order`() throws {
        let routes = try routes([
            ([], ["file:///{+path}"]), ([], ["file:///wiki/{page}", "file:///{+other}"]),
            ([], ["file:///wiki/{title}"]),
        ])
        #expect(routes.server("file:///wiki/home") == 1)
        #expect(routes.server("file:///wiki/a/b") == 0)
        #expect(routes.server("file:///x") == 0)
        #expect(routes.server("ftp://x") == nil)
    }

    @Test func `what a template expands to comes before what a server may take`() throws {
        let routes = try routes([([], ["repo://x{name}"]), ([], ["repo://{+name}"])])
        #expect(routes.server("repo://xy") == 0)
        #expect(routes.server("repo://x:y") == 1)
        let lone = try ResourceRoutesTests.lone("repo://x{name}")
        #expect(lone.server("repo://x:y") == 0)
    }

    private static func lone(_ template: String) throws -> ResourceRoutes {
        try routes([([], [template])])
    }

    @Test func `a template that is named goes to who lists it`() throws {
        let routes = try routes([([], ["a://{x}"]), ([], ["a://{x}", "b://{y}"])])
        #expect(routes.server(ofTemplate: "a://{x}") == 0)
        #expect(routes.server(ofTemplate: #"b:\/\/{y}"#) == 1)
        #expect(routes.server(ofTemplate: "c") == nil)
    }

    @Test func `what is no template, or no string, matches nothing`() throws {
        let routes = try routes([([], ["{", "a{b", "x{=y}"])])
        #expect(routes.server("{") == nil)
        let number = Array("5".utf8)
        let value = JSONValue(range: ByteRange(0, 1), kind: .integer)
        #expect(routes.server(number.span.bytes, value) == nil)
        #expect(routes.server(number.span.bytes, .absent) == nil)
    }

    @Test func `templates that are made to be slow do not hide another server's`() throws {
        let slow = (0..<2_000).map { "{+v\($0)}" + String(repeating: "{+a}{b}", count: 40) + "!!!" }
        let routes = try routes([([], slow), ([], ["a:{+b}"])])
        let clock = ContinuousClock()
        let time = clock.measure {
            #expect(routes.server("a:" + String(repeating: "x", count: 8_000)) == 1)
        }
        // In a debug build on a busy machine; without a bound it would be hours.
        #expect(time < .seconds(20))
        #expect(routes.server("a:" + String(repeating: "x", count: 20_000)) == nil)
    }

    @Test func `servers without resources, and no servers`() throws {
        #expect(try routes([]).server("a") == nil)
        #expect(try routes([([], []), (["x"], [])]).server("x") == 1)
    }
}
