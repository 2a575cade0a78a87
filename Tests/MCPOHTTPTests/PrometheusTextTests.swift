// The text that Prometheus reads: to the byte for an example, whole for odd names, and by
// Prometheus's own checker.

import Foundation
import MCPOCore
import MCPOHTTP
import Testing

@Suite struct PrometheusTextTests {
    private static func lines(
        _ snapshot: MetricsSnapshot, _ format: PrometheusText.Format = .prometheus
    ) -> [String] {
        let text = String(decoding: PrometheusText.text(snapshot, format: format), as: UTF8.self)
        #expect(text.hasSuffix("\n"))
        return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
            .map(String.init)
    }

    @Test func `an endpoint comes out as this`() {
        let lines = Self.lines(.small)
        let expected = """
            # HELP mcpo_requests_total Requests that have ended, by the tool or method that they were \
            for and by how.
            # TYPE mcpo_requests_total counter
            mcpo_requests_total{server="github",tool="search",outcome="answered"} 3
            mcpo_requests_total{server="github",tool="search",outcome="failed"} 1
            mcpo_requests_total{server="github",tool="search",outcome="cancelled"} 2
            mcpo_requests_total{server="github",tool="search",outcome="hit"} 4
            mcpo_requests_total{server="github",tool="search",outcome="joined"} 5
            # HELP mcpo_request_duration_seconds How long requests took as the client saw it, without \
            those that it cancelled.
            # TYPE mcpo_request_duration_seconds histogram
            mcpo_request_duration_seconds_bucket{server="github",tool="search",le="0.0005"} 4
            mcpo_request_duration_seconds_bucket{server="github",tool="search",le="0.001"} 4
            mcpo_request_duration_seconds_bucket{server="github",tool="search",le="0.0025"} 4
            mcpo_request_duration_seconds_bucket{server="github",tool="search",le="0.005"} 4
            mcpo_request_duration_seconds_bucket{server="github",tool="search",le="0.01"} 4
            mcpo_request_duration_seconds_bucket{server="github",tool="search",le="0.025"} 4
            mcpo_request_duration_seconds_bucket{server="github",tool="search",le="0.05"} 4
            mcpo_request_duration_seconds_bucket{server="github",tool="search",le="0.1"} 11
            mcpo_request_duration_seconds_bucket{server="github",tool="search",le="0.25"} 11
            mcpo_request_duration_seconds_bucket{server="github",tool="search",le="0.5"} 11
            mcpo_request_duration_seconds_bucket{server="github",tool="search",le="1.0"} 11
            mcpo_request_duration_seconds_bucket{server="github",tool="search",le="2.5"} 11
            mcpo_request_duration_seconds_bucket{server="github",tool="search",le="5.0"} 11
            mcpo_request_duration_seconds_bucket{server="github",tool="search",le="10.0"} 11
            mcpo_request_duration_seconds_bucket{server="github",tool="search",le="30.0"} 11
            mcpo_request_duration_seconds_bucket{server="github",tool="search",le="60.0"} 11
            mcpo_request_duration_seconds_bucket{server="github",tool="search",le="+Inf"} 13
            mcpo_request_duration_seconds_sum{server="github",tool="search"} 140.000000001
            mcpo_request_duration_seconds_count{server="github",tool="search"} 13
            # HELP mcpo_requests_in_flight Requests without an answer.
            # TYPE mcpo_requests_in_flight gauge
            mcpo_requests_in_flight{server="github",tool="search"} 6
            """
        let wanted = expected.split(separator: "\n").map(String.init)
        #expect(Array(lines.prefix(wanted.count)) == wanted)
    }

    @Test func `all the rest is there`() {
        let lines = Set(Self.lines(.small))
        for line in [
            #"mcpo_saved_calls_total{server="github",tool="search"} 9"#,
            #"mcpo_saved_seconds_total{server="github",tool="search"} 1.5"#,
            #"mcpo_cache_hits_total{cache="default"} 4"#,
            #"mcpo_cache_misses_total{cache="default"} 7"#,
            #"mcpo_cache_evictions_total{cache="default"} 1"#,
            #"mcpo_cache_invalidations_total{cache="default"} 2"#,
            #"mcpo_cache_entries{cache="default"} 3"#, #"mcpo_cache_bytes{cache="default"} 4096"#,
            "mcpo_dedup_joined_total 5", "mcpo_limiter_in_flight 2", "mcpo_limiter_queued 1",
            "mcpo_limiter_rejected_total 8", "mcpo_limiter_max 100",
            #"mcpo_server_up{server="github"} 1"#, #"mcpo_server_up{server="time"} 0"#,
            #"mcpo_server_connections{server="github"} 2"#,
            #"mcpo_server_restarts_total{server="time"} 3"#,
            #"mcpo_alerts{kind="anomaly",endpoint="search"} 2"#,
            #"mcpo_alerts{kind="cold",endpoint="default"} 1"#,
            #"mcpo_build_info{version="0.1.0"} 1"#,
            "process_start_time_seconds 1703119856.789",
        ] {
            #expect(lines.contains(line), "\(line)")
        }
    }

    @Test func `each family has one head, and its samples behind it`() {
        for format in PrometheusText.Format.allCases {
            var seen: Set<String> = []
            var family = ""
            for line in Self.lines(.small, format) where line != "# EOF" {
                let words = line.split(separator: " ")
                if words[0] == "#", words[1] == "HELP" {
                    family = String(words[2])
                    #expect(seen.insert(family).inserted, "\(family) is there twice")
                } else if words[0] == "#" {
                    #expect(words[2] == family)
                } else {
                    #expect(line.hasPrefix(family), "\(line) is in \(family)")
                }
            }
            #expect(seen.count == 22)
        }
    }

    @Test func `OpenMetrics names counters, units and the end its own way`() {
        let lines = Self.lines(.small, .openMetrics)
        #expect(lines.last == "# EOF")
        for line in [
            "# TYPE mcpo_requests counter", "# TYPE mcpo_build info",
            "# UNIT mcpo_request_duration_seconds seconds", "# UNIT mcpo_cache_bytes bytes",
            "# TYPE mcpo_saved_seconds counter", "# UNIT mcpo_saved_seconds seconds",
            #"mcpo_requests_total{server="github",tool="search",outcome="hit"} 4"#,
        ] {
            #expect(lines.contains(line), "\(line)")
        }
        for line in lines where line.hasPrefix("# TYPE") {
            #expect(!line.contains("_total") && !line.contains("_info"), "\(line)")
        }
        let samples = lines.filter { !$0.hasPrefix("#") }
        #expect(samples == Self.lines(.small).filter { !$0.hasPrefix("#") })
    }

    @Test(arguments: [
        (#"say "hi""#, #"say \"hi\""#), (#"a\b"#, #"a\\b"#), ("line\nbreak", #"line\nbreak"#),
        ("größe_🙂", "größe_🙂"), ("検索", "検索"), ("بحث", "بحث"), ("", ""), (#"\n"#, #"\\n"#),
        ("a{b=\"c\"} 1", #"a{b=\"c\"} 1"#),
    ])
    func `a name stays in its label`(name: String, shown: String) {
        let lines = Self.lines(.named(name))
        let outcomes = lines.filter { $0.hasPrefix("mcpo_requests_total{") }
        #expect(outcomes.count == 5)
        #expect(outcomes[0].contains(#"{server="\#(shown)",tool="\#(shown)",outcome="answered"}"#))
        #expect(lines.contains(#"mcpo_server_up{server="\#(shown)"} 0"#))
    }

    @Test func `a proxy without a request has no empty families`() {
        let lines = Self.lines(MetricsSnapshot(unixMilliseconds: 0))
        #expect(!lines.contains { $0.contains("mcpo_requests") || $0.contains("mcpo_alerts") })
        #expect(lines.contains("mcpo_dedup_joined_total 0"))
    }
}

// MARK: - Prometheus's own checker

extension PrometheusTextTests {
    private static let promtool = ["/usr/bin/promtool", "/usr/local/bin/promtool"]
        .first { FileManager.default.isExecutableFile(atPath: $0) }

    private static let isNeeded = ProcessInfo.processInfo.environment["CI"] != nil

    @Test(.enabled(if: promtool != nil || isNeeded, "promtool is not installed"))
    func `promtool has nothing to say`() throws {
        let odd = ["say \"hi\"", "a\\b", "line\nbreak", "größe_🙂", "検索", "بحث", "", "\u{1}", "\r"]
        for snapshot in [.small, MetricsSnapshot(unixMilliseconds: 0)] + odd.map({ .named($0) }) {
            let (status, said) = try Self.check(PrometheusText.text(snapshot, format: .prometheus))
            #expect(status == 0 && said.isEmpty, "\(said)")
        }
    }

    /// That the checker checks.
    @Test(.enabled(if: promtool != nil || isNeeded, "promtool is not installed"))
    func `promtool complains of what is wrong`() throws {
        let (_, said) = try Self.check(Array("# TYPE a counter\na 1\n".utf8))
        #expect(!said.isEmpty)
        let (status, _) = try Self.check(Array("a{b=\"c} 1\n".utf8))
        #expect(status != 0)
    }

    private static func check(_ text: [UInt8]) throws -> (status: Int32, said: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(promtool))
        process.arguments = ["check", "metrics"]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        process.standardError = output
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data(text))
        try input.fileHandleForWriting.close()
        let said = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: said, as: UTF8.self))
    }
}

extension MetricsSnapshot {
    /// A little of everything.
    fileprivate static var small: MetricsSnapshot {
        var snapshot = MetricsSnapshot(unixMilliseconds: 1_703_123_456_789)
        snapshot.uptime = 3_600_000_000_000
        snapshot.version = "0.1.0"
        var search = EndpointFigures(name: Array("search".utf8), total: 21)
        search.server = "github"
        (search.answered, search.failed, search.cancelled) = (3, 1, 2)
        (search.hits, search.joined, search.joinedAnswers) = (4, 6, 5)
        search.inFlight = 6
        search.totalDuration = 140_000_000_001
        search.histogram[0] = 4
        search.histogram[7] = 7
        search.histogram[16] = 2
        (search.savedCalls, search.savedDuration) = (9, 1_500_000_000)
        snapshot.endpoints = [search]
        var cache = CacheFigures(name: "default")
        (cache.hits, cache.misses, cache.evictions, cache.invalidations) = (4, 7, 1, 2)
        (cache.currentSize, cache.memoryBytes) = (3, 4_096)
        snapshot.caches = [cache]
        snapshot.dedup.joined = 5
        (snapshot.concurrency.maximum, snapshot.concurrency.current) = (100, 2)
        (snapshot.concurrency.queued, snapshot.concurrency.rejected) = (1, 8)
        var github = ServerFigures(name: "github")
        (github.isOpen, github.connections) = (true, 2)
        var time = ServerFigures(name: "time")
        time.restarts = 3
        snapshot.connection.servers = [github, time]
        snapshot.alerts = [
            (.anomaly, .seconds, "search"), (.cold, .percent, "default"),
            (.anomaly, .percent, "search"),
        ].map { kind, unit, name in
            MetricsAlert(
                kind, unit, endpoint: Array(name.utf8), value: 1, threshold: 2,
                sinceUnixMilliseconds: 0)
        }
        return snapshot
    }

    /// Something of this name in all places.
    fileprivate static func named(_ name: String) -> MetricsSnapshot {
        var snapshot = MetricsSnapshot(unixMilliseconds: 0)
        var endpoint = EndpointFigures(name: Array(name.utf8), total: 1)
        endpoint.server = name
        snapshot.endpoints = [endpoint]
        snapshot.caches = [CacheFigures(name: name)]
        snapshot.connection.servers = [ServerFigures(name: name)]
        snapshot.version = name
        snapshot.alerts = [
            MetricsAlert(
                .slow, .seconds, endpoint: Array(name.utf8), value: 1, threshold: 2,
                sinceUnixMilliseconds: 0)
        ]
        return snapshot
    }
}
