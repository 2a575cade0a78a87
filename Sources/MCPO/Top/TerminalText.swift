// Text of others in the columns of a terminal: harmless, and as wide as it is said to be.
//
//     "列表"            4 columns: wide characters take two
//     "e\u{301}"        1: a mark takes none, and no more than a few stay on one character
//     "\u{1B}[2J"       10: `\u{1B}[2J` in letters, as `printable` writes it
//     "👩‍💻"              4: joined emoji are taken apart, since terminals do not agree on their width
//
// Widths are those of `wcwidth`, after Unicode's East Asian Width. Where terminals disagree, the
// character is replaced by one where they do not.

package enum TerminalText {
    /// Marks on one character. Vietnamese has two; a name may have thousands.
    private static let marks = 3

    /// `text` on one line, without anything that a terminal would obey.
    package static func safe(_ text: String) -> String {
        var safe = String.UnicodeScalarView()
        var room = 0
        for scalar in text.unicodeScalars where !isStyle(scalar) {
            if let letter = flagLetter(scalar) {
                safe.append(letter)
                room = marks
                continue
            }
            switch scalar.properties.generalCategory {
            case .nonspacingMark, .enclosingMark, .spacingMark:
                // A mark needs something to stand on, which must not be the neighbour's.
                if safe.isEmpty { safe.append("◌") }
                if room > 0 || safe.count == 1 { safe.append(scalar) }
                room -= 1
            case .unassigned, .privateUse:
                safe.append("\u{FFFD}")
                room = marks
            default:
                safe.append(contentsOf: printable(String(scalar)).unicodeScalars)
                room = marks
            }
        }
        return String(safe)
    }

    /// What only changes how its neighbours look: joiners between emoji, variation selectors, and
    /// the colours of skin.
    private static func isStyle(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x200C, 0x200D, 0xFE00...0xFE0F, 0x1F3FB...0x1F3FF, 0xE0100...0xE01EF: true
        default: false
        }
    }

    /// Two of these are a flag on some terminals and letters on others.
    private static func flagLetter(_ scalar: Unicode.Scalar) -> Unicode.Scalar? {
        guard (0x1F1E6...0x1F1FF).contains(scalar.value) else { return nil }
        return Unicode.Scalar(scalar.value - 0x1F1E6 + 0x41)
    }

    // MARK: Widths

    /// Columns of a text that is safe.
    package static func width(_ text: String) -> Int {
        // Nearly all that is shown is ASCII.
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.utf8.count }
        return text.unicodeScalars.reduce(0) { $0 + width($1) }
    }

    static func width(_ scalar: Unicode.Scalar) -> Int {
        if scalar.value < 0x300 { return 1 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark: return 0
        default: break
        }
        switch scalar.value {
        // Vowels and finals of Hangul are drawn into the syllable before them.
        case 0x1160...0x11FF, 0xD7B0...0xD7FB: return 0
        case 0x1100...0x115F, 0x2329...0x232A, 0x2E80...0x303E, 0x3041...0x3247, 0x3250...0x4DBF,
            0x4E00...0xA4CF, 0xA960...0xA97C, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE19,
            0xFE30...0xFE6F, 0xFF01...0xFF60, 0xFFE0...0xFFE6, 0x16FE0...0x18DFF, 0x1AFF0...0x1B2FF,
            0x1D300...0x1D376, 0x1F200...0x1F265, 0x20000...0x3FFFD:
            return 2
        default: return scalar.properties.isEmojiPresentation ? 2 : 1
        }
    }

    // MARK: Fitting

    package enum Alignment {
        case left, right
    }

    /// `text`, which is safe, in exactly `width` columns; what is too long ends with `…`.
    package static func fitted(
        _ text: String, _ width: Int, _ alignment: Alignment = .left
    ) -> String {
        let cut = shortened(text, width)
        let space = String(repeating: " ", count: max(0, width - Self.width(cut)))
        return alignment == .left ? cut + space : space + cut
    }

    /// `text`, which is safe, in at most `width` columns.
    package static func shortened(_ text: String, _ width: Int) -> String {
        guard Self.width(text) > width else { return text }
        guard width > 0 else { return "" }
        var kept = String.UnicodeScalarView()
        var used = 0
        for scalar in text.unicodeScalars {
            used += Self.width(scalar)
            if used > width - 1 { break }
            kept.append(scalar)
        }
        return String(kept) + "…"
    }
}
