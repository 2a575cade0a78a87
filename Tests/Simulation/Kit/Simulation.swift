// The front door: runs a seed and tells what came of it.

import MCPOCore

/// What came of one seed.
package struct Report<
    Promise: Sendable, Feature: CaseIterable & RawRepresentable<Int> & Sendable
>: Sendable {
    package let seed: UInt64
    package let violation: Violation<Promise>?
    package let coverage: Coverage<Feature>
    /// Equal for equal runs.
    package let hash: UInt64
    /// The events, a line each, where they were asked for.
    package let trace: String

    /// What to show a person.
    package var complaint: String {
        guard let violation else { return "seed \(seed): no violation" }
        return "seed \(seed): \(violation)\n\(trace)"
    }
}

/// Simulates one run.
package func simulate(
    seed: UInt64, sabotage: Sabotage? = nil
) -> Report<Invariant, Feature> {
    let world = World(seed: seed, sabotage: sabotage, keepsTrace: false)
    world.run()
    guard world.referee.violation != nil else { return report(world, seed, trace: "") }
    // Again, with every event written down.
    return simulateTracing(seed: seed, sabotage: sabotage, isWhole: false)
}

/// Simulates one run and keeps its events, all of them or the last ones.
package func simulateTracing(
    seed: UInt64, sabotage: Sabotage? = nil, isWhole: Bool = true
) -> Report<Invariant, Feature> {
    let world = World(seed: seed, sabotage: sabotage, keepsTrace: true)
    world.run()
    return report(world, seed, trace: isWhole ? world.trace.whole : world.trace.tail)
}

/// Simulates one run twice: both must be the same, event by event.
package func simulateTwice(seed: UInt64, sabotage: Sabotage? = nil) -> Violation<Invariant>? {
    let first = World(seed: seed, sabotage: sabotage, keepsTrace: false)
    first.run()
    let second = World(seed: seed, sabotage: sabotage, keepsTrace: false)
    second.run()
    guard first.trace.hash != second.trace.hash else { return nil }
    return Violation(invariant: .determinism, details: "two runs of seed \(seed) differ")
}

private func report(
    _ world: World, _ seed: UInt64, trace: String
) -> Report<Invariant, Feature> {
    Report(
        seed: seed, violation: world.referee.violation, coverage: world.referee.coverage,
        hash: world.trace.hash, trace: trace)
}
