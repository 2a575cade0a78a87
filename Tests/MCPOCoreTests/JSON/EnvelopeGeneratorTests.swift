// Generated messages, of which the generator knows where every member is.
//
// `MessageWriter` writes a message byte by byte and notes the range of each captured member as it
// writes it; the scanner must find the same. Members come in random order, among others of no
// interest, with random white space and now and then an escaped key. The skimmer must find the
// same `id`, fed whole, byte by byte and in random pieces.

import MCPOCore
import Testing

private struct MessageWriter {
    var json: RandomJSON
    var line = ""
    var envelope = Envelope()

    typealias Path = WritableKeyPath<Envelope, JSONValue>

    init(seed: UInt64) { json = RandomJSON(seed: seed) }

    mutating func key(_ name: String) {
        line += json.space() + "\""
        for character in name.unicodeScalars {
            if json.chance(1) {
                let hex = String(character.value, radix: 16, uppercase: json.chance(50))
                line += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            } else {
                line.unicodeScalars.append(character)
            }
        }
        line += "\"" + json.space() + ":" + json.space()
    }

    static func kind(_ text: String) -> JSONKind {
        switch text.first {
        case "{": .object
        case "[": .array
        case "\"": .string
        case "t": .true
        case "f": .false
        case "n": .null
        default: text.contains(where: { ".eE".contains($0) }) ? .number : .integer
        }
    }

    /// A member with a random value, noted at `path`.
    mutating func member(_ name: String, _ path: Path) {
        key(name)
        let value = json.value(depth: 3)
        let start = line.utf8.count
        line += value
        envelope[keyPath: path] = JSONValue(
            range: ByteRange(start, line.utf8.count), kind: Self.kind(value))
    }

    mutating func version() {
        key("jsonrpc")
        envelope.isVersion2 = json.chance(80)
        line += envelope.isVersion2 ? "\"2.0\"" : json.pick(["\"2\"", "2.0", "null", "{}"])
    }

    /// An object of some of the members and some others; noted at `path`.
    mutating func object(_ path: Path, _ members: [(inout MessageWriter) -> Void]) {
        let start = line.utf8.count
        line += "{"
        var writers = members.filter { _ in json.chance(70) }
        for index in 0..<Int.random(in: 0...2, using: &json.random) {
            writers.append { writer in
                writer.key(
                    writer.json.pick(["x\(index)", "Id\(index)", "names\(index)", "\(index)"]))
                writer.line += writer.json.value(depth: 2)
            }
        }
        writers.shuffle(using: &json.random)
        if writers.isEmpty { line += json.space() }
        for (index, write) in writers.enumerated() {
            if index > 0 { line += json.space() + "," }
            write(&self)
            line += json.space()
        }
        line += "}"
        envelope[keyPath: path] = JSONValue(
            range: ByteRange(start, line.utf8.count), kind: .object)
    }

    static func simple(_ name: String, _ path: Path) -> (inout MessageWriter) -> Void {
        { $0.member(name, path) }
    }

    static func nested(
        _ name: String, _ path: Path, _ members: [(inout MessageWriter) -> Void]
    ) -> (inout MessageWriter) -> Void {
        { writer in
            if writer.json.chance(10) { return writer.scalar(name, path) }
            writer.key(name)
            writer.object(path, members)
        }
    }

    mutating func scalar(_ name: String, _ path: Path) {
        key(name)
        let start = line.utf8.count
        let value = json.number()
        line += value
        envelope[keyPath: path] = JSONValue(
            range: ByteRange(start, line.utf8.count), kind: Self.kind(value))
    }

    mutating func message() {
        let meta = Self.nested(
            "_meta", \.meta,
            [
                Self.simple("progressToken", \.metaProgressToken),
                Self.simple("io.modelcontextprotocol/protocolVersion", \.metaProtocolVersion),
                Self.simple("io.modelcontextprotocol/subscriptionId", \.metaSubscriptionID),
            ])
        let params = Self.nested(
            "params", \.params,
            [
                meta, Self.simple("name", \.name), Self.simple("uri", \.uri),
                Self.simple("cursor", \.cursor), Self.simple("arguments", \.arguments),
                Self.simple("requestId", \.requestID), Self.simple("task", \.task),
                Self.simple("progressToken", \.progressToken),
            ])
        let result = Self.nested(
            "result", \.result,
            [meta, Self.simple("resultType", \.resultType), Self.simple("task", \.resultTask)])
        line += json.space()
        object(
            \.root,
            [
                { $0.version() }, Self.simple("id", \.id), Self.simple("method", \.method),
                Self.simple("error", \.error), json.chance(50) ? params : result,
            ])
        line += json.space()
    }
}

@Suite("Generated messages")
struct EnvelopeGeneratorTests {
    @Test("The members of 5,000 generated messages are found exactly where they were written")
    func members() throws {
        for seed in 0..<5000 {
            var writer = MessageWriter(seed: UInt64(seed))
            writer.message()
            #expect(try scan(writer.line) == writer.envelope, "seed \(seed): \(writer.line)")
        }
    }

    @Test("The skimmer finds the same id in 2,000 messages, fed whole, by the byte and in pieces")
    func skimmer() throws {
        for seed in 0..<2000 {
            var writer = MessageWriter(seed: 50_000 + UInt64(seed))
            writer.message()
            let bytes = Array(writer.line.utf8)
            let expected = writer.envelope
            let hasID =
                [.string, .integer].contains(expected.id.kind) && expected.id.range.count <= 256
            let id = hasID ? Array(bytes[expected.id.range.bounds]) : nil
            for size in [bytes.count, 1, 0] {
                let skimmer = skim(bytes, size: size, &writer.json.random)
                #expect(skimmer.id == id, "seed \(seed): \(writer.line)")
                if hasID { #expect(skimmer.idKind == expected.id.kind) }
                #expect(skimmer.hasMethod == expected.method.isPresent)
                #expect(
                    skimmer.hasResultOrError
                        == (expected.result.isPresent || expected.error.isPresent))
            }
        }
    }
}

/// Feeds a skimmer pieces of the given size, random ones if it is 0.
func skim(_ bytes: [UInt8], size: Int, _ random: inout SplitMix64) -> EnvelopeSkimmer {
    var skimmer = EnvelopeSkimmer()
    var start = 0
    while start < bytes.count {
        let length = size == 0 ? Int.random(in: 0...20, using: &random) : size
        let end = min(start + length, bytes.count)
        skimmer.feed(bytes.span.bytes.extracting(start..<end))
        start = end
    }
    return skimmer
}
