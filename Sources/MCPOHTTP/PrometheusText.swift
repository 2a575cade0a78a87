// The metrics as Prometheus reads them (SPEC §8 and §12), in one of two formats:
//
//     text 0.0.4                                       OpenMetrics 1.0
//     # HELP mcpo_requests_total Requests …            # HELP mcpo_requests Requests …
//     # TYPE mcpo_requests_total counter               # TYPE mcpo_requests counter
//     mcpo_requests_total{server="github",…} 1200      mcpo_requests_total{server="github",…} 1200
//                                                      # EOF
//
// A family stands together, its name once; labels are always the same ones in the same order. How
// many series there can be is bounded by the endpoints of the monitor, where names that a client
// makes up are "other". Durations are in seconds and exact to the nanosecond.

package import MCPOCore

/// Prometheus's exposition formats.
package enum PrometheusText {
    package enum Format: CaseIterable, Sendable {
        /// Prometheus's text format, version 0.0.4.
        case prometheus
        /// OpenMetrics 1.0.
        case openMetrics

        /// The value of `Content-Type`.
        package var contentType: StaticString {
            switch self {
            case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
            case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
            }
        }
    }

    /// The metrics of one moment, in UTF-8, with a newline after the last line.
    package static func text(_ snapshot: MetricsSnapshot, format: Format) -> [UInt8] {
        var writer = FamilyWriter(format)
        writeRequests(snapshot.endpoints, &writer)
        writeSavings(snapshot.endpoints, &writer)
        writeCaches(snapshot.caches, &writer)
        writeDedup(snapshot.dedup, &writer)
        writeLimiter(snapshot.concurrency, &writer)
        writeServers(snapshot.connection.servers, &writer)
        writeAlerts(snapshot.alerts, &writer)
        writeProcess(snapshot, &writer)
        return writer.finish()
    }
}

// MARK: - Endpoints

extension PrometheusText {
    private static func labels(_ endpoint: EndpointFigures) -> [FamilyWriter.Label] {
        [("server", Array(endpoint.server.utf8)), ("tool", endpoint.name)]
    }

    private static func writeRequests(
        _ endpoints: [EndpointFigures], _ writer: inout FamilyWriter
    ) {
        writer.begin(
            "mcpo_requests", .counter,
            "Requests that have ended, by the tool or method that they were for and by how.")
        for endpoint in endpoints {
            let labels = labels(endpoint)
            for outcome in RequestOutcome.allCases {
                let label = outcome.label.withUTF8Buffer { Array($0) }
                writer.sample("_total", labels + [("outcome", label)], endpoint.count(outcome))
            }
        }
        writer.begin(
            "mcpo_request_duration_seconds", .histogram, unit: "seconds",
            "How long requests took as the client saw it, without those that it cancelled.")
        for endpoint in endpoints { writeHistogram(endpoint, &writer) }
        writer.begin("mcpo_requests_in_flight", .gauge, "Requests without an answer.")
        for endpoint in endpoints { writer.sample("", labels(endpoint), endpoint.inFlight) }
    }

    private static func writeHistogram(
        _ endpoint: EndpointFigures, _ writer: inout FamilyWriter
    ) {
        let labels = labels(endpoint)
        var count = 0
        for (place, requests) in endpoint.histogram.enumerated() {
            count += requests
            let isLast = place >= DurationHistogram.bounds.count
            let bound = isLast ? Array("+Inf".utf8) : bounds[place]
            writer.sample("_bucket", labels + [("le", bound)], count)
        }
        writer.sample("_sum", labels, nanoseconds: endpoint.totalDuration)
        writer.sample("_count", labels, count)
    }

    /// In seconds; OpenMetrics wants whole numbers with a decimal ("1.0"), and one format must not
    /// have other series than the other.
    private static let bounds = DurationHistogram.bounds.map { nanoseconds in
        var text: [UInt8] = []
        DecimalText.append(units: nanoseconds, places: 9, to: &text)
        return text.contains(UInt8(ascii: ".")) ? text : text + Array(".0".utf8)
    }

    private static func writeSavings(
        _ endpoints: [EndpointFigures], _ writer: inout FamilyWriter
    ) {
        writer.begin(
            "mcpo_saved_calls", .counter,
            "Calls that no server had to answer, because of the cache or an equal request.")
        for endpoint in endpoints { writer.sample("_total", labels(endpoint), endpoint.savedCalls) }
        writer.begin(
            "mcpo_saved_seconds", .counter, unit: "seconds",
            "Time that clients did not have to wait for those, by how long calls take.")
        for endpoint in endpoints {
            writer.sample("_total", labels(endpoint), nanoseconds: endpoint.savedDuration)
        }
    }
}

// MARK: - The rest

extension PrometheusText {
    private static func writeCaches(_ caches: [CacheFigures], _ writer: inout FamilyWriter) {
        func write(
            _ name: StaticString, _ kind: FamilyWriter.Kind, unit: StaticString? = nil,
            _ help: StaticString, _ value: (CacheFigures) -> Int
        ) {
            writer.begin(name, kind, unit: unit, help)
            for cache in caches {
                let labels: [FamilyWriter.Label] = [("cache", Array(cache.name.utf8))]
                writer.sample(kind == .counter ? "_total" : "", labels, value(cache))
            }
        }
        write("mcpo_cache_hits", .counter, "Lookups that found an answer.") { $0.hits }
        write("mcpo_cache_misses", .counter, "Lookups that found none.") { $0.misses }
        write("mcpo_cache_evictions", .counter, "Entries that made room for others.") {
            $0.evictions
        }
        write("mcpo_cache_invalidations", .counter, "Entries dropped because of a change.") {
            $0.invalidations
        }
        write("mcpo_cache_entries", .gauge, "Answers that are stored.") { $0.currentSize }
        write(
            "mcpo_cache_bytes", .gauge, unit: "bytes",
            "Memory that they take, keys and bookkeeping included."
        ) { $0.memoryBytes }
    }

    private static func writeDedup(_ dedup: DedupFigures, _ writer: inout FamilyWriter) {
        writer.begin(
            "mcpo_dedup_joined", .counter, "Requests that joined an equal one under way.")
        writer.sample("_total", [], dedup.joined)
    }

    private static func writeLimiter(
        _ limiter: ConcurrencyFigures, _ writer: inout FamilyWriter
    ) {
        writer.begin("mcpo_limiter_in_flight", .gauge, "Calls under way to servers.")
        writer.sample("", [], limiter.current)
        writer.begin("mcpo_limiter_queued", .gauge, "Calls that wait for others to end.")
        writer.sample("", [], limiter.queued)
        writer.begin(
            "mcpo_limiter_rejected", .counter, "Calls that were refused because too many waited.")
        writer.sample("_total", [], limiter.rejected)
        writer.begin("mcpo_limiter_max", .gauge, "Calls that may be under way; 0 for no limit.")
        writer.sample("", [], limiter.maximum)
    }

    private static func writeServers(_ servers: [ServerFigures], _ writer: inout FamilyWriter) {
        func write(
            _ name: StaticString, _ kind: FamilyWriter.Kind, _ help: StaticString,
            _ value: (ServerFigures) -> Int
        ) {
            writer.begin(name, kind, help)
            for server in servers {
                let labels: [FamilyWriter.Label] = [("server", Array(server.name.utf8))]
                writer.sample(kind == .counter ? "_total" : "", labels, value(server))
            }
        }
        write("mcpo_server_up", .gauge, "Whether the server takes calls: 1 or 0.") {
            $0.isOpen ? 1 : 0
        }
        write("mcpo_server_connections", .gauge, "Processes of the server.") { $0.connections }
        write("mcpo_server_restarts", .counter, "Times it was started again.") { $0.restarts }
    }

    /// An endpoint can have two alerts of one kind: both are counted in one series.
    private static func writeAlerts(_ alerts: [MetricsAlert], _ writer: inout FamilyWriter) {
        writer.begin(
            "mcpo_alerts", .gauge,
            "Alerts in force, by kind and by the tool, method or cache that they are about.")
        var told: [MetricsAlert] = []
        for alert in alerts {
            func isSame(_ other: MetricsAlert) -> Bool {
                other.kind == alert.kind && other.endpoint == alert.endpoint
            }
            if told.contains(where: isSame) { continue }
            told.append(alert)
            let kind = alert.kind.word.withUTF8Buffer { Array($0) }
            writer.sample(
                "", [("kind", kind), ("endpoint", alert.endpoint)], alerts.count(where: isSame))
        }
    }

    private static func writeProcess(
        _ snapshot: MetricsSnapshot, _ writer: inout FamilyWriter
    ) {
        writer.begin("mcpo_build", .info, "Which mcpo this is; always 1.")
        writer.sample("_info", [("version", Array(snapshot.version.utf8))], 1)
        writer.begin(
            "process_start_time_seconds", .gauge, unit: "seconds",
            "When mcpo started, in seconds since 1970.")
        let started = snapshot.unixMilliseconds &* 1_000_000 &- snapshot.uptime
        writer.sample("", [], nanoseconds: started / 1_000_000 * 1_000_000)
    }
}
