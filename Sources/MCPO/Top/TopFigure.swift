// Quantities in a few columns, as people read them.
//
//     count        1234 → "1,234"    12345678 → "12.3M"
//     rate         0.25 → "0.25"     12.34 → "12.3"      1234 → "1,234"
//     percent      99.95 → "99.9%"   100 → "100%"        rounded down: 100% has no exception
//     duration     0.00045 → "450µs" 0.089 → "89ms"      2.1 → "2.1s"   75 → "1m15s"   7384 → "2h03m"
//     bytes        2512345 → "2.5MB"

package enum TopFigure {
    static let none = "-"

    package static func count(_ value: Double?) -> String {
        guard let value, value >= 0 else { return none }
        if value < 1_000_000 { return grouped(value) }
        for (unit, size) in [("T", 1e12), ("G", 1e9), ("M", 1e6)] where value >= size {
            return threeDigits(min(value / size, 9_999)) + unit
        }
        return none
    }

    package static func rate(_ value: Double?) -> String {
        guard let value, value >= 0 else { return none }
        if value == 0 { return "0" }
        if value < 0.01 { return "<0.01" }
        return value < 999.5 ? threeDigits(value) : count(value)
    }

    package static func percent(_ value: Double?) -> String {
        guard let value, value >= 0 else { return none }
        if value >= 100 { return "100%" }
        let tenths = Int(value * 10)
        return tenths == 0 ? "0%" : "\(tenths / 10).\(tenths % 10)%"
    }

    package static func duration(_ seconds: Double?) -> String {
        guard let seconds, seconds >= 0 else { return none }
        switch seconds {
        case ..<0.000_000_5: return "0s"
        case ..<0.000_999_5: return threeDigits(seconds * 1e6) + "µs"
        case ..<0.999_5: return threeDigits(seconds * 1e3) + "ms"
        case ..<59.95: return threeDigits(seconds) + "s"
        default: return long(Int(min(seconds, 1e12).rounded()))
        }
    }

    /// From a minute on: the two largest units.
    private static func long(_ seconds: Int) -> String {
        if seconds < 3_600 { return "\(seconds / 60)m\(twoDigits(seconds % 60))s" }
        if seconds < 86_400 { return "\(seconds / 3_600)h\(twoDigits(seconds / 60 % 60))m" }
        return "\(grouped(Double(seconds / 86_400)))d\(twoDigits(seconds / 3_600 % 24))h"
    }

    package static func bytes(_ value: Double?) -> String {
        guard let value, value >= 0 else { return none }
        for (unit, size) in [("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("KB", 1e3)]
        where value >= size {
            return threeDigits(min(value / size, 9_999)) + unit
        }
        return "\(Int(value))B"
    }

    // MARK: Digits

    /// Two decimals below ten, one below a hundred; without zeros at the end.
    private static func threeDigits(_ value: Double) -> String {
        let scale = value < 9.995 ? 100 : value < 99.95 ? 10 : 1
        let steps = Int((value * Double(scale)).rounded())
        var text = "\(steps / scale)"
        var rest = steps % scale
        guard rest > 0 else { return text }
        if scale == 100, rest % 10 == 0 {
            rest /= 10
            text += ".\(rest)"
        } else {
            text += scale == 100 ? "." + twoDigits(rest) : ".\(rest)"
        }
        return text
    }

    private static func twoDigits(_ value: Int) -> String { (value < 10 ? "0" : "") + "\(value)" }

    private static func grouped(_ value: Double) -> String {
        let digits = "\(Int(value.rounded()))"
        var text = ""
        for (place, digit) in digits.enumerated() {
            if place > 0, (digits.count - place) % 3 == 0 { text += "," }
            text.append(digit)
        }
        return text
    }
}
