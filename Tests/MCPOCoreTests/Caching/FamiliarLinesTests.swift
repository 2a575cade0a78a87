// Whatever is recognised without a scan must be what the scan would have said.

import MCPOCore
import Testing

@Suite struct FamiliarLinesTests {
    static let idFirst = #"{"jsonrpc":"2.0","id":%,"method":"tools/call","params":{"name":"get"}}"#
    static let idLast = #"{"method":"tools/call","params":{"name":"get"},"jsonrpc":"2.0","id":%}"#

    private static func line(_ template: String, _ id: String) -> [UInt8] {
        Array(template.split(separator: "%", maxSplits: 1).joined(separator: id).utf8)
    }

    private static func remember(_ lines: inout FamiliarLines, _ line: [UInt8]) throws {
        let envelope = try Envelope(scanning: line.span.bytes)
        let key: [UInt8] = [1, 2, 3]
        lines.remember(
            line.span.bytes, envelope.id.range, key.span.bytes, hash: 7, cache: .default,
            endpoint: .other)
    }

    @Test(arguments: [idFirst, idLast], ["1", "0", "-3", #""a""#, #""\u0061""#])
    func `the same line under another id is recognised`(template: String, first: String) throws {
        var lines = FamiliarLines()
        try Self.remember(&lines, Self.line(template, first))
        for id in ["0", "7", "1234567890", #""""#, #""7f2c-x y""#] {
            let line = Self.line(template, id)
            guard let found = lines.find(line.span.bytes) else {
                Issue.record("\(id) was not recognised")
                continue
            }
            #expect(found.hash == 7)
            #expect(String(decoding: line[found.id.bounds], as: UTF8.self) == id)
            let key = lines.withKey(of: found) { $0.array }
            #expect(key == [1, 2, 3])
        }
    }

    @Test(arguments: [idFirst, idLast])
    func `what may be no id, or a written one, is left to the scanner`(template: String) throws {
        var lines = FamiliarLines()
        try Self.remember(&lines, Self.line(template, "1"))
        let odd = [
            "", "01", "-1", "1.0", "1e3", "null", "{}", "[1]", "true", #""\u0061""#, #""a"#, #"a""#,
            "\"\u{7f}\"", "\"é\"", "\"a\nb\"", " 1", "1 ", String(repeating: "1", count: 70),
            #"1,"id":2"#, #""a","id":"b""#,
        ]
        for id in odd {
            let line = Self.line(template, id)
            expectUnknown(line, to: lines)
        }
    }

    @Test(arguments: [idFirst, idLast])
    func `no beginning and no end of a line is taken for the whole`(template: String) throws {
        var lines = FamiliarLines()
        let line = Self.line(template, #""a""#)
        try Self.remember(&lines, line)
        for count in 0..<line.count {
            expectUnknown(Array(line.prefix(count)), to: lines)
            expectUnknown(Array(line.suffix(count)), to: lines)
        }
        for garbage in [#""}"#, #"}"#, #""""#, #"1}"#] {
            expectUnknown(Array(garbage.utf8), to: lines)
        }
    }

    @Test(arguments: 0..<20)
    func `a changed line is recognised only if the scanner finds the same in it`(
        seed: Int
    ) throws {
        var random = SeededRandom(seed: seed)
        for template in [Self.idFirst, Self.idLast] {
            var lines = FamiliarLines()
            try Self.remember(&lines, Self.line(template, "41"))
            for _ in 0..<500 {
                var line = Self.line(template, "42")
                for _ in 0...random.below(2) {
                    line[random.below(line.count)] = UInt8(truncatingIfNeeded: random.next())
                }
                guard let found = lines.find(line.span.bytes) else { continue }
                let envelope = try Envelope(scanning: line.span.bytes)
                #expect(envelope.id.range == found.id)
                let id = String(decoding: line[found.id.bounds], as: UTF8.self)
                #expect(line == Self.line(template, id))
            }
        }
    }

    @Test func `what was forgotten is not recognised, and another frame forgets all`() throws {
        var lines = FamiliarLines()
        try Self.remember(&lines, Self.line(Self.idFirst, "1"))
        lines.forget()
        expectUnknown(Self.line(Self.idFirst, "2"), to: lines)
        try Self.remember(&lines, Self.line(Self.idFirst, "1"))
        let spaced = Self.idFirst.split(separator: #""id":"#).joined(separator: #""id": "#)
        try Self.remember(&lines, Self.line(spaced, "1"))
        expectKnown(Self.line(spaced, "2"), to: lines)
        expectUnknown(Self.line(Self.idFirst, "2"), to: lines)
    }

    @Test func `lines that are long, or have the id in the middle, are not remembered`() throws {
        let long = Self.line(Self.idFirst, "1").count
        var lines = FamiliarLines()
        let padding = String(repeating: "x", count: 1_100 - long)
        let template = Self.idFirst.split(separator: "get").joined(separator: padding)
        try Self.remember(&lines, Self.line(template, "1"))
        expectUnknown(Self.line(template, "2"), to: lines)
        let member = #","a":""# + String(repeating: "y", count: 80) + #"""#
        let middle = #"{"jsonrpc":"2.0""# + member + #","id":%,"method":"ping""# + member + "}"
        #expect(throws: JSONFault.self) { try Self.remember(&lines, Self.line(middle, "1 2")) }
        try Self.remember(&lines, Self.line(middle, "1"))
        expectUnknown(Self.line(middle, "2"), to: lines)
    }
}

private func expectUnknown(_ line: [UInt8], to lines: borrowing FamiliarLines) {
    let isKnown = lines.find(line.span.bytes) != nil
    #expect(!isKnown, "\(String(decoding: line, as: UTF8.self)) was recognised")
}

private func expectKnown(_ line: [UInt8], to lines: borrowing FamiliarLines) {
    let isKnown = lines.find(line.span.bytes) != nil
    #expect(isKnown, "\(String(decoding: line, as: UTF8.self)) was not recognised")
}
