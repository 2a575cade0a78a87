// The answers to `tools/list` of real servers, as they came, read by the catalog.

import Foundation
import MCPOCore
import Testing

@Suite("The catalog on real servers' lists")
struct RealListsTests {
    private func catalog(_ server: String) throws -> ToolCatalog {
        let folder = URL(filePath: #filePath).appending(path: "../../../../Fixtures/Policy/lists")
        let text = try Data(contentsOf: folder.standardized.appending(path: "\(server).json"))
        let line = try Scanned(Array(text))
        var catalog = ToolCatalog()
        catalog.begin()
        let page = catalog.add(line.bytes.span.bytes, line.envelope, CachePolicy())
        #expect(page == .last)
        return catalog
    }

    @Test(
        "Each tool has the annotations of the table and is decided on like there",
        arguments: ["time", "fetch", "git", "sqlite"])
    func table(server: String) throws {
        let rows = RealTool.all.filter { $0.server == server }
        let tools = try catalog(server).tools
        #expect(Set(tools.map(\.name)) == Set(rows.map(\.name)))
        for tool in tools {
            let row = try #require(rows.first { $0.name == tool.name })
            #expect(tool.annotations == row.annotations)
            #expect(tool.decision.isCacheable == (row.ttl != nil))
            #expect(tool.decision.effect == row.effect)
        }
    }
}
