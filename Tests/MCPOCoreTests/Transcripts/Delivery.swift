// How the same bytes reach mcpo and leave it: framing must not show.

import MCPOCore

/// A way to cut bytes into reads and writes.
enum Delivery: String, CaseIterable, Sendable {
    /// Everything that a peer writes between two expectations in one read.
    case whole
    case byteByByte
    /// Split at random; the seed is fixed, so that a failure repeats.
    case random

    /// The reads that `bytes` arrive in.
    func reads(of bytes: [UInt8], _ generator: inout SplitMix64) -> [[UInt8]] {
        var reads: [[UInt8]] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let size = size(upTo: rest.count, &generator)
            reads.append(Array(rest.prefix(size)))
            rest = rest.dropFirst(size)
        }
        return reads
    }

    /// How many of `count` waiting bytes go at once.
    func size(upTo count: Int, _ generator: inout SplitMix64) -> Int {
        switch self {
        case .whole: count
        case .byteByByte: min(count, 1)
        case .random: count == 0 ? 0 : 1 + Int(generator.next() % UInt64(min(count, 64)))
        }
    }
}
