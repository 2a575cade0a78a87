// Tables for people: columns as wide as what is in them, the last one broken into lines where a
// terminal is too narrow for it.
//
//     SERVER  STATUS  REMARK
//     files   failed  command not found: mcp-files; looked in
//                     /usr/bin, /bin

/// Rows of cells. All rows have as many as the first.
package struct TextColumns {
    private static let gap = 2
    /// With less room the last column goes below its row.
    private static let narrowest = 24
    private static let indentation = 4

    private let rows: [[String]]

    package init(_ rows: [[String]]) {
        self.rows = rows.map { $0.map(printable) }
    }

    /// - Parameter width: columns of the terminal; nil breaks nothing.
    package func text(width: Int? = nil) -> String {
        let last = (rows.first?.count ?? 1) - 1
        let widths = (0..<last).map { column in rows.map { $0[column].count }.max() ?? 0 }
        let start = widths.reduce(0) { $0 + $1 + Self.gap }
        return rows.map { row in
            let cells = zip(row, widths).map { cell, width in
                cell + Self.space(width - cell.count + Self.gap)
            }
            return Self.line(cells.joined(), row[last], start, width)
        }.joined()
    }

    private static func line(
        _ head: String, _ tail: String, _ start: Int, _ width: Int?
    ) -> String {
        guard let width, start + tail.count > width else { return trimmed(head + tail) }
        if width - start >= narrowest {
            let parts = broken(tail, width - start)
            return trimmed(head + (parts.first ?? ""))
                + parts.dropFirst().map { space(start) + $0 + "\n" }.joined()
        }
        let parts = broken(tail, max(width - indentation, narrowest))
        return trimmed(head) + parts.map { space(indentation) + $0 + "\n" }.joined()
    }

    private static func trimmed(_ line: String) -> String {
        var line = line[...]
        while line.utf8.last == 0x20 { line = line.dropLast() }
        return line + "\n"
    }

    private static func space(_ count: Int) -> String { String(repeating: " ", count: count) }

    /// Lines of at most `width` characters, broken at spaces; a longer word is broken anywhere.
    private static func broken(_ text: String, _ width: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            var word = word
            if !line.isEmpty, line.count + 1 + word.count > width {
                lines.append(line)
                line = ""
            }
            while line.isEmpty, word.count > width {
                lines.append(String(word.prefix(width)))
                word = word.dropFirst(width)
            }
            line += (line.isEmpty ? "" : " ") + word
        }
        return line.isEmpty ? lines : lines + [line]
    }
}
