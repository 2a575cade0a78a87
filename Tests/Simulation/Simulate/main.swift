// The command `simulate` (`make sim`): seeds until one fails, or one seed with its events.
//
//     simulate [--world WORLD] [--seeds N] [--from SEED] [--seconds T]
//     simulate  --world WORLD --seed S [--trace]
//
// The worlds: `plain`, a proxy that only forwards, every byte of which is predicted; `cached`, one
// with its cache, whose answers are judged by history; `mesh`, one in front of several servers, with
// pools, limits and retries. Without `--world` all of them, an equal time each.

import SimulationKit

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

enum SimulatedWorld: String, CaseIterable {
    case plain, cached, mesh
}

/// What the command line asks for.
struct Request {
    var worlds = SimulatedWorld.allCases
    var seeds: UInt64 = .max
    var from: UInt64 = 0
    var seed: UInt64?
    var seconds = 60
    var showsTrace = false

    init?(_ arguments: [String]) {
        var rest = arguments[...]
        var hasCount = false
        while let flag = rest.popFirst() {
            if flag == "--trace" {
                showsTrace = true
                continue
            }
            guard let value = rest.popFirst() else { return nil }
            if flag == "--world" {
                guard let world = SimulatedWorld(rawValue: value) else { return nil }
                worlds = [world]
                continue
            }
            guard let number = UInt64(value) else { return nil }
            switch flag {
            case "--seeds": (seeds, hasCount) = (number, true)
            case "--from": from = number
            case "--seed": seed = number
            case "--seconds": seconds = Int(clamping: number)
            default: return nil
            }
        }
        if hasCount { seconds = .max }
        if seed != nil, worlds.count > 1 { worlds = [.plain] }
    }
}

/// Simulates seed after seed; returns the exit code.
func simulateMany<Promise, Feature>(
    _ world: SimulatedWorld, _ request: Request,
    _ simulate: (UInt64) -> Report<Promise, Feature>
) -> Int32 {
    let clock = ContinuousClock()
    let start = clock.now
    let seconds = min(request.seconds, 1_000_000) * 1_000 / request.worlds.count
    let end = start.advanced(by: .milliseconds(seconds))
    var coverage = Coverage<Feature>()
    var done: UInt64 = 0
    while done < request.seeds, done % 64 != 0 || clock.now < end {
        let report = simulate(request.from &+ done)
        if report.violation != nil {
            print("\(world) \(report.complaint)")
            return 1
        }
        coverage.formUnion(report.coverage)
        done += 1
    }
    let elapsed = (clock.now - start).components
    let taken = Double(elapsed.seconds) + Double(elapsed.attoseconds) / 1e18
    let rate = Int(Double(done) / max(taken, 1e-9))
    print("\(world): \(done) seeds, no violation, \(rate) seeds/s")
    if !coverage.missing.isEmpty { print("never happened: \(coverage.missing)") }
    return 0
}

/// Shows what came of one seed; returns the exit code.
func show<Promise, Feature>(_ report: Report<Promise, Feature>, _ request: Request) -> Int32 {
    if request.showsTrace { print(report.trace) }
    if let violation = report.violation {
        print(request.showsTrace ? "seed \(report.seed): \(violation)" : report.complaint)
        return 1
    }
    print("seed \(report.seed): no violation, trace \(String(report.hash, radix: 16))")
    return 0
}

/// Does what was asked for in one world; returns the exit code.
func run(_ world: SimulatedWorld, _ request: Request) -> Int32 {
    switch (world, request.seed) {
    case (.plain, nil): simulateMany(world, request) { simulate(seed: $0) }
    case (.cached, nil): simulateMany(world, request) { simulateCached(seed: $0) }
    case (.mesh, nil): simulateMany(world, request) { simulateMesh(seed: $0) }
    case (.mesh, let seed?):
        show(
            request.showsTrace ? simulateMeshTracing(seed: seed) : simulateMesh(seed: seed),
            request)
    case (.plain, let seed?):
        show(request.showsTrace ? simulateTracing(seed: seed) : simulate(seed: seed), request)
    case (.cached, let seed?):
        show(
            request.showsTrace ? simulateCachedTracing(seed: seed) : simulateCached(seed: seed),
            request)
    }
}

if let request = Request(Array(CommandLine.arguments.dropFirst())) {
    for world in request.worlds {
        let code = run(world, request)
        if code != 0 { exit(code) }
    }
} else {
    print(
        "usage: simulate [--world plain|cached|mesh] [--seeds N] [--from SEED] [--seconds T] | "
            + "--seed S [--trace]")
    exit(2)
}
