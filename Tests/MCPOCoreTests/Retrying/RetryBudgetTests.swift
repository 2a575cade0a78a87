import MCPOCore
import Testing

@Suite("A retry budget")
struct RetryBudgetTests {
    private func retries(_ budget: inout RetryBudget) -> Int {
        var count = 0
        while budget.takeRetry() { count += 1 }
        return count
    }

    @Test("A client that has made no call has the reserve")
    func reserve() {
        var budget = RetryBudget()
        #expect(budget.tokens == 10)
        #expect(retries(&budget) == 10)
        #expect(budget.spent == 10)
        #expect(budget.refused == 1)
    }

    @Test("Five calls pay for one retry at 20 %")
    func deposits() {
        var budget = RetryBudget(reserve: 0)
        for _ in 0..<4 { budget.noteCall() }
        let early = budget.takeRetry()
        #expect(!early)
        budget.noteCall()
        let paid = budget.takeRetry()
        let again = budget.takeRetry()
        #expect(paid)
        #expect(!again)
    }

    @Test("The example at its head is true")
    func example() {
        var budget = RetryBudget()
        for _ in 0..<20 { budget.noteCall() }
        #expect(budget.tokens == 14)
        for _ in 0..<2 { _ = budget.takeRetry() }
        #expect(budget.tokens == 12)
        for _ in 0..<1000 { budget.noteCall() }
        #expect(budget.tokens == 110)
    }

    @Test("What is saved up has a bound")
    func bound() {
        var budget = RetryBudget()
        for _ in 0..<1_000_000 { budget.noteCall() }
        #expect(retries(&budget) == RetryBudget.usualReserve + RetryBudget.mostSaved)
    }

    @Test("Retries stay within their share of the calls, whatever the order", arguments: 1...5)
    func share(seed: Int) {
        var random = SeededRandom(seed: seed)
        let percent = random.below(101)
        var budget = RetryBudget(percent: percent)
        var calls = 0
        for _ in 0..<50_000 {
            if random.below(2) == 0 {
                budget.noteCall()
                calls += 1
            } else {
                _ = budget.takeRetry()
            }
            #expect(100 * (budget.spent - RetryBudget.usualReserve) <= calls * percent)
        }
        #expect(budget.spent > 0)
    }

    @Test("No percent are no retries, and more than a hundred are a hundred")
    func extremes() {
        var none = RetryBudget(percent: 0)
        let allowed = none.takeRetry()
        #expect(!allowed)
        #expect(RetryBudget(percent: 500).percent == 100)
        #expect(RetryBudget(percent: -5).percent == 0)
        #expect(RetryBudget(reserve: -5).tokens == 0)
        #expect(RetryBudget(reserve: .max).tokens == 1000)
    }

    @Test("The share can be changed; what is saved stays")
    func change() {
        var budget = RetryBudget(percent: 20, reserve: 3)
        budget.setPercent(50)
        #expect(budget.tokens == 3)
        budget.noteCall()
        budget.noteCall()
        #expect(budget.tokens == 4)
        budget.setPercent(0)
        let allowed = budget.takeRetry()
        #expect(!allowed)
    }
}
