// What mcpo tells of itself: the tool `mcpo_metrics`, and the snapshot that it shows (SPEC §8).

extension ProxyCore {
    /// Whether a call is for mcpo's own tool.
    mutating func isForMetricsTool(_ line: RawSpan, _ envelope: Envelope, _ method: Method) -> Bool
    {
        method == .callTool && caching.hasMetricsTool
            && line.stringEquals(envelope.name, MetricsTool.name)
            && !(isGateway ? hidesOwnTool : caching.parts[0].catalog.hidesMetricsTool)
    }

    /// Answers a call of mcpo's own tool. It is no request to a server, and is not measured.
    mutating func answerMetrics(
        _ id: Lexeme, _ line: RawSpan, _ envelope: Envelope, batch: BatchID?,
        into effects: inout Effects
    ) {
        switch MetricsTool.format(of: line, envelope) {
        case .failure(let error):
            refuse(id, error, batch: batch, into: &effects)
        case .success(let format):
            let era = envelope.metaProtocolVersion.isPresent ? Era.modern : .legacy
            let result = MetricsTool.result(metrics, format, era)
            if let batch { batches.update(batch) { $0?.outstanding += 1 } }
            deliver(result, to: id, batch, into: &effects)
        }
    }

    /// Everything that is measured, at a time.
    package mutating func metrics(at now: Instant) -> MetricsSnapshot {
        present = now
        return metrics
    }

    /// Everything that is measured, now.
    package var metrics: MetricsSnapshot {
        let unix = present.nanoseconds &+ settings.wallClockOffset
        var snapshot = MetricsSnapshot(unixMilliseconds: unix / 1_000_000)
        snapshot.endpoints = caching.monitor.figures(at: present)
        snapshot.caches = caching.caches.statistics.map { CacheFigures($0.name, $0.statistics) }
        snapshot.dedup.joined = caching.flights.joined
        snapshot.dedup.inFlight = caching.flights.count
        if isLimiting {
            snapshot.concurrency = limiter.figures
        } else {
            snapshot.concurrency.current = flightsUnderWay
            snapshot.concurrency.peak = peakFlights
        }
        snapshot.connection.servers = order.map { figures(of: $0) }
        snapshot.connection.status = overallStatus(snapshot.connection.servers)
        snapshot.connection.errors = counters.restarts
        return snapshot
    }

    private var flightsUnderWay: Int {
        var count = 0
        for connection in connections.ids {
            count += connections[connection].flights.numbers.count { number in
                connections[connection].flights[number].map { !$0.isUnattended } ?? false
            }
        }
        return count
    }

    private func figures(of server: ServerIndex) -> ServerFigures {
        var figures = ServerFigures(name: servers[server].name)
        figures.connections = servers[server].pool.count { connections[$0].isRunning }
        figures.restarts = servers[server].restartCount
        switch connections[servers[server].first].phase {
        case .open: figures.status = .healthy
        case .starting, .reopening: figures.status = .degraded
        case .down, .ending: figures.status = .unhealthy
        }
        return figures
    }

    /// One server that is down makes the whole of several worse, not bad.
    private func overallStatus(_ servers: [ServerFigures]) -> HealthStatus {
        if servers.allSatisfy({ $0.status == .healthy }) { return .healthy }
        if servers.allSatisfy({ $0.status == .unhealthy }) { return .unhealthy }
        return .degraded
    }
}

extension CacheFigures {
    init(_ name: String, _ statistics: CacheStatistics) {
        self.init(name: name)
        hits = statistics.hits
        misses = statistics.misses
        stores = statistics.stores
        evictions = statistics.evictions
        expirations = statistics.expirations
        invalidations = statistics.invalidations
        staleServed = statistics.staleServed
        currentSize = statistics.currentSize
        maximumSize = statistics.maxSize
        memoryBytes = statistics.memoryBytes
    }
}
