// What has changed between two configurations, in words, without secrets.

import MCPO
import Testing

@Suite struct ConfigurationDifferenceTests {
    private static let text = """
        {
          "mcpServers": {
            "github": {
              "command": "npx", "args": ["-y", "github", "--token=hush1"],
              "env": { "TOKEN": "hush2", "MODE": "a" }, "cwd": "/work",
              "mcpo": { "tools": { "search_*": { "ttl": "10m" } } }
            },
            "time": { "command": "uvx" }
          },
          "mcpo": { "concurrency": { "max": 100 }, "http": { "listen": 9300, "token": "hush3" } }
        }
        """

    private func difference(_ changes: [(String, String)]) throws -> ConfigurationDifference {
        let new = changes.reduce(Self.text) { $0.replacing($1.0, with: $1.1) }
        return ConfigurationDifference(
            from: try configuration(Self.text), to: try configuration(new))
    }

    @Test func `nothing has changed`() throws {
        let difference = try difference([(#""command": "#, #"/* same */ "command":"#)])
        #expect(difference.isEmpty && difference.lines.isEmpty && difference.restarts.isEmpty)
    }

    @Test func `settings are shown with both values`() throws {
        let difference = try difference([
            (#""max": 100"#, #""max": 50, "queueTimeout": "1m""#),
            (#""http""#, #""caches": { "fast": { "defaultTTL": 5 } }, "http""#),
        ])
        #expect(
            difference.lines == [
                "settings changed: caches.fast.defaultTTL unset → 5s, concurrency.max 100 → 50, "
                    + "concurrency.queueTimeout 30s → 1m"
            ])
        #expect(difference.restarts.isEmpty)
    }

    @Test func `servers are added, removed and reordered`() throws {
        #expect(
            try difference([("\"time\"", "\"clock\"")]).lines
                == ["server removed: time", "server added: clock"])
        #expect(
            try difference([(#""uvx""#, #""uvx", "disabled": true"#)]).lines
                == ["server removed: time"])
        let swapped = try difference([
            ("\"github\": {", "\"x\": {"), ("\"time\"", "\"github\""), ("\"x\"", "\"time\""),
        ])
        #expect(swapped.isReordered && swapped.lines.last == "servers come in another order")
    }

    @Test func `a change of a rule needs no restart`() throws {
        let difference = try difference([
            ("10m", "5m"), (#""uvx""#, #""uvx", "mcpo": {"timeout": 9}"#),
        ])
        #expect(
            difference.lines == [
                "server github changed: tools.search_*.ttl 10m → 5m",
                "server time changed: timeout unset → 9s",
            ])
        #expect(difference.restarts.isEmpty)
    }

    @Test func `a change of a process's entry needs a restart, and only its keys are shown`() throws
    {
        let difference = try difference([
            ("hush1", "hush4"), ("hush2", "hush5"), ("\"MODE\"", "\"STYLE\""), ("/work", "/hush6"),
            ("npx", "hush7"), ("10m", "5m"),
        ])
        #expect(
            difference.lines == [
                "server github restarts: command, args, env.MODE, env.STYLE, env.TOKEN, cwd changed; "
                    + "tools.search_*.ttl 10m → 5m"
            ])
        #expect(difference.restarts == ["github"])
    }

    @Test func `what a reload cannot change is said to need another start`() throws {
        let difference = try difference([
            (
                #""http""#,
                #""cache": { "strategy": "lru", "maxSize": 9 }, "log": { "format": "json" }, "#
                    + #""limits": { "maxMessageBytes": "1MiB" }, "shutdownTimeout": 1, "http""#
            )
        ])
        let later = " (takes effect when mcpo is started again)"
        #expect(
            difference.lines == [
                "settings changed: cache.maxSize 1000 → 9, cache.strategy lru_ttl → lru\(later), "
                    + "shutdownTimeout 5s → 1s, limits.maxMessageBytes 64 MiB → 1 MiB\(later), "
                    + "log.format text → json\(later)"
            ])
    }

    @Test func `a named cache keeps its strategy, and a new one has its own`() throws {
        let (old, new) = (
            Self.text.replacing(#""http""#, with: #""caches": { "a": {} }, "http""#),
            Self.text.replacing(
                #""http""#,
                with: #""caches": { "a": {"strategy": "ttl"}, "b": {"strategy": "ttl"} }, "http""#)
        )
        let difference = ConfigurationDifference(
            from: try configuration(old), to: try configuration(new))
        #expect(difference.settings.map(\.key) == ["caches.a.strategy", "caches.b.strategy"])
        #expect(difference.settings.map(\.needsStart) == [true, false])
    }

    @Test func `a rule is shown by what it says`() throws {
        #expect(
            try difference([("10m\" }", "10m\" }, \"x\": { \"ttl\": 5 }")]).lines
                == ["server github changed: tools.x.ttl unset → 5s"])
        #expect(
            try difference([("10m\" }", "10m\" }, \"x\": { \"hide\": true }")]).lines
                == ["server github changed: tools.x.hide unset → true"])
        #expect(
            try difference([("10m\" }", "10m\" }, \"x\": {}")]).lines
                == ["server github changed: tools.x unset → {}"])
        #expect(
            try difference([(#""search_*": { "ttl": "10m" }"#, "")]).lines
                == ["server github changed: tools.search_*.ttl 10m → unset"])
    }

    @Test func `a secret is not shown`() throws {
        let difference = try difference([("hush3", "hush8")])
        #expect(difference.lines == ["settings changed: http.token changed"])
        #expect(difference.settings.first?.before == nil)
    }

    @Test func `every key is compared`() throws {
        let old = try configuration(#"{"mcpServers": {"github": {"command": "npx"}}}"#)
        let new = try configuration(
            fixture("everything.jsonc"), environment: ["GITHUB_TOKEN": "hush"])
        let difference = ConfigurationDifference(from: old, to: new)
        #expect(
            difference.settings.map(\.key) == [
                "cache.policy", "cache.maxSize", "cache.maxBytes", "cache.maxEntryBytes",
                "cache.defaultTTL", "cache.strategy", "cache.annotate",
                "cache.staleWhileRevalidate", "cache.staleIfError", "cache.classes.realtime",
                "cache.classes.static", "caches.high_frequency.maxSize",
                "caches.high_frequency.maxBytes", "caches.high_frequency.maxEntryBytes",
                "caches.high_frequency.defaultTTL", "caches.high_frequency.strategy", "dedup.ttl",
                "concurrency.max", "concurrency.maxQueue", "concurrency.queueTimeout",
                "concurrency.adaptive", "pool.min", "pool.max", "pool.maxIdleTime",
                "pool.connectionTimeout", "pool.healthCheckInterval", "pool.maxInFlight",
                "retry.max", "retry.budget", "naming.mode", "naming.separator", "timeout",
                "maxTimeout", "shutdownTimeout", "startupWait", "limits.maxMessageBytes",
                "monitor.windowSize", "monitor.alerts.avgDuration", "monitor.alerts.successRate",
                "monitor.alerts.hitRate", "http.listen", "http.token", "log.level", "log.format",
                "metricsTool",
            ])
        #expect(
            difference.changed.first?.settings.map(\.key) == [
                "pool.min", "pool.max", "pool.maxIdleTime", "pool.connectionTimeout",
                "pool.healthCheckInterval", "pool.maxInFlight", "tools.create_issue.cache",
                "tools.create_issue.invalidates", "tools.create_issue.idempotent",
                "tools.delete_repository.hide", "tools.report.cache",
                "tools.report.maxConcurrent", "tools.report.timeout", "tools.report.name",
                "tools.search_*.ttl", "tools.search_*.staleWhileRevalidate",
                "tools.search_*.staleIfError", "maxConcurrent", "timeout", "maxTimeout",
                "retry.max",
            ])
        #expect(!difference.lines.joined().contains("hush"))
    }
}
