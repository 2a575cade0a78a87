// What the tests of the policy and of the keys share: scanning, random calls, ways to write them.
//
// A `Tree` is a JSON value without a notation. `TreeWriter` writes it in one of the many ways that
// mean the same: members in any order, white space anywhere, characters as they are or as escapes.

import MCPOCore

/// A line and its envelope.
struct Scanned {
    let bytes: [UInt8]
    let envelope: Envelope

    init(_ line: [UInt8]) throws {
        bytes = line
        envelope = try Envelope(scanning: line.span.bytes)
    }

    init(_ line: String) throws { try self.init(Array(line.utf8)) }

    /// The root, for a line that is any value.
    var root: JSONValue { envelope.root }
}

/// The canonical form of a text, or why there is none.
func canonical(_ text: [UInt8]) throws -> (text: [UInt8], outcome: CanonicalOutcome) {
    let line = try Scanned(text)
    var json = CanonicalJSON()
    var bytes: [UInt8] = []
    let outcome = json.append(line.bytes.span.bytes, line.root, to: &bytes)
    return (outcome == .done ? bytes : [], outcome)
}

func canonical(_ text: String) throws -> String {
    let (bytes, outcome) = try canonical(Array(text.utf8))
    return outcome == .done ? String(decoding: bytes, as: UTF8.self) : "\(outcome)"
}

/// SplitMix64 (Steele, Lea, Flood 2014): seeded, so that a failing test names its input.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: Int) { state = UInt64(truncatingIfNeeded: seed) }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed &>> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed &>> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed &>> 31)
    }

    mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }

    mutating func chance(_ percent: Int) -> Bool { below(100) < percent }

    mutating func pick<T>(_ choices: [T]) -> T { choices[below(choices.count)] }
}

/// A JSON value. Strings are UTF-16, because a JSON string may hold half a character.
indirect enum Tree: Equatable {
    case literal(String)
    case string([UInt16])
    case array([Tree])
    /// Keys are unlike each other.
    case object([Member])

    struct Member: Equatable {
        var key: [UInt16]
        var value: Tree
    }
}

extension Tree {
    static func random(_ random: inout SeededRandom, depth: Int = 0) -> Tree {
        switch random.below(depth < 4 ? 10 : 6) {
        case 0, 1, 2: .string(randomString(&random))
        case 3, 4:
            .literal(random.pick(["0", "-0", "1", "1.0", "1e0", "1E0", "12345678901234567890"]))
        case 5: .literal(random.pick(["true", "false", "null"]))
        case 6: .array((0..<random.below(4)).map { _ in .random(&random, depth: depth + 1) })
        default: randomObject(&random, depth: depth)
        }
    }

    static func randomObject(_ random: inout SeededRandom, depth: Int = 0) -> Tree {
        var members: [Member] = []
        for _ in 0..<random.below(6) {
            let key = randomString(&random)
            if members.contains(where: { $0.key == key }) { continue }
            members.append(Member(key: key, value: .random(&random, depth: depth + 1)))
        }
        return .object(members)
    }

    private static func randomString(_ random: inout SeededRandom) -> [UInt16] {
        let beginning = random.pick(["", "", "a", "repository_", "é", "\u{1F600}"])
        let units: [UInt16] = [
            0x61, 0x62, 0x41, 0x20, 0x22, 0x5C, 0x2F, 0x00, 0x08, 0x0A, 0x1F, 0x7F, 0xE9, 0x20AC,
            0xD800, 0xDC00, 0xD83D, 0xDE00, 0xFFFF,
        ]
        return Array(beginning.utf16) + (0..<random.below(5)).map { _ in random.pick(units) }
    }

    /// The same value with one thing changed somewhere.
    func changed(_ random: inout SeededRandom) -> Tree {
        switch self {
        case .literal(let text):
            return .literal(text == "1" ? random.pick(["1.0", "1e0", "true"]) : "1")
        case .string(let units):
            return random.chance(50) ? .string(units + [0x7A]) : .literal("null")
        case .array(var elements):
            guard !elements.isEmpty, random.chance(80) else { return .array(elements + [self]) }
            let index = random.below(elements.count)
            elements[index] = elements[index].changed(&random)
            return .array(elements)
        case .object(var members):
            guard !members.isEmpty, random.chance(80) else {
                return .object(members + [Member(key: [0x6E, 0x65, 0x77], value: .literal("0"))])
            }
            let index = random.below(members.count)
            if random.chance(30) {
                members[index].key += [0x7A, 0x7A]
                let key = members[index].key
                if members.count(where: { $0.key == key }) > 1 { return .object([]) }
            } else {
                members[index].value = members[index].value.changed(&random)
            }
            return .object(members)
        }
    }

    /// The same value with a key that is there twice, if it has an object with members.
    func withDuplicate(_ random: inout SeededRandom) -> Tree? {
        switch self {
        case .literal, .string: return nil
        case .array(var elements):
            for index in elements.indices {
                guard let element = elements[index].withDuplicate(&random) else { continue }
                elements[index] = element
                return .array(elements)
            }
            return nil
        case .object(var members):
            guard let member = members.first else { return nil }
            if random.chance(50), let inner = member.value.withDuplicate(&random) {
                members[0].value = inner
            } else {
                members.append(Member(key: random.pick(members).key, value: .literal("2")))
            }
            return .object(members)
        }
    }
}

/// Writes trees in random ways.
struct TreeWriter {
    var random: SeededRandom
    /// Otherwise compact, in the order of the tree, with the escapes that must be.
    var isWild = true

    init(seed: Int) { random = SeededRandom(seed: seed) }

    mutating func bytes(_ tree: Tree) -> [UInt8] {
        var bytes: [UInt8] = []
        write(tree, to: &bytes)
        return bytes
    }

    private mutating func write(_ tree: Tree, to bytes: inout [UInt8]) {
        switch tree {
        case .literal(let text): bytes += Array(text.utf8)
        case .string(let units): writeString(units, to: &bytes)
        case .array(let elements):
            writeList("[", elements, "]", to: &bytes) { writer, element, bytes in
                writer.write(element, to: &bytes)
            }
        case .object(let members):
            let members = isWild ? members.shuffled(using: &random) : members
            writeList("{", members, "}", to: &bytes) { writer, member, bytes in
                writer.writeString(member.key, to: &bytes)
                writer.space(&bytes)
                bytes += Array(":".utf8)
                writer.space(&bytes)
                writer.write(member.value, to: &bytes)
            }
        }
    }

    private mutating func writeList<T>(
        _ open: String, _ elements: [T], _ close: String, to bytes: inout [UInt8],
        _ write: (inout TreeWriter, T, inout [UInt8]) -> Void
    ) {
        bytes += Array(open.utf8)
        for (index, element) in elements.enumerated() {
            if index > 0 { bytes += Array(",".utf8) }
            space(&bytes)
            write(&self, element, &bytes)
            space(&bytes)
        }
        if elements.isEmpty { space(&bytes) }
        bytes += Array(close.utf8)
    }

    private mutating func space(_ bytes: inout [UInt8]) {
        guard isWild, random.chance(20) else { return }
        bytes += (0...random.below(3)).map { _ in random.pick([0x20, 0x0A, 0x09, 0x0D]) }
    }

    private mutating func writeString(_ units: [UInt16], to bytes: inout [UInt8]) {
        bytes.append(0x22)
        var index = 0
        while index < units.count {
            let isPair =
                units[index] & 0xFC00 == 0xD800 && index + 1 < units.count
                && units[index + 1] & 0xFC00 == 0xDC00
            let count = isPair ? 2 : 1
            writeCharacter(Array(units[index..<(index + count)]), to: &bytes)
            index += count
        }
        bytes.append(0x22)
    }

    private mutating func writeCharacter(_ units: [UInt16], to bytes: inout [UInt8]) {
        let isLone = units.count == 1 && units[0] & 0xF800 == 0xD800
        let isSpecial = units[0] < 0x20 || units[0] == 0x22 || units[0] == 0x5C
        guard isLone || isSpecial || (isWild && random.chance(20)) else {
            bytes += Array(String(decoding: units, as: UTF16.self).utf8)
            return
        }
        let short: [UInt16: String] = [
            0x22: "\\\"", 0x5C: "\\\\", 0x2F: "\\/", 0x08: "\\b", 0x0A: "\\n",
        ]
        if let text = short[units[0]], random.chance(50) {
            bytes += Array(text.utf8)
            return
        }
        for unit in units {
            let hex = String(unit, radix: 16, uppercase: random.chance(50))
            bytes += Array(("\\u" + String(repeating: "0", count: 4 - hex.count) + hex).utf8)
        }
    }
}
