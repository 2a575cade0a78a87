// Logarithms to base 2 without a mathematics library: the core imports nothing, and gets the same
// bits on every machine this way.
//
//     x = 2ᵉ · (1 + m)        log₂ x ≈ e + m + c · m · (1 − m)        off by less than 0.009
//     y = e + f               2ʸ ≈ 2ᵉ · (1 + f − c · f · (1 − f))     off by less than 0.3 %
//
// The parabola is exact at both ends of each power of two, and c makes its error small in between.

/// Close enough for decisions on latencies.
package enum BinaryLogarithm {
    /// Least squares of log₂(1 + m) − m, and of 1 + f − 2ᶠ, over 0 … 1, to four digits.
    private static let bend = 0.3437

    /// The logarithm of a positive number.
    package static func of(_ number: Double) -> Double {
        let fraction = number.significand - 1
        return Double(number.exponent) + fraction + bend * fraction * (1 - fraction)
    }

    /// Two to the power of `logarithm`, which is a moderate number.
    package static func power(_ logarithm: Double) -> Double {
        // Not `rounded`, which is a call of that library.
        let truncated = Int(logarithm)
        let whole = Double(truncated) > logarithm ? truncated - 1 : truncated
        let fraction = logarithm - Double(whole)
        let scaled = 1 + fraction - bend * fraction * (1 - fraction)
        return Double(sign: .plus, exponent: whole, significand: scaled)
    }
}
