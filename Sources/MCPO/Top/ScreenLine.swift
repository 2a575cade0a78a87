// Lines of a screen: pieces of text, each with its style, and the control sequences that show them.

/// How a piece of text looks. Colours never tell anything that words do not.
package enum TextStyle: Equatable, Sendable {
    case plain, strong, faint, good, warning, bad, accent
    /// A heading, and the column in it by which the table is sorted.
    case heading, chosen

    /// Select graphic rendition (ECMA-48 §8.3.117); the colours are the terminal's own eight.
    fileprivate var code: String {
        switch self {
        case .plain: "0"
        case .strong: "0;1"
        case .faint: "0;2"
        case .good: "0;32"
        case .warning: "0;33"
        case .bad: "0;1;31"
        case .accent: "0;36"
        case .heading: "0;7"
        case .chosen: "0;1;7"
        }
    }

    /// What it is without colours.
    fileprivate var colourless: TextStyle {
        switch self {
        case .good, .warning, .bad, .accent: .plain
        default: self
        }
    }
}

/// One line.
package struct ScreenLine: Equatable, Sendable {
    struct Piece: Equatable, Sendable {
        var text: String
        var style: TextStyle
    }

    private(set) var pieces: [Piece] = []

    init() {}

    package init(_ text: String, _ style: TextStyle = .plain) {
        add(text, style)
    }

    /// - Parameter text: is made safe.
    mutating func add(_ text: String, _ style: TextStyle = .plain) {
        let text = TerminalText.safe(text)
        if !text.isEmpty { pieces.append(Piece(text: text, style: style)) }
    }

    static func + (left: ScreenLine, right: ScreenLine) -> ScreenLine {
        var line = left
        line.pieces += right.pieces
        return line
    }

    package var width: Int { pieces.reduce(0) { $0 + TerminalText.width($1.text) } }

    /// In at most so many columns.
    package func shortened(to width: Int) -> ScreenLine {
        guard self.width > width else { return self }
        var line = ScreenLine()
        var rest = width
        for piece in pieces where rest > 0 {
            let isLast = TerminalText.width(piece.text) > rest
            let text = TerminalText.shortened(piece.text, rest)
            line.pieces.append(Piece(text: text, style: piece.style))
            rest -= isLast ? rest : TerminalText.width(text)
        }
        return line
    }

    /// Filled up with spaces, then `end` at the right edge, if there is room for both.
    func filled(to width: Int, end: ScreenLine = ScreenLine()) -> ScreenLine {
        let gap = width - self.width - end.width
        guard gap > 0 else { return self }
        var line = self
        line.add(String(repeating: " ", count: gap), pieces.last?.style ?? .plain)
        return line + end
    }

    /// Without styles, and without spaces at the end.
    package var plainText: String {
        var text = pieces.map(\.text).joined()[...]
        while text.utf8.last == 0x20 { text = text.dropLast() }
        return String(text)
    }

    /// With styles.
    package func controlled(hasColours: Bool) -> String {
        var text = ""
        for piece in pieces {
            let style = hasColours ? piece.style : piece.style.colourless
            text += style == .plain ? piece.text : "\u{1B}[\(style.code)m\(piece.text)\u{1B}[0m"
        }
        return text
    }
}

/// What makes a terminal show lines in place of those that are there.
package struct ScreenPicture {
    private let lines: [ScreenLine]
    private let columns: Int
    private let height: Int

    /// - Parameters:
    ///   - columns: of the terminal; no line may be longer.
    ///   - height: its lines.
    package init(lines: [ScreenLine], columns: Int, height: Int) {
        self.lines = lines
        self.columns = columns
        self.height = height
    }

    /// Each line is put where it belongs, so that none can push another away, and what was there
    /// is erased behind it, not before: nothing flickers. Terminals that know how (mode 2026) show
    /// all of it at once.
    package func controlled(hasColours: Bool) -> String {
        var text = "\u{1B}[?2026h"
        for (row, line) in lines.enumerated() {
            text += "\u{1B}[\(row + 1);1H" + line.controlled(hasColours: hasColours)
            // Behind a whole line the cursor still stands on its last character.
            if line.width < columns { text += "\u{1B}[K" }
        }
        if lines.count < height { text += "\u{1B}[\(lines.count + 1);1H\u{1B}[J" }
        return text + "\u{1B}[?2026l"
    }
}
