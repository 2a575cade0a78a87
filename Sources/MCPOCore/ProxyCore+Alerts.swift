// Looking after the alerts (SPEC §8): which figures are read and when, and what the log says.
//
//     a request ends ──▶ one second later the figures of all endpoints that had any are read
//     an alert that may end by itself (`AlertBook`) ──▶ then
//     nothing of either ──▶ never: an idle mcpo is not woken
//
// A request costs none of this but a flag that the monitor sets.

extension ProxyCore {
    /// From a request to the reading of the figures, and between two readings.
    private static let readingPause = Duration.seconds(1)
    /// Between two parts of one reading, if there are many endpoints.
    private static let partPause = Duration.milliseconds(10)

    /// When alerts have to be looked at.
    var alertDeadline: Instant {
        mutating get {
            guard lifecycle.phase == .running else { return .never }
            if caching.monitor.isStirred, alerts.readAt == .never {
                alerts.readAt = present.advanced(by: Self.readingPause)
            }
            return min(alerts.readAt, alerts.nextDeadline)
        }
    }

    /// Reads what is due, and tells what has changed.
    mutating func checkAlerts(at now: Instant, into effects: inout Effects) {
        if alerts.readAt <= now {
            alerts.readAt = .never
            for change in caching.monitor.read(into: &alerts, at: now) {
                tell(change, at: now, into: &effects)
            }
            if caching.monitor.hasMoreToRead {
                alerts.readAt = now.advanced(by: Self.partPause)
            }
            for cache in caching.caches.statistics {
                let (hits, misses) = (cache.statistics.hits, cache.statistics.misses)
                let change = alerts.note(hits: hits, misses: misses, ofCache: cache.place, at: now)
                if let change { tell(change, at: now, into: &effects) }
            }
        }
        for change in alerts.expire(at: now) { tell(change, at: now, into: &effects) }
    }

    /// Takes other settings of the caches over. Nothing is said of a cache that they do not have.
    mutating func setCaching(_ settings: CachingSettings, into effects: inout Effects) {
        let before = caching.caches.statistics
        caching.set(settings)
        let after = Set(caching.caches.statistics.map(\.place))
        for cache in before where !after.contains(cache.place) {
            let (hits, misses) = (cache.statistics.hits, cache.statistics.misses)
            for change in alerts.forget(cache: cache.place, hits: hits, misses: misses) {
                tell(change, at: present, into: &effects)
            }
        }
    }

    /// Takes other thresholds over.
    mutating func setAlerts(_ thresholds: AlertThresholds, into effects: inout Effects) {
        if thresholds == alerts.thresholds { return }
        for change in alerts.set(thresholds) { tell(change, at: present, into: &effects) }
        caching.monitor.readAllAgain()
    }
}

// MARK: - Words

extension ProxyCore {
    private mutating func tell(
        _ change: AlertBook.Change, at now: Instant, into effects: inout Effects
    ) {
        switch change {
        case .raised(let alert):
            let server = serverOf(alert.subject)
            effects.log(
                .warning, server: server.isEmpty ? nil : server,
                "alert: \(shownName(of: alert.subject)) \(Self.words(alert.reading)); "
                    + Self.advice(alert.reading))
        case .cleared(let alert, let reason):
            let server = serverOf(alert.subject)
            let lasted = HumanText.span(max(0, now.nanoseconds &- alert.since.nanoseconds))
            let why: StaticString =
                switch reason {
                case .back: "it is as it should be again"
                case .forgotten: "there were no more requests"
                case .otherThreshold: "the threshold has changed"
                case .retired: "it is not in use any more"
                }
            effects.log(
                .info, server: server.isEmpty ? nil : server,
                "alert over after \(String(decoding: lasted, as: UTF8.self)): "
                    + "\(shownName(of: alert.subject)): \(why)")
        }
    }

    private mutating func serverOf(_ subject: AlertBook.Subject) -> String {
        switch subject {
        case .endpoint(let place): caching.monitor.server(ofEndpoint: place)
        case .cache: ""
        }
    }

    private mutating func shownName(of subject: AlertBook.Subject) -> String {
        let shown = String(decoding: HumanText.name(name(of: subject)), as: UTF8.self)
        return switch subject {
        case .endpoint: shown
        case .cache: "the cache \(shown)"
        }
    }

    private static func words(_ reading: AlertReading) -> String {
        let value = text(reading.value, reading.unit)
        let threshold = text(reading.threshold, reading.unit)
        switch (reading.kind, reading.unit) {
        case (.slow, _): return "takes \(value) on average, more than \(threshold)"
        case (.failing, _): return "succeeds in \(value) of its requests, less than \(threshold)"
        case (.cold, _): return "answers \(value) of what it is asked, less than \(threshold)"
        case (.anomaly, .percent):
            return "fails in \(value) of its latest calls, usual are less than \(threshold)"
        case (.anomaly, .seconds):
            return reading.value > reading.threshold
                ? "takes \(value) of late, usual is less than \(threshold)"
                : "takes only \(value) of late, usual is more than \(threshold)"
        }
    }

    /// What a person can do.
    private static func advice(_ reading: AlertReading) -> String {
        switch (reading.kind, reading.unit) {
        case (.slow, _), (.anomaly, .seconds):
            reading.kind == .anomaly && reading.value < reading.threshold
                ? "look whether its answers are what they were"
                : "look at the load of its server and of what that depends on"
        case (.failing, _), (.anomaly, .percent):
            "look at its answers and at its server's messages"
        case (.cold, _):
            "look at mcpo check, which shows what is cached, and at its size and times"
        }
    }

    private static func text(_ value: Double, _ unit: MetricsAlert.Unit) -> String {
        var text: [UInt8] = []
        switch unit {
        case .seconds: text = HumanText.duration(Int64(max(0, value) * 1e9))
        case .percent:
            DecimalText.append(value, places: 1, to: &text)
            text.append(UInt8(ascii: "%"))
        }
        return String(decoding: text, as: UTF8.self)
    }
}
