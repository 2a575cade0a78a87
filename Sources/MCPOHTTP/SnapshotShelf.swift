// The last snapshot of the proxy, what was made of it, and who waits for the next one.

internal import MCPOCore

/// What can be shown of a snapshot.
enum PortView: CaseIterable, Equatable, Sendable {
    case metricsJSON, metricsPrometheus, metricsOpenMetrics, health, readiness

    /// Whether it shows the figures of endpoints.
    var hasEndpoints: Bool { self != .health && self != .readiness }
}

struct SnapshotShelf {
    private struct Waiter {
        var connection: UInt32
        /// nil: it waits for the answer to a question of its own.
        var view: PortView?
        var question = 0
        var deadline: Instant
    }

    private var snapshot: MetricsSnapshot?
    private var isSummarised = false
    private var takenAt = Instant(nanoseconds: .min)
    private var isAsked = false
    private var askedUntil = Instant.never
    private var rendered: [PortView: HTTPResponse] = [:]
    private var waiters: [Waiter] = []

    func isFresh(at now: Instant) -> Bool {
        snapshot != nil && now < takenAt.advanced(by: PortService.freshness)
    }

    /// Remembers who waits for a new snapshot.
    /// - Returns: whether to ask for one: nobody has yet.
    mutating func enqueue(_ view: PortView, for connection: UInt32, at now: Instant) -> Bool {
        let deadline = now.advanced(by: HTTPLimits.proxyTime)
        waiters.append(Waiter(connection: connection, view: view, deadline: deadline))
        if isAsked, now < askedUntil { return false }
        (isAsked, askedUntil) = (true, deadline)
        return true
    }

    /// Who waits for the snapshot, and for what of it.
    mutating func take(
        _ snapshot: MetricsSnapshot, at now: Instant
    ) -> [(connection: UInt32, view: PortView)] {
        self.snapshot = snapshot
        isSummarised = false
        takenAt = now
        isAsked = false
        rendered = [:]
        let served = waiters.compactMap { waiter in
            waiter.view.map { (connection: waiter.connection, view: $0) }
        }
        waiters.removeAll { $0.view != nil }
        return served
    }

    mutating func response(_ view: PortView) -> HTTPResponse {
        if let response = rendered[view] { return response }
        guard var snapshot else { return Self.silence(view) }
        if view.hasEndpoints, !isSummarised {
            snapshot = snapshot.summarised()
            (self.snapshot, isSummarised) = (snapshot, true)
        }
        let response = Self.render(snapshot, view)
        rendered[view] = response
        return response
    }

    /// What the proxy did may show in the next snapshot.
    mutating func forget() {
        snapshot = nil
    }

    // MARK: Time

    mutating func noteQuestion(_ number: Int, of connection: UInt32, at now: Instant) {
        let deadline = now.advanced(by: HTTPLimits.proxyTime)
        waiters.append(
            Waiter(connection: connection, view: nil, question: number, deadline: deadline))
    }

    /// The connection that still waits for the answer to a question.
    mutating func endQuestion(_ number: Int) -> UInt32? {
        let place = waiters.firstIndex { $0.view == nil && $0.question == number }
        return place.map { waiters.remove(at: $0).connection }
    }

    /// Who has waited for too long.
    mutating func overdue(at now: Instant) -> [(connection: UInt32, view: PortView?)] {
        guard let first = waiters.first, first.deadline <= now else { return [] }
        let overdue = waiters.prefix { $0.deadline <= now }
        waiters.removeFirst(overdue.count)
        return overdue.map { ($0.connection, $0.view) }
    }

    var nextDeadline: Instant { waiters.first?.deadline ?? .never }

    // MARK: Documents

    private static func render(_ snapshot: MetricsSnapshot, _ view: PortView) -> HTTPResponse {
        switch view {
        case .metricsJSON:
            return HTTPResponse(.ok, .json, MetricsDocument.json(snapshot)).with("Vary: Accept")
        case .metricsPrometheus:
            return HTTPResponse(
                .ok, "text/plain; version=0.0.4; charset=utf-8",
                PrometheusText.text(snapshot, format: .prometheus)
            ).with("Vary: Accept")
        case .metricsOpenMetrics:
            return HTTPResponse(
                .ok, "application/openmetrics-text; version=1.0.0; charset=utf-8",
                PrometheusText.text(snapshot, format: .openMetrics)
            ).with("Vary: Accept")
        case .health: return HealthDocument.health(snapshot)
        case .readiness: return HealthDocument.readiness(snapshot)
        }
    }

    /// The proxy's loop does not answer.
    static func silence(_ view: PortView?) -> HTTPResponse {
        let seconds = HTTPLimits.proxyTime.components.seconds
        let reason = "the proxy has not answered for \(seconds) s"
        switch view {
        case .health: return HealthDocument.unanswered(reason)
        default: return .error(.unavailable, reason)
        }
    }
}
