// Pauses before restarts: doubled, bounded, spread, and the same for the same seed.

import MCPOCore
import Testing

@Suite struct RestartPolicyTests {
    /// Milliseconds before jitter, after that many failures in a row.
    static let pauses: [(failures: Int, milliseconds: Int)] = [
        (1, 100), (2, 200), (3, 400), (4, 800), (5, 1600), (6, 3200), (7, 6400), (8, 12_800),
        (9, 25_600), (10, 30_000), (11, 30_000), (1000, 30_000),
    ]

    private static func policy(failures: Int, seed: UInt64) -> RestartPolicy {
        var policy = RestartPolicy(seed: seed)
        for _ in 0..<failures { policy.processEnded(after: .zero, hadAnswered: false) }
        return policy
    }

    @Test(arguments: pauses)
    func `pauses double up to thirty seconds, a fifth more or less`(
        failures: Int, milliseconds: Int
    ) {
        let full = Duration.milliseconds(milliseconds)
        let longest = min(full * 120 / 100, .seconds(30))
        var seen: [Duration] = []
        for seed in 0..<500 {
            var policy = Self.policy(failures: failures, seed: UInt64(seed))
            seen.append(policy.nextPause())
        }
        #expect(seen.allSatisfy { $0 >= full * 80 / 100 && $0 <= longest })
        #expect(seen.min() == full * 80 / 100)
        #expect(seen.max() == longest)
    }

    @Test func `the same seed gives the same pauses`() {
        func pauses(_ seed: UInt64) -> [Duration] {
            var policy = RestartPolicy(seed: seed)
            return (0..<20).map { _ in
                policy.processEnded(after: .zero, hadAnswered: false)
                return policy.nextPause()
            }
        }
        #expect(pauses(3) == pauses(3))
        #expect(pauses(3) != pauses(4))
    }

    @Test func `a process that answered and lived begins the count anew`() {
        var policy = Self.policy(failures: 7, seed: 0)
        policy.processEnded(after: .seconds(9), hadAnswered: true)
        #expect(policy.failures == 8)
        policy.processEnded(after: .seconds(3600), hadAnswered: false)
        #expect(policy.failures == 9)
        policy.processEnded(after: .seconds(10), hadAnswered: true)
        #expect(policy.failures == 1)
    }

    @Test func `five failures without any answer ever are hopeless`() {
        #expect(!Self.policy(failures: 4, seed: 0).isHopeless)
        #expect(Self.policy(failures: 5, seed: 0).isHopeless)
        var answered = RestartPolicy(seed: 0)
        answered.processEnded(after: .zero, hadAnswered: true)
        for _ in 0..<100 { answered.processEnded(after: .zero, hadAnswered: false) }
        #expect(!answered.isHopeless)
        #expect(answered.hasEverAnswered)
    }

    @Test func `a pause of a second is waited for, a longer one is not`() {
        let now = Instant(nanoseconds: 5)
        #expect(RestartPolicy.isBearable(now.advanced(by: .seconds(1)), at: now))
        #expect(!RestartPolicy.isBearable(now.advanced(by: .milliseconds(1001)), at: now))
        #expect(RestartPolicy.isBearable(Instant(nanoseconds: 0), at: now))
        #expect(!RestartPolicy.isBearable(.never, at: now))
    }

    @Test func `instants do not overflow`() {
        let now = Instant(nanoseconds: 1_000)
        #expect(now.advanced(by: .seconds(Int64.max)) == .never)
        #expect(Instant.never.advanced(by: .seconds(1)) == .never)
        #expect(now.advanced(by: .seconds(2)).since(now) == .seconds(2))
        #expect(Duration.seconds(Int64.max).wholeNanoseconds == .max)
        #expect(Duration.seconds(Int64.min).wholeNanoseconds == .min)
        #expect(Duration.milliseconds(1500).wholeNanoseconds == 1_500_000_000)
    }
}
