// Options, environment and exit codes as a person meets them (SPEC §1): 2 for what cannot be used,
// with one line on stderr that names what is wrong and what is allowed.

import Testing

@Suite struct CommandLineTests {
    @Test(
        "--help goes to stdout, names every option, and ends with 0", arguments: ["--help", "-h"])
    func help(flag: String) throws {
        let outcome = try runMCPO([flag])
        #expect(outcome.exit == .status(0))
        #expect(outcome.errors.isEmpty)
        for option in [
            "--name", "--timeout", "--no-cache", "--cache-policy", "--cache-default-ttl",
            "--cache-max-size", "--cache-max-bytes", "--cache-strategy", "--no-dedup",
            "--dedup-ttl", "--max-concurrent", "--pool-min", "--pool-max", "--config",
            "--no-metrics-tool", "--log-level", "--log-format", "--version", "--help",
            "MCPO_CACHE_MAX_SIZE", "MCPO_CACHE_MAX_BYTES", "MCPO_CACHE_DEFAULT_TTL",
            "MCPO_CACHE_STRATEGY", "MCPO_CACHE_POLICY", "MCPO_REQUEST_DEDUP_TTL",
            "MCPO_MONITOR_WINDOW_SIZE", "MCPO_LOG_LEVEL", "MCPO_MAX_CONCURRENT", "MCPO_HTTP",
            "MCPO_POOL_MIN_CONNECTIONS", "MCPO_POOL_MAX_CONNECTIONS", "MCPO_POOL_MAX_IDLE_TIME",
            "MCPO_POOL_CONNECTION_TIMEOUT", "MCPO_POOL_HEALTH_CHECK_INTERVAL",
        ] {
            #expect(outcome.output.contains(option))
        }
        #expect(outcome.output.contains("-- COMMAND"))
    }

    @Test("--version goes to stdout as a name and a number")
    func version() throws {
        let outcome = try runMCPO(["--version"])
        #expect(outcome.exit == .status(0))
        #expect(outcome.errors.isEmpty)
        #expect(outcome.output.wholeMatch(of: /mcpo [0-9]+\.[0-9]+\.[0-9]+\n/) != nil)
    }

    @Test("--help wins over mistakes after it, and belongs to the server after --")
    func helpIsForWhomItIsSaid() throws {
        #expect(try runMCPO(["--help", "--nonsense"]).exit == .status(0))
        let outcome = try runMCPO(["--", "/bin/echo", "--help"])
        #expect(!outcome.output.contains("Usage"))
    }

    @Test(
        "Every option is taken with a space and with an equals sign",
        arguments: [
            ["--name", "git.hub_1-x"], ["--timeout", "1.5"], ["--timeout", "250ms"],
            ["--timeout", "30s"], ["--timeout", "5m"], ["--timeout", "2h"],
            ["--log-level", "error"], ["--log-level", "trace"], ["--log-format", "text"],
            ["--log-format", "json"], ["--cache-policy", "annotated"],
            ["--cache-default-ttl", "0.5"], ["--cache-default-ttl", "5m"],
            ["--cache-max-size", "10000000"], ["--cache-max-bytes", "65536"],
            ["--cache-max-bytes", "1.5GB"], ["--cache-strategy", "s3_fifo"],
            ["--dedup-ttl", "0"], ["--dedup-ttl", "250ms"], ["--max-concurrent", "1"],
            ["--pool-min", "1"], ["--pool-max", "1000"],
        ])
    func bothForms(option: [String]) throws {
        for form in [option, ["\(option[0])=\(option[1])"]] {
            let subject = try Subject(options: form)
            #expect(try subject.initialize().errorCode == nil)
            #expect(try subject.finish() == .status(0))
        }
    }

    @Test("All options together work, in any order")
    func allTogether() throws {
        let options = [
            ["--timeout=2h"], ["--name", "stub"], ["--log-level=debug"], ["--log-format", "json"],
        ]
        for order in [options, options.reversed()] {
            let subject = try Subject(options: order.flatMap { $0 })
            #expect(try subject.initialize().errorCode == nil)
            #expect(try subject.finish() == .status(0))
        }
    }

    @Test("Of an option given twice the last counts")
    func lastCounts() throws {
        let outcome = try runMCPO(["--name", "one", "--name=two", "--", "/no/such/program"])
        #expect(outcome.errors.contains("two"))
        #expect(!outcome.errors.contains("one:"))
    }

    static let unusable: [(arguments: [String], mentions: [String])] = [
        ([], ["COMMAND"]),
        (["--"], ["COMMAND"]),
        (["--name", "x"], ["COMMAND"]),
        (["--nmae", "x", "--", "cat"], ["--nmae", "--name"]),
        (["--log-levl=debug", "--", "cat"], ["--log-levl", "--log-level"]),
        (["--frobnicate", "--", "cat"], ["--frobnicate", "--help"]),
        (["--", ""], ["command"]),
        (["cat"], ["cat", "--"]),
        (["-x", "--", "cat"], ["-x"]),
        (["--name"], ["--name"]),
        (["--name", "--", "cat"], ["--name", "letters"]),
        (["--name=", "--", "cat"], ["--name", "letters"]),
        (["--name", "a b", "--", "cat"], ["a b", "letters"]),
        (["--name", "ü", "--", "cat"], ["ü", "letters"]),
        (["--timeout", "soon", "--", "cat"], ["soon", "30s"]),
        (["--timeout=0", "--", "cat"], ["--timeout", "above 0"]),
        (["--timeout=-5", "--", "cat"], ["-5"]),
        (["--timeout=5d", "--", "cat"], ["5d"]),
        (["--timeout=", "--", "cat"], ["--timeout"]),
        (["--log-level", "loud", "--", "cat"], ["loud", "error", "warning", "info", "trace"]),
        (["--log-level=INFO", "--", "cat"], ["INFO", "info"]),
        (["--log-format", "xml", "--", "cat"], ["xml", "text", "json"]),
        (["--no-cache=yes", "--", "cat"], ["--no-cache", "no value"]),
        (["--no-metrics", "--", "cat"], ["--no-metrics-tool"]),
        (["--cache-policy", "clever", "--", "cat"], ["clever", "smart, annotated, all or off"]),
        (["--cache-policy=anotated", "--", "cat"], [#"did you mean "annotated"?"#]),
        (["--cache-strategy", "lru-ttl", "--", "cat"], [#"did you mean "lru_ttl"?"#, "s3_fifo"]),
        (["--cache-default-ttl", "0", "--", "cat"], ["--cache-default-ttl", "above 0"]),
        (["--cache-default-ttl", "-5", "--", "cat"], ["-5", "5m"]),
        (["--cache-max-size", "0", "--", "cat"], ["from 1 to 10000000"]),
        (["--cache-max-size", "+5", "--", "cat"], ["+5", "--cache-max-size"]),
        (["--cache-max-size=1e3", "--", "cat"], ["1e3"]),
        (["--cache-max-size=99999999999999999999", "--", "cat"], ["10000000"]),
        (["--cache-max-bytes", "64M", "--", "cat"], ["64M", "64MiB"]),
        (["--cache-max-bytes", "1KiB", "--", "cat"], ["1KiB", "64KiB"]),
        (["--cache-max-bytes", "--", "cat"], ["--cache-max-bytes", "needs a value"]),
        (["--dedup-ttl", "never", "--", "cat"], ["never", "30s"]),
        (["--monitor-window-size", "5", "--", "cat"], ["unknown option"]),
        (["--config", "no/such.json"], ["no/such.json: cannot be read: No such file"]),
        (["--config"], ["--config", "path of a file"]),
        (["--config="], ["no path of a file"]),
        (["--config", "x.json", "--", "cat"], ["either --config FILE or -- COMMAND"]),
        (["--config", "x.json", "--name", "x"], ["--name", "--config"]),
        (["--config", "/dev/null"], ["/dev/null:1:1: the file is empty"]),
        (["--config", "/dev/zero"], ["/dev/zero: is larger than 16 MiB"]),
        (["--config", "/"], ["/: cannot be read: Is a directory"]),
        (["--confg", "x.json"], ["did you mean --config?"]),
        (["--pool-min", "0", "--", "cat"], ["a number of connections from 1 to 1000"]),
        (["--pool-min", "3", "--pool-max", "2", "--", "cat"], ["pool.max", "at least min"]),
        (["--max-concurrent", "0", "--", "cat"], ["a number of calls from 1 to 100000"]),
        (["check"], ["mcpo check", "-- COMMAND"]),
        (["check", "--config", "no/such.json"], ["no/such.json: cannot be read"]),
        (["check", "--config", "x.json", "--", "cat"], ["either --config FILE or -- COMMAND"]),
        (["check", "cat"], ["mcpo check -- cat"]),
        (["check", "--cache-policy", "cat", "--", "cat"], ["smart"]),
        (["check", "--", ""], ["command"]),
    ]

    @Test(
        "An unusable command line ends with 2 and one line that says what to write",
        arguments: unusable)
    func unusableArguments(arguments: [String], mentions: [String]) throws {
        let outcome = try runMCPO(arguments)
        #expect(outcome.exit == .status(2))
        #expect(outcome.output.isEmpty)
        let complaint = try #require(outcome.complaint, "one line, not: \(outcome.errors)")
        #expect(complaint.hasPrefix("mcpo: "))
        for word in mentions { #expect(complaint.contains(word), "\(complaint)") }
    }

    @Test("A valid option is not blamed for what is wrong elsewhere")
    func blamesTheRightOne() throws {
        let outcome = try runMCPO(["--name", "fine", "--", ""])
        #expect(outcome.exit == .status(2))
        #expect(!outcome.errors.contains("--name"), "\(outcome)")
    }

    @Test(
        "A line break or a control character in an argument does not break the line",
        arguments: [
            ["--na\nme", "--", "cat"], ["--name", "a\nb", "--", "cat"], ["a\nb"],
            ["--timeout", "1\n2", "--", "cat"], ["--log-level", "\u{1B}[31m", "--", "cat"],
        ])
    func controlCharacters(arguments: [String]) throws {
        let outcome = try runMCPO(arguments)
        #expect(outcome.exit == .status(2))
        #expect(outcome.complaint != nil, "\(outcome)")
        #expect(!outcome.errors.contains("\u{1B}"), "\(outcome)")
    }
}

@Suite struct EnvironmentVariableTests {
    @Test("MCPO_LOG_LEVEL sets the level")
    func levelIsTaken() throws {
        let subject = try Subject(Setup(environment: ["MCPO_LOG_LEVEL": "error"]))
        try subject.initialize()
        #expect(try subject.finish() == .status(0))
        #expect(subject.errors.isEmpty)
    }

    @Test("An option wins over MCPO_LOG_LEVEL")
    func optionWins() throws {
        let setup = Setup(
            options: ["--log-level", "debug"], environment: ["MCPO_LOG_LEVEL": "error"])
        let subject = try Subject(setup)
        try subject.initialize()
        #expect(try subject.finish() == .status(0))
        #expect(subject.errors.contains(" debug "))
    }

    @Test(
        "A value of MCPO_LOG_LEVEL that makes no sense ends with 2, never with a default",
        arguments: ["loud", "", "INFO", "7"])
    func wrongLevel(value: String) throws {
        let outcome = try runMCPO(["--", "cat"], environment: ["MCPO_LOG_LEVEL": value])
        #expect(outcome.exit == .status(2))
        let complaint = try #require(outcome.complaint)
        #expect(complaint.contains("MCPO_LOG_LEVEL") && complaint.contains("trace"))
    }

    @Test(
        "A value of another variable that makes no sense names the variable and what is allowed",
        arguments: [
            ("MCPO_CACHE_MAX_SIZE", "many", "from 1"), ("MCPO_CACHE_MAX_SIZE", "", "from 1"),
            ("MCPO_CACHE_MAX_BYTES", "64 MiB", "64MiB"), ("MCPO_CACHE_DEFAULT_TTL", "0", "above 0"),
            ("MCPO_CACHE_DEFAULT_TTL", "5 minutes", "5m"),
            ("MCPO_CACHE_STRATEGY", "lru_tll", #"did you mean "lru_ttl"?"#),
            ("MCPO_CACHE_POLICY", "smrat", #"did you mean "smart"?"#),
            ("MCPO_REQUEST_DEDUP_TTL", "-1", "30s"),
            ("MCPO_MONITOR_WINDOW_SIZE", "0", "from 1 to 100000"),
            ("MCPO_MONITOR_WINDOW_SIZE", "100001", "from 1 to 100000"),
            ("MCPO_MAX_CONCURRENT", "all", "a number of calls from 1"),
            ("MCPO_POOL_MIN_CONNECTIONS", "0", "connections from 1 to 1000"),
            ("MCPO_POOL_MAX_CONNECTIONS", "-1", "connections from 1 to 1000"),
            ("MCPO_POOL_MAX_IDLE_TIME", "ever", "30s"),
            ("MCPO_POOL_CONNECTION_TIMEOUT", "0", "above 0"),
            ("MCPO_POOL_HEALTH_CHECK_INTERVAL", "", "above 0"),
            ("MCPO_HTTP", "99999", "a port from 0 to 65535, HOST:PORT or unix:PATH"),
        ])
    func wrongValue(variable: String, value: String, mentions: String) throws {
        for arguments in [["--", "cat"], ["check", "--", "cat"], ["--no-cache", "--", "cat"]] {
            let outcome = try runMCPO(arguments, environment: [variable: value])
            #expect(outcome.exit == .status(2))
            #expect(outcome.output.isEmpty)
            let complaint = try #require(outcome.complaint, "one line, not: \(outcome.errors)")
            for word in [variable, "\"\(value)\"", mentions] {
                #expect(complaint.contains(word), "\(complaint)")
            }
        }
    }

    @Test("--help works even with a senseless environment")
    func helpWorks() throws {
        let outcome = try runMCPO(["--help"], environment: ["MCPO_LOG_LEVEL": "loud"])
        #expect(outcome.exit == .status(0))
    }
}
