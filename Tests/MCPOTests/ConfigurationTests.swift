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

    private func merged(_ names: String...) -> ProxyConfiguration {
        ProxyConfiguration(
            servers: names.map { ServerConfiguration(name: $0, command: "server") })
    }

    private func keys(_ configuration: ProxyConfiguration) -> [String] {
        configuration.problems.map(\.key)
    }

    @Test func `of several servers each problem names its server`() {
        var configuration = merged("a", "b")
        configuration.servers[1].command = ""
        configuration.servers[1].pool = PoolConfiguration(min: 3, max: 2)
        configuration.servers[0].tools["x_*"] = .init(exposedName: "y")
        #expect(
            keys(configuration) == [
                "servers.b.command", "servers.b.pool.max", "servers.a.tools.x_*.name",
            ])
    }

    @Test func `a disabled server is not checked, and one must be left`() {
        var configuration = merged("a", "b")
        configuration.servers[1].command = ""
        configuration.servers[1].isDisabled = true
        #expect(keys(configuration).isEmpty)
        configuration.servers[0].isDisabled = true
        #expect(keys(configuration) == ["servers"])
        #expect(keys(merged()) == ["servers"])
    }

    @Test func `names of servers differ, and a transparent proxy has one`() {
        #expect(keys(merged("a", "b", "a")) == ["servers.a"])
        var configuration = merged("a", "b")
        configuration.presentation = .transparent
        #expect(keys(configuration) == ["servers"])
    }

    @Test func `two tools of different servers cannot be called the same`() {
        var configuration = merged("a", "b")
        configuration.servers[0].tools["x"] = .init(exposedName: "z")
        configuration.servers[1].tools["y"] = .init(exposedName: "z")
        #expect(keys(configuration) == ["servers.b.tools.y.name"])
    }

    @Test func `the first server can be set where there is none`() {
        var configuration = merged()
        configuration.server.name = "a"
        #expect(configuration.servers.map(\.name) == ["a"])
    }

    @Test(
        arguments: [
            ("pool.max", { @Sendable in $0.pool.max = 1001 }),
            ("pool.connectionTimeout", { @Sendable in $0.pool.connectionTimeout = .zero }),
            ("pool.maxInFlight", { @Sendable in $0.pool.maxInFlight = 0 }),
            ("concurrency.max", { @Sendable in $0.concurrency.max = 0 }),
            ("concurrency.maxQueue", { @Sendable in $0.concurrency.maxQueue = -1 }),
            ("retry.max", { @Sendable in $0.retry.max = 11 }),
            ("retry.budgetPercent", { @Sendable in $0.retry.budgetPercent = 101 }),
            ("naming.separator", { @Sendable in $0.naming.separator = "" }),
            ("startupWait", { @Sendable in $0.startupWait = .seconds(-1) }),
            ("monitor.alerts.hitRate", { @Sendable in $0.monitor.alerts.hitRate = -1 }),
            ("http.listen", { @Sendable in $0.http = .init(listen: .init(port: -1)) }),
            ("http.token", { @Sendable in $0.http = .init(token: "two words") }),
            ("http.token", { @Sendable in $0.http = .init(token: "line\n") }),
            ("http.token", { @Sendable in $0.http = .init(token: "schlüssel") }),
            ("http.token", { @Sendable in $0.http = .init(token: "\u{7F}") }),
            (
                "http.token",
                { @Sendable in $0.http = .init(token: String(repeating: "a", count: 4_097)) }
            ),
            ("server.maxConcurrent", { @Sendable in $0.server.maxConcurrent = 0 }),
            ("server.maxRetries", { @Sendable in $0.server.maxRetries = -1 }),
            ("server.timeout", { @Sendable in $0.server.timeout = .zero }),
        ] as [(String, @Sendable (inout ProxyConfiguration) -> Void)])
    func `a value of the traffic that makes no sense is named`(
        key: String, spoil: @Sendable (inout ProxyConfiguration) -> Void
    ) {
        var configuration = ProxyConfiguration(server: ServerConfiguration(command: "server"))
        spoil(&configuration)
        #expect(keys(configuration) == [key])
    }

    @Test func `a token of visible characters is taken, and a bad one is not shown`() {
        var configuration = ProxyConfiguration(server: ServerConfiguration(command: "server"))
        let visible = String(decoding: (0x21...0x7E).map(UInt8.init), as: UTF8.self)
        for token in ["", visible, String(repeating: "a", count: 4_096)] {
            configuration.http = .init(token: token)
            #expect(configuration.problems.isEmpty)
        }
        configuration.http = .init(token: "hush hush")
        #expect(!"\(configuration.problems)".contains("hush"))
        #expect(configuration.problems.map(\.rule).first?.hasPrefix("must be at most 4096") == true)
    }
}
