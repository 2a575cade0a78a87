// The command `simulate` (`make sim`): seeds until one fails, or one seed with its events.
//
//     simulate [--seeds N] [--from SEED] [--seconds T]
//     simulate --seed S [--trace]

import SimulationKit

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What the command line asks for.
struct Request {
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
            guard let number = rest.popFirst().flatMap({ UInt64($0) }) else { return nil }
            switch flag {
            case "--seeds": (seeds, hasCount) = (number, true)
            case "--from": from = number
            case "--seed": seed = number
            case "--seconds":
                seconds = Int(clamping: number)
                continue
            default: return nil
            }
            if hasCount { seconds = .max }
        }
    }
}

/// Simulates seed after seed; returns the exit code.
func simulateMany(_ request: Request) -> Int32 {
    let clock = ContinuousClock()
    let start = clock.now
    let end = start.advanced(by: .seconds(min(request.seconds, 1_000_000)))
    var coverage = Coverage()
    var done: UInt64 = 0
    while done < request.seeds, done % 64 != 0 || clock.now < end {
        let report = simulate(seed: request.from &+ done)
        if report.violation != nil {
            print(report.complaint)
            return 1
        }
        coverage.formUnion(report.coverage)
        done += 1
    }
    let elapsed = clock.now - start
    let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
    print("\(done) seeds, no violation, \(Int(Double(done) / max(seconds, 1e-9))) seeds/s")
    if !coverage.missing.isEmpty { print("never happened: \(coverage.missing)") }
    return 0
}

/// Simulates one seed; returns the exit code.
func simulateOne(_ seed: UInt64, _ request: Request) -> Int32 {
    let report = request.showsTrace ? simulateTracing(seed: seed) : simulate(seed: seed)
    if request.showsTrace { print(report.trace) }
    if let violation = report.violation {
        print(request.showsTrace ? "seed \(seed): \(violation)" : report.complaint)
        return 1
    }
    print("seed \(seed): no violation, trace \(String(report.hash, radix: 16))")
    return 0
}

if let request = Request(Array(CommandLine.arguments.dropFirst())) {
    let code = request.seed.map { simulateOne($0, request) } ?? simulateMany(request)
    if code != 0 { exit(code) }
} else {
    print("usage: simulate [--seeds N] [--from SEED] [--seconds T] | --seed S [--trace]")
    exit(2)
}
