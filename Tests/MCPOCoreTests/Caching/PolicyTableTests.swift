// The table of Fixtures/Policy/tools.txt: real tools, and what is decided on them.

import Foundation
import MCPOCore
import Testing

/// A row of the table.
struct RealTool: CustomStringConvertible, Sendable {
    let server: String
    let name: String
    let annotations: ToolAnnotations
    let changes: Bool
    let ttl: Int64?
    let effect: ToolEffect
    let line: String

    var description: String { "\(server) \(name)" }

    init?(_ row: Substring) {
        let fields = row.split(separator: " ", maxSplits: 9, omittingEmptySubsequences: true)
        guard !row.hasPrefix("#"), fields.count == 10 else { return nil }
        server = String(fields[0])
        name = String(fields[1])
        let hints = fields[2...5].map { $0 == "-" ? nil : $0 == "t" }
        annotations = ToolAnnotations(
            readOnly: hints[0], destructive: hints[1], idempotent: hints[2], openWorld: hints[3])
        changes = fields[6] == "yes"
        ttl = Int64(fields[7])
        effect =
            switch fields[8] {
            case "reads": .readOnly
            case "writes": .write
            default: .unknown
            }
        line = fields[9].trimmingCharacters(in: .whitespaces)
    }

    static let all: [RealTool] = {
        let file = URL(filePath: #filePath).appending(path: "../../../../Fixtures/Policy/tools.txt")
        let text = (try? String(contentsOf: file.standardized, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap(RealTool.init)
    }()
}

@Suite("The policy on real tools")
struct PolicyTableTests {
    @Test("Each tool is decided on as the table says", arguments: RealTool.all)
    func row(tool: RealTool) {
        let judgement = CachePolicy().judge(tool.name, tool.annotations)
        let decision = judgement.decision
        #expect(decision.isCacheable == (tool.ttl != nil))
        #expect(decision.ttl == (tool.ttl ?? 0) * 1_000_000_000)
        #expect(decision.effect == tool.effect)
        #expect(judgement.text == tool.line)
    }

    @Test("There are enough of them, annotated and not, that read and that write")
    func size() {
        #expect(RealTool.all.count >= 180)
        #expect(Set(RealTool.all.map(\.server)).count >= 25)
        #expect(RealTool.all.count { $0.changes } >= 60)
        #expect(RealTool.all.count { $0.annotations == ToolAnnotations() } >= 60)
    }

    @Test("Nothing that changes anything is cached, whatever its server says of it")
    func noWriteIsCached() {
        for mode in [CachePolicy.Mode.smart, .annotated] {
            let policy = CachePolicy(mode: mode)
            for tool in RealTool.all where tool.changes {
                let decision = policy.judge(tool.name, tool.annotations).decision
                #expect(!decision.isCacheable, "\(tool) under \(mode)")
            }
        }
    }

    @Test("Nothing that changes anything is taken for reading only, unless its server says so")
    func noWriteIsMerged() {
        for mode in CachePolicy.Mode.allCases where mode != .all {
            let policy = CachePolicy(mode: mode)
            for tool in RealTool.all where tool.changes && tool.annotations.readOnly != true {
                let decision = policy.judge(tool.name, tool.annotations).decision
                #expect(decision.mayWrite && !decision.isMergeable, "\(tool) under \(mode)")
            }
        }
    }

    @Test("The names alone, without annotations, give no write away either")
    func namesAlone() {
        for tool in RealTool.all where tool.changes {
            let decision = CachePolicy().judge(tool.name, ToolAnnotations()).decision
            #expect(!decision.isCacheable && decision.mayWrite, "\(tool)")
        }
    }
}
