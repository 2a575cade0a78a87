// W-TinyLFU (Einziger, Friedman, Manes 2017) as Caffeine has it, without the window's hill climber.

/// Four-bit counters of how often a key was asked for lately, by hash, halved now and then.
struct FrequencySketch {
    private var counters: [UInt8]
    private let mask: Int
    private var additions = 0
    private let sampleSize: Int

    init(capacity: Int) {
        // Sixteen counters an entry, as in Caffeine (8 bytes at 4 bits each).
        var size = 64
        while size < 16 * capacity { size *= 2 }
        counters = Array(repeating: 0, count: size)
        mask = size - 1
        sampleSize = 10 * capacity
    }

    func estimate(_ key: Int) -> UInt8 {
        (0..<4).reduce(15) { min($0, counters[place(key, row: $1)]) }
    }

    mutating func add(_ key: Int) {
        var added = false
        for row in 0..<4 {
            let index = place(key, row: row)
            if counters[index] < 15 {
                counters[index] += 1
                added = true
            }
        }
        guard added else { return }
        additions += 1
        if additions == sampleSize { age() }
    }

    private mutating func age() {
        for index in counters.indices { counters[index] /= 2 }
        additions /= 2
    }

    private func place(_ key: Int, row: Int) -> Int {
        var generator = SeededGenerator(seed: UInt64(key) &* 4 &+ UInt64(row))
        return Int(truncatingIfNeeded: generator.next()) & mask
    }
}

/// A window of newcomers (LRU) and a main part (segmented LRU) that the more frequent one wins.
final class TinyLFUPolicy: ReplacementPolicy {
    private enum Place { case nowhere, window, probation, protected }

    /// The window's share of the capacity, in percent: 1 is Caffeine's start.
    static var windowPercent: Int { 1 }

    private let windowShare: Int
    private let mainShare: Int
    private var lists: KeyLists
    private var window = KeyLists.List()
    private var probation = KeyLists.List()
    private var protected = KeyLists.List()
    private var place: [Place]
    private var sketch: FrequencySketch

    init(capacity: Int, keyBound: Int) {
        windowShare = max(1, capacity * Self.windowPercent / 100)
        mainShare = capacity - windowShare
        lists = KeyLists(keyBound: keyBound)
        place = Array(repeating: .nowhere, count: keyBound)
        sketch = FrequencySketch(capacity: capacity)
    }

    func request(_ key: Int) -> Bool {
        sketch.add(key)
        switch place[key] {
        case .nowhere:
            enter(key)
            return false
        case .window:
            lists.remove(key, from: &window)
            lists.prepend(key, to: &window)
        case .probation:
            lists.remove(key, from: &probation)
            protect(key)
        case .protected:
            lists.remove(key, from: &protected)
            lists.prepend(key, to: &protected)
        }
        return true
    }

    private func enter(_ key: Int) {
        place[key] = .window
        lists.prepend(key, to: &window)
        guard window.count > windowShare else { return }
        let candidate = window.last
        lists.remove(candidate, from: &window)
        place[candidate] = .probation
        lists.prepend(candidate, to: &probation)
        guard probation.count + protected.count > mainShare else { return }
        let victim = probation.last
        let loser = sketch.estimate(candidate) > sketch.estimate(victim) ? victim : candidate
        lists.remove(loser, from: &probation)
        place[loser] = .nowhere
    }

    private func protect(_ key: Int) {
        place[key] = .protected
        lists.prepend(key, to: &protected)
        guard protected.count > mainShare * 8 / 10 else { return }
        let demoted = protected.last
        lists.remove(demoted, from: &protected)
        place[demoted] = .probation
        lists.prepend(demoted, to: &probation)
    }
}
