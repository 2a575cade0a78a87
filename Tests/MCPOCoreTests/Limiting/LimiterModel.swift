// A second, obvious limiter to compare with: arrays, searched from end to end.

import MCPOCore

struct LimiterModel {
    struct Server {
        var handle: LimitedServer
        var limit = Int.max
        var running = 0
        var isRemoved = false
    }

    struct Lane {
        var handle: LimitedLane
        /// A place in `servers`.
        var server: Int
        var limit = Int.max
        var running = 0
        var isRemoved = false
    }

    struct Waiting {
        var token: Int32
        /// A place in `lanes`.
        var lane: Int
        var since: Int64
    }

    var settings: ConcurrencySettings
    /// Nothing is ever taken out of these two; a handle stands for the last that has it.
    var servers: [Server] = []
    var lanes: [Lane] = []
    /// By arrival.
    var waiting: [Waiting] = []
    var running = 0
    var peak = 0
    var rejected = 0

    func canGo(_ lane: Int) -> Bool {
        let server = servers[lanes[lane].server]
        return running < settings.maximum && server.running < server.limit
            && lanes[lane].running < lanes[lane].limit
    }

    var firstDue: Int? { waiting.firstIndex { canGo($0.lane) } }

    func lane(_ handle: LimitedLane) -> Int {
        lanes.lastIndex { $0.handle == handle } ?? -1
    }

    mutating func tryAdmit(_ lane: Int) -> Bool {
        guard canGo(lane), firstDue == nil else { return false }
        take(lane)
        return true
    }

    mutating func admit(_ lane: Int, _ token: Int32, at now: Int64) -> String {
        if tryAdmit(lane) { return "admitted" }
        if waiting.count >= settings.maxQueue {
            rejected += 1
            return "queueFull"
        }
        if settings.queueTimeout == 0 {
            rejected += 1
            return "queueTimeout"
        }
        waiting.append(Waiting(token: token, lane: lane, since: now))
        return "queued"
    }

    mutating func next() -> Waiting? {
        guard let due = firstDue else { return nil }
        let waiter = waiting.remove(at: due)
        take(waiter.lane)
        return waiter
    }

    mutating func release(_ lane: Int) {
        running -= 1
        lanes[lane].running -= 1
        servers[lanes[lane].server].running -= 1
    }

    mutating func expire(at now: Int64) -> Int32? {
        guard let first = waiting.first, now - first.since >= settings.queueTimeout else {
            return nil
        }
        rejected += 1
        return waiting.removeFirst().token
    }

    var figures: ConcurrencyFigures {
        var figures = ConcurrencyFigures()
        figures.maximum = settings.maximum
        figures.current = running
        figures.peak = peak
        figures.queued = waiting.count
        figures.rejected = rejected
        return figures
    }

    private mutating func take(_ lane: Int) {
        running += 1
        peak = max(peak, running)
        lanes[lane].running += 1
        servers[lanes[lane].server].running += 1
    }
}
