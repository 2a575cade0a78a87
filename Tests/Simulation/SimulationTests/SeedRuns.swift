// Running many seeds at once, for either world.

import SimulationKit
import Testing

/// Runs the seeds below `count`, some at a time, and records the first that breaks a promise.
/// - Returns: what they have come through together.
func runSeeds<Promise, Feature>(
    _ count: UInt64, _ simulate: @escaping @Sendable (UInt64) -> Report<Promise, Feature>
) async -> Coverage<Feature> {
    let workers: UInt64 = 2
    return await withTaskGroup(of: Coverage<Feature>.self) { group in
        for worker in 0..<workers {
            group.addTask {
                var coverage = Coverage<Feature>()
                for seed in stride(from: worker, to: count, by: Int(workers)) {
                    let report = simulate(seed)
                    if report.violation != nil {
                        Issue.record("\(report.complaint)")
                        break
                    }
                    coverage.formUnion(report.coverage)
                }
                return coverage
            }
        }
        return await group.reduce(into: Coverage<Feature>()) { $0.formUnion($1) }
    }
}
