// The configuration value: names, durations, and what makes no sense.

import MCPO
import Testing

@Suite struct ConfigurationTests {
    @Test(arguments: [
        ("90", 90_000), ("0.5", 500), ("250ms", 250), ("30s", 30_000), ("5m", 300_000),
        ("1h", 3_600_000), ("1.5h", 5_400_000), ("0", 0),
    ])
    func `durations are read`(text: String, milliseconds: Int64) {
        #expect(Duration(text: text) == .milliseconds(milliseconds))
    }

    @Test(arguments: [
        "", "s", "-1", "+1", "1d", "1 s", " 1", "1s ", ".5", "5.", "1.2.3", "1e3", "0x10", "١",
        "999999999999h", "nan", "inf", "1_000",
    ])
    func `what is no duration is none`(text: String) {
        #expect(Duration(text: text) == nil)
    }

    @Test(arguments: [
        ("/usr/local/bin/my-server", [], "my-server"),
        ("uvx", ["mcp-server-time"], "mcp-server-time"),
        ("npx", ["-y", "@modelcontextprotocol/server-github"], "server-github"),
        ("npx", ["-y", "server-x@1.2.3"], "server-x"),
        ("env", ["KEY=value", "python3"], "python3"),
        ("npx", ["-y"], "npx"),
        ("python3", ["server.py"], "python3"),
        ("söme thing", [], "smething"),
        ("…", [], "server"),
    ])
    func `a server's name is derived from its command`(
        command: String, arguments: [String], name: String
    ) {
        #expect(ServerConfiguration(command: command, arguments: arguments).name == name)
    }

    @Test func `a usable configuration validates`() throws {
        try ProxyConfiguration(server: ServerConfiguration(command: "server")).validate()
    }

    @Test(
        arguments: [
            (
                "server.command",
                { @Sendable (value: inout ProxyConfiguration) in value.server.command = "" }
            ),
            ("server.name", { @Sendable in $0.server.name = "a b" }),
            ("server.name", { @Sendable in $0.server.name = "" }),
            ("timeout", { @Sendable in $0.timeout = .zero }),
            ("maximumTimeout", { @Sendable in $0.maximumTimeout = .seconds(1) }),
            ("shutdownTimeout", { @Sendable in $0.shutdownTimeout = .seconds(-1) }),
            ("maximumMessageBytes", { @Sendable in $0.maximumMessageBytes = 10 }),
            ("maximumMessageBytes", { @Sendable in $0.maximumMessageBytes = 2 << 30 }),
        ] as [(String, @Sendable (inout ProxyConfiguration) -> Void)])
    func `a value that makes no sense is named`(
        key: String, spoil: @Sendable (inout ProxyConfiguration) -> Void
    ) {
        var configuration = ProxyConfiguration(server: ServerConfiguration(command: "server"))
        spoil(&configuration)
        do throws(ConfigurationError) {
            try configuration.validate()
            Issue.record("\(key) was taken")
        } catch {
            #expect(error.key == key)
            #expect(error.description.hasPrefix("\(key) "))
        }
    }
}
