// The front door of the mesh world.

import MCPOCore

/// What came of one seed of the mesh world.
package typealias MeshReport = Report<MeshPromise, MeshFeature>

/// Simulates one run of the proxy in front of several servers.
package func simulateMesh(seed: UInt64, sabotage: MeshSabotage? = nil) -> MeshReport {
    let world = MeshWorld(seed: seed, sabotage: sabotage, keepsTrace: false)
    world.run()
    guard world.auditor.violation != nil else { return world.report(seed, trace: "") }
    // Again, with every event written down.
    return simulateMeshTracing(seed: seed, sabotage: sabotage, isWhole: false)
}

/// Simulates one run and keeps its events, all of them or the last ones.
package func simulateMeshTracing(
    seed: UInt64, sabotage: MeshSabotage? = nil, isWhole: Bool = true
) -> MeshReport {
    let world = MeshWorld(seed: seed, sabotage: sabotage, keepsTrace: true)
    world.run()
    return world.report(seed, trace: isWhole ? world.trace.whole : world.trace.tail)
}

extension MeshWorld {
    fileprivate func report(_ seed: UInt64, trace text: String) -> MeshReport {
        MeshReport(
            seed: seed, violation: auditor.violation, coverage: auditor.coverage, hash: trace.hash,
            trace: text)
    }
}
