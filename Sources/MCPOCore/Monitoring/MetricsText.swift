// The metrics as text, for a person or a model that is asked how mcpo is doing.
//
//     mcpo metrics, 2023-12-21 01:50:56 UTC; version 0.1.0, up 3 h 20 min
//
//     saved 1,214 calls and 4 min 12 s of waiting
//
//     endpoint               requests    1s    5s   avg   p50    p90    p99   max  success  …
//     github__search_issues      1500  25/s  12/s  89ms  80ms  120ms  400ms  2.1s    99.2%  …
//
//     concurrency: 8 of 100 at once, 45 at the peak; 0 queued, 0 rejected
//     dedup: 14 joined, 2 in flight
//     …
//
// Endpoints that took the most time come first, because they are the ones to look at.

package enum MetricsText {
    /// Endpoints that are listed: more than that is nothing to read. All are in the document.
    package static let maximumRows = 50

    /// The metrics as lines of UTF-8, with a newline after the last one.
    package static func text(_ snapshot: MetricsSnapshot) -> [UInt8] {
        var text: [UInt8] = Array("mcpo metrics, ".utf8)
        text += HumanText.moment(unixMilliseconds: snapshot.unixMilliseconds)
        if !snapshot.version.isEmpty {
            append("; version ", to: &text)
            text += HumanText.name(Array(snapshot.version.utf8))
            append(", up ", to: &text)
            text += HumanText.span(snapshot.uptime)
        }
        append("\n\n", to: &text)
        appendAlerts(snapshot.alerts, to: &text)
        appendSaved(snapshot, to: &text)
        appendEndpoints(snapshot.endpoints, to: &text)
        appendCaches(snapshot.caches, to: &text)
        appendTotals(snapshot, to: &text)
        appendServers(snapshot.connection, to: &text)
        return text
    }

    private static func number(_ number: Int) -> [UInt8] {
        var text: [UInt8] = []
        DecimalText.append(units: Int64(number), places: 0, to: &text)
        return text
    }

    private static func decimal(
        _ number: Double, places: Int, _ unit: StaticString
    ) -> [UInt8] {
        var text: [UInt8] = []
        DecimalText.append(number, places: places, to: &text)
        unit.withUTF8Buffer { text.append(contentsOf: $0) }
        return text
    }

    private static func append(_ words: StaticString, to text: inout [UInt8]) {
        words.withUTF8Buffer { text.append(contentsOf: $0) }
    }
}

// MARK: - Tables

extension MetricsText {
    private static func appendEndpoints(_ endpoints: [EndpointFigures], to text: inout [UInt8]) {
        guard !endpoints.isEmpty else { return append("no requests yet\n\n", to: &text) }
        let byTime = endpoints.sorted {
            if $0.totalDuration != $1.totalDuration { return $0.totalDuration > $1.totalDuration }
            if $0.total != $1.total { return $0.total > $1.total }
            return $0.name.lexicographicallyPrecedes($1.name)
        }
        var table = TextTable([
            "endpoint", "requests", "1s", "5s", "avg", "p50", "p90", "p99", "min", "max", "success",
            "now", "peak", "hits", "joined",
        ])
        for endpoint in byTime.prefix(maximumRows) { table.add(cells(endpoint)) }
        table.append(to: &text)
        if endpoints.count > maximumRows {
            append("… and ", to: &text)
            text += number(endpoints.count - maximumRows)
            append(" more\n", to: &text)
        }
        append("\n", to: &text)
    }

    private static func cells(_ endpoint: EndpointFigures) -> [[UInt8]] {
        let durations = endpoint.durations
        var cells = [
            HumanText.name(endpoint.name), number(endpoint.total),
            decimal(endpoint.qps1s, places: 0, "/s"), decimal(endpoint.qps5s, places: 1, "/s"),
        ]
        for duration in [
            durations.average, durations.p50, durations.p90, durations.p99, durations.minimum,
            durations.maximum,
        ] {
            cells.append(durations.count > 0 ? HumanText.duration(duration) : Array("-".utf8))
        }
        let success = decimal(endpoint.successRate, places: 1, "%")
        cells.append(durations.count > 0 ? success : Array("-".utf8))
        cells += [endpoint.inFlight, endpoint.peakInFlight, endpoint.hits, endpoint.joined]
            .map(number)
        return cells
    }

    private static func appendCaches(_ caches: [CacheFigures], to text: inout [UInt8]) {
        guard !caches.isEmpty else { return }
        var table = TextTable([
            "cache", "hits", "misses", "hit rate", "entries", "of", "memory", "stored", "evicted",
            "expired", "invalidated", "stale",
        ])
        for cache in caches {
            var cells = [
                HumanText.name(Array(cache.name.utf8)), number(cache.hits), number(cache.misses),
                decimal(cache.hitRate, places: 1, "%"), number(cache.currentSize),
                number(cache.maximumSize), HumanText.bytes(cache.memoryBytes),
            ]
            cells += [
                cache.stores, cache.evictions, cache.expirations, cache.invalidations,
                cache.staleServed,
            ].map(number)
            table.add(cells)
        }
        table.append(to: &text)
        append("\n", to: &text)
    }

    private static func appendServers(
        _ connection: ConnectionFigures, to text: inout [UInt8]
    ) {
        guard !connection.servers.isEmpty else { return }
        var table = TextTable([
            "server", "status", "connections", "restarts", "now", "queued", "of",
        ])
        for server in connection.servers {
            table.add([
                HumanText.name(Array(server.name.utf8)),
                server.status.word.withUTF8Buffer { Array($0) },
                number(server.connections), number(server.restarts), number(server.inFlight),
                number(server.queued), server.maximum.map { number($0) } ?? Array("-".utf8),
            ])
        }
        append("\n", to: &text)
        table.append(to: &text)
        for server in connection.servers where !server.reason.isEmpty {
            text += HumanText.name(Array(server.name.utf8))
            append(": ", to: &text)
            text += HumanText.line(server.reason)
            append("\n", to: &text)
        }
    }
}

// MARK: - Lines

extension MetricsText {
    private static func appendSaved(_ snapshot: MetricsSnapshot, to text: inout [UInt8]) {
        guard snapshot.savedCalls > 0 || snapshot.savedDuration > 0 else { return }
        append("saved ", to: &text)
        text += HumanText.grouped(snapshot.savedCalls)
        append(snapshot.savedCalls == 1 ? " call and " : " calls and ", to: &text)
        text += HumanText.span(snapshot.savedDuration)
        append(" of waiting\n\n", to: &text)
    }

    private static func appendTotals(_ snapshot: MetricsSnapshot, to text: inout [UInt8]) {
        let concurrency = snapshot.concurrency
        append("concurrency: ", to: &text)
        append(concurrency.current, " of ", to: &text)
        append(concurrency.maximum, " at once, ", to: &text)
        append(concurrency.peak, " at the peak; ", to: &text)
        append(concurrency.queued, " queued, ", to: &text)
        append(concurrency.rejected, " rejected\n", to: &text)
        append("dedup: ", to: &text)
        append(snapshot.dedup.joined, " joined, ", to: &text)
        append(snapshot.dedup.inFlight, " in flight\n", to: &text)
        append("connection: ", to: &text)
        append(snapshot.connection.status.word, to: &text)
        append(", errors: ", to: &text)
        append(snapshot.connection.errors, "\n", to: &text)
    }

    private static func append(
        _ amount: Int, _ words: StaticString, to text: inout [UInt8]
    ) {
        text += number(amount)
        append(words, to: &text)
    }

    private static func appendAlerts(_ alerts: [MetricsAlert], to text: inout [UInt8]) {
        for alert in alerts {
            let unit: StaticString =
                switch alert.unit {
                case .percent: "%"
                case .seconds: "s"
                }
            append("alert: ", to: &text)
            append(alert.kind.word, to: &text)
            append(": ", to: &text)
            text += HumanText.name(alert.endpoint)
            append(", ", to: &text)
            text += decimal(alert.value, places: 3, unit)
            append(", threshold ", to: &text)
            text += decimal(alert.threshold, places: 3, unit)
            append(", since ", to: &text)
            text += HumanText.moment(unixMilliseconds: alert.sinceUnixMilliseconds)
            append("\n", to: &text)
        }
        if !alerts.isEmpty { append("\n", to: &text) }
    }
}
