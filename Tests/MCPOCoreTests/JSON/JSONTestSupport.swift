// What the tests of the scanner share: a seeded generator, short ways to scan, random JSON.
//
// Random JSON is written with random white space, escapes and member order, so that
// `RandomJSON(seed: 7).value()` is always valid and rarely tidy: ` { "a\u0062" :[ ] }`.

import MCPOCore

/// The envelope of a line.
func scan(_ line: [UInt8], maximumDepth: Int = 512) throws(JSONFault) -> Envelope {
    var envelope = Envelope()
    try Envelope.scan(line.span.bytes, maximumDepth: maximumDepth, into: &envelope)
    return envelope
}

func scan(_ line: String, maximumDepth: Int = 512) throws(JSONFault) -> Envelope {
    try scan(Array(line.utf8), maximumDepth: maximumDepth)
}

/// What is wrong with a line, or nil.
func fault(_ line: [UInt8], maximumDepth: Int = 512) -> JSONFault? {
    do {
        _ = try scan(line, maximumDepth: maximumDepth)
        return nil
    } catch {
        return error
    }
}

func fault(_ line: String, maximumDepth: Int = 512) -> JSONFault? {
    fault(Array(line.utf8), maximumDepth: maximumDepth)
}

/// The text of a value in its line.
func text(_ line: String, _ value: JSONValue) -> String? {
    guard value.isPresent else { return nil }
    return String(decoding: Array(line.utf8)[value.range.bounds], as: UTF8.self)
}

/// Writes random valid JSON.
struct RandomJSON {
    var random: SplitMix64

    init(seed: UInt64) { random = SplitMix64(state: seed) }

    mutating func chance(_ percent: Int) -> Bool {
        Int.random(in: 0..<100, using: &random) < percent
    }

    mutating func pick<T>(_ choices: [T]) -> T {
        choices[Int.random(in: 0..<choices.count, using: &random)]
    }

    mutating func space() -> String {
        guard chance(25) else { return "" }
        return (0..<Int.random(in: 1...3, using: &random))
            .map { _ in pick([" ", " ", "\t", "\n", "\r"]) }.joined()
    }

    mutating func character() -> String {
        pick([
            "a", "b", "Z", "0", " ", "/", "{", "}", "[", "]", ",", ":", "é", "ß", "日", "本", "😀",
            "\u{7F}", "\u{80}", "\u{7FF}", "\u{800}", "\u{D7FF}", "\u{E000}", "\u{FFFF}",
            "\u{10000}", "\u{10FFFF}", "\\\"", "\\\\", "\\/", "\\b", "\\f", "\\n", "\\r", "\\t",
            "\\u0000", "\\u0041", "\\u00e9", "\\uD83D\\uDE00", "\\u2028",
        ])
    }

    /// A string lexeme; now and then longer than the scanner's blocks.
    mutating func string() -> String {
        let length =
            chance(10)
            ? Int.random(in: 0...90, using: &random) : Int.random(in: 0...9, using: &random)
        let isPlain = chance(50)
        return "\""
            + (0..<length).map { _ in isPlain ? pick(["a", "b", "c", " "]) : character() }.joined()
            + "\""
    }

    mutating func number() -> String {
        let whole = pick(["0", "-0", "1", "-1", "42", "9007199254740993", "123456789012345678"])
        guard chance(30) else { return whole }
        return whole + pick([".5", ".0", "e1", "E+2", "e-3", ".25e2", ".0E-0"])
    }

    mutating func value(depth: Int = 0) -> String {
        switch Int.random(in: 0..<(depth < 5 ? 9 : 6), using: &random) {
        case 0, 1: string()
        case 2, 3: number()
        case 4: pick(["true", "false"])
        case 5: "null"
        case 6, 7: object(depth: depth)
        default: array(depth: depth)
        }
    }

    mutating func array(depth: Int) -> String {
        let elements = (0..<Int.random(in: 0...4, using: &random)).map { _ in
            space() + value(depth: depth + 1) + space()
        }
        return "[" + (elements.isEmpty ? space() : elements.joined(separator: ",")) + "]"
    }

    /// Keys are unlike each other, because parsers differ on those that are not.
    mutating func object(depth: Int) -> String {
        let members = (0..<Int.random(in: 0...4, using: &random)).map { index in
            space() + "\"k\(index)" + string().dropFirst() + space() + ":" + space()
                + value(depth: depth + 1) + space()
        }
        return "{" + (members.isEmpty ? space() : members.joined(separator: ",")) + "}"
    }
}
