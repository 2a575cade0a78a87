// What the cached world has to say: no seed breaks a promise, the seeds together come through all
// that matters, and each promise can be broken.

import SimulationKit
import Testing

@Suite struct CachedTests {
    /// The rarest feature comes every few hundred seeds; `make sim` runs as many as one likes.
    private static let seeds: UInt64 = 800
    /// Enough for each sabotage to find what it needs.
    private static let sabotagedSeeds: UInt64 = 150

    /// Seeds that once failed, with what they found.
    private static let regressionSeeds: [UInt64] = [
        0, 28,  // an abandoned write kept its caller's place: a trap, or foreign progress
        1, 100,  // flights without a caller had no end
        4_916, 12_733,  // a stale answer stood in for an error against the request's own word
        8_066,  // a glob that names resources by their scheme did not drop them
        22, 1_037,  // writes that were forgotten went on being counted
        1_489,  // a subscription that was restored and never answered counted as under way
        703_310,  // a subscription whose answer came after that of its end counted as one
        705_743, 42,  // a read sent before a subscription was answered passed for watched
        16, 191,  // an answer too old for its request was counted as a hit
        6_615_890,  // a task in a batch was cancelled too late, and its progress taken for a stray
    ]

    @Test func `eight hundred cached runs keep every promise and come through everything`() async {
        let coverage = await runSeeds(Self.seeds) { simulateCached(seed: $0) }
        #expect(coverage.missing.isEmpty, "a simulation that never gets there shows nothing of it")
    }

    @Test(arguments: regressionSeeds)
    func `a cached seed that once failed keeps every promise`(seed: UInt64) {
        let report = simulateCached(seed: seed)
        #expect(report.violation == nil, "\(report.complaint)")
    }

    @Test(arguments: 0..<10 as Range<UInt64>)
    func `a cached seed stands for one run, event by event`(seed: UInt64) {
        #expect(simulateCached(seed: seed).hash == simulateCached(seed: seed).hash)
    }

    @Test(arguments: CacheSabotage.allCases)
    func `a bug planted around the cache is caught by its promise`(sabotage: CacheSabotage) {
        for seed in 0..<Self.sabotagedSeeds {
            guard let violation = simulateCached(seed: seed, sabotage: sabotage).violation else {
                continue
            }
            #expect(violation.invariant == sabotage.caughtBy, "seed \(seed): \(violation)")
            return
        }
        Issue.record("\(sabotage) goes unnoticed")
    }

    @Test func `every promise of the cache has a bug that it is shown to catch`() {
        #expect(Set(CacheSabotage.allCases.map(\.caughtBy)) == Set(CachePromise.allCases))
    }
}
