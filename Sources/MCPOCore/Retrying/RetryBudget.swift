// How many calls may be sent again (SPEC §7): a share of all calls, so that a server in trouble does
// not get its load multiplied by everybody's second try.
//
//     tokens in hundredths       start    20 calls    2 retries    1,000 calls
//     20 %, reserve 10           1000     1400        1200         11,000, the most there can be
//
// Each call deposits its percentage of a token, each retry takes a token, and nothing happens with
// time. So after n calls there were at most n · percent / 100 + reserve retries. The reserve lets a
// client that has made few calls retry at all; the bound keeps a quiet week from paying for a storm.

/// A bucket of tokens for retries.
package struct RetryBudget: Equatable, Sendable {
    private static let token = 100
    /// Tokens that a client has before its first call: one restart of a server with some calls
    /// under way.
    package static let usualReserve = 10
    /// Retries that may be saved up beyond the reserve: those of 500 calls at 20 %, or
    /// one restart with as many calls under way as `concurrency.max` allows by default.
    package static let mostSaved = 100

    /// Retries a hundred calls pay for.
    package private(set) var percent: Int
    private let most: Int
    /// In hundredths of a token.
    private var balance: Int
    /// Retries that were allowed, ever, and refused.
    package private(set) var spent = 0
    package private(set) var refused = 0

    /// - Parameters:
    ///   - percent: retries for a hundred calls, 0 … 100; the default is SPEC §7's, and 0 allows
    ///     none, the reserve neither.
    ///   - reserve: retries before the first call, 0 … 1000.
    package init(percent: Int = 20, reserve: Int = RetryBudget.usualReserve) {
        self.percent = Self.clamped(percent)
        balance = min(max(reserve, 0), 1000) * Self.token
        most = balance + Self.mostSaved * Self.token
    }

    /// How many retries there may be at once.
    package var tokens: Int { balance / Self.token }

    /// A call is sent for the first time.
    package mutating func noteCall() {
        balance = min(balance + percent, most)
    }

    /// Whether a call may be sent again; it is paid for if so.
    package mutating func takeRetry() -> Bool {
        guard percent > 0, balance >= Self.token else {
            refused += 1
            return false
        }
        balance -= Self.token
        spent += 1
        return true
    }

    /// Changes the share; what has been saved stays.
    package mutating func setPercent(_ percent: Int) {
        self.percent = Self.clamped(percent)
    }

    private static func clamped(_ percent: Int) -> Int { min(max(percent, 0), 100) }
}
