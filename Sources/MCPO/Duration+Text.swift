// Durations as people write them in options and configuration files (SPEC §2).

internal import MCPOCore

extension Duration {
    /// Reads seconds (`90`, `0.5`) or a number with a unit (`250ms`, `30s`, `5m`, `1h`).
    ///
    /// Returns nil for anything else, negative numbers included, and for more than ten years.
    package init?(text: String) {
        let digits = text.prefix { $0.isASCII && ("0"..."9" ~= $0 || $0 == ".") }
        guard let first = digits.first, first != ".", digits.last != ".",
            let number = Double(digits)
        else { return nil }
        let scale: Double
        switch text.dropFirst(digits.count) {
        case "ms": scale = 0.001
        case "", "s": scale = 1
        case "m": scale = 60
        case "h": scale = 3600
        default: return nil
        }
        let seconds = number * scale
        guard seconds.isFinite, seconds <= 10 * 366 * 86_400 else { return nil }
        self = .seconds(seconds)
    }
}

extension Duration {
    /// The shortest of the forms that `init(text:)` reads: `5m`, `90s`, `250ms`.
    package var text: String {
        let milliseconds = wholeNanoseconds / 1_000_000
        let units: [(name: String, milliseconds: Int64)] = [
            ("h", 3_600_000), ("m", 60_000), ("s", 1000),
        ]
        let unit = units.first { milliseconds > 0 && milliseconds % $0.milliseconds == 0 }
        return unit.map { "\(milliseconds / $0.milliseconds)\($0.name)" } ?? "\(milliseconds)ms"
    }
}
