// Numbers as a document shows them: in fixed decimals, without exponent, without zeros at the end.
//
//     units 89,000, 6 places   0.089          12.4, 3 places      12.4
//     units 2,000,000, 6       2              99.99949, 3         99.999
//
// Swift's own description of a `Double` has as many digits as it takes to read the same one back,
// and an exponent where that is shorter: right for programs, too much for a person.

package enum DecimalText {
    /// Appends `units` · 10⁻ᵖˡᵃᶜᵉˢ.
    package static func append(units: Int64, places: Int, to bytes: inout [UInt8]) {
        if units < 0 { bytes.append(UInt8(ascii: "-")) }
        let scale = power(places)
        let (whole, fraction) = units.magnitude.quotientAndRemainder(dividingBy: scale)
        appendDigits(whole, to: &bytes)
        guard fraction > 0 else { return }
        bytes.append(UInt8(ascii: "."))
        var (rest, place) = (fraction, scale)
        while rest > 0 {
            place /= 10
            bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest / place))
            rest %= place
        }
    }

    /// Appends a number, rounded to so many places. What is no number is 0; what has no room in 63
    /// bits becomes the largest number that has.
    package static func append(_ value: Double, places: Int, to bytes: inout [UInt8]) {
        append(units: units(value, places: places), places: places, to: &bytes)
    }

    /// `value` · 10ᵖˡᵃᶜᵉˢ, rounded half away from zero.
    private static func units(_ value: Double, places: Int) -> Int64 {
        // `rounded()` is a call into libm, which the executable does not link.
        let scaled = value * Double(power(places)) + (value < 0 ? -0.5 : 0.5)
        guard scaled == scaled else { return 0 }
        if scaled >= 0x1p63 { return .max }
        if scaled <= -0x1p63 { return -.max }
        return Int64(scaled)
    }

    /// 10ⁿ, for n up to 18.
    private static func power(_ exponent: Int) -> UInt64 {
        (0..<exponent).reduce(1) { power, _ in power * 10 }
    }

    static func appendDigits(_ number: UInt64, to bytes: inout [UInt8]) {
        let start = bytes.count
        var rest = number
        repeat {
            bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest > 0
        bytes[start...].reverse()
    }
}
