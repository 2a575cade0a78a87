// The document has the shape of SPEC §8, to the byte.

import Foundation
import MCPOCore
import Testing

@Suite struct MetricsDocumentTests {
    private static func document(_ snapshot: MetricsSnapshot) -> String {
        String(decoding: MetricsDocument.json(snapshot), as: UTF8.self)
    }

    @Test func `the example of the specification comes out as it is there`() {
        let lines = [
            #"{"performance":{"github__search_issues":{"endpoint":"github__search_issues","#,
            #""server":"github","total_requests":1500,"avg_duration":0.089,"min_duration":0.05,"max_duration":2.1,"#,
            #""p50_duration":0.08,"p90_duration":0.12,"p99_duration":0.4,"success_rate":99.2,"#,
            #""current_concurrent":5,"peak_concurrent":12,"qps_1s":25,"qps_5s":12.4,"#,
            #""cache_hits":1200,"dedup_joined":14,"answered":270,"failed":12,"cancelled":3,"#,
            #""total_duration":133.5,"miss_duration":0.2075,"saved_calls":1210,"#,
            #""saved_duration":252.3}},"saved":{"calls":1210,"duration":252.3},"#,
            #""concurrency":{"max_concurrent":100,"current_concurrent":8,"peak_concurrent":45,"#,
            #""queued":0,"rejected":0},"#,
            #""cache":{"default":{"hits":1200,"misses":300,"hit_rate":80,"stores":290,"#,
            #""evictions":4,"expirations":130,"invalidations":6,"stale_served":1,"#,
            #""current_size":150,"max_size":1000,"memory_bytes":2512345,"#,
            #""memory_usage":"2.5MB"}},"#,
            #""dedup":{"joined":14,"in_flight":2},"#,
            #""connection":{"status":"healthy","ready":true,"error_count":0,"servers":{"github":"#,
            #"{"status":"healthy","connections":2,"restarts":0,"reason":"","in_flight":3,"#,
            #""queued":1,"max_concurrent":4}}},"#,
            #""alerts":[{"kind":"slow","endpoint":"github__search_issues","unit":"seconds","#,
            #""value":1.4,"threshold":1,"since":1703123456.789}],"version":"0.1.0","#,
            #""uptime":12012.5,"timestamp":1703123456.789}"#,
        ]
        #expect(Self.document(.example) == lines.joined())
    }

    @Test func `a proxy without a request has all members`() throws {
        let document = try parsed(MetricsDocument.json(.empty))
        #expect(
            document.keys.sorted() == [
                "alerts", "cache", "concurrency", "connection", "dedup", "performance", "saved",
                "timestamp", "uptime", "version",
            ])
        #expect((document["performance"] as? [String: Any])?.isEmpty == true)
        #expect((document["cache"] as? [String: Any])?.isEmpty == true)
        #expect((document["alerts"] as? [Any])?.isEmpty == true)
        #expect(document["timestamp"] as? Double == 1_703_123_456)
    }

    @Test func `names are escaped`() throws {
        let names = ["say \"hi\"", "a\\b", "line\nbreak", "größe_🙂", "\u{0}\u{1F}", ""]
        var snapshot = MetricsSnapshot.empty
        snapshot.endpoints = names.map { EndpointFigures(name: Array($0.utf8), total: 1) }
        snapshot.caches = names.map { CacheFigures(name: $0) }
        snapshot.connection.servers = names.map { ServerFigures(name: $0) }
        let bytes = MetricsDocument.json(snapshot)
        #expect(!bytes.contains(0x0A))
        let document = try parsed(bytes)
        let performance = try #require(document["performance"] as? [String: [String: Any]])
        #expect(performance.keys.sorted() == names.sorted())
        for name in names { #expect(performance[name]?["endpoint"] as? String == name) }
        #expect((document["cache"] as? [String: Any])?.keys.sorted() == names.sorted())
        let connection = document["connection"] as? [String: Any]
        let servers = connection?["servers"] as? [String: Any]
        #expect(servers?.keys.sorted() == names.sorted())
    }

    @Test(arguments: [
        (0.0, "0"), (-0.0, "0"), (1.0, "1"), (1.4, "1.4"), (0.001, "0.001"), (0.0004, "0"),
        (0.0005, "0.001"), (99.9994, "99.999"), (100, "100"), (-1.25, "-1.25"),
        (1e15, "1000000000000000"),
        (1e300, "9223372036854775.807"), (-.infinity, "-9223372036854775.807"), (.nan, "0"),
        (1e-300, "0"),
    ])
    func `numbers are in fixed decimals`(value: Double, text: String) {
        var snapshot = MetricsSnapshot.empty
        snapshot.alerts = [
            MetricsAlert(
                .cold, .percent, endpoint: [], value: value, threshold: 0, sinceUnixMilliseconds: 0)
        ]
        #expect(Self.document(snapshot).contains(#""value":\#(text),"#))
    }

    @Test(arguments: [
        (Int64(0), "0"), (499, "0"), (500, "0.000001"), (1_499, "0.000001"), (89_000_000, "0.089"),
        (1_000_000_000, "1"), (1_000_001_000, "1.000001"), (60_000_000_000, "60"),
        (86_400_000_001_000, "86400.000001"),
    ])
    func `durations are seconds with six decimals at the most`(nanoseconds: Int64, text: String) {
        var snapshot = MetricsSnapshot.example
        snapshot.endpoints[0].durations.p50 = nanoseconds
        #expect(Self.document(snapshot).contains(#""p50_duration":\#(text),"#))
    }

    @Test(arguments: [
        (0, "0B"), (999, "999B"), (1_000, "1KB"), (1_500, "1.5KB"), (999_949, "999.9KB"),
        (999_950, "1MB"), (2_512_345, "2.5MB"), (67_108_864, "67.1MB"), (3_000_000_000, "3GB"),
        (.max, "9223372TB"),
    ])
    func `memory is told in the largest unit there is`(bytes: Int, text: String) {
        var snapshot = MetricsSnapshot.example
        snapshot.caches[0].memoryBytes = bytes
        #expect(Self.document(snapshot).contains(#""memory_usage":"\#(text)""#))
    }

    @Test func `rates of nothing are no division by nothing`() {
        var snapshot = MetricsSnapshot.empty
        snapshot.endpoints = [EndpointFigures(name: Array("add".utf8), total: 1)]
        snapshot.caches = [CacheFigures(name: "default")]
        let document = Self.document(snapshot)
        #expect(document.contains(#""success_rate":100,"#))
        #expect(document.contains(#""hit_rate":0,"#))
    }

    @Test func `one failure in the largest window shows`() {
        var snapshot = MetricsSnapshot.example
        snapshot.endpoints[0].durations.count = PerformanceMonitor.windowSizes.upperBound
        snapshot.endpoints[0].durations.failures = 1
        #expect(Self.document(snapshot).contains(#""success_rate":99.999,"#))
    }

    @Test func `every kind of alert has its word`() throws {
        var snapshot = MetricsSnapshot.empty
        snapshot.alerts = MetricsAlert.Kind.allCases.map {
            MetricsAlert(
                $0, .percent, endpoint: Array("a\"b".utf8), value: 0.5, threshold: 70,
                sinceUnixMilliseconds: 1_500)
        }
        let document = try parsed(MetricsDocument.json(snapshot))
        let alerts = try #require(document["alerts"] as? [[String: Any]])
        #expect(alerts.map { $0["kind"] as? String } == ["slow", "failing", "cold", "anomaly"])
        #expect(alerts.allSatisfy { $0["endpoint"] as? String == "a\"b" })
        #expect(alerts.allSatisfy { $0["since"] as? Double == 1.5 })
    }
}
