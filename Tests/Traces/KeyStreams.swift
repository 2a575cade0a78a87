// The key streams that strategies are compared on. Each is made from a fixed seed.
//
// A key is a number below `keyCount`, or above it for keys that are asked for once and never again.

import Foundation

/// SplitMix64 (Steele, Lea, Flood 2014): small, seedable, the same on every machine.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// A number in 0..<1.
    mutating func fraction() -> Double { Double(next() >> 11) * 0x1p-53 }
}

/// Draws ranks 0..<count with probability proportional to 1 / (rank + 1)^exponent.
struct ZipfDistribution {
    private let cumulative: [Double]

    init(count: Int, exponent: Double) {
        var sum = 0.0
        cumulative = (1...count).map { rank in
            sum += 1 / pow(Double(rank), exponent)
            return sum
        }
    }

    func draw(_ generator: inout SeededGenerator) -> Int {
        let wanted = generator.fraction() * (cumulative.last ?? 0)
        var (low, high) = (0, cumulative.count - 1)
        while low < high {
            let middle = (low + high) / 2
            if cumulative[middle] < wanted { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// A named sequence of keys.
struct KeyStream {
    static let keyCount = 100_000
    static let requestCount = 1_000_000

    let name: String
    let keys: [Int]

    static func all() -> [KeyStream] {
        [
            zipf(0.7), zipf(0.9), zipf(1.1), scan(), loop(), zipfWithScans(), shifting(),
            sessions(),
        ]
    }

    static func zipf(_ exponent: Double) -> KeyStream {
        var generator = SeededGenerator(seed: 1)
        let ranks = ZipfDistribution(count: keyCount, exponent: exponent)
        return KeyStream(
            name: "Zipf \(exponent)",
            keys: (0..<requestCount).map { _ in ranks.draw(&generator) })
    }

    /// All keys in order, ten times over.
    static func scan() -> KeyStream {
        KeyStream(name: "scan", keys: (0..<requestCount).map { $0 % keyCount })
    }

    /// Loops one and a half times as long as the largest cache in the table (10 % of the keys).
    static func loop() -> KeyStream {
        KeyStream(name: "loop", keys: (0..<requestCount).map { $0 % (keyCount * 15 / 100) })
    }

    /// Zipf 0.9 with, after each 20,000 requests, 10,000 keys that come once and never again.
    static func zipfWithScans() -> KeyStream {
        var generator = SeededGenerator(seed: 2)
        let ranks = ZipfDistribution(count: keyCount, exponent: 0.9)
        var fresh = keyCount
        let keys = (0..<requestCount).map { place in
            guard place % 30_000 >= 20_000 else { return ranks.draw(&generator) }
            fresh += 1
            return fresh
        }
        return KeyStream(name: "Zipf 0.9 + scans", keys: keys)
    }

    /// Zipf 0.9 whose ranks move on by 10,000 keys after each 100,000 requests.
    static func shifting() -> KeyStream {
        var generator = SeededGenerator(seed: 3)
        let ranks = ZipfDistribution(count: keyCount, exponent: 0.9)
        let keys = (0..<requestCount).map { place in
            (ranks.draw(&generator) + place / 100_000 * 10_000) % keyCount
        }
        return KeyStream(name: "shifting Zipf 0.9", keys: keys)
    }

    /// What agents do: half of the calls repeat one of the session's last 50, a tenth walks through
    /// keys in order, the rest is Zipf 0.9.
    static func sessions() -> KeyStream {
        var generator = SeededGenerator(seed: 4)
        let ranks = ZipfDistribution(count: keyCount, exponent: 0.9)
        var keys: [Int] = []
        keys.reserveCapacity(requestCount)
        var walked = 0
        while keys.count < requestCount {
            let kind = generator.fraction()
            if kind < 0.5, keys.count > 50 {
                keys.append(keys[keys.count - 1 - Int(generator.next() % 50)])
            } else if kind < 0.6 {
                walked = (walked + 1) % keyCount
                keys.append(walked)
            } else {
                keys.append(ranks.draw(&generator))
            }
        }
        return KeyStream(name: "sessions", keys: keys)
    }
}
