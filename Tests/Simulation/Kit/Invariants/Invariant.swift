// What must hold in every run, by name; each has a file of its own beside this one.

/// A promise of mcpo that the referee watches over.
package enum Invariant: String, CaseIterable, Sendable {
    /// Every request gets exactly one answer, under its own id; nobody else gets any.
    case oneAnswer
    /// The answer is the one to this request.
    case rightAnswer
    /// Nothing reaches a peer that is late, repeated, dead or foreign.
    case noStrays
    /// A request is written to servers at most once, under a number of mcpo's own.
    case writtenOnce
    /// What is forwarded keeps every byte but ids and tokens.
    case sacredBytes
    /// Servers' requests are answered at most once, to who asked, or withdrawn.
    case serverRequests
    /// A server that restarted is told again what the client had set up, and nothing else.
    case restoration
    /// Every queue and table has its bound.
    case bounds
    /// What goes no further is counted.
    case counted
    /// mcpo is idle when nothing is under way, and comes to its end in time, processes released.
    case ending
    /// A seed stands for one run.
    case determinism
}

/// A broken promise, one of those that the world at hand watches over.
package struct Violation<Promise: Sendable>: Error, CustomStringConvertible {
    package let invariant: Promise
    package let details: String

    package var description: String { "\(invariant): \(details)" }
}
