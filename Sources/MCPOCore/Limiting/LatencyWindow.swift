// How much slower than usual a server is, in one window of calls.
//
// Its tools take different times, one 5 ms and another 30 s, and which of them are called changes
// all the time. So each call is compared with the usual one of its own kind, and on a logarithmic
// scale, on which one call of ten times the usual length is no more than a few slightly long ones:
//
//     kind      usual, log₂ ns   in this window        slower by
//     search    26.0 (67 ms)     27.0, 27.2, 26.9      1.0, 1.2, 0.9   ╮ mean 1.0: everything
//     report    34.0 (17 s)      34.9                  0.9             ╯ takes twice as long
//
// What all kinds have in common is the server's load, and is returned. Only what is left of each
// kind is learnt as its usual, so that load never becomes usual. A kind that is new is as much
// slower as the others.

/// Durations of calls by kind, collected over a window and compared with the usual.
struct LatencyWindow {
    /// Kinds that are told apart; those beyond share usual values. Servers have some dozen tools.
    private static let kindCount = 32
    /// The most that a window teaches of a kind's usual: so a single odd window is soon forgotten.
    private static let learning = 0.25

    private struct Kind {
        /// nil until the end of the first window with a call of this kind.
        var usual: Double?
        var count = 0
        var sum = 0.0
    }

    private var kinds: [Kind]
    private(set) var count = 0

    /// Without memory for kinds, for a server whose limit is not adaptive.
    init() { kinds = [] }

    init(adaptive: Void) { kinds = Array(repeating: Kind(), count: Self.kindCount) }

    mutating func add(nanoseconds: Int64, kind: Int32) {
        let index = Int(UInt32(bitPattern: kind) % UInt32(Self.kindCount))
        kinds[index].sum += BinaryLogarithm.of(Double(max(nanoseconds, 1)))
        kinds[index].count += 1
        count += 1
    }

    mutating func clear() {
        for index in kinds.indices {
            kinds[index].count = 0
            kinds[index].sum = 0
        }
        count = 0
    }

    /// How much slower than usual the calls were, as a logarithm, and clears the window.
    /// - Parameter assumed: what is taken for it if no call is of a kind that is known.
    mutating func close(assumed: Double) -> Double {
        var known = 0
        var sum = 0.0
        for kind in kinds {
            guard kind.count > 0, let usual = kind.usual else { continue }
            sum += kind.sum - Double(kind.count) * usual
            known += kind.count
        }
        let common = known == 0 ? assumed : sum / Double(known)
        for index in kinds.indices where kinds[index].count > 0 {
            learn(&kinds[index], beyond: common)
        }
        clear()
        return common
    }

    private func learn(_ kind: inout Kind, beyond common: Double) {
        let seen = kind.sum / Double(kind.count) - common
        guard let usual = kind.usual else {
            kind.usual = seen
            return
        }
        // By its share of the calls: what all of them learn cancels out.
        let share = Double(kind.count) / Double(count)
        kind.usual = usual + Self.learning * share * (seen - usual)
    }
}
