// Keys, from the bytes that a terminal sends for them.
//
//     "q"  → character("q")     ESC [ A, ESC O A → up        ESC [ 5 ~ → pageUp
//     0x03 → control("c")       ESC, and nothing for a moment → escape

/// A key that somebody has pressed.
package enum TerminalKey: Equatable, Sendable {
    case character(Unicode.Scalar)
    /// With the letter's name in lower case.
    case control(Unicode.Scalar)
    case up, down, left, right, pageUp, pageDown, home, end
    case enter, escape, backspace
}

/// Takes bytes as they come.
package struct TerminalKeyParser {
    /// Longer than any sequence of a key.
    private static let longest = 16

    private var pending: [UInt8] = []

    package init() {}

    /// Whether the first part of something has come: it may also have been the key Escape alone.
    package var isInSequence: Bool { !pending.isEmpty }

    package mutating func feed(_ bytes: some Sequence<UInt8>) -> [TerminalKey] {
        var keys: [TerminalKey] = []
        for byte in bytes {
            pending.append(byte)
            if let result = Self.read(pending) {
                pending = []
                keys += result
            } else if pending.count > Self.longest {
                pending = []
            }
        }
        return keys
    }

    /// Nothing more has come for a moment.
    package mutating func flush() -> [TerminalKey] {
        defer { pending = [] }
        return pending == [0x1B] ? [.escape] : []
    }

    /// nil: more has to come.
    private static func read(_ bytes: [UInt8]) -> [TerminalKey]? {
        switch bytes[0] {
        case 0x1B: return sequence(bytes.dropFirst())
        case 0x0D, 0x0A: return [.enter]
        case 0x7F, 0x08: return [.backspace]
        case 0x01...0x1A: return [.control(Unicode.Scalar(bytes[0] + 0x60))]
        case ..<0x20: return []
        case ..<0x80: return [.character(Unicode.Scalar(bytes[0]))]
        default: return character(bytes)
        }
    }

    private static func character(_ bytes: [UInt8]) -> [TerminalKey]? {
        let length =
            switch bytes[0] {
            case 0xC2...0xDF: 2
            case 0xE0...0xEF: 3
            case 0xF0...0xF4: 4
            default: 1
            }
        if bytes.count < length { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        guard length > 1, let scalar = text.unicodeScalars.first, scalar != "\u{FFFD}" else {
            return []
        }
        return [.character(scalar)]
    }

    /// ECMA-48 §5.4 and the keypad's `ESC O`. Anything else after Escape is that key and another.
    private static func sequence(_ rest: ArraySlice<UInt8>) -> [TerminalKey]? {
        guard let kind = rest.first else { return nil }
        switch kind {
        case UInt8(ascii: "["):
            guard let final = rest.dropFirst().last else { return nil }
            guard (0x40...0x7E).contains(final) else { return nil }
            let parameters = String(decoding: rest.dropFirst().dropLast(), as: UTF8.self)
            return named(final, parameters)
        case UInt8(ascii: "O"):
            guard let final = rest.dropFirst().first else { return nil }
            return named(final, "")
        case 0x1B: return [.escape]
        default: return [.escape] + (read([kind]) ?? [])
        }
    }

    private static func named(_ final: UInt8, _ parameters: String) -> [TerminalKey] {
        switch (final, parameters) {
        case (UInt8(ascii: "A"), _): [.up]
        case (UInt8(ascii: "B"), _): [.down]
        case (UInt8(ascii: "C"), _): [.right]
        case (UInt8(ascii: "D"), _): [.left]
        case (UInt8(ascii: "H"), _), (UInt8(ascii: "~"), "1"), (UInt8(ascii: "~"), "7"): [.home]
        case (UInt8(ascii: "F"), _), (UInt8(ascii: "~"), "4"), (UInt8(ascii: "~"), "8"): [.end]
        case (UInt8(ascii: "~"), "5"): [.pageUp]
        case (UInt8(ascii: "~"), "6"): [.pageDown]
        case (UInt8(ascii: "M"), _) where parameters.isEmpty: [.enter]
        default: []
        }
    }
}
