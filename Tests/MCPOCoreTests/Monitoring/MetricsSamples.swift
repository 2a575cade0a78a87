// The metrics of SPEC §8's example, which the tests of the document, the text and the tool share.

import Foundation
import MCPOCore
import Testing

extension MetricsSnapshot {
    /// What a proxy reports that has just been started.
    static let empty = MetricsSnapshot(unixMilliseconds: 1_703_123_456_000)

    /// The example of SPEC §8.
    static var example: MetricsSnapshot {
        var snapshot = MetricsSnapshot(unixMilliseconds: 1_703_123_456_789)
        snapshot.endpoints = [.example]
        snapshot.concurrency.maximum = 100
        snapshot.concurrency.current = 8
        snapshot.concurrency.peak = 45
        snapshot.caches = [.example]
        snapshot.dedup.joined = 14
        snapshot.dedup.inFlight = 2
        var server = ServerFigures(name: "github")
        server.connections = 2
        server.inFlight = 3
        server.queued = 1
        server.maximum = 4
        snapshot.connection.isReady = true
        snapshot.connection.servers = [server]
        snapshot.version = "0.1.0"
        snapshot.uptime = 12_012_500_000_000
        snapshot.alerts = [
            MetricsAlert(
                .slow, .seconds, endpoint: Array("github__search_issues".utf8), value: 1.4,
                threshold: 1,
                sinceUnixMilliseconds: 1_703_123_456_789)
        ]
        return snapshot
    }
}

extension EndpointFigures {
    static var example: EndpointFigures {
        var endpoint = EndpointFigures(name: Array("github__search_issues".utf8), total: 1_500)
        endpoint.server = "github"
        endpoint.answered = 270
        endpoint.failed = 12
        endpoint.cancelled = 3
        endpoint.hits = 1_200
        endpoint.joined = 14
        endpoint.joinedAnswers = 10
        endpoint.callDuration = 207_500_000
        endpoint.savedCalls = 1_210
        endpoint.savedDuration = 252_300_000_000
        endpoint.histogram[0] = 1_200
        endpoint.histogram[7] = 200
        endpoint.histogram[8] = 92
        endpoint.inFlight = 5
        endpoint.peakInFlight = 12
        endpoint.totalDuration = 133_500_000_000
        endpoint.durations.count = 1_000
        endpoint.durations.failures = 8
        endpoint.durations.average = 89_000_000
        endpoint.durations.minimum = 50_000_000
        endpoint.durations.maximum = 2_100_000_000
        endpoint.durations.p50 = 80_000_000
        endpoint.durations.p90 = 120_000_000
        endpoint.durations.p99 = 400_000_000
        endpoint.arrivedInLastSecond = 25
        endpoint.arrivedInLastFiveSeconds = 62
        return endpoint
    }
}

extension CacheFigures {
    static var example: CacheFigures {
        var cache = CacheFigures(name: "default")
        cache.hits = 1_200
        cache.misses = 300
        cache.stores = 290
        cache.evictions = 4
        cache.expirations = 130
        cache.invalidations = 6
        cache.staleServed = 1
        cache.currentSize = 150
        cache.maximumSize = 1_000
        cache.memoryBytes = 2_512_345
        return cache
    }
}

/// A JSON text as Foundation reads it.
func parsed(_ text: [UInt8]) throws -> [String: Any] {
    let value = try JSONSerialization.jsonObject(with: Data(text))
    return try #require(value as? [String: Any])
}
