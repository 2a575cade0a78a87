// Configuration files that are wrong: each mistake with its place and its fix, and all of them at
// once.

import Foundation
import MCPO
import Testing

/// The problems of a file, without the file's name.
private func problems(_ text: String, environment: [String: String] = [:]) -> [String] {
    do throws(ConfigurationFileError) {
        _ = try configuration(text, environment: environment)
        return []
    } catch {
        return error.problems.map { String($0.description.dropFirst("servers.json:".count)) }
    }
}

@Suite struct SyntaxErrorTests {
    @Test(
        arguments: [
            ("", "1:1: the file is empty: expected an object, {…}"),
            (" // nothing\n", "2:1: the file is empty: expected an object, {…}"),
            (
                "{",
                "1:2: expected a key in double quotes or '}', found the end of the file; the { of line 1 is open"
            ),
            ("{\n\n\"a\": [1,\n", "4:1: expected a value, found the end of the file"),
            (
                "{\n\"a\": [1\n",
                "3:1: expected ',' or ']' after an element, found the end of the file; the [ of line 2 is open"
            ),
            (#"{"a" 1}"#, #"1:6: expected ':' after the key "a", found 1"#),
            (
                #"{"a": 1 "b": 2}"#,
                #"1:9: expected ',' or '}' after the value of "a", found a string"#
            ),
            (
                #"{"é": 1 "b": 2}"#,
                #"1:9: expected ',' or '}' after the value of "é", found a string"#
            ),
            ("{a: 1}", "1:2: expected a key in double quotes or '}', found a"),
            ("{,}", "1:2: expected a key in double quotes or '}', found ','"),
            ("[1,,2]", "1:4: expected a value, found ','"),
            ("{'a': 1}", "1:2: expected a key in double quotes or '}', found '''"),
            (#"{"a": 'b'}"#, "1:7: expected a value, found '''; strings stand in double quotes"),
            (#"{"a": True}"#, "1:7: expected a value, found True; did you mean true?"),
            (#"{"a": yes}"#, "1:7: expected a value, found yes; strings stand in double quotes"),
            (#"{"a": “b”}"#, "1:7: expected a value, found '“' (U+201C)"),
            ("{\"a\":\u{A0}1}", "1:6: expected a value, found '\u{A0}' (U+A0)"),
            ("{} {}", "1:4: expected the end of the file, found '{'"),
            ("{} /", "1:4: a comment begins with // or /*, not with / alone"),
            ("{} /* *", "1:4: this comment has no end: expected */"),
            (#"{"a": 30s}"#, "1:7: 30s is no number of JSON; text stands in double quotes"),
            (#"{"a": 01}"#, "1:7: 01 is no number of JSON; text stands in double quotes"),
            (#"{"a": 1.}"#, "1:7: 1. is no number of JSON; text stands in double quotes"),
            (#"{"a": +1}"#, "1:7: +1 is no number of JSON; text stands in double quotes"),
            (#"{"a": -}"#, "1:7: - is no number of JSON; text stands in double quotes"),
            (#"{"a": .5}"#, "1:7: .5 is no number of JSON; text stands in double quotes"),
            (#"{"a": "b}"#, #"1:7: this string has no end: expected '"'"#),
            (
                "{\"a\": \"b\n\"}",
                #"1:7: this string does not end on its line: expected '"' (a line break is written \n)"#
            ),
            (
                "{\"a\": \"\t\"}",
                #"1:8: a control character in a string is written as an escape, a tab as \t"#
            ),
            (
                #"{"a": "C:\Users"}"#,
                #"1:10: a backslash is written \\, and before any of "\/bfnrtu it is an escape"#
            ),
            (#"{"a": "\u12x4"}"#, #"1:8: expected four hex digits after \u"#),
            (
                #"{"a": "\ud800"}"#,
                #"1:8: half a character: expected two \u escapes, a surrogate pair"#
            ),
            (
                #"{"a": "\udc00\ud800"}"#,
                #"1:8: half a character: expected two \u escapes, a surrogate pair"#
            ),
            (
                #"{"a": "\"#,
                #"1:8: a backslash is written \\, and before any of "\/bfnrtu it is an escape"#
            ),
            ("\u{FEFF}{x", "1:2: expected a key in double quotes or '}', found x"),
            (String(repeating: "[", count: 101), "1:101: nested deeper than 100 levels"),
        ])
    func `a mistake of syntax is told with its place and what was expected`(
        text: String, problem: String
    ) {
        #expect(problems(text) == [problem])
    }

    @Test(
        arguments: [
            ([0x7B, 0x22, 0xFF, 0x22], "servers.json:1:3: the text is not UTF-8 from here on"),
            (
                [0xFF, 0xFE, 0x7B, 0x00],
                "servers.json:1:1: the file is in UTF-16: save it as UTF-8"
            ),
        ] as [([UInt8], String)])
    func `a file in another encoding is told`(bytes: [UInt8], problem: String) {
        #expect {
            try ConfigurationFile(path: "servers.json").interpret(bytes) { _ in nil }
        } throws: { ($0 as? ConfigurationFileError)?.description == problem }
    }

    @Test func `comments, trailing commas, a byte order mark and every escape are read`() throws {
        let text = """
            \u{FEFF}// first
            /**/ { /***/ "mcpServers" /* * / */ : { // {"
              "a": { "command": "x//y", "args": [
                "\\"\\\\\\/\\b\\f\\n\\r\\t", "\\u00e9\\u20AC\\ud83d\\uDE00", "é€😀", "/*", [ ][0], ],
              }, },\r
            } // last
            """.replacing("[ ][0], ", with: "")
        let server = try configuration(text).server
        #expect(server.command == "x//y")
        #expect(server.arguments == ["\"\\/\u{8}\u{C}\n\r\t", "é€😀", "é€😀", "/*"])
    }
}

@Suite struct KeyErrorTests {
    /// A file with one server `a`, and this beside.
    private func file(_ mcpo: String, server: String = #""command": "x""#) -> String {
        """
        {
        "mcpServers": {"a": {\(server)}},
        "mcpo": {\(mcpo)}
        }
        """
    }

    @Test(
        arguments: [
            (
                #""cache": {"maxSize": 0}"#,
                "3:31: mcpo.cache.maxSize: must be a number of entries from 1 to 10000000, not 0"
            ),
            (
                #""cache": {"maxSize": "10"}"#,
                #"3:31: mcpo.cache.maxSize: must be a number of entries from 1 to 10000000, not "10""#
            ),
            (
                #""cache": {"maxSize": 1.5}"#,
                "3:31: mcpo.cache.maxSize: must be a number of entries from 1 to 10000000, not 1.5"
            ),
            (
                #""cache": {"maxSize": null}"#,
                "3:31: mcpo.cache.maxSize: must be a number of entries from 1 to 10000000, not null"
            ),
            (
                #""cache": {"maxBytes": "64M"}"#,
                #"3:32: mcpo.cache.maxBytes: must be a size from 64KiB to 1024GiB, such as 1048576, "64MiB" or "1.5GB", not "64M""#
            ),
            (
                #""cache": {"policy": "smrat"}"#,
                #"3:30: mcpo.cache.policy: must be "smart", "annotated", "all" or "off", not "smrat"; did you mean "smart"?"#
            ),
            (
                #""cache": {"annotate": "yes"}"#,
                #"3:32: mcpo.cache.annotate: must be true or false, not "yes""#
            ),
            (
                #""cache": {"size": 1}"#,
                "3:20: mcpo.cache.size: is no key of mcpo: allowed are policy, maxSize, maxBytes, maxEntryBytes, defaultTTL, strategy, annotate, staleWhileRevalidate, staleIfError, classes"
            ),
            (#""cache": {"maxsize": 1}"#, #"did you mean "maxSize"?"#),
            (#""cache": []"#, "3:19: mcpo.cache: must be an object, {…}, not an array"),
            (#""caches": {"a": 5}"#, "3:26: mcpo.caches.a: must be an object, {…}, not 5"),
            (
                #""caches": {"default": {}}"#,
                "mcpo.caches.default: must have another name: that cache is cache itself"
            ),
            (
                #""caches": {"a.b": {"maxSize": 0}}"#,
                #"mcpo.caches."a.b".maxSize: must be a number of entries"#
            ),
            (
                #""timeout": 0"#,
                #"3:21: mcpo.timeout: must be a duration above 0, such as 90, "250ms", "30s", "5m" or "1h", not 0"#
            ),
            (#""timeout": {}"#, "not an object"),
            (
                #""timeout": 60, "maxTimeout": 30"#,
                "3:25: mcpo.maxTimeout: must be at least timeout, which is 1m"
            ),
            (
                #""dedup": {"ttl": -1}"#,
                #"3:27: mcpo.dedup.ttl: must be a duration, such as 0, 90, "250ms", "30s", "5m" or "1h", not -1"#
            ),
            (
                #""dedup": {"ttl": 1}, "dedup": {"ttl": 2}"#,
                "3:31: mcpo.dedup: is there twice: keep one of them"
            ),
            (
                #""naming": {"mode": "prefx"}"#,
                #"must be "prefix" or "none", not "prefx"; did you mean "prefix"?"#
            ),
            (
                #""naming": {"separator": " "}"#,
                "must be 1 to 8 letters, digits, '.', '_' and '-', not \" \""
            ),
            (
                #""retry": {"budget": 120}"#,
                "mcpo.retry.budget: must be a percentage from 0 to 100, not 120"
            ),
            (
                #""monitor": {"alerts": {"hitRate": 101}}"#,
                "mcpo.monitor.alerts.hitRate: must be a percentage from 0 to 100, not 101"
            ),
            (
                #""http": {"listen": "host"}"#,
                #"must be a port from 0 to 65535, HOST:PORT or unix:PATH, such as 9300, "127.0.0.1:9300" or "[::1]:9300", not "host""#
            ),
            (
                #""http": {"listen": "0.0.0.0:80"}"#,
                "3:19: mcpo.http.listen: must be an address of this machine such as 127.0.0.1:9300 unless http.token is set"
            ),
            (#""http": {"listen": "0.0.0.0:80", "token": ""}"#, "unless http.token is set"),
            (
                #""limits": {"maxMessageBytes": 5}"#,
                "mcpo.limits.maxMessageBytes: must be a size from 1KiB to 1GiB"
            ),
            (
                #""pool": {"min": 3, "max": 2}"#,
                "3:29: mcpo.pool.max: must be at least min, which is 3"
            ),
            (
                #""cache": {"maxBytes": "64KiB", "maxEntryBytes": "1MiB"}"#,
                "mcpo.cache.maxEntryBytes: must be from 1 KiB to maxBytes, which is 64 KiB"
            ),
            (
                #""cache": {"classes": {"realtime": ["a_b"]}}"#,
                #"mcpo.cache.classes.realtime: must have single words as tools' names are split into, not "a_b""#
            ),
            (#""cache": {"classes": {"realtime": {"omly": []}}}"#, #"did you mean "only"?"#),
            (
                #""cache": {"classes": {"realtime": "now"}}"#,
                #"mcpo.cache.classes.realtime: must be an array of strings, not "now""#
            ),
            (#""poool": {}"#, #"did you mean "pool"?"#),
            (#""metricsTool": 1"#, "3:25: mcpo.metricsTool: must be true or false, not 1"),
        ])
    func `a mistake in the outermost object is told with its place and what is allowed`(
        mcpo: String, problem: String
    ) throws {
        let problems = problems(file(mcpo))
        #expect(problems.count == 1, "\(problems)")
        let first = try #require(problems.first)
        #expect(
            problem.hasPrefix("3:") ? first.hasPrefix(problem) : first.contains(problem), "\(first)"
        )
    }

    @Test(
        arguments: [
            ("", #"2:16: mcpServers.a: has no "command": name the program that is the server"#),
            (#""command": """#, "2:22: mcpServers.a.command: must name the program to start"),
            (#""command": 5"#, #"2:33: mcpServers.a.command: must be a string, not 5; write "5""#),
            (#""command": ["x"]"#, "mcpServers.a.command: must be a string, not an array"),
            (
                #""command": "x", "command": "y""#,
                "2:38: mcpServers.a.command: is there twice: keep one of them"
            ),
            (
                #""command": "x", "args": "y""#,
                #"mcpServers.a.args: must be an array of strings, not "y""#
            ),
            (
                #""command": "x", "args": ["y", 80]"#,
                #"2:52: mcpServers.a.args[1]: must be a string, not 80; write "80""#
            ),
            (
                #""command": "x", "args": ["\u0000"]"#,
                "mcpServers.a.args: must have no NUL character"
            ),
            (
                #""command": "x", "env": {"K": true}"#,
                #"mcpServers.a.env.K: must be a string, not true; write "true""#
            ),
            (
                #""command": "x", "env": {"K=": "v"}"#,
                "mcpServers.a.env: must have names that are not empty and have no '='"
            ),
            (#""command": "x", "env": {"K": "v", "K": "w"}"#, "mcpServers.a.env.K: is there twice"),
            (#""command": "x", "cwd": """#, "mcpServers.a.cwd: must name a directory"),
            (
                #""command": "x", "disabled": "no""#,
                #"mcpServers.a.disabled: must be true or false, not "no""#
            ),
            (
                #""url": "https://x/mcp""#,
                #"2:22: mcpServers.a.url: servers with a URL are not supported in this version: give a "command", or "disabled": true to leave this one out"#
            ),
            (#""command": "x", "mcpo": 1"#, "mcpServers.a.mcpo: must be an object, {…}, not 1"),
            (
                #""command": "x", "mcpo": {"cache": {}}"#,
                "mcpServers.a.mcpo.cache: is no key of mcpo: allowed are pool, tools, maxConcurrent, timeout, maxTimeout, retry"
            ),
            (
                #""command": "x", "mcpo": {"pool": {"max": 0}}"#,
                "mcpServers.a.mcpo.pool.max: must be a number of connections from 1 to 1000, not 0"
            ),
            (
                #""command": "x", "mcpo": {"pool": {"min": 2, "max": 1}}"#,
                "mcpServers.a.mcpo.pool.max: must be at least min, which is 2"
            ),
            (
                #""command": "x", "mcpo": {"maxTimeout": 5}"#,
                "mcpServers.a.mcpo.maxTimeout: must be at least timeout, which is 5m"
            ),
            (
                #""command": "x", "mcpo": {"tools": {"t": {"cache": "fast"}}}"#,
                #"mcpServers.a.mcpo.tools.t.cache: must name a cache: default, not "fast""#
            ),
            (
                #""command": "x", "mcpo": {"tools": {"t": {"cache": 1}}}"#,
                "mcpServers.a.mcpo.tools.t.cache: must be true, false or the name of a cache, not 1"
            ),
            (
                #""command": "x", "mcpo": {"tools": {"": {}}}"#,
                #"mcpServers.a.mcpo.tools."": must have a name or a pattern such as search_*"#
            ),
            (#""command": "x", "mcpo": {"tools": {"t": {"tll": 1}}}"#, #"did you mean "ttl"?"#),
            (
                #""command": "x", "mcpo": {"tools": {"t": {"ttl": -1}}}"#,
                "mcpServers.a.mcpo.tools.t.ttl: must be a duration"
            ),
            (
                #""command": "x", "mcpo": {"tools": {"t_*": {"name": "u"}}}"#,
                "mcpServers.a.mcpo.tools.t_*.name: must be in a rule for one tool: a pattern can be many"
            ),
            (
                #""command": "x", "mcpo": {"tools": {"t": {"name": "ü"}}}"#,
                "must be 1 to 64 letters, digits, '.', '_' and '-'"
            ),
            (
                #""command": "x", "mcpo": {"tools": {"t": {"name": "u", "hide": true}}}"#,
                "must not be given for a tool that is hidden"
            ),
            (
                #""command": "x", "mcpo": {"tools": {"t": {"name": "u"}, "v": {"name": "u"}}}"#,
                "mcpServers.a.mcpo.tools.v.name: must differ from that of a's t"
            ),
            (
                #""command": "x", "mcpo": {"tools": {"t": {"invalidates": "u"}}}"#,
                "mcpServers.a.mcpo.tools.t.invalidates: must be an array of strings"
            ),
            (
                #""command": "x", "mcpo": {"tools": {"t": {"invalidates": [""]}}}"#,
                "must have names and patterns that are not empty"
            ),
        ])
    func `a mistake in a server's entry is told with its place and what is allowed`(
        server: String, problem: String
    ) throws {
        let problems = problems(file("", server: server))
        #expect(problems.count == 1, "\(problems)")
        let first = try #require(problems.first)
        #expect(problem.hasPrefix("2:") ? first == problem : first.contains(problem), "\(first)")
    }

    @Test(
        arguments: [
            ("[]", "1:1: must be an object, {…}, not an array"),
            ("{}", #"1:1: has no servers: write them into "mcpServers", as clients have them"#),
            (#"{"mcpServers": []}"#, "1:16: mcpServers: must be an object, {…}, not an array"),
            (
                #"{"mcpServers": {}}"#,
                "1:2: mcpServers: must have at least one that is not disabled: add one, or enable one"
            ),
            (
                #"{"mcpServers": {"a": {"disabled": true}}}"#,
                "1:2: mcpServers: must have at least one that is not disabled: add one, or enable one"
            ),
            (#"{"mcpServers": {"a": 1}}"#, "1:22: mcpServers.a: must be an object, {…}, not 1"),
            (
                #"{"mcpServers": {"My Server": {"command": "x"}}}"#,
                #"1:17: mcpServers."My Server": must be a name of letters, digits, '.', '_' and '-'; write "My-Server""#
            ),
            (
                #"{"mcpServers": {"": {"command": "x"}}}"#,
                #"1:17: mcpServers."": must be a name of letters, digits, '.', '_' and '-'"#
            ),
            (
                #"{"mcpServers": {"a": {"command": "x"}, "a": {"command": "y"}}}"#,
                "1:40: mcpServers.a: is there twice: keep one of them"
            ),
            (
                #"{"servers": {"a": {"command": "x"}}, "servers": {}}"#,
                "1:38: servers: is there twice: keep one of them"
            ),
        ])
    func `a file without usable servers is told`(text: String, problem: String) {
        #expect(problems(text) == [problem])
    }

    @Test func `all problems are told at once, in the order of the file`() {
        let text = """
            {
              "mcpServers": {
                "a": { "command": 1, "args": [2, "${NOT_SET}"], "mcpo": { "odd": true } },
                "b": { "url": "https://x", "mcpo": { "tools": { "t": { "cache": "gone" } } } },
              },
              "mcpo": { "pool": { "max": 1, "min": 2 }, "cache": { "maxSize": "x" } },
            }
            """
        #expect(
            problems(text).map { $0.split(separator: ": ")[1] } == [
                "mcpServers.a.command", "mcpServers.a.args[0]", "mcpServers.a.args[1]",
                "mcpServers.a.mcpo.odd", "mcpServers.b.url", "mcpServers.b.mcpo.tools.t.cache",
                "mcpo.pool.max", "mcpo.cache.maxSize",
            ])
    }

    @Test func `of very many problems the first are told, and how many more there are`() {
        let keys = (0..<80).map { #""key\#($0)": 1"# }.joined(separator: ",")
        let problems = problems(file(keys))
        #expect(problems.count == 51 && problems.last == " and 30 more problems")
    }

    @Test func `a token is not shown, whatever it is`() {
        let problems = problems(file(#""http": {"token": 12345}"#))
        #expect(problems == ["3:28: mcpo.http.token: must be a string, not what is there"])
    }

    @Test func `a long key is cut, and takes no time`() {
        let problems = problems(file("\"\(String(repeating: "x", count: 1_000_000))\": 1"))
        #expect(problems.first.map { $0.count < 500 } == true)
    }

    @Test func `a long value is cut`() {
        let problems = problems(file(#""timeout": "\#(String(repeating: "x", count: 999))""#))
        #expect(problems.first.map { $0.count < 300 } == true)
    }
}

@Suite struct VariableTests {
    private func argument(_ text: String, _ environment: [String: String]) -> String {
        let file = #"{"mcpServers": {"a": {"command": "x", "args": ["\#(text)"]}}}"#
        do throws(ConfigurationFileError) {
            return try configuration(file, environment: environment).server.arguments[0]
        } catch {
            return error.problems.map(\.message).joined(separator: "; ")
        }
    }

    @Test(arguments: [
        ("${A}", "1"), ("x${A}y${B}z", "x1y2z"), ("${A:-d}", "1"), ("${N:-d}", "d"),
        ("${E:-d}", "d"), ("${E}", ""), ("${N:-}", ""), ("${N:-a:-b}", "a:-b"), ("${env:A}", "1"),
        ("${env:N:-d}", "d"), ("$A", "$A"), ("$", "$"), ("$$", "$$"), ("$${A}", "${A}"),
        ("$$$ ${A}", "$$$ 1"), ("{A}", "{A}"), ("${A}}", "1}"), ("${R}", "${A}"), ("é${A}é", "é1é"),
    ])
    func `variables are expanded once`(text: String, expanded: String) {
        #expect(argument(text, ["A": "1", "B": "2", "E": "", "R": "${A}"]) == expanded)
    }

    @Test(arguments: [
        (
            "${N}",
            "needs the environment variable N, which is not set: set it, or write ${N:-default}"
        ),
        ("${N", "has ${ without }: write ${NAME}, or $${ for a plain ${"),
        (
            "${}",
            "has ${}, which is no variable: write ${NAME} or ${NAME:-default}, or $${ for a plain ${"
        ),
        (
            "${A-d}",
            "has ${A-d}, which is no variable: write ${NAME} or ${NAME:-default}, or $${ for a plain ${"
        ),
        (
            "${1A}",
            "has ${1A}, which is no variable: write ${NAME} or ${NAME:-default}, or $${ for a plain ${"
        ),
        (
            "${1A:-hush}",
            "has ${1A:-…}, which is no variable: write ${NAME} or ${NAME:-default}, or $${ for a plain ${"
        ),
        (
            "${input:key}",
            "has ${input:key}, which only VS Code can ask for: set an environment variable and write ${NAME}"
        ),
    ])
    func `a variable that cannot be expanded is told`(text: String, message: String) {
        #expect(argument(text, [:]) == message)
    }

    @Test func `variables are expanded in mcpo objects too, also to numbers`() throws {
        let text = """
            {"mcpServers": {"a": {"command": "x", "mcpo": {"pool": {"max": "${MAX:-4}"}}}},
             "mcpo": {"cache": {"policy": "${POLICY}"}, "metricsTool": "${TOOL:-false}"}}
            """
        let file = try configuration(text, environment: ["POLICY": "all"])
        #expect(file.server.pool?.max == 4 && file.cache.policy == .all && !file.metricsTool)
    }

    @Test func `the value of a variable is not shown`() {
        let problems = problems(
            #"{"mcpServers": {"a": {"command": "x"}}, "mcpo": {"timeout": "${T}"}}"#,
            environment: ["T": "hush"])
        #expect(problems.count == 1 && problems[0].hasSuffix(#", not "${T}""#))
    }
}

@Suite struct MutationTests {
    @Test func `a file with random mistakes is taken or refused, and never traps`() throws {
        let whole = Array(try fixture("everything.jsonc").utf8)
        var random = SystemRandomNumberGenerator()
        let splices = [
            #"""#, "{", "}", "[", "]", ",", ":", "\\", "/", "*", "$", "${", "\\u", "-", "1e9",
        ]
        for _ in 0..<1500 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(contentsOf: (splices.randomElement() ?? "").utf8, at: place)
                default: bytes.removeSubrange(place..<min(place + 40, bytes.count))
                }
            }
            let file = ConfigurationFile(path: "servers.json")
            do throws(ConfigurationFileError) {
                let configuration = try file.interpret(bytes) { _ in "v" }
                #expect(configuration.problems.isEmpty)
            } catch {
                #expect(!error.problems.isEmpty)
                #expect(error.problems.allSatisfy { !$0.message.isEmpty })
            }
        }
    }

    @Test func `strings that Foundation writes are read as they were`() throws {
        var random = SystemRandomNumberGenerator()
        let texts = (0..<300).map { _ in
            let scalars = (0..<Int.random(in: 0...20, using: &random)).compactMap { _ in
                Unicode.Scalar(
                    UInt32.random(in: 1...(Bool.random() ? 0x7F : 0x10FFFF), using: &random))
            }
            // A plain ${ is written $${.
            return String(String.UnicodeScalarView(scalars)).replacing("$", with: "§")
        }
        let array = String(decoding: try JSONEncoder().encode(texts), as: UTF8.self)
        let file = #"{"mcpServers": {"a": {"command": "x", "args": \#(array)}}}"#
        #expect(try configuration(file).server.arguments == texts)
    }

    @Test func `a file that ends anywhere is refused with a place`() throws {
        let whole = Array(try fixture("cursor.json").utf8)
        for length in 0..<(whole.count - 2) {
            #expect(throws: ConfigurationFileError.self) {
                try ConfigurationFile(path: "x").interpret(Array(whole[..<length])) { _ in "v" }
            }
        }
    }
}
