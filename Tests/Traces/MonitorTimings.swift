// What measuring costs a request. Each row is the shortest of several runs, since others use the
// machine too; a run is a million requests of sixteen tools.

import Foundation
import MCPOCore

/// Measures the monitor.
struct MonitorTimings {
    private static let requestCount = 1_000_000
    private static let runs = 9

    func run() {
        var monitor = PerformanceMonitor(windowSize: 1_000)
        let tools = (0..<16).map { number in
            let name = Array("tool_\(number)".utf8)
            return monitor.endpoint(name.span.bytes)
        }
        print("| request | ns |")
        print("|---|---|")
        report("a hit (noteHit)") { number, time in
            monitor.noteHit(tools[number & 15], at: Instant(nanoseconds: time))
        }
        report("a call (begin and end)") { number, time in
            let start = Instant(nanoseconds: time)
            let end = Instant(nanoseconds: time + Int64((number &* 7_919) & 0xF_FFFF))
            monitor.begin(tools[number & 15], at: start)
            monitor.end(
                tools[number & 15], since: start, at: end, outcome: .answered, from: .server)
        }
    }

    private func report(_ name: String, _ body: (Int, Int64) -> Void) {
        var shortest = Double.infinity
        var time: Int64 = 0
        for _ in 0..<Self.runs {
            let start = processorNanoseconds()
            for number in 0..<Self.requestCount {
                time += 1_000
                body(number, time)
            }
            shortest = min(shortest, Double(processorNanoseconds() - start))
        }
        let each = shortest / Double(Self.requestCount)
        print("| \(name) | \(String(format: "%.1f", each)) |")
    }
}
