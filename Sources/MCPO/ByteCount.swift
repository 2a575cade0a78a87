// Sizes as people write them in options and configuration files (SPEC §2).

/// A number of bytes as text.
package enum ByteCount {
    /// The units, largest first of each kind.
    private static let units: [(name: Substring, bytes: Int)] = [
        ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10),
        ("GB", 1_000_000_000), ("MB", 1_000_000), ("KB", 1000), ("kB", 1000), ("B", 1), ("", 1),
    ]

    /// Reads bytes (`65536`) or a number with a unit: `KiB`, `MiB` and `GiB` count in 1024s, `KB`
    /// (or `kB`), `MB` and `GB` in 1000s. A fraction needs a unit (`1.5MiB`) and is rounded down to
    /// whole bytes.
    ///
    /// Returns nil for anything else, negative numbers included, and for more than 2⁵³ bytes.
    package static func parse(_ text: String) -> Int? {
        let digits = text.prefix { $0.isASCII && ("0"..."9" ~= $0 || $0 == ".") }
        guard let first = digits.first, first != ".", digits.last != ".",
            let number = Double(digits),
            let unit = units.first(where: { $0.name == text.dropFirst(digits.count) }),
            unit.bytes > 1 || !digits.contains(".")
        else { return nil }
        let bytes = number * Double(unit.bytes)
        guard bytes <= 0x1p53 else { return nil }
        return Int(bytes)
    }

    /// The shortest exact form: `64 MiB`, `1500 bytes`.
    package static func text(_ bytes: Int) -> String {
        let unit = units.prefix(3).first { bytes > 0 && bytes % $0.bytes == 0 }
        return unit.map { "\(bytes / $0.bytes) \($0.name)" } ?? "\(bytes) bytes"
    }
}
