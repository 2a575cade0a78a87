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
        metricsReading(at: now).summarised()
    }

    /// The same, for another thread to summarise.
    package mutating func metricsReading(at now: Instant) -> MetricsSnapshot {
        present = now
        return metricsReading
    }

    /// Everything that is measured, now.
    package var metrics: MetricsSnapshot { metricsReading.summarised() }

    private var metricsReading: MetricsSnapshot {
        let unix = present.nanoseconds &+ settings.wallClockOffset
        var snapshot = MetricsSnapshot(unixMilliseconds: unix / 1_000_000)
        snapshot.endpoints = caching.monitor.readings(at: present)
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
        noteReadiness(&snapshot.connection)
        snapshot.alerts = alerts.alerts.map { metricsAlert($0) }
        snapshot.version = settings.version
        if let start = lifecycle.startedAt {
            snapshot.uptime = max(0, present.nanoseconds &- start.nanoseconds)
        }
        return snapshot
    }

    private var flightsUnderWay: Int {
        connections.ids.reduce(0) { $0 + flightsUnderWay(on: $1) }
    }

    private func flightsUnderWay(on connection: ConnectionID) -> Int {
        connections[connection].flights.numbers.count { number in
            connections[connection].flights[number].map { !$0.isUnattended } ?? false
        }
    }

    private func noteReadiness(_ figures: inout ConnectionFigures) {
        if lifecycle.phase != .running {
            figures.unreadyReason = "mcpo is stopping"
        } else if figures.servers.isEmpty {
            figures.unreadyReason = "there are no servers"
        } else if !figures.servers.contains(where: \.isOpen) {
            let reasons = figures.servers.map { "\($0.name): \($0.reason)" }
            figures.unreadyReason = "no server is open: " + reasons.joined(separator: "; ")
        } else {
            figures.isReady = true
        }
    }

    private func metricsAlert(_ alert: AlertBook.Alert) -> MetricsAlert {
        let since = alert.since.nanoseconds &+ settings.wallClockOffset
        return MetricsAlert(
            alert.reading.kind, alert.reading.unit, endpoint: name(of: alert.subject),
            value: alert.reading.value, threshold: alert.reading.threshold,
            sinceUnixMilliseconds: since / 1_000_000)
    }

    /// The name of an endpoint or cache.
    func name(of subject: AlertBook.Subject) -> [UInt8] {
        switch subject {
        case .endpoint(let place): caching.monitor.name(ofEndpoint: place)
        case .cache(let place): Array(caching.caches.names[place].utf8)
        }
    }

    /// One server that is down makes the whole of several worse, not bad.
    private func overallStatus(_ servers: [ServerFigures]) -> HealthStatus {
        if servers.allSatisfy({ $0.status == .healthy }) { return .healthy }
        if servers.allSatisfy({ $0.status == .unhealthy }) { return .unhealthy }
        return .degraded
    }
}

// MARK: - Servers

extension ProxyCore {
    private func figures(of server: ServerIndex) -> ServerFigures {
        var figures = ServerFigures(name: servers[server].name)
        figures.connections = servers[server].pool.count { connections[$0].isRunning }
        figures.restarts = servers[server].restartCount
        figures.isOpen = servers[server].pool.contains { connections[$0].isOpen }
        switch connections[servers[server].first].phase {
        case .open: figures.status = .healthy
        case .starting, .reopening: figures.status = .degraded
        case .down, .ending: figures.status = figures.isOpen ? .degraded : .unhealthy
        }
        if figures.status != .healthy { figures.reason = reason(of: server) }
        if isLimiting {
            let load = limiter.load(of: servers[server].limited)
            figures.inFlight = load.current
            figures.queued = load.queued
            figures.maximum = load.limit
        } else {
            figures.inFlight = servers[server].pool.reduce(0) { $0 + flightsUnderWay(on: $1) }
        }
        return figures
    }

    /// Why a server's first process takes no requests, for a person.
    private func reason(of server: ServerIndex) -> String {
        let first = servers[server].first
        let isAgain = servers[server].restartCount > 0 && servers[server].lastEnd != nil
        let after = servers[server].lastEnd.map { " after it \($0)" } ?? ""
        switch connections[first].phase {
        case .open:
            return ""
        case .starting:
            return isAgain ? "restarting\(after)" : "starting"
        case .reopening:
            return (isAgain ? "restarting\(after)" : "starting") + ", has not answered yet"
        case .ending:
            let hasFailed = connections[first].failedChecks >= Self.checksToReplace
            return hasFailed ? "failed health checks, its process is replaced" : "its process ends"
        case .down(let until):
            let state = servers[server].isGivenUp ? "cannot be used" : "not running"
            if lifecycle.phase != .running || until == .never { return state + after }
            let pause = max(0, until.nanoseconds &- present.nanoseconds)
            let next = String(decoding: HumanText.span(pause), as: UTF8.self)
            let now = servers[server].isGivenUp ? state : "restarting"
            return "\(now)\(after), next try in \(next)"
        }
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
