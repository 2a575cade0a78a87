// A hash of bytes that is the same in every process, for tables and for keys that are stored.
//
// Swift's `Hasher` is seeded per process. This one folds 128-bit products (the idea of wyhash and
// of `Lexeme.hash`): sixteen bytes a step, a tail that overlaps what came before, the length mixed
// in, so that `[0]` and `[0, 0]` differ. It is no defence against bytes made to collide: whoever
// compares hashes compares the bytes as well.

enum ByteHash {
    /// Digits of the golden ratio and of the square root of two: odd, and without a pattern.
    private static let first: UInt64 = 0x9e37_79b9_7f4a_7c15
    private static let second: UInt64 = 0x6a09_e667_f3bc_c909

    static func hash(_ bytes: [UInt8]) -> UInt64 {
        hash(bytes.span.bytes, 0, bytes.count)
    }

    /// The hash of the bytes from `lower` to `upper`, which are there.
    static func hash(_ bytes: RawSpan, _ lower: Int, _ upper: Int) -> UInt64 {
        let count = upper &- lower
        var state = first ^ UInt64(truncatingIfNeeded: count)
        guard count >= 16 else { return short(bytes, lower, count, state) }
        var offset = lower
        while upper &- offset > 16 {
            state = fold(bytes.word(offset) ^ second, bytes.word(offset &+ 8) ^ state)
            offset &+= 16
        }
        state = fold(bytes.word(upper &- 16) ^ second, bytes.word(upper &- 8) ^ state)
        return fold(state, first)
    }

    /// Fewer than 16 bytes.
    private static func short(
        _ bytes: RawSpan, _ lower: Int, _ count: Int, _ state: UInt64
    ) -> UInt64 {
        var low: UInt64 = 0
        var high: UInt64 = 0
        if count >= 8 {
            low = bytes.word(lower)
            high = bytes.word(lower &+ count &- 8)
        } else {
            for index in 0..<count { low = low &<< 8 | UInt64(bytes.byte(lower &+ index)) }
        }
        return fold(fold(low ^ second, high ^ state), first)
    }

    /// Both halves of a product, so that every bit reaches every other.
    @inline(__always)
    private static func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        return product.high ^ product.low
    }
}
