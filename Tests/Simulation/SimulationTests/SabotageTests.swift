// Every invariant can fail: a bug is planted between the core and its peers, and the invariant
// that stands for the broken promise has to be the one that notices, within a few seeds.

import SimulationKit
import Testing

@Suite struct SabotageTests {
    /// The rarest of what a sabotage needs (a restart of a server that has been initialised, a
    /// subscription) comes every few seeds.
    private static let seeds: UInt64 = 60

    @Test(arguments: Sabotage.allCases)
    func `a planted bug is caught by the invariant that protects from it`(sabotage: Sabotage) {
        for seed in 0..<Self.seeds {
            let violation =
                sabotage.caughtBy == .determinism
                ? simulateTwice(seed: seed, sabotage: sabotage)
                : simulate(seed: seed, sabotage: sabotage).violation
            guard let violation else { continue }
            #expect(violation.invariant == sabotage.caughtBy, "\(violation)")
            return
        }
        Issue.record("\(sabotage) goes unnoticed")
    }

    @Test func `every invariant has a bug that it is shown to catch`() {
        #expect(Set(Sabotage.allCases.map(\.caughtBy)) == Set(Invariant.allCases))
    }
}
