// Quantities as people read them.
//
//     durations     450 µs → "450µs"    89.04 ms → "89ms"    2.1 s → "2.1s"    three digits
//     spans         12.3 s → "12.3 s"    252 s → "4 min 12 s"    3 h 20 min, 2 d 4 h
//     numbers       1214 → "1,214"
//     memory        2,512,345 bytes → "2.5MB"                                  powers of 1,000
//     moments       1703123456789 ms → "2023-12-21 01:50:56 UTC"
//     names         one line, printable, at most 64 characters

package enum HumanText {
    /// Characters of a name that are shown: as many as an exposed name can have (SPEC §12).
    static let longestName = 64

    /// - Parameter nanoseconds: at least 0.
    static func duration(_ nanoseconds: Int64) -> [UInt8] {
        switch nanoseconds {
        case ..<500: Array("0".utf8)
        case ..<1_000_000: threeDigits(nanoseconds, unit: 1_000, "µs")
        case ..<1_000_000_000: threeDigits(nanoseconds, unit: 1_000_000, "ms")
        default: threeDigits(nanoseconds, unit: 1_000_000_000, "s")
        }
    }

    /// `amount` in units, with two decimals below ten of them, one below a hundred.
    private static func threeDigits(
        _ amount: Int64, unit: Int64, _ symbol: StaticString
    ) -> [UInt8] {
        let places = amount < 10 * unit ? 2 : amount < 100 * unit ? 1 : 0
        let step = places == 2 ? unit / 100 : places == 1 ? unit / 10 : unit
        let steps = amount / step + (amount % step >= step - step / 2 ? 1 : 0)
        var text: [UInt8] = []
        DecimalText.append(units: steps, places: places, to: &text)
        symbol.withUTF8Buffer { text.append(contentsOf: $0) }
        return text
    }

    /// A length of time in words, in its two largest units.
    /// - Parameter nanoseconds: at least 0.
    package static func span(_ nanoseconds: Int64) -> [UInt8] {
        let seconds = nanoseconds / 1_000_000_000
        switch seconds {
        case ..<1: return decimal(nanoseconds / 1_000_000, places: 0, " ms")
        case ..<60: return decimal(nanoseconds / 100_000_000, places: 1, " s")
        case ..<3_600: return pair(seconds / 60, " min ", seconds % 60, " s")
        case ..<86_400: return pair(seconds / 3_600, " h ", seconds / 60 % 60, " min")
        default: return pair(seconds / 86_400, " d ", seconds / 3_600 % 24, " h")
        }
    }

    private static func pair(
        _ large: Int64, _ unit: StaticString, _ small: Int64, _ smallUnit: StaticString
    ) -> [UInt8] {
        decimal(large, places: 0, unit) + decimal(small, places: 0, smallUnit)
    }

    private static func decimal(
        _ units: Int64, places: Int, _ unit: StaticString
    ) -> [UInt8] {
        var text: [UInt8] = []
        DecimalText.append(units: units, places: places, to: &text)
        unit.withUTF8Buffer { text.append(contentsOf: $0) }
        return text
    }

    /// A number with commas.
    /// - Parameter number: at least 0.
    static func grouped(_ number: Int) -> [UInt8] {
        var digits: [UInt8] = []
        DecimalText.append(units: Int64(number), places: 0, to: &digits)
        var text: [UInt8] = []
        for (place, digit) in digits.enumerated() {
            if place > 0, (digits.count - place) % 3 == 0 { text.append(UInt8(ascii: ",")) }
            text.append(digit)
        }
        return text
    }

    /// Words of mcpo's own that may have names of others in them, on one line.
    static func line(_ text: String) -> [UInt8] {
        text.unicodeScalars.flatMap { Array(String(isPlain($0) ? $0 : "\u{FFFD}").utf8) }
    }

    /// Memory in the largest unit of which there is one, with one decimal.
    static func bytes(_ count: Int) -> [UInt8] {
        let units: [StaticString] = ["B", "KB", "MB", "GB", "TB"]
        var (unit, size) = (0, 1)
        // From 999,950 on it would read "1000KB".
        while unit < units.count - 1, Double(count) / Double(size) >= (unit == 0 ? 1_000 : 999.95) {
            unit += 1
            size *= 1_000
        }
        var text: [UInt8] = []
        DecimalText.append(Double(count) / Double(size), places: 1, to: &text)
        units[unit].withUTF8Buffer { text.append(contentsOf: $0) }
        return text
    }

    /// A name, which its author could have put anything into: what would break the line or turn its
    /// direction is replaced, and what is too long is cut.
    static func name(_ name: [UInt8]) -> [UInt8] {
        let scalars = String(decoding: name, as: UTF8.self).unicodeScalars
        let isLong = scalars.dropFirst(longestName).first != nil
        var text: [UInt8] = []
        for scalar in scalars.prefix(isLong ? longestName - 1 : longestName) {
            text += Array(String(isPlain(scalar) ? scalar : "\u{FFFD}").utf8)
        }
        if isLong { text.append(contentsOf: "…".utf8) }
        return text
    }

    /// Whether a character neither controls (C0, C1), nor ends a line, nor turns its direction.
    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x2028...0x202E, 0x2066...0x2069: false
        default: true
        }
    }

    /// A moment, to the second.
    static func moment(unixMilliseconds: Int64) -> [UInt8] {
        let seconds = (unixMilliseconds - (unixMilliseconds < 0 ? 999 : 0)) / 1_000
        let days = (seconds - (seconds < 0 ? 86_399 : 0)) / 86_400
        let time = seconds - days * 86_400
        let date = CivilDate(daysSince1970: days)
        var text: [UInt8] = []
        for (number, separator) in [
            (date.year, "-"), (date.month, "-"), (date.day, " "), (time / 3_600, ":"),
            (time / 60 % 60, ":"), (time % 60, " UTC"),
        ] {
            if number < 10 { text.append(UInt8(ascii: "0")) }
            DecimalText.append(units: number, places: 0, to: &text)
            text += Array(separator.utf8)
        }
        return text
    }
}
