// The text is something a person can read, whatever the names are.

import MCPOCore
import Testing

@Suite struct MetricsTextTests {
    private static func text(_ snapshot: MetricsSnapshot) -> String {
        String(decoding: MetricsText.text(snapshot), as: UTF8.self)
    }

    private static func lines(_ snapshot: MetricsSnapshot) -> [Substring] {
        text(snapshot).split(separator: "\n", omittingEmptySubsequences: false)
    }

    @Test func `the example of the specification is readable`() {
        var snapshot = MetricsSnapshot.example
        var list = EndpointFigures(name: Array("tools/list".utf8), total: 2)
        list.inFlight = 2
        list.peakInFlight = 2
        snapshot.endpoints.append(list)
        // swift-format-ignore
        let expected = """
            mcpo metrics, 2023-12-21 01:50:56 UTC; version 0.1.0, up 3 h 20 min

            alert: slow: github__search_issues, 1.4s, threshold 1s, since 2023-12-21 01:50:56 UTC

            saved 1,210 calls and 4 min 12 s of waiting

            endpoint               requests    1s      5s   avg   p50    p90    p99   min   max  success  now  peak  hits  joined
            github__search_issues      1500  25/s  12.4/s  89ms  80ms  120ms  400ms  50ms  2.1s    99.2%    5    12  1200      14
            tools/list                    2   0/s     0/s     -     -      -      -     -     -        -    2     2     0       0

            cache    hits  misses  hit rate  entries    of  memory  stored  evicted  expired  invalidated  stale
            default  1200     300       80%      150  1000   2.5MB     290        4      130            6      1

            concurrency: 8 of 100 at once, 45 at the peak; 0 queued, 0 rejected
            dedup: 14 joined, 2 in flight
            connection: healthy, errors: 0

            server   status  connections  restarts  now  queued  of
            github  healthy            2         0    3       1   4

            """
        #expect(Self.text(snapshot) == expected)
    }

    @Test func `a proxy without a request says so`() {
        let expected = """
            mcpo metrics, 2023-12-21 01:50:56 UTC

            no requests yet

            concurrency: 0 of 0 at once, 0 at the peak; 0 queued, 0 rejected
            dedup: 0 joined, 0 in flight
            connection: healthy, errors: 0

            """
        #expect(Self.text(.empty) == expected)
    }

    @Test func `the endpoints that took the most time come first, and fifty of them`() {
        var snapshot = MetricsSnapshot.empty
        snapshot.endpoints = (0..<60).map {
            var endpoint = EndpointFigures(name: Array("tool_\($0)".utf8), total: 1)
            endpoint.totalDuration = Int64($0)
            return endpoint
        }
        let lines = Self.lines(snapshot)
        let names = lines.compactMap { $0.hasPrefix("tool_") ? $0.prefix { $0 != " " } : nil }
        #expect(names == (10..<60).reversed().map { "tool_\($0)" })
        #expect(lines.contains("… and 10 more"))
        snapshot.endpoints.removeLast(10)
        #expect(!Self.text(snapshot).contains("…"))
    }

    @Test(arguments: [
        ("a\nb", "a\u{FFFD}b"), ("\u{1B}[31mred", "\u{FFFD}[31mred"), ("a\u{202E}b", "a\u{FFFD}b"),
        ("\u{7F}\u{85}\u{2028}", "\u{FFFD}\u{FFFD}\u{FFFD}"), ("größe_🙂", "größe_🙂"),
        (String(repeating: "ä", count: 64), String(repeating: "ä", count: 64)),
        (String(repeating: "ä", count: 65), String(repeating: "ä", count: 63) + "…"),
    ])
    func `a name cannot leave its cell`(name: String, shown: String) {
        var snapshot = MetricsSnapshot.empty
        snapshot.endpoints = [EndpointFigures(name: Array(name.utf8), total: 1)]
        #expect(Self.lines(snapshot)[3].hasPrefix(shown + "  "))
    }

    @Test func `cells of a column end in the same place`() {
        var snapshot = MetricsSnapshot.example
        var other = EndpointFigures(name: Array("größe".utf8), total: 123_456)
        other.durations.count = 1
        other.durations.average = 449_999
        snapshot.endpoints.append(other)
        let rows = Self.lines(snapshot)[6...8]
        #expect(Set(rows.map(\.count)).count == 1)
    }

    @Test(arguments: [
        (Int64(0), "0"), (499, "0"), (500, "0.5µs"), (1_234, "1.23µs"), (450_000, "450µs"),
        (999_499, "999µs"), (1_000_000, "1ms"), (12_345_678, "12.3ms"), (2_100_000_000, "2.1s"),
        (75_000_000_000, "75s"), (3_600_000_000_000, "3600s"),
    ])
    func `durations have three digits`(nanoseconds: Int64, shown: String) {
        var snapshot = MetricsSnapshot.example
        snapshot.alerts = []
        snapshot.endpoints[0].savedCalls = 0
        snapshot.endpoints[0].savedDuration = 0
        snapshot.endpoints[0].durations.average = nanoseconds
        let cells = Self.lines(snapshot)[3].split(separator: " ")
        #expect(cells[4] == shown)
    }

    @Test(arguments: [
        (Int64(0), "0 ms"), (999_999_999, "999 ms"), (1_000_000_000, "1 s"),
        (12_345_000_000, "12.3 s"), (59_999_999_999, "59.9 s"), (60_000_000_000, "1 min 0 s"),
        (252_000_000_000, "4 min 12 s"), (3_600_000_000_000, "1 h 0 min"),
        (12_012_000_000_000, "3 h 20 min"), (187_200_000_000_000, "2 d 4 h"),
    ])
    func `what was saved is told in words`(nanoseconds: Int64, shown: String) {
        var snapshot = MetricsSnapshot.example
        snapshot.endpoints[0].savedCalls = 1_234_567
        snapshot.endpoints[0].savedDuration = nanoseconds
        let text = Self.text(snapshot)
        #expect(text.contains("\nsaved 1,234,567 calls and \(shown) of waiting\n"))
        snapshot.endpoints[0].savedCalls = 1
        #expect(Self.text(snapshot).contains("\nsaved 1 call and \(shown) of waiting\n"))
    }

    @Test func `a server that is not well has its reason below the table`() {
        var snapshot = MetricsSnapshot.example
        snapshot.connection.servers[0].status = .unhealthy
        snapshot.connection.servers[0].maximum = nil
        snapshot.connection.servers[0].reason = "restarting\nafter"
        #expect(
            Self.lines(snapshot).suffix(3) == [
                "github  unhealthy            2         0    3       1   -",
                "github: restarting\u{FFFD}after", "",
            ])
    }

    @Test(arguments: [
        (Int64(0), "1970-01-01 00:00:00 UTC"), (951_782_400_000, "2000-02-29 00:00:00 UTC"),
        (951_868_799_999, "2000-02-29 23:59:59 UTC"),
        (1_709_251_200_000, "2024-03-01 00:00:00 UTC"),
        (-1, "1969-12-31 23:59:59 UTC"), (4_107_542_400_000, "2100-03-01 00:00:00 UTC"),
    ])
    func `moments are dates`(unixMilliseconds: Int64, shown: String) {
        let snapshot = MetricsSnapshot(unixMilliseconds: unixMilliseconds)
        #expect(Self.lines(snapshot)[0] == "mcpo metrics, \(shown)")
    }
}
