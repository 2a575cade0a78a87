// A table in plain text: columns as wide as what is in them.
//
//     cache     hits   misses
//     default   1200      300
//
// The first column is flush left, the others, which are numbers, flush right. A character counts as
// one wide; the few names that have wider ones push their row a little.

struct TextTable {
    private static let gap = 2

    private var rows: [[[UInt8]]]

    init(_ titles: [StaticString]) {
        rows = [titles.map { $0.withUTF8Buffer { Array($0) } }]
    }

    /// Adds a row, with as many cells as there are titles.
    mutating func add(_ cells: [[UInt8]]) {
        precondition(cells.count == rows[0].count, "a row has a cell for each column")
        rows.append(cells)
    }

    /// Appends the rows, a line each.
    func append(to text: inout [UInt8]) {
        let widths = rows[0].indices.map { column in
            rows.reduce(0) { max($0, Self.width($1[column])) }
        }
        for row in rows {
            for (column, cell) in row.enumerated() {
                let padding = [UInt8](
                    repeating: UInt8(ascii: " "), count: widths[column] - Self.width(cell))
                if column > 0 { text += [UInt8](repeating: UInt8(ascii: " "), count: Self.gap) }
                text += column == 0 ? cell + padding : padding + cell
            }
            text.append(UInt8(ascii: "\n"))
        }
    }

    /// Characters: bytes that do not continue one.
    private static func width(_ cell: [UInt8]) -> Int {
        cell.reduce(0) { $0 + ($1 & 0xC0 == 0x80 ? 0 : 1) }
    }
}
