// `--config FILE` as a person meets it: serving, checking, complaining.

import Foundation
import Testing

@Suite struct ConfigurationFileCommandTests {
    @Test("Every problem of a file is a line on stderr, and the code is 2")
    func problems() throws {
        let file = try ServersFile(
            servers: [("a", #"{"command": "x", "args": [1]}"#), ("b", "{}")],
            mcpo: #"{"cache": {"polcy": "all"}}"#)
        for arguments in [["--config", file.path], ["check", "--config=\(file.path)"]] {
            let outcome = try runMCPO(arguments)
            #expect(outcome.exit == .status(2))
            #expect(outcome.output.isEmpty)
            #expect(
                outcome.complaints.dropLast() == [
                    "mcpo: \(file.path):3:32: mcpServers.a.args[0]: must be a string, not 1; write \"1\"",
                    "mcpo: \(file.path):4:1: mcpServers.b: has no \"command\": name the program that is the server",
                    "mcpo: \(file.path):6:20: mcpo.cache.polcy: is no key of mcpo: allowed are policy, maxSize, "
                        + "maxBytes, maxEntryBytes, defaultTTL, strategy, annotate, staleWhileRevalidate, "
                        + "staleIfError, classes; did you mean \"policy\"?",
                ])
        }
    }

    @Test("The one server of a file that is not disabled is served, and its port is opened")
    func serves() throws {
        let file = try ServersFile(
            servers: [
                ("old", #"{"disabled": true, "url": "https://x"}"#),
                ("only", ServersFile.stub()),
            ], mcpo: #"{"http": {"listen": 0}}"#)
        let outcome = try runMCPO(
            ["--config", file.path],
            input: #"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"#
                + #""2025-06-18","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}"#
                + "\n")
        #expect(outcome.exit == .status(0), "\(outcome)")
        #expect(outcome.output.contains(#""serverInfo""#))
        #expect(outcome.errors.contains("info http: metrics and dashboard at http://127.0.0.1:"))
    }

    @Test("An option wins over the environment, and the environment over the file")
    func precedence() throws {
        let pool = #", "mcpo": {"pool": {"min": 2, "max": 4}}"#
        let file = try ServersFile(servers: [("a", ServersFile.stub([], pool))])
        let environment = ["MCPO_POOL_MIN_CONNECTIONS": "5"]
        let refused = try runMCPO(["--config", file.path], environment: environment)
        #expect(refused.exit == .status(2))
        #expect(
            refused.complaint?.hasSuffix(
                "mcpServers.a.mcpo.pool.max: must be at least min, which is 5") == true)
        for option in ["--pool-min=1", "--pool-max=5"] {
            let outcome = try runMCPO(["--config", file.path, option], environment: environment)
            #expect(outcome.exit == .status(0), "\(outcome)")
        }
    }
}

@Suite struct ConfigurationCheckTests {
    @Test("Servers that work, fail and are disabled: a row for each, then the tools of each")
    func table() throws {
        let file = try ServersFile(
            servers: [
                (
                    "good",
                    ServersFile.stub(
                        [],
                        #", "mcpo": {"tools": {"echo": {"name": "say", "ttl": 7}, "die": {"hide": true}}}"#
                    )
                ),
                ("modern", ServersFile.stub(["--era", "modern"])),
                ("nowhere", #"{"command": "mcp-server-nowhere"}"#),
                ("dead", ServersFile.stub(["--die-at-start", "7"])),
                ("old", #"{"disabled": true, "url": "https://x"}"#),
            ], mcpo: #"{"cache": {"defaultTTL": "10m"}}"#)
        let outcome = try runMCPO(["check", "--config", file.path, "--cache-max-size", "7"])
        #expect(outcome.exit == .status(1))
        let lines = outcome.output.split(separator: "\n").map { line in
            line.replacing(/\ {2,}/, with: "|").replacing(/[0-9]+ ms/, with: "N ms")
        }
        #expect(lines.contains("policy|smart, default TTL 10m"))
        #expect(lines.contains("cache|7 entries, 64 MiB, strategy lru_ttl"))
        #expect(lines.contains("SERVER|STATUS|ERA|START-UP|TOOLS|PROMPTS|RESOURCES|REMARK"))
        #expect(lines.contains("good|ok|legacy (2025-11-25)|N ms|22|1|1|3 tools cached"))
        #expect(lines.contains("modern|ok|modern (2026-07-28)|N ms|22|1|1|3 tools cached"))
        #expect(
            lines.contains {
                $0.hasPrefix("nowhere|failed|-|-|-|-|-|command not found: mcp-server-nowhere")
            })
        #expect(
            lines.contains(
                "dead|failed|-|-|-|-|-|it exited with status 7 before it answered initialize; look at "
                    + "what it wrote to stderr; check its command, args and env"))
        #expect(lines.contains("old|disabled|-|-|-|-|-"))
        #expect(lines.contains("good: stub 1.0.0"))
        #expect(lines.contains(#"say (echo)|yes|7s|reads|2. rule "echo""#))
        #expect(lines.contains("die (hidden)|no|-|writes|4. write: readOnlyHint is false"))
        #expect(lines.contains("good__add|yes|10m|reads|6. readOnlyHint is true"))
        #expect(lines.contains("modern__echo|yes|10m|reads|6. readOnlyHint is true"))
        #expect(outcome.errors.contains("[dead] StubServer: dies at its start"))
    }

    @Test("All servers that work end with 0, and they start at the same time")
    func parallel() throws {
        let file = try ServersFile(
            servers: (1...6).map { ("s\($0)", ServersFile.stub(["--start-delay", "500"])) })
        // One after the other would take 3 s.
        try promptly(2.5) {
            try seconds {
                let outcome = try runMCPO(["check", "--config", file.path])
                #expect(outcome.exit == .status(0) && outcome.errors.isEmpty, "\(outcome)")
            }
        }
    }

    @Test("Without prefixes tools keep their names")
    func unprefixed() throws {
        let file = try ServersFile(
            servers: [("s", ServersFile.stub())], mcpo: #"{"naming": {"mode": "none"}}"#)
        let outcome = try runMCPO(["check", "--config", file.path])
        #expect(outcome.output.contains("\necho "))
    }

    @Test("Nothing is left running after a check of several servers")
    func nothingLeft() throws {
        let mark = "mcpo-mark-\(UUID().uuidString)"
        let stubborn = ServersFile.stub(["--ignore-eof", "--ignore-sigterm"])
        let file = try ServersFile(servers: [("a", stubborn), ("b", stubborn)])
        let outcome = try runMCPO(
            ["check", "--config", file.path], environment: ["MCPO_TEST_MARK": mark])
        #expect(outcome.exit == .status(0))
        #expect(ProcessTable.marked(mark).isEmpty)
    }
}
