// Tables on terminals of any width.

import MCPO
import Testing

@Suite struct TextColumnsTests {
    private let table = TextColumns([
        ["SERVER", "STATUS", "REMARK"],
        ["files", "failed", "command not found: mcp-files; looked in /usr/bin, /bin"],
        ["é", "ok", ""],
    ])

    @Test func `without a width nothing is broken, and no line ends with a space`() {
        #expect(
            table.text() == """
                SERVER  STATUS  REMARK
                files   failed  command not found: mcp-files; looked in /usr/bin, /bin
                é       ok

                """)
    }

    @Test func `the last column is broken at spaces where the terminal ends`() {
        #expect(
            table.text(width: 45) == """
                SERVER  STATUS  REMARK
                files   failed  command not found: mcp-files;
                                looked in /usr/bin, /bin
                é       ok

                """)
    }

    @Test func `on a narrow terminal the last column goes below`() {
        #expect(
            table.text(width: 34) == """
                SERVER  STATUS  REMARK
                files   failed
                    command not found: mcp-files;
                    looked in /usr/bin, /bin
                é       ok

                """)
    }

    @Test(arguments: 0...120)
    func `no width loses a word`(width: Int) {
        let text = table.text(width: width)
        for word in ["not", "mcp-files;", "/usr/bin,", "/bin"] { #expect(text.contains(word)) }
    }

    @Test func `a word longer than the line is broken anywhere`() {
        let long = String(repeating: "x", count: 60)
        let text = TextColumns([["a", long]]).text(width: 33)
        #expect(
            text
                == "a  \(String(repeating: "x", count: 30))\n   \(String(repeating: "x", count: 30))\n"
        )
    }

    @Test func `control characters are escaped, and an empty table is empty`() {
        #expect(TextColumns([["a\u{1B}", "b\n"]]).text() == "a\\u{1B}  b\\n\n")
        #expect(TextColumns([]).text() == "")
    }
}
