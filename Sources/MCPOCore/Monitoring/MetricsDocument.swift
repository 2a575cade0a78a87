// The document of SPEC §8: what the metrics tool returns as `structuredContent` and `GET /metrics`.
//
//     {"performance":{"add":{"endpoint":"add","total_requests":3,"avg_duration":0.089, …}},
//      "saved":{…},"concurrency":{…},"cache":{"default":{…}},"dedup":{…},
//      "connection":{"status":"healthy","error_count":0,"servers":{"github":{…}}},
//      "alerts":[],"version":"0.1.0","uptime":3600.5,"timestamp":1703123456.789}
//
// on one line, because messages are lines. Durations are in seconds with up to six decimals, rates
// are percentages with up to three. `MetricsTool.outputSchema` says the same in JSON Schema; a test
// holds the two against each other.

package enum MetricsDocument {
    /// The document as JSON, without a newline.
    package static func json(_ snapshot: MetricsSnapshot) -> [UInt8] {
        var writer = JSONWriter()
        write(snapshot, &writer)
        return writer.bytes
    }

    static func write(_ snapshot: MetricsSnapshot, _ writer: inout JSONWriter) {
        writer.object {
            $0.objectMember("performance") { writer in
                for endpoint in snapshot.endpoints { write(endpoint, &writer) }
            }
            $0.objectMember("saved") { writer in
                writer.member("calls", snapshot.savedCalls)
                writer.member("duration", nanoseconds: snapshot.savedDuration)
            }
            write(snapshot.concurrency, &$0)
            $0.objectMember("cache") { writer in
                for cache in snapshot.caches { write(cache, &writer) }
            }
            write(snapshot.dedup, &$0)
            write(snapshot.connection, &$0)
            $0.arrayMember("alerts") { writer in
                for alert in snapshot.alerts { write(alert, &writer) }
            }
            $0.member("version", Array(snapshot.version.utf8))
            $0.member("uptime", nanoseconds: snapshot.uptime)
            $0.member("timestamp", unixMilliseconds: snapshot.unixMilliseconds)
        }
    }

    private static func write(_ endpoint: EndpointFigures, _ writer: inout JSONWriter) {
        let durations = endpoint.durations
        writer.key(endpoint.name)
        writer.object {
            $0.member("endpoint", endpoint.name)
            $0.member("server", Array(endpoint.server.utf8))
            $0.member("total_requests", endpoint.total)
            $0.member("avg_duration", nanoseconds: durations.average)
            $0.member("min_duration", nanoseconds: durations.minimum)
            $0.member("max_duration", nanoseconds: durations.maximum)
            $0.member("p50_duration", nanoseconds: durations.p50)
            $0.member("p90_duration", nanoseconds: durations.p90)
            $0.member("p99_duration", nanoseconds: durations.p99)
            $0.member("success_rate", endpoint.successRate)
            $0.member("current_concurrent", endpoint.inFlight)
            $0.member("peak_concurrent", endpoint.peakInFlight)
            $0.member("qps_1s", endpoint.qps1s)
            $0.member("qps_5s", endpoint.qps5s)
            $0.member("cache_hits", endpoint.hits)
            $0.member("dedup_joined", endpoint.joined)
            $0.member("answered", endpoint.answered)
            $0.member("failed", endpoint.failed)
            $0.member("cancelled", endpoint.cancelled)
            $0.member("total_duration", nanoseconds: endpoint.totalDuration)
            $0.member("miss_duration", nanoseconds: endpoint.callDuration)
            $0.member("saved_calls", endpoint.savedCalls)
            $0.member("saved_duration", nanoseconds: endpoint.savedDuration)
        }
    }

    private static func write(_ concurrency: ConcurrencyFigures, _ writer: inout JSONWriter) {
        writer.objectMember("concurrency") {
            $0.member("max_concurrent", concurrency.maximum)
            $0.member("current_concurrent", concurrency.current)
            $0.member("peak_concurrent", concurrency.peak)
            $0.member("queued", concurrency.queued)
            $0.member("rejected", concurrency.rejected)
        }
    }

    private static func write(_ cache: CacheFigures, _ writer: inout JSONWriter) {
        writer.key(Array(cache.name.utf8))
        writer.object {
            $0.member("hits", cache.hits)
            $0.member("misses", cache.misses)
            $0.member("hit_rate", cache.hitRate)
            $0.member("stores", cache.stores)
            $0.member("evictions", cache.evictions)
            $0.member("expirations", cache.expirations)
            $0.member("invalidations", cache.invalidations)
            $0.member("stale_served", cache.staleServed)
            $0.member("current_size", cache.currentSize)
            $0.member("max_size", cache.maximumSize)
            $0.member("memory_bytes", cache.memoryBytes)
            $0.member("memory_usage", HumanText.bytes(cache.memoryBytes))
        }
    }

    private static func write(_ dedup: DedupFigures, _ writer: inout JSONWriter) {
        writer.objectMember("dedup") {
            $0.member("joined", dedup.joined)
            $0.member("in_flight", dedup.inFlight)
        }
    }

    private static func write(_ connection: ConnectionFigures, _ writer: inout JSONWriter) {
        writer.objectMember("connection") {
            $0.member("status", connection.status.word)
            $0.member("ready", connection.isReady)
            $0.member("error_count", connection.errors)
            $0.objectMember("servers") { writer in
                for server in connection.servers { write(server, &writer) }
            }
        }
    }

    private static func write(_ server: ServerFigures, _ writer: inout JSONWriter) {
        writer.key(Array(server.name.utf8))
        writer.object {
            $0.member("status", server.status.word)
            $0.member("connections", server.connections)
            $0.member("restarts", server.restarts)
            $0.member("reason", Array(server.reason.utf8))
            $0.member("in_flight", server.inFlight)
            $0.member("queued", server.queued)
            if let maximum = server.maximum { $0.member("max_concurrent", maximum) }
        }
    }

    private static func write(_ alert: MetricsAlert, _ writer: inout JSONWriter) {
        writer.object {
            $0.member("kind", alert.kind.word)
            $0.member("endpoint", alert.endpoint)
            $0.member("unit", alert.unit.word)
            $0.member("value", alert.value)
            $0.member("threshold", alert.threshold)
            $0.member("since", unixMilliseconds: alert.sinceUnixMilliseconds)
        }
    }
}
