// Which alerts there are: raised and cleared with hysteresis, each told once each way.
//
//     state     on                                                     next
//     quiet     a reading is over, and there is room                   raised    (told)
//     raised    a reading is back, 10 s or more after it was raised    quiet     (told)
//               no request for ten minutes                             quiet     (told)
//               another threshold                                      quiet     (told)
//               its cache is out of force                              quiet     (told)
//
// The book keeps no time: it is asked when something has changed, and says when it wants to be asked
// though nothing has (`nextDeadline`), which without alerts is never.

/// The alerts in force.
package struct AlertBook: Sendable {
    /// What an alert is about, by its place in the monitor or among the caches.
    package enum Subject: Equatable, Sendable {
        case endpoint(Int)
        case cache(Int)
    }

    package struct Alert: Equatable, Sendable {
        package let subject: Subject
        /// The last reading.
        package fileprivate(set) var reading: AlertReading
        package let since: Instant
        /// When its endpoint last had a request.
        fileprivate var readAt: Instant
    }

    package enum Reason: Equatable, Sendable {
        case back
        /// There were no requests for a long time.
        case forgotten
        /// The thresholds are others.
        case otherThreshold
        /// There is no such cache any more.
        case retired
    }

    package enum Change: Equatable, Sendable {
        case raised(Alert)
        case cleared(Alert, Reason)
    }

    /// Alerts at once: a dashboard of more is nothing to read. What finds no room is raised when
    /// there is some.
    package static let maximum = 128
    /// An alert lasts at least this long, for people to see it.
    static let shortest: Int64 = 10_000_000_000
    /// A figure that has not changed for so long says nothing of the present.
    static let forgottenAfter: Int64 = 600_000_000_000

    package private(set) var thresholds: AlertThresholds
    /// In the order in which they were raised.
    package private(set) var alerts: [Alert] = []
    /// By place of the cache.
    private var lookups: [RecentLookups] = []
    /// When the figures are to be read again, because there were requests; `.never` if none.
    var readAt = Instant.never

    package init(_ thresholds: AlertThresholds) {
        self.thresholds = thresholds
    }

    /// Takes a reading in.
    package mutating func note(
        _ reading: AlertReading, of subject: Subject, at now: Instant
    ) -> Change? {
        guard let place = place(reading, subject) else {
            guard reading.isOver, alerts.count < Self.maximum else { return nil }
            let alert = Alert(subject: subject, reading: reading, since: now, readAt: now)
            alerts.append(alert)
            return .raised(alert)
        }
        alerts[place].reading = reading
        alerts[place].readAt = now
        guard let reason = Self.end(of: alerts[place], at: now) else { return nil }
        return .cleared(alerts.remove(at: place), reason)
    }

    /// Whether there is an alert of this.
    func isWatching(_ subject: Subject) -> Bool { alerts.contains { $0.subject == subject } }

    private func place(_ reading: AlertReading, _ subject: Subject) -> Int? {
        alerts.firstIndex {
            $0.subject == subject && $0.reading.kind == reading.kind
                && $0.reading.unit == reading.unit
        }
    }

    /// Why an alert ends now; nil if it does not.
    private static func end(of alert: Alert, at now: Instant) -> Reason? {
        if now < alert.since.advanced(byNanoseconds: shortest) { return nil }
        if alert.reading.isBack { return .back }
        let forgotten = alert.readAt.advanced(byNanoseconds: forgottenAfter)
        return now >= forgotten ? .forgotten : nil
    }

    /// Reads what the caches have counted.
    package mutating func note(
        hits: Int, misses: Int, ofCache place: Int, at now: Instant
    ) -> Change? {
        while lookups.count <= place { lookups.append(RecentLookups()) }
        guard let rate = lookups[place].note(hits: hits, misses: misses),
            let threshold = thresholds.hitRate
        else { return nil }
        return note(.low(.cold, rate, threshold: threshold), of: .cache(place), at: now)
    }

    /// A cache is out of force: its alert ends, and if it ever comes back, only what it counts from
    /// then on says anything of it.
    package mutating func forget(cache place: Int, hits: Int, misses: Int) -> [Change] {
        if place < lookups.count { lookups[place] = RecentLookups(after: hits, misses) }
        var changes: [Change] = []
        alerts.removeAll { alert in
            guard alert.subject == .cache(place) else { return false }
            changes.append(.cleared(alert, .retired))
            return true
        }
        return changes
    }

    /// When `expire` has something to do; `.never` if only readings can change anything.
    package var nextDeadline: Instant {
        alerts.reduce(Instant.never) { next, alert in
            let wait = alert.reading.isBack ? Self.shortest : Self.forgottenAfter
            let start = alert.reading.isBack ? alert.since : alert.readAt
            return min(next, start.advanced(byNanoseconds: wait))
        }
    }

    /// Ends what is over without another reading.
    package mutating func expire(at now: Instant) -> [Change] {
        var changes: [Change] = []
        alerts.removeAll { alert in
            guard let reason = Self.end(of: alert, at: now) else { return false }
            changes.append(.cleared(alert, reason))
            return true
        }
        return changes
    }

    /// Takes other thresholds over: what was raised by another one ends.
    package mutating func set(_ new: AlertThresholds) -> [Change] {
        let old = thresholds
        thresholds = new
        var changes: [Change] = []
        alerts.removeAll { alert in
            let isSame =
                switch alert.reading.kind {
                case .slow: old.averageDuration == new.averageDuration
                case .failing: old.successRate == new.successRate
                case .cold: old.hitRate == new.hitRate
                case .anomaly: true
                }
            if !isSame { changes.append(.cleared(alert, .otherThreshold)) }
            return !isSame
        }
        return changes
    }
}
