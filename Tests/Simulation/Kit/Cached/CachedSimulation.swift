// The front door of the cached world.

import MCPOCore

/// What came of one seed of the cached world.
package typealias CachedReport = Report<CachePromise, CacheFeature>

/// Simulates one run of the proxy with its cache.
package func simulateCached(seed: UInt64, sabotage: CacheSabotage? = nil) -> CachedReport {
    let world = CachedWorld(seed: seed, sabotage: sabotage, keepsTrace: false)
    world.run()
    guard world.auditor.violation != nil else { return world.report(seed, trace: "") }
    // Again, with every event written down.
    return simulateCachedTracing(seed: seed, sabotage: sabotage, isWhole: false)
}

/// Simulates one run and keeps its events, all of them or the last ones.
package func simulateCachedTracing(
    seed: UInt64, sabotage: CacheSabotage? = nil, isWhole: Bool = true
) -> CachedReport {
    let world = CachedWorld(seed: seed, sabotage: sabotage, keepsTrace: true)
    world.run()
    return world.report(seed, trace: isWhole ? world.trace.whole : world.trace.tail)
}

extension CachedWorld {
    fileprivate func report(_ seed: UInt64, trace text: String) -> CachedReport {
        CachedReport(
            seed: seed, violation: auditor.violation, coverage: auditor.coverage, hash: trace.hash,
            trace: text)
    }
}
