import MCPOCore
import Testing

private let start = Instant(nanoseconds: 0)

private func time(_ nanoseconds: Int64) -> Instant { Instant(nanoseconds: nanoseconds) }

extension Admission {
    fileprivate var permit: Permit? { if case .admitted(let permit) = self { permit } else { nil } }
    fileprivate var ticket: WaitTicket? {
        if case .queued(let ticket) = self { ticket } else { nil }
    }
}

/// A limiter with two servers, and what its callers hold.
private final class Bench {
    var limiter: ConcurrencyLimiter
    let a: LimitedServer
    let b: LimitedServer
    var permits: [Int32: Permit] = [:]

    init(_ settings: ConcurrencySettings, limitOfB: Int? = nil) {
        limiter = ConcurrencyLimiter(settings)
        a = limiter.addServer()
        b = limiter.addServer(limit: limitOfB)
    }

    /// Whether the call goes at once.
    func call(_ lane: LimitedLane, _ waiter: Int32) -> Bool {
        permits[waiter] = limiter.admit(lane, waiter: waiter, at: start).permit
        return permits[waiter] != nil
    }

    func callA(_ waiter: Int32) -> Bool { call(limiter.lane(of: a), waiter) }

    func callB(_ waiter: Int32) -> Bool { call(limiter.lane(of: b), waiter) }

    /// Ends a call; who goes now.
    func end(_ waiter: Int32) -> [Int32] {
        if let permit = permits.removeValue(forKey: waiter) {
            limiter.release(permit, .answered, at: start)
        }
        return turns()
    }

    func withdraw(_ ticket: WaitTicket) -> Bool { limiter.withdraw(ticket) }

    func tryAdmit(_ lane: LimitedLane) -> Permit? { limiter.tryAdmit(lane, at: start) }

    func admit(_ lane: LimitedLane, _ waiter: Int32) -> Admission {
        limiter.admit(lane, waiter: waiter, at: start)
    }

    func turns() -> [Int32] {
        var order: [Int32] = []
        while let turn = limiter.next(at: start) {
            permits[turn.waiter] = turn.permit
            order.append(turn.waiter)
        }
        return order
    }
}

@Suite("A concurrency limiter")
struct ConcurrencyLimiterTests {
    private func settings(_ maximum: Int, queue: Int = 100, timeout: Int64 = 1000)
        -> ConcurrencySettings
    {
        ConcurrencySettings(maximum: maximum, maxQueue: queue, queueTimeout: timeout)
    }

    @Test("It lets the maximum go at once, and the rest in the order in which they came")
    func order() {
        let bench = Bench(settings(2))
        let first = (1...5).map { bench.callA(Int32($0)) }
        #expect(first == [true, true, false, false, false])
        #expect(bench.end(2) == [3])
        #expect(bench.end(1) == [4])
        #expect(bench.end(4) == [5])
        #expect(bench.end(5) == [])
        #expect(bench.end(3) == [])
        #expect(bench.limiter.figures.current == 0)
        #expect(bench.limiter.figures.peak == 2)
    }

    @Test("The example at its head is true")
    func example() {
        let bench = Bench(settings(2), limitOfB: 1)
        #expect(bench.callA(1))
        #expect(bench.callB(11))
        #expect(!bench.callB(12))
        #expect(!bench.callA(2))
        #expect(!bench.callB(13))
        #expect(bench.end(11) == [12])
        #expect(bench.end(1) == [2])
        #expect(bench.end(2) == [])
        #expect(bench.callA(3), "who waits for B alone holds nobody up")
    }

    @Test("Who waits for a full server stands in the way of no other")
    func fullServer() {
        let bench = Bench(settings(10), limitOfB: 1)
        #expect(bench.callB(1))
        for waiter in 2..<50 as Range<Int32> { #expect(!bench.callB(waiter)) }
        for waiter in 100..<109 as Range<Int32> { #expect(bench.callA(waiter)) }
        #expect(!bench.callA(109), "the maximum holds all the same")
        #expect(bench.end(1) == [2], "the first of them goes when B has a place")
    }

    @Test("Who waits for a full tool stands in the way of no other call of its server")
    func fullTool() {
        let bench = Bench(settings(10))
        let report = bench.limiter.addTool(of: bench.a, limit: 2)
        #expect(bench.call(report, 1))
        #expect(bench.call(report, 2))
        #expect(!bench.call(report, 3))
        #expect(!bench.call(report, 4))
        #expect(bench.callA(5))
        #expect(bench.end(5) == [])
        #expect(bench.end(2) == [3])
        #expect(bench.limiter.load(of: bench.a).current == 2)
        #expect(bench.limiter.load(of: bench.a).queued == 1)
    }

    @Test("Nobody passes one who is due")
    func noOvertaking() {
        let bench = Bench(settings(1))
        #expect(bench.callA(1))
        #expect(!bench.callB(2))
        if let permit = bench.permits.removeValue(forKey: 1) {
            bench.limiter.release(permit, .answered, at: start)
        }
        // The place is free, but `next` has not been asked yet.
        #expect(!bench.callA(3))
        #expect(bench.tryAdmit(bench.limiter.lane(of: bench.a)) == nil)
        #expect(bench.turns() == [2])
        #expect(bench.end(2) == [3])
    }

    @Test("A busy server does not starve one of another, nor of a tool")
    func starvation() {
        let bench = Bench(settings(3), limitOfB: 1)
        let tool = bench.limiter.addTool(of: bench.a, limit: 1)
        var running: [Int32] = []
        for waiter in 1...3 as ClosedRange<Int32> where bench.callA(waiter) {
            running.append(waiter)
        }
        #expect(!bench.callB(1001))
        #expect(!bench.call(tool, 1002))
        // More and more calls of A; each end lets one go.
        var turns: [Int32] = []
        for waiter in 4..<20 as Range<Int32> {
            #expect(!bench.callA(waiter))
            let gone = bench.end(running.removeFirst())
            running += gone
            turns += gone
        }
        #expect(turns.prefix(4) == [1001, 1002, 4, 5])
    }

    @Test("One more than fits into the queue is shed at once")
    func queueFull() {
        let bench = Bench(settings(1, queue: 3))
        let lane = bench.limiter.lane(of: bench.a)
        #expect(bench.callA(1))
        for waiter in 2...4 as ClosedRange<Int32> { #expect(!bench.callA(waiter)) }
        #expect(bench.admit(lane, 5) == .shed(.queueFull))
        #expect(bench.limiter.figures.queued == 3)
        #expect(bench.limiter.figures.rejected == 1)
        #expect(bench.end(1) == [2])
        #expect(bench.admit(lane, 6).ticket != nil)
    }

    @Test("Whoever has waited for the timeout is shed, the longest first")
    func queueTimeout() {
        let bench = Bench(settings(1))
        let lane = bench.limiter.lane(of: bench.a)
        #expect(bench.limiter.nextDeadline == nil)
        #expect(bench.callA(1))
        for waiter in 2...4 as ClosedRange<Int32> {
            _ = bench.limiter.admit(lane, waiter: waiter, at: time(Int64(waiter) * 100))
        }
        #expect(bench.limiter.nextDeadline == time(1200))
        #expect(bench.limiter.expire(at: time(1199)) == nil)
        #expect(bench.limiter.expire(at: time(1350)) == 2)
        #expect(bench.limiter.expire(at: time(1350)) == 3)
        #expect(bench.limiter.expire(at: time(1350)) == nil)
        #expect(bench.limiter.figures.rejected == 2)
        bench.limiter.set(settings(1, timeout: 100))
        #expect(bench.limiter.nextDeadline == time(500), "a new timeout holds for all who wait")
        bench.limiter.set(settings(1, timeout: .max))
        #expect(bench.limiter.nextDeadline == .never)
    }

    @Test("Without a queue or with no time to wait, callers are shed at once")
    func noQueue() {
        let bench = Bench(settings(1, queue: 0))
        let lane = bench.limiter.lane(of: bench.a)
        #expect(bench.callA(1))
        #expect(bench.admit(lane, 2) == .shed(.queueFull))
        bench.limiter.set(settings(1, timeout: 0))
        #expect(bench.admit(lane, 2) == .shed(.queueTimeout))
        #expect(bench.limiter.figures.rejected == 2)
    }

    @Test("A caller who goes away leaves the queue once, and its ticket is of no further use")
    func withdrawal() throws {
        let bench = Bench(settings(1))
        let lane = bench.limiter.lane(of: bench.a)
        #expect(bench.callA(1))
        let ticket = try #require(bench.admit(lane, 2).ticket)
        #expect(!bench.callA(3))
        #expect(bench.withdraw(ticket))
        #expect(!bench.callA(4), "takes the place of 2 in the table")
        #expect(!bench.withdraw(ticket))
        #expect(bench.end(1) == [3])
        #expect(bench.end(3) == [4])
        #expect(bench.limiter.figures.rejected == 0)
    }

    @Test("A lower maximum lets running calls finish, a higher one lets waiters go")
    func resizing() {
        let bench = Bench(settings(4))
        for waiter in 1...6 as ClosedRange<Int32> { _ = bench.callA(waiter) }
        bench.limiter.set(settings(2))
        #expect(bench.limiter.figures.current == 4)
        #expect(bench.end(1) == [])
        #expect(bench.end(2) == [])
        #expect(bench.end(3) == [5])
        bench.limiter.set(settings(10))
        #expect(bench.turns() == [6])
        #expect(bench.callA(7))
        #expect(bench.limiter.figures.maximum == 10)
    }

    @Test("A lower limit of the queue sends nobody away who is in it")
    func smallerQueue() {
        let bench = Bench(settings(1))
        for waiter in 1...6 as ClosedRange<Int32> { _ = bench.callA(waiter) }
        bench.limiter.set(settings(1, queue: 2))
        #expect(bench.limiter.figures.queued == 5)
        #expect(!bench.callA(7))
        #expect(bench.limiter.figures.rejected == 1)
    }

    @Test("Limits of servers and tools change while calls wait for them")
    func scopeLimits() {
        let bench = Bench(settings(10), limitOfB: 1)
        let tool = bench.limiter.addTool(of: bench.b, limit: 1)
        #expect(bench.call(tool, 1))
        for waiter in 2...4 as ClosedRange<Int32> { #expect(!bench.call(tool, waiter)) }
        bench.limiter.setLimit(nil, of: bench.b)
        #expect(bench.turns() == [], "the tool is full still")
        bench.limiter.setLimit(3, of: tool)
        #expect(bench.turns() == [2, 3])
        bench.limiter.setLimit(1, of: bench.b)
        #expect(bench.end(1) == [])
        #expect(bench.limiter.load(of: bench.b).limit == 1)
    }

    @Test("Numbers of what was removed are used again once its calls have ended")
    func removal() {
        let bench = Bench(settings(10))
        #expect(bench.callB(1))
        let former = bench.b
        bench.limiter.remove(former)
        let other = bench.limiter.addServer()
        #expect(other != former)
        #expect(bench.end(1) == [])
        let again = bench.limiter.addServer()
        #expect(again == former)
    }

    @Test("Tables are as long as the longest configuration, however often it changes")
    func tables() {
        let bench = Bench(settings(10))
        for waiter in 1...500 as ClosedRange<Int32> {
            let server = bench.limiter.addServer()
            let tools = [
                bench.limiter.addTool(of: server, limit: 1),
                bench.limiter.addTool(of: bench.a, limit: 1),
            ]
            #expect(bench.call(tools[0], waiter))
            #expect(bench.call(tools[1], -waiter))
            bench.limiter.remove(server)
            bench.limiter.remove(tools[1])
            #expect(bench.end(waiter) == [])
            #expect(bench.end(-waiter) == [])
        }
        #expect(bench.limiter.tableSizes == [3, 5, 5])
        #expect(bench.limiter.figures.current == 0)
    }

    @Test("Settings out of range are the nearest in it")
    func extremes() {
        let low = ConcurrencySettings(maximum: -1, maxQueue: -1, queueTimeout: -1)
        #expect(low == ConcurrencySettings(maximum: 1, maxQueue: 0, queueTimeout: 0))
        let high = ConcurrencySettings(maximum: .max, maxQueue: .max, queueTimeout: .max)
        #expect(high.maximum == ConcurrencySettings.mostCalls)
        #expect(high.maxQueue == ConcurrencySettings.mostCalls)
    }

    @Test("A permit that is released twice is a bug")
    func doubleRelease() async {
        await #expect(processExitsWith: .failure) {
            var limiter = ConcurrencyLimiter()
            let server = limiter.addServer()
            let now = Instant(nanoseconds: 0)
            guard let permit = limiter.tryAdmit(limiter.lane(of: server), at: now) else { return }
            limiter.release(permit, .answered, at: now)
            limiter.release(permit, .answered, at: now)
        }
    }
}
