// What the limiter costs a call. Each row is the shortest of several runs, since others use the
// machine too; a run is a million calls, each admitted and released.

import Foundation
import MCPOCore

/// Measures one limiter after the other.
struct LimiterTimings {
    private static let callCount = 1_000_000
    private static let runs = 7

    func run() {
        print("| limiter | ns a call |")
        print("|---|---|")
        report("free permits, common maximum alone", free { _, _ in })
        report(
            "free permits, limits of server and tool", free(tool: true) { $0.setLimit(50, of: $1) })
        report(
            "free permits, adaptive limit",
            free { limiter, server in
                limiter.setAdaptive(true, of: server, at: Instant(nanoseconds: 0))
            })
        report("1,000 wait, one server", waiting(servers: 1))
        report("1,000 wait, 100 servers", waiting(servers: 100))
        report("a call is noted in the retry budget", budget())
    }

    /// Three calls are under way all the time.
    private func free(
        tool: Bool = false, _ setUp: (inout ConcurrencyLimiter, LimitedServer) -> Void
    ) -> Double {
        var limiter = ConcurrencyLimiter()
        let server = limiter.addServer()
        let lane = tool ? limiter.addTool(of: server, limit: 20) : limiter.lane(of: server)
        setUp(&limiter, server)
        var permits: [Permit] = []
        var time: Int64 = 0
        for _ in 0..<3 {
            if let permit = limiter.tryAdmit(lane, at: Instant(nanoseconds: time)) {
                permits.append(permit)
            }
        }
        return shortest {
            var place = 0
            for _ in 0..<Self.callCount {
                time += 1000
                let now = Instant(nanoseconds: time)
                place = place + 1 == permits.count ? 0 : place + 1
                limiter.release(permits[place], .answered, at: now)
                if case .admitted(let permit) = limiter.admit(lane, waiter: 0, at: now) {
                    permits[place] = permit
                }
            }
        }
    }

    /// Each call that ends lets one of those who wait go, and another comes.
    private func waiting(servers count: Int) -> Double {
        var limiter = ConcurrencyLimiter()
        let lanes = (0..<count).map { _ in limiter.lane(of: limiter.addServer(limit: 100)) }
        var permits: [Permit] = []
        var time: Int64 = 0
        for call in 0..<1100 {
            let lane = lanes[call % count]
            let now = Instant(nanoseconds: time)
            if case .admitted(let permit) = limiter.admit(lane, waiter: 0, at: now) {
                permits.append(permit)
            }
        }
        return shortest {
            var (place, lane) = (0, 0)
            for _ in 0..<Self.callCount {
                time += 1000
                let now = Instant(nanoseconds: time)
                place = place + 1 == permits.count ? 0 : place + 1
                lane = lane + 1 == count ? 0 : lane + 1
                limiter.release(permits[place], .answered, at: now)
                if let turn = limiter.next(at: now) { permits[place] = turn.permit }
                _ = limiter.admit(lanes[lane], waiter: 0, at: now)
            }
        }
    }

    private func budget() -> Double {
        var budget = RetryBudget()
        let time = shortest {
            for call in 0..<Self.callCount {
                budget.noteCall()
                if call % 10 == 0 { _ = budget.takeRetry() }
            }
        }
        precondition(budget.spent > 0)
        return time
    }

    private func shortest(_ run: () -> Void) -> Double {
        var shortest = Double.infinity
        for _ in 0..<Self.runs {
            let start = processorNanoseconds()
            run()
            shortest = min(shortest, Double(processorNanoseconds() - start))
        }
        return shortest / Double(Self.callCount)
    }

    private func report(_ name: String, _ nanoseconds: Double) {
        print("| \(name) | \(String(format: "%.1f", nanoseconds)) |")
    }
}
