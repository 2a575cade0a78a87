// Every name that mcpo knows, and nothing like it.

import MCPOCore
import Testing

@Suite struct MethodTests {
    static let names: [(String, Method)] = [
        ("initialize", .initialize), ("server/discover", .discover), ("ping", .ping),
        ("tools/list", .listTools), ("prompts/list", .listPrompts),
        ("resources/list", .listResources), ("resources/templates/list", .listResourceTemplates),
        ("resources/read", .readResource), ("prompts/get", .getPrompt),
        ("completion/complete", .complete), ("resources/subscribe", .subscribeResource),
        ("resources/unsubscribe", .unsubscribeResource), ("logging/setLevel", .setLogLevel),
        ("subscriptions/listen", .listen), ("tools/call", .callTool),
        ("notifications/initialized", .initialized), ("notifications/cancelled", .cancelled),
        ("notifications/progress", .progress),
        ("notifications/subscriptions/acknowledged", .acknowledged),
        ("notifications/tools/list_changed", .toolsChanged),
        ("notifications/prompts/list_changed", .promptsChanged),
        ("notifications/resources/list_changed", .resourcesChanged),
        ("notifications/resources/updated", .resourceUpdated),
        ("notifications/tasks/status", .taskStatus),
    ]

    private static func named(_ name: String) -> Method {
        let line = Array(name.utf8)
        return Method.named(line.span.bytes, ByteRange(0, line.count))
    }

    @Test func `every method is in the table`() {
        let all = (0...UInt8.max).compactMap { Method(rawValue: $0) }
        #expect(Set(all) == Set(Self.names.map(\.1) + [.unknown]))
    }

    @Test(arguments: names)
    func `a name is its method`(name: String, method: Method) {
        #expect(Self.named(name) == method)
    }

    @Test(arguments: names)
    func `near misses are unknown`(name: String, method: Method) {
        let characters = Array(name)
        for index in characters.indices {
            var changed = characters
            changed[index] = changed[index] == "x" ? "y" : "x"
            #expect(Self.named(String(changed)) == .unknown)
            changed = characters
            changed.remove(at: index)
            #expect(Self.named(String(changed)) == .unknown)
            changed = characters
            changed.insert("s", at: index)
            #expect(Self.named(String(changed)) == .unknown)
        }
        #expect(Self.named(name + "s") == .unknown)
        #expect(Self.named(name.uppercased()) == .unknown)
        #expect(Self.named(" " + name) == .unknown)
    }

    @Test func `any other name is unknown`() {
        for length in 0..<60 {
            #expect(Self.named(String(repeating: "a", count: length)) == .unknown)
        }
    }

    @Test func `a method is found in its line`() throws {
        let line = Array(#"{"jsonrpc":"2.0","id":1,"method":"tools/call"}"#.utf8)
        let envelope = try Envelope(scanning: line.span.bytes)
        #expect(Method.of(line.span.bytes, envelope) == .callTool)
    }

    @Test func `a method written with escapes is the same method`() throws {
        let line = Array(#"{"jsonrpc":"2.0","method":"notifications\/cancelled"}"#.utf8)
        let envelope = try Envelope(scanning: line.span.bytes)
        // PHP's json_encode writes `\/`. See the transcripts named escaped-method-name.
        #expect(Method.of(line.span.bytes, envelope) == .cancelled)
    }

    @Test func `only what changes nothing is read-only`() {
        for (name, method) in Self.names where !name.hasPrefix("notifications/") {
            #expect(method.isReadOnly == (method != .callTool), "\(name)")
        }
        #expect(!Method.unknown.isReadOnly)
    }

    @Test func `what sets up state in a server is known`() {
        let expected: Set<Method> = [
            .initialize, .setLogLevel, .subscribeResource, .unsubscribeResource, .listen,
        ]
        #expect(Set(Self.names.map(\.1).filter(\.setsUpState)) == expected)
    }
}
