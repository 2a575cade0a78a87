// Configuration files that are right: those of clients, every key, and what wins over a file.

import Foundation
import MCPO
import Testing

/// Reads a configuration from text, as a file called `servers.json`.
func configuration(
    _ text: String, environment: [String: String] = [:], overrides: [(String, String)] = []
) throws(ConfigurationFileError) -> ProxyConfiguration {
    let overrides = overrides.map { ConfigurationOverride(key: $0.0, value: $0.1) }
    return try ConfigurationFile(path: "servers.json", overrides: overrides)
        .interpret(Array(text.utf8)) { environment[$0] }
}

/// A file of `Fixtures/Configurations`.
func fixture(_ name: String) throws -> String {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../Fixtures/Configurations")
    return try String(contentsOf: folder.appending(path: name), encoding: .utf8)
}

@Suite struct ClientFileTests {
    @Test func `a file of Claude Desktop is read as it is`() throws {
        let servers = try configuration(fixture("claude-desktop.json")).servers
        #expect(
            servers == [
                ServerConfiguration(
                    name: "filesystem", command: "npx",
                    arguments: [
                        "-y", "@modelcontextprotocol/server-filesystem", "/Users/username/Desktop",
                        "/Users/username/Downloads",
                    ]),
                ServerConfiguration(
                    name: "brave-search", command: "npx",
                    arguments: ["-y", "@modelcontextprotocol/server-brave-search"],
                    environment: ["BRAVE_API_KEY": "YOUR_API_KEY_HERE"]),
                ServerConfiguration(
                    name: "sqlite", command: "uvx",
                    arguments: ["mcp-server-sqlite", "--db-path", #"C:\Users\username\test.db"#]),
            ])
    }

    @Test func `a file of Cursor is read, with its way to name variables`() throws {
        let configuration = try configuration(
            fixture("cursor.json"), environment: ["GITHUB_TOKEN": "t0ken"])
        #expect(configuration.servers.map(\.name) == ["github", "linear"])
        #expect(configuration.enabledServers.map(\.name) == ["github"])
        #expect(configuration.server.environment == ["GITHUB_PERSONAL_ACCESS_TOKEN": "t0ken"])
        #expect(configuration.server.arguments.last == "ghcr.io/github/github-mcp-server")
    }

    @Test func `a file of VS Code is read, with comments and trailing commas`() throws {
        let servers = try configuration(fixture("vscode.json")).servers
        #expect(servers.map(\.name) == ["memory", "playwright"])
        #expect(servers[0].workingDirectory == "/work")
        #expect(
            servers[0].environment == ["MEMORY_FILE_PATH": "/work/memory.json", "PORT": "8080"])
        let elsewhere = try configuration(
            fixture("vscode.json"), environment: ["PROJECT": "/home"])
        #expect(elsewhere.servers[0].workingDirectory == "/home")
    }

    @Test func `a file is merged under prefixes, a command passed through`() throws {
        let file = try configuration(#"{"mcpServers": {"a": {"command": "x"}}}"#)
        #expect(file.presentation == .merged)
        let command = ProxyConfiguration(server: ServerConfiguration(command: "x"))
        #expect(command.presentation == .transparent)
    }

    @Test func `what a file does not say is the default`() throws {
        let file = try configuration(#"{"mcpServers": {"a": {"command": "x"}}}"#)
        let server = ServerConfiguration(name: "a", command: "x")
        #expect(file == ProxyConfiguration(servers: [server]))
        #expect(file.startupWait == .seconds(5))
        #expect(file.concurrency.max == 100 && file.concurrency.maxQueue == 1000)
        #expect(file.concurrency.queueTimeout == .seconds(30) && !file.concurrency.isAdaptive)
        #expect(file.pool.min == nil && file.pool.max == nil && file.pool.maxInFlight == 8)
        #expect(file.pool.maxIdleTime == .seconds(300))
        #expect(file.pool.connectionTimeout == .seconds(30))
        #expect(file.pool.healthCheckInterval == .seconds(60))
        #expect(file.retry.max == 2 && file.retry.budgetPercent == 20)
        #expect(file.naming.mode == .prefix && file.naming.separator == "__")
        #expect(file.http == nil)
    }

    @Test func `mcpServers comes before servers, which may be somebody else's`() throws {
        let file = try configuration(
            #"{"servers": [1], "mcpServers": {"a": {"command": "x"}}}"#)
        #expect(file.servers.map(\.name) == ["a"])
    }

    @Test func `a server that is disabled may lack anything`() throws {
        let file = try configuration(
            """
            {"mcpServers": {
              "a": {"command": "x"}, "b": {"disabled": true, "url": "${NOWHERE}"},
              "c d": {"disabled": true, "mcpo": {"odd": 1}}
            }}
            """)
        #expect(file.servers.map(\.isDisabled) == [false, true, true])
    }
}

@Suite struct EveryKeyTests {
    private func everything() throws -> ProxyConfiguration {
        try configuration(fixture("everything.jsonc"), environment: ["GITHUB_TOKEN": "t0ken"])
    }

    @Test func `every key of the outermost object is read`() throws {
        let file = try everything()
        #expect(file.cache.policy == .annotated && file.cache.strategy == .s3FIFO)
        #expect(file.cache.maxSize == 2000 && file.cache.maxBytes == 128 << 20)
        #expect(file.cache.maxEntryBytes == 1 << 20 && file.cache.defaultTTL == .seconds(60))
        #expect(!file.cache.annotate && file.cache.staleWhileRevalidate == .milliseconds(500))
        #expect(file.cache.staleIfError == .seconds(3600))
        #expect(
            file.cache.classes
                == [.realtime: .adding(["tide"]), .static: .only(["atlas", "schema"])])
        #expect(
            file.caches == [
                "high_frequency": .init(
                    maxSize: 5000, maxBytes: 1 << 20, maxEntryBytes: 1 << 16,
                    defaultTTL: .seconds(60), strategy: .lru)
            ])
        #expect(file.dedup.ttl == .seconds(5) && file.monitor.windowSize == 500)
        #expect(file.concurrency.max == 50 && file.concurrency.maxQueue == 10)
        #expect(file.concurrency.queueTimeout == .seconds(5) && file.concurrency.isAdaptive)
        #expect(file.pool.min == 1 && file.pool.max == 6 && file.pool.maxInFlight == 4)
        #expect(file.retry.max == 3 && file.retry.budgetPercent == 10)
        #expect(file.naming.mode == .unchanged && file.naming.separator == "-")
        #expect(file.timeout == .seconds(90) && file.maximumTimeout == .seconds(1800))
        #expect(file.shutdownTimeout == .seconds(1) && file.startupWait == .milliseconds(250))
        #expect(file.maximumMessageBytes == 1 << 20 && !file.metricsTool)
        #expect(file.monitor.alerts.averageDuration == .seconds(1))
        #expect(file.monitor.alerts.successRate == 95 && file.monitor.alerts.hitRate == 70.5)
        #expect(file.http == .init(listen: .init(port: 9300), token: "secret"))
        #expect(file.logLevel == .debug && file.logFormat == .json)
    }

    @Test func `every key of a server is read`() throws {
        let server = try everything().server
        #expect(server.name == "github" && server.command == "npx")
        #expect(server.arguments == ["-y", "@modelcontextprotocol/server-github"])
        #expect(server.environment == ["GITHUB_TOKEN": "t0ken"])
        #expect(server.workingDirectory == "/work" && !server.isDisabled)
        #expect(server.maxConcurrent == 20 && server.maxRetries == 1)
        #expect(server.timeout == .seconds(120) && server.maximumTimeout == .seconds(1200))
        #expect(
            server.tools == [
                "search_*": .init(
                    ttl: .seconds(600), staleWhileRevalidate: .seconds(30),
                    staleIfError: .seconds(3600)),
                "create_issue": .init(
                    cache: .no, invalidates: ["search_*", "list_*"], isIdempotent: true),
                "report": .init(
                    cache: .named("high_frequency"), maxConcurrent: 2, timeout: .seconds(300),
                    exposedName: "monthly"),
                "delete_repository": .init(isHidden: true),
            ])
    }

    @Test func `a server's pool has what it says, and the rest of the common one`() throws {
        let file = try everything()
        var pool = file.pool
        (pool.min, pool.max) = (2, 4)
        #expect(file.pool(of: file.servers[0]) == pool)
        #expect(pool.maxIdleTime == .seconds(60))
        #expect(file.servers[1].pool == nil && file.pool(of: file.servers[1]) == file.pool)
    }

    @Test func `a longer timeout moves the longest one along, unless that is given`() throws {
        let file = try configuration(
            #"{"mcpServers": {"a": {"command": "x"}}, "mcpo": {"timeout": "2h"}}"#)
        #expect(file.maximumTimeout == .seconds(7200))
    }
}

@Suite struct PrecedenceTests {
    private let text = """
        {
          "mcpServers": {
            "own": { "command": "x", "mcpo": { "pool": { "max": 4, "maxInFlight": 2 }, "timeout": 5 } },
            "common": { "command": "y" }
          },
          "mcpo": { "pool": { "max": 6 }, "cache": { "maxSize": 10, "policy": "all" } }
        }
        """

    @Test func `what is given from outside wins over the file, the last of two over the first`()
        throws
    {
        let file = try configuration(
            text,
            overrides: [
                ("cache.maxSize", "20"), ("cache.maxSize", "30"), ("log.level", "trace"),
                ("metricsTool", "false"), ("dedup.ttl", "0"),
            ])
        #expect(file.cache.maxSize == 30 && file.cache.policy == .all)
        #expect(file.logLevel == .trace && !file.metricsTool && file.dedup.ttl == .zero)
    }

    @Test func `a pool or a timeout from outside is for all servers`() throws {
        let file = try configuration(text, overrides: [("pool.max", "9"), ("timeout", "2h")])
        #expect(file.servers.map { file.pool(of: $0).max } == [9, 9])
        #expect(file.servers.map { file.pool(of: $0).maxInFlight } == [2, 8])
        #expect(file.servers.map(\.timeout) == [nil, nil])
        #expect(file.timeout == .seconds(7200) && file.maximumTimeout == .seconds(7200))
    }

    @Test func `what does not go with the file is told with the file's key`() {
        #expect(throws: ConfigurationFileError.self) {
            try configuration(text, overrides: [("pool.min", "5")])
        }
        do throws(ConfigurationFileError) {
            _ = try configuration(text, overrides: [("pool.min", "5")])
        } catch {
            #expect(
                error.description
                    == "servers.json:3:50: mcpServers.own.mcpo.pool.max: must be at least min, which is 5"
            )
        }
    }

    @Test(arguments: [
        ("cache.maxSize", "many", "cache.maxSize must be a number of entries from 1 to 10000000"),
        ("cache.max", "5", "cache.max is no key of mcpo"), ("nothing", "5", "nothing is no key"),
    ])
    func `a value from outside that makes no sense is told`(
        key: String, value: String, message: String
    ) {
        do throws(ConfigurationFileError) {
            _ = try configuration(text, overrides: [(key, value)])
            Issue.record("\(key) was taken")
        } catch {
            #expect(error.description.hasPrefix("servers.json: \(message)"), "\(error)")
        }
    }
}

@Suite struct ListenAddressTests {
    @Test(arguments: [
        ("9300", "127.0.0.1:9300", true), ("localhost:1", "localhost:1", true),
        ("[::1]:65535", "[::1]:65535", true), ("0.0.0.0:80", "0.0.0.0:80", false),
        ("[::]:80", "[::]:80", false), ("127.evil.com:80", "127.evil.com:80", false),
        ("127.9.8.7:80", "127.9.8.7:80", true), ("127.1:80", "127.1:80", false),
        ("127.0.0.256:80", "127.0.0.256:80", false), ("127.0.0.1.5:80", "127.0.0.1.5:80", false),
        ("0", "127.0.0.1:0", true),
        ("unix:/run/mcpo.sock", "unix:/run/mcpo.sock", true), ("unix:a b", "unix:a b", true),
    ])
    func `addresses are read and written`(text: String, written: String, isLocal: Bool) throws {
        let address = try #require(ListenAddress(text))
        #expect(address.description == written && address.isLocal == isLocal)
    }

    @Test(arguments: [
        "", ":", ":80", "65536", "a:65536", "a:", "unix:", "unix:a\0b", "a", "::1:80", "[]:80",
        "a b:80", "-1", "80 ",
        "http://a:80", "99999999999999999999",
    ])
    func `what is no address is none`(text: String) {
        #expect(ListenAddress(text) == nil)
    }
}
