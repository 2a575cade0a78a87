// The configuration value: names, and what makes no sense.

import MCPO
import Testing

@Suite struct ConfigurationTests {
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
        let configuration = ProxyConfiguration(server: ServerConfiguration(command: "server"))
        try configuration.validate()
        #expect(configuration.problems.isEmpty)
    }

    @Test func `all problems are told at once, in order`() {
        var configuration = ProxyConfiguration(server: ServerConfiguration(command: ""))
        configuration.timeout = .zero
        configuration.cache.maxSize = 0
        configuration.monitor.windowSize = 0
        #expect(
            configuration.problems.map(\.key) == [
                "server.command", "timeout", "cache.maxSize", "monitor.windowSize",
            ])
    }

    @Test(
        arguments: [
            (
                "server.command",
                { @Sendable (value: inout ProxyConfiguration) in value.server.command = "" }
            ),
            ("server.name", { @Sendable in $0.server.name = "a b" }),
            ("server.name", { @Sendable in $0.server.name = "" }),
            ("server.command", { @Sendable in $0.server.command = "a\0b" }),
            ("server.arguments", { @Sendable in $0.server.arguments = ["a", "b\0"] }),
            ("server.environment", { @Sendable in $0.server.environment = ["A": "b\0"] }),
            ("server.environment", { @Sendable in $0.server.environment = ["A\0": "b"] }),
            ("server.environment", { @Sendable in $0.server.environment = ["A=B": "c"] }),
            ("server.environment", { @Sendable in $0.server.environment = ["": "c"] }),
            ("server.workingDirectory", { @Sendable in $0.server.workingDirectory = "/a\0" }),
            ("server.workingDirectory", { @Sendable in $0.server.workingDirectory = "" }),
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
