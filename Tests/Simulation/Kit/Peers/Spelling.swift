// Ids and tokens as odd as JSON allows: huge numbers, escapes, two spellings of one string.

/// Makes ids that nobody has used before.
struct IdentityMaker {
    private var serial: Int

    /// - Parameter start: the first number used; peers of one run may well overlap.
    init(start: Int) {
        serial = start
    }

    mutating func next(_ dice: inout Dice) -> Identity {
        serial += 1
        switch dice.roll(8) {
        case 0: return Identity(plain: "123456789012345678901234\(serial)")
        case 1: return Identity(plain: "-\(serial)")
        case 2: return Identity(plain: "\"a7f0c1d2-0000-4000-8000-\(serial)\"")
        case 3: return Self.string("e\(serial)", escaped: true)
        case 4: return Self.backslash("k\(serial / 2)", isDoubled: serial % 2 == 1)
        case 5: return Identity(plain: "\"\(serial)\"")
        default: return Identity(plain: "\(serial)")
        }
    }

    /// The string id of `text`, its first letter escaped or not: both are one id.
    static func string(_ text: String, escaped: Bool) -> Identity {
        let plain = Array("\"\(text)\"".utf8)
        guard escaped, plain.count > 2 else { return Identity(plain, canonical: plain) }
        let hexDigits = Array("0123456789abcdef".utf8)
        let first = plain[1]
        let escape: [UInt8] =
            Array("\\u00".utf8) + [hexDigits[Int(first >> 4)], hexDigits[Int(first & 15)]]
        return Identity([plain[0]] + escape + plain[2...], canonical: plain)
    }

    /// `"k1\b"` ends in a backspace, `"k1\\b"` in a backslash and a b: two different ids.
    private static func backslash(_ text: String, isDoubled: Bool) -> Identity {
        let end: [UInt8] = isDoubled ? Array("\\b".utf8) : [0x08]
        return Identity(
            Array("\"\(text)\(isDoubled ? "\\\\b" : "\\b")\"".utf8),
            canonical: Array("\"\(text)".utf8) + end + [UInt8(ascii: "\"")])
    }

    /// The same id spelled in another way, where there is one.
    static func respelled(_ id: Identity) -> Identity {
        guard id.canonical.count > 2, id.canonical[0] == UInt8(ascii: "\""),
            id.canonical.allSatisfy({ $0 >= 0x20 && $0 != UInt8(ascii: "\\") })
        else { return id }
        let text = String(decoding: id.canonical.dropFirst().dropLast(), as: UTF8.self)
        return string(text, escaped: id.verbatim == id.canonical)
    }
}
