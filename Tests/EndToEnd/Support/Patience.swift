// Waiting for things that happen in other processes.
//
// No test depends on how fast the machine is: it waits for an event, and the limits below are only
// there to turn a hang into a failure. Where mcpo promises a time, the test tries more than once: a
// busy machine spoils an attempt now and then, a promise that is broken fails in each.

import Foundation
import Testing

/// Seconds after which something that has not happened is taken for a hang.
let patience = 60.0

/// What went wrong in a test's own machinery, or what did not happen.
struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// Seconds of a clock that only goes forward.
func monotonicSeconds() -> Double {
    ProcessInfo.processInfo.systemUptime
}

/// Waits for a condition that no descriptor tells of, such as one of another process.
func eventually(
    _ what: String, within limit: Double = patience, _ condition: () throws -> Bool
) throws {
    let deadline = monotonicSeconds() + limit
    while try !condition() {
        guard monotonicSeconds() < deadline else { throw Failure("not within \(limit) s: \(what)") }
        usleep(2_000)
    }
}

/// Runs `body` and returns the seconds it took.
func seconds(_ body: () throws -> Void) throws -> Double {
    let start = monotonicSeconds()
    try body()
    return monotonicSeconds() - start
}

/// Expects something to be over in less than `limit` seconds, in one of five attempts.
/// - Parameter attempt: does it from the beginning, and returns the seconds that count.
func promptly(
    _ limit: Double, sourceLocation: SourceLocation = #_sourceLocation,
    _ attempt: () throws -> Double
) throws {
    var times: [Double] = []
    for _ in 1...5 {
        let time = try attempt()
        if time < limit { return }
        times.append(time)
    }
    Issue.record(
        "less than \(limit) s are promised, and it took \(times)", sourceLocation: sourceLocation)
}
