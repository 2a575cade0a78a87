// The scanner against Foundation's JSONSerialization: the same texts are valid.
//
// They differ, knowingly, in what `isKnownDifference` lists. Inputs are random valid JSON and the
// same with a few bytes changed: `{"k0":[1,2]}` → `{"k0":[1,2}`.

import Foundation
import MCPOCore
import Testing

@Suite("Agreement with Foundation")
struct JSONAgreementTests {
    static func foundationAccepts(_ line: [UInt8]) -> Bool {
        (try? JSONSerialization.jsonObject(with: Data(line), options: .fragmentsAllowed)) != nil
    }

    /// Where Foundation (swift-foundation of Swift 6.3) deviates from RFC 8259 or adds to it:
    /// * it detects UTF-16 and UTF-32 by NUL bytes and byte order marks, and skips a UTF-8 one
    ///   (RFC 8259 §8.1 forbids sending it; MCP is UTF-8);
    /// * it refuses escapes of lone surrogates, which the grammar allows;
    /// * it refuses numbers that no Double holds (`1e999`), which the grammar allows;
    /// * it accepts a comma before a closing brace or bracket.
    /// Duplicate members are no matter of validity: the scanner names them only in valid lines.
    static func isKnownDifference(_ line: [UInt8], _ fault: JSONFault?) -> Bool {
        if line.contains(0) || line.starts(with: [0xEF, 0xBB, 0xBF]) { return true }
        if line.starts(with: [0xFE, 0xFF]) || line.starts(with: [0xFF, 0xFE]) { return true }
        switch fault {
        case nil, .duplicateMember: return hasSurrogateEscape(line) || hasHugeNumber(line)
        case .syntax(let offset): return isAfterComma(line, offset)
        default: return false
        }
    }

    /// Whether a number may be out of a Double's range: it has an exponent of three digits or more,
    /// or as many digits as the largest has.
    static func hasHugeNumber(_ line: [UInt8]) -> Bool {
        let text = String(decoding: line, as: UTF8.self)
        return text.contains(#/[eE][+\-]?[0-9]{3}/#) || text.contains(#/[0-9]{308}/#)
    }

    static func hasSurrogateEscape(_ line: [UInt8]) -> Bool {
        let text = String(decoding: line, as: UTF8.self).lowercased()
        return text.contains("\\ud8") || text.contains("\\ud9") || text.contains("\\uda")
            || text.contains("\\udb") || text.contains("\\udc") || text.contains("\\udd")
            || text.contains("\\ude") || text.contains("\\udf")
    }

    static func isAfterComma(_ line: [UInt8], _ offset: Int) -> Bool {
        guard offset < line.count, line[offset] == 0x7D || line[offset] == 0x5D else {
            return false
        }
        return line[..<offset].last { ![0x20, 0x09, 0x0A, 0x0D].contains($0) } == 0x2C
    }

    static func check(_ line: [UInt8], _ what: String) -> Bool {
        let found = fault(line)
        let isValid: Bool
        switch found {
        case nil, .duplicateMember: isValid = true
        default: isValid = false
        }
        let agrees = isValid == foundationAccepts(line) || isKnownDifference(line, found)
        if !agrees {
            Issue.record("\(what): \(String(decoding: line, as: UTF8.self).debugDescription)")
        }
        return agrees
    }

    @Test("5,000 generated texts are valid for both")
    func generated() {
        for seed in 0..<5000 {
            var json = RandomJSON(seed: UInt64(seed))
            let line = Array((json.space() + json.value() + json.space()).utf8)
            #expect(fault(line) == nil, "seed \(seed)")
            #expect(Self.foundationAccepts(line), "seed \(seed)")
        }
    }

    @Test("20,000 generated texts with changed bytes are valid for both or neither")
    func mutated() {
        let bytes =
            Array("{}[]\",:\\0123456789.eE+-truefalsn u/bd8cx\n\t".utf8) + [
                0x80, 0xC3, 0xED, 0xF0, 0xFF, 0x1F,
            ]
        var validCount = 0
        for seed in 0..<20_000 {
            var json = RandomJSON(seed: 1_000_000 + UInt64(seed))
            var line = Array(json.value(depth: 2).utf8)
            for _ in 0..<Int.random(in: 1...2, using: &json.random) {
                let place = Int.random(in: 0...line.count, using: &json.random)
                switch Int.random(in: 0..<3, using: &json.random) {
                case 0: line.insert(json.pick(bytes), at: place)
                case 1 where place < line.count: line.remove(at: place)
                case 2 where place < line.count: line[place] = json.pick(bytes)
                default: line.removeLast(line.count - place)
                }
            }
            guard Self.check(line, "seed \(seed)") else { return }
            if fault(line) == nil { validCount += 1 }
        }
        #expect((2000..<18_000).contains(validCount), "\(validCount) valid: too uniform to tell")
    }

    @Test("The tables of valid and invalid texts are valid and invalid for both")
    func tables() {
        for text in JSONGrammarTests.validTexts + JSONGrammarTests.invalidTexts {
            _ = Self.check(Array(text.utf8), "table")
        }
    }

    @Test("The known differences are still there")
    func differences() {
        for (line, isAccepted) in [
            ("{\"a\":1,}", true), ("[1,]", true), ("\u{FEFF}{}", true), (#""\ud800""#, false),
        ] {
            #expect((fault(line) == nil) != isAccepted, "\(line)")
            #expect(Self.foundationAccepts(Array(line.utf8)) == isAccepted, "\(line)")
        }
        let utf16: [UInt8] = [0x7B, 0, 0x7D, 0]
        #expect(Self.foundationAccepts(utf16) && fault(utf16) == .syntax(offset: 1))
    }

    @Test("Both stop at a depth of 512")
    func depth() {
        for (depth, isAccepted) in [(512, true), (513, false)] {
            let line = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
            #expect((fault(line) == nil) == isAccepted)
            #expect(Self.foundationAccepts(Array(line.utf8)) == isAccepted)
        }
    }
}
