// `mcpo check`: what it says of servers of both eras, and of those that do not behave.

import Foundation
import MCPO
import Testing

/// The table of a check, read back.
private struct Table {
    private var rows: [String: [String]] = [:]
    let outcome: Outcome

    init(_ outcome: Outcome) {
        self.outcome = outcome
        for line in outcome.output.split(separator: "\n") {
            let cells = line.replacing(/\ {2,}/, with: "\t").split(separator: "\t").map(String.init)
            rows[cells.first ?? ""] = cells
        }
    }

    /// The cells of a row behind its first.
    subscript(name: String) -> [String] { Array(rows[name, default: []].dropFirst()) }
}

private func check(
    _ command: [String], options: [String] = [], environment: [String: String] = [:]
) throws -> Table {
    Table(try runMCPO(["check"] + options + ["--"] + command, environment: environment))
}

/// Keeps the script until the check is over.
private func check(_ server: ScriptedServer, options: [String] = []) throws -> Table {
    defer { withExtendedLifetime(server) {} }
    return try check(server.command, options: options)
}

@Suite struct CheckTests {
    @Test("A legacy server: what it is, and each tool with the line that decided")
    func legacy() throws {
        let table = try check([Products.stub])
        #expect(table.outcome.exit == .status(0))
        #expect(table.outcome.errors.isEmpty)
        #expect(table["server"] == ["StubServer: \(Products.stub)"])
        #expect(table["says"] == ["stub 1.0.0"])
        #expect(table["era"] == ["legacy (2025-11-25)"])
        #expect(try #require(table["start-up"].first).wholeMatch(of: /[0-9]+ ms/) != nil)
        #expect(table["offers"] == ["tools, resources, prompts, completions, logging"])
        #expect(table["tools"] == ["22, 3 of them cached"])
        #expect(table["echo"] == ["yes", "5m", "reads", "6. readOnlyHint is true"])
        #expect(table["die"] == ["no", "-", "writes", "4. write: readOnlyHint is false"])
        #expect(table["tools/list"] == ["yes", "5m", "reads", "a list"])
        #expect(
            table["resources/read"]
                == ["no", "-", "reads", "a resource that nobody watches for changes"])
        #expect(table["prompts/get"] == ["no", "-", "reads", "stored by rule only"])
        #expect(table["server/discover"].isEmpty)
    }

    @Test(
        "A modern and a dual-era server are spoken to in the modern way",
        arguments: ["modern", "dual"])
    func modern(era: String) throws {
        let table = try check([Products.stub, "--era", era])
        #expect(table.outcome.exit == .status(0))
        #expect(table["says"] == ["stub 1.0.0"])
        #expect(table["era"] == ["modern (2026-07-28)"])
        #expect(table["tools"] == ["22, 3 of them cached"])
        let own = ["no", "-", "reads", "a list; the server's own ttlMs is 0"]
        #expect(table["tools/list"] == own && table["server/discover"] == own)
        #expect(table["resources/read"] == ["yes", "ttlMs", "reads", "a resource"])
        #expect(table["prompts/list"] == ["yes", "ttlMs", "reads", "a list"])
    }

    @Test("Options change what the table says, as they change what mcpo does")
    func options() throws {
        let table = try check(
            [Products.stub],
            options: [
                "--name=it", "--cache-policy", "all", "--cache-default-ttl=90", "--no-dedup",
                "--cache-max-size", "5", "--cache-max-bytes", "1.5MiB", "--cache-strategy", "ttl",
            ])
        #expect(table["server"] == ["it: \(Products.stub)"])
        #expect(table["policy"] == ["all, default TTL 90s"])
        #expect(table["cache"] == ["5 entries, 1536 KiB, strategy ttl"])
        #expect(table["dedup"] == ["off"])
        #expect(table["die"] == ["yes", "90s", "writes", "3. policy all"])
    }

    @Test("Nothing is cached with --no-cache, and the last of several options counts")
    func noCache() throws {
        let table = try check([Products.stub], options: ["--cache-policy=all", "--no-cache"])
        #expect(table["tools"] == ["22, 0 of them cached"])
        #expect(table["echo"] == ["no", "-", "reads", "3. policy off"])
        #expect(table["tools/list"] == ["no", "-", "reads", "3. policy off"])
        let other = try check([Products.stub], options: ["--no-cache", "--cache-policy=all"])
        #expect(other["tools"] == ["22, 19 of them cached"])
    }

    @Test("Under lru nothing ends by default")
    func withoutEnd() throws {
        let table = try check([Products.stub], options: ["--cache-strategy", "lru"])
        #expect(table["echo"] == ["yes", "no end", "reads", "6. readOnlyHint is true"])
    }

    @Test("The environment sets what no option sets")
    func environment() throws {
        let environment = [
            "MCPO_CACHE_POLICY": "annotated", "MCPO_CACHE_DEFAULT_TTL": "1.5",
            "MCPO_CACHE_MAX_SIZE": "12", "MCPO_CACHE_MAX_BYTES": "1GiB",
            "MCPO_CACHE_STRATEGY": "s3_fifo", "MCPO_REQUEST_DEDUP_TTL": "5m",
            "MCPO_MONITOR_WINDOW_SIZE": "100000",
        ]
        let table = try check([Products.stub], environment: environment)
        #expect(table["policy"] == ["annotated, default TTL 1500ms"])
        #expect(table["cache"] == ["12 entries, 1 GiB, strategy s3_fifo"])
        #expect(table["dedup"].first?.contains("at most 5m old") == true)
        #expect(table["echo"] == ["yes", "1500ms", "reads", "3. policy annotated"])
        let other = try check(
            [Products.stub], options: ["--cache-policy=smart", "--dedup-ttl=0"],
            environment: environment)
        #expect(other["policy"] == ["smart, default TTL 1500ms"])
        #expect(other["dedup"] == ["off"])
    }

    @Test("check --help explains options, columns and exit codes", arguments: ["--help", "-h"])
    func help(flag: String) throws {
        let outcome = try runMCPO(["check", flag])
        #expect(outcome.exit == .status(0))
        #expect(outcome.errors.isEmpty)
        for word in ["mcpo check [options] -- COMMAND", "CACHED", "TTL", "EFFECT", "WHY", "Exit"] {
            #expect(outcome.output.contains(word))
        }
    }

    @Test("From code: rules and named caches are in the report")
    func fromCode() throws {
        var configuration = ProxyConfiguration(
            server: ServerConfiguration(command: Products.stub))
        configuration.caches["reports"] = .init(defaultTTL: .seconds(3600))
        configuration.server.tools = [
            "pid": .init(cache: .named("reports")), "s*": .init(cache: .no),
            "prompts/get": .init(ttl: .seconds(10)),
        ]
        let report = try ServerCheck(configuration: configuration).run()
        #expect(report.era == .legacy && report.revision == "2025-11-25")
        #expect(report.tools.map(\.name).prefix(2) == ["echo", "add"])
        let pid = try #require(report.tools.first { $0.name == "pid" })
        #expect(pid.cache == "reports" && pid.lifetime == .duration(.seconds(3600)))
        #expect(pid.effect == .writes && pid.reason == #"2. rule "pid""#)
        let sleep = try #require(report.tools.first { $0.name == "sleep" })
        #expect(sleep.cache == nil && sleep.reason == #"2. rule "s*""#)
        let prompt = try #require(report.requests.first { $0.name == "prompts/get" })
        #expect(prompt.cache == "default" && prompt.lifetime == .duration(.seconds(10)))
        #expect(report.text.contains("in reports"))
    }

    @Test("From code: a rule's time holds under lru, and against a modern server's own")
    func rulesTime() throws {
        var configuration = ProxyConfiguration(
            server: ServerConfiguration(command: Products.stub, arguments: ["--era", "modern"]))
        configuration.cache.strategy = .lru
        configuration.server.tools = [
            "*": .init(ttl: .seconds(7)), "tools/list": .init(ttl: .seconds(8)),
        ]
        let report = try ServerCheck(configuration: configuration).run()
        let echo = try #require(report.tools.first { $0.name == "echo" })
        #expect(echo.lifetime == .duration(.seconds(7)))
        #expect(echo.reason == "6. readOnlyHint is true")
        let list = try #require(report.requests.first { $0.name == "tools/list" })
        #expect(list.lifetime == .duration(.seconds(8)) && list.reason == #"2. rule "tools/list""#)
    }

    @Test(
        "A modern server's own time for its list is shown; none is no time",
        arguments: [
            ("\"ttlMs\":90000", ["yes", "90s"]), ("\"ttlMs\":1.5", ["no", "-"]),
            ("\"x\":1", ["no", "-"]),
        ])
    func serversTime(member: String, cells: [String]) throws {
        let discovery =
            #"answer '{"resultType":"complete","supportedVersions":["2026-07-28"],"#
            + #""capabilities":{"tools":{}}}'"#
        let page = #"answer '{"tools":[{"name":"find_x"}],\#(member)}'"#
        let table = try check(
            ScriptedServer([("*server/discover*", discovery), ("*tools/list*", page)]))
        #expect(table["era"] == ["modern (2026-07-28)"])
        #expect(table["says"] == ["nothing of its name and version"])
        #expect(Array(table["tools/list"].prefix(2)) == cells)
        #expect(table["find_x"].first == "yes")
    }

    @Test("Signals end a check, and its server with it", arguments: [SIGINT, SIGTERM, SIGKILL])
    func signals(number: Int32) throws {
        let mark = "mcpo-mark-\(UUID().uuidString)"
        let nothing = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer { close(nothing) }
        let child = try spawnChild(
            [Products.mcpo, "check", "--", Products.stub, "--start-delay", "100000"],
            environment: Setup.environment(mark, [:]),
            streams: ChildStreams(input: nothing, output: nothing, errors: nothing))
        try eventually("the server") {
            ProcessTable.marked(mark).contains { $0.name == "StubServer" }
        }
        kill(child, number)
        try eventually("the end of mcpo") { reap(child) == .signal(number) }
        try eventually("the end of the server") { ProcessTable.marked(mark).isEmpty }
    }

    @Test("Nothing is left running, however stubborn the server is")
    func nothingLeft() throws {
        let mark = "mcpo-mark-\(UUID().uuidString)"
        let table = try check(
            [Products.stub, "--ignore-eof", "--ignore-sigterm"],
            environment: ["MCPO_TEST_MARK": mark])
        #expect(table.outcome.exit == .status(0))
        #expect(ProcessTable.marked(mark).isEmpty)
    }
}

@Suite struct CheckOpeningTests {
    private let tools = ("*tools/list*", ScriptedServer.tools(["read_it"]))

    private func expectLegacy(_ server: ScriptedServer, options: [String] = []) throws -> Table {
        let table = try check(server, options: options)
        #expect(table.outcome.exit == .status(0), "\(table.outcome)")
        #expect(table["era"] == ["legacy (2025-06-18)"], "\(table.outcome)")
        #expect(table["says"] == ["scripted 0.1"])
        #expect(table["read_it"] == ["yes", "1m", "reads", #"6. dynamic: "read""#])
        return table
    }

    @Test(
        "A legacy server may answer the probe with any error, or with a result that is none",
        arguments: [
            ScriptedServer.unknownMethod, #"fail '{"code":-32602,"message":"?"}'"#,
            "id=null; \(ScriptedServer.unknownMethod)", "answer '{}'", "answer null",
        ])
    func refusal(action: String) throws {
        _ = try expectLegacy(
            ScriptedServer([("*server/discover*", action), ScriptedServer.initialize(), tools]))
    }

    @Test("A legacy server may die of the probe: it is started again without one")
    func death() throws {
        let server = try ScriptedServer([
            ("*server/discover*", "exit 3"), ScriptedServer.initialize(), tools,
        ])
        let table = try expectLegacy(server, options: ["--log-level", "debug"])
        #expect(table.outcome.errors.contains("status 3"))
    }

    @Test("A legacy server may be silent at the probe, which the start-up time says")
    func silence() throws {
        let table = try expectLegacy(
            ScriptedServer([("*server/discover*", ":"), ScriptedServer.initialize(), tools]))
        #expect(table["start-up"].first?.contains("ignores") == true)
    }

    @Test("A server that the probe has spoilt is started again without one")
    func spoilt() throws {
        let spoil = "spoilt=yes; \(ScriptedServer.unknownMethod)"
        let (pattern, answer) = ScriptedServer.initialize()
        let refuse = #"fail '{"code":-32600,"message":"no"}'"#
        _ = try expectLegacy(
            ScriptedServer([
                ("*server/discover*", spoil),
                (pattern, "if [ \"$spoilt\" ]; then \(refuse); else \(answer); fi"), tools,
            ]))
    }

    @Test("A modern server that is slow to start is not taken for a legacy one")
    func slowModern() throws {
        let table = try check([Products.stub, "--era", "modern", "--start-delay", "2500"])
        #expect(table.outcome.exit == .status(0))
        #expect(table["era"] == ["modern (2026-07-28)"])
    }

    @Test("A server of revisions to come is refused by name")
    func future() throws {
        let server = try ScriptedServer([
            (
                "*server/discover*",
                #"fail '{"code":-32022,"message":"?","data":{"supported":["2031-01-01"]}}'"#
            )
        ])
        let outcome = try check(server).outcome
        #expect(outcome.exit == .status(1))
        #expect(try #require(outcome.complaint).contains("2031-01-01"))
    }

    @Test("A server that prints more than messages is shown, counted, and understood")
    func garbage() throws {
        let server = try ScriptedServer(
            [
                ("*server/discover*", ScriptedServer.unknownMethod), ScriptedServer.initialize(),
                tools,
            ],
            start: "echo 'Loading model …'; echo '[]'; echo '{\"half\": '; echo")
        let table = try expectLegacy(server)
        #expect(table["warning"].first?.contains("3 lines") == true)
        #expect(table.outcome.errors.contains("Loading model"))
    }

    @Test("The server's own requests are answered: ping with a result, others with an error")
    func serverRequests() throws {
        let asks =
            #"echo '{"jsonrpc":"2.0","id":"p","method":"ping"}'; "#
            + #"echo '{"jsonrpc":"2.0","id":77,"method":"roots/list"}'; "#
            + #"read -r pong; read -r refusal; echo "$pong$refusal" > "$folder/heard"; "#
        let (pattern, answer) = ScriptedServer.initialize()
        let server = try ScriptedServer([
            ("*server/discover*", ScriptedServer.unknownMethod), (pattern, asks + answer), tools,
        ])
        _ = try expectLegacy(server)
        let heard = server.read("heard")
        #expect(heard.contains(#""id":"p","result":{}"#))
        #expect(heard.contains(#""id":77,"error""#))
    }
}

@Suite struct CheckListTests {
    private func server(
        _ pages: [(String, String)], capabilities: String = #"{"tools":{}}"#
    ) throws -> ScriptedServer {
        let opening = ("*server/discover*", ScriptedServer.unknownMethod)
        return try ScriptedServer([opening, ScriptedServer.initialize(capabilities)] + pages)
    }

    @Test("A list of several pages is read to its end")
    func pages() throws {
        let table = try check(
            server([
                ("*'\"cursor\":\"b\"'*", ScriptedServer.tools(["find_b"])),
                ("*'\"cursor\":\"a\"'*", ScriptedServer.tools(["find_a"], cursor: "b")),
                ("*tools/list*", ScriptedServer.tools(["find_x"], cursor: "a")),
            ]))
        #expect(table.outcome.exit == .status(0))
        #expect(table["tools"] == ["3, 3 of them cached"])
        for name in ["find_x", "find_a", "find_b"] { #expect(table[name].first == "yes") }
    }

    @Test("A list that never ends is no list")
    func endless() throws {
        let page = ScriptedServer.tools(["find_x"], cursor: "again")
        let outcome = try check(server([("*tools/list*", page)])).outcome
        #expect(outcome.exit == .status(1))
        #expect(try #require(outcome.complaint).contains("again"))
    }

    @Test("A server without tools is not asked for any")
    func noTools() throws {
        let table = try check(server([], capabilities: #"{"prompts":{}}"#))
        #expect(table.outcome.exit == .status(0))
        #expect(table["tools"] == ["none offered"])
        #expect(table["offers"] == ["prompts"])
        #expect(table["prompts/list"].first == "yes")
        #expect(table["tools/list"].isEmpty)
    }

    @Test("An empty list is a list")
    func emptyList() throws {
        let table = try check(server([("*tools/list*", ScriptedServer.tools([]))]))
        #expect(table.outcome.exit == .status(0))
        #expect(table["tools"] == ["none"])
    }

    @Test("A name cannot take the terminal over")
    func escapes() throws {
        let page = ScriptedServer.tools([#"find\u001b[2J\u202e"#])
        let table = try check(server([("*tools/list*", page)]))
        #expect(table.outcome.exit == .status(0))
        #expect(!table.outcome.output.contains("\u{1B}"))
        #expect(table[#"find\u{1B}[2J\u{202E}"#].first == "yes")
    }

    @Test(
        "A server that fails at its list is no success",
        arguments: [
            (#"fail '{"code":-32603,"message":"database is gone"}'"#, "database is gone"),
            ("answer '{}'", "no list of tools"), ("exit 9", "status 9"),
            ("exec 1>&-; sleep 1", "closed its stdout"), (":", "did not answer tools/list"),
        ])
    func failure(action: String, mentions: String) throws {
        let server = try server([("*tools/list*", action)])
        let outcome = try check(server, options: ["--timeout", "3"]).outcome
        #expect(outcome.exit == .status(1))
        #expect(outcome.output.isEmpty)
        let complaint = try #require(outcome.complaint, "one line, not: \(outcome.errors)")
        #expect(complaint.contains(mentions), "\(complaint)")
    }
}

@Suite struct CheckFailureTests {
    @Test("A command that is nowhere")
    func notFound() throws {
        let outcome = try check(["mcp-server-nowhere"]).outcome
        #expect(outcome.exit == .status(1))
        #expect(try #require(outcome.complaint).contains("command not found: mcp-server-nowhere"))
    }

    @Test("A server that dies at its start, with what it said last")
    func diesAtStart() throws {
        let outcome = try check([Products.stub, "--die-at-start", "7"]).outcome
        #expect(outcome.exit == .status(1))
        #expect(outcome.output.isEmpty)
        #expect(outcome.errors.contains("dies at its start, as it was told"))
        #expect(outcome.errors.contains("exited with status 7 before it answered initialize"))
    }

    @Test(
        "A program that is silent, also one that never stops talking", arguments: [":", "yes no"])
    func silent(start: String) throws {
        let server = try ScriptedServer([], start: start)
        let outcome = try check(
            server, options: ["--timeout", "0.3", "--log-level", "error"]
        ).outcome
        #expect(outcome.exit == .status(1))
        #expect(outcome.errors.hasSuffix("it did not answer initialize within 300ms\n"))
    }

    @Test("A program that is killed")
    func killed() throws {
        let server = try ScriptedServer([("*", "kill -9 $$")])
        let outcome = try check(server).outcome
        #expect(outcome.exit == .status(1))
        #expect(outcome.errors.contains("signal 9"), "\(outcome)")
    }
}
