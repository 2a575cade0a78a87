// When a server that exited is started again (SPEC §7, §12): exponential back-off with jitter.
//
//     failures in a row     1        2        3        4         …  9 and more
//     pause                 100 ms   200 ms   400 ms   800 ms       25.6 s → 30 s     each ± 20 %
//
// Calls that come during a pause of at most a second wait for the new process; during a longer one
// they get *unavailable* at once.

/// Decides on restarts of one server.
package struct RestartPolicy: Sendable {
    private static let firstPause = Duration.milliseconds(100)
    private static let longestPause = Duration.seconds(30)
    /// A process that lived this long did not fail to start: the count begins anew. Longer than
    /// any crash at start-up takes, shorter than a person needs to restart a client.
    private static let provenAfter = Duration.seconds(10)
    /// SPEC §12: a server that has never answered is given up after this many failures in a row.
    private static let failuresToGiveUp = 5
    /// The longest that a call is made to wait for a pause to end.
    private static let bearablePause = Duration.seconds(1)

    package private(set) var failures = 0
    /// Whether any process of this server has ever answered anything.
    package private(set) var hasEverAnswered = false
    private var random: SplitMix64
    /// Whether the pause before the present process was too long to wait for: until that process is
    /// of use nobody waits for it either (the breaker is open, and this is its trial).
    package private(set) var isTrial = false

    package init(seed: UInt64) {
        random = SplitMix64(state: seed)
    }

    /// Takes note that the server's process is gone, after `lifetime`.
    package mutating func processEnded(after lifetime: Duration, hadAnswered: Bool) {
        hasEverAnswered = hasEverAnswered || hadAnswered
        failures = hadAnswered && lifetime >= Self.provenAfter ? 1 : failures + 1
    }

    /// Whether there is no point in another try.
    package var isHopeless: Bool { !hasEverAnswered && failures >= Self.failuresToGiveUp }

    /// The pause before the next start.
    package mutating func nextPause() -> Duration {
        let doublings = min(max(failures - 1, 0), 16)
        let full = min(Self.firstPause * (1 << doublings), Self.longestPause)
        let percent = 80 + Int(random.next() % 41)
        let pause = min(full * percent / 100, Self.longestPause)
        isTrial = pause > Self.bearablePause
        return pause
    }

    /// The process is of use: callers wait for it again when it is lost.
    package mutating func processOpened() {
        isTrial = false
    }

    /// Whether a call should wait for a start at `time`.
    package static func isBearable(_ time: Instant, at now: Instant) -> Bool {
        time.since(now) <= bearablePause
    }
}

/// SplitMix64 (Steele, Lea and Flood, 2014): the one generator of the core, for jitter alone.
package struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(state: UInt64) {
        self.state = state
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
