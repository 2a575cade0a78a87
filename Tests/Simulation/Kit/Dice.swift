// The one source of chance of a simulation: everything random is drawn from here, in one order, so
// that a seed stands for one run, event by event.

import MCPOCore

/// Random choices in the words of the simulation.
package struct Dice {
    private var generator: SplitMix64

    package init(seed: UInt64) {
        generator = SplitMix64(state: seed)
    }

    package mutating func next() -> UInt64 {
        generator.next()
    }

    /// A number below `sides`, which is at least 1.
    package mutating func roll(_ sides: Int) -> Int {
        Int(truncatingIfNeeded: (generator.next() >> 33) % UInt64(max(sides, 1)))
    }

    package mutating func between(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + roll(range.count)
    }

    package mutating func percent(_ chance: Int) -> Bool {
        roll(100) < chance
    }

    package mutating func permille(_ chance: Int) -> Bool {
        roll(1_000) < chance
    }

    /// One of `list`, which is not empty.
    package mutating func pick<Element>(_ list: [Element]) -> Element {
        list[roll(list.count)]
    }

    /// From nothing to `longest`, short times more often than long ones.
    package mutating func delay(upTo longest: Duration) -> Duration {
        let nanoseconds = Int(longest.wholeNanoseconds >> roll(6))
        return .nanoseconds(roll(max(nanoseconds, 1)))
    }
}
