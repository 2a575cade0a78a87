// The JSON object that a request may bear.

internal import MCPOCore

struct RequestBody {
    /// A string that was given, or was not.
    struct Text {
        var value: String?
    }

    private let bytes: [UInt8]
    private let root: JSONValue

    static let refusal = HTTPResponse.error(.badRequest, "the body must be a JSON object, or empty")

    /// nil for what is no JSON object. An empty body is an empty object.
    init?(_ body: [UInt8]) {
        let isEmpty = body.allSatisfy { isBlank($0) || $0 == 0x0D || $0 == 0x0A }
        let bytes = isEmpty ? Array("{}".utf8) : body
        var envelope = Envelope()
        guard (try? Envelope.scan(bytes.span.bytes, into: &envelope)) != nil,
            envelope.root.kind == .object
        else { return nil }
        self.bytes = bytes
        root = envelope.root
    }

    /// Whether there is no member but these: a slip of the keyboard must not mean "all".
    func hasOnly(_ keys: [StaticString]) -> Bool {
        bytes.span.bytes.hasOnlyMembers(keys, in: root)
    }

    /// nil for a member that is no string; one that is absent or null has no value.
    func text(_ key: StaticString) -> Text? {
        let value = bytes.span.bytes.member(key, of: root)
        switch value.kind {
        case .absent, .null: return Text(value: nil)
        case .string:
            var text: [UInt8] = []
            decodeJSONString(bytes.span.bytes, value.range, into: &text)
            return Text(value: String(decoding: text, as: UTF8.self))
        default: return nil
        }
    }

    /// nil for a member that is no whole number of up to six digits.
    func count(_ key: StaticString) -> Int? {
        let value = bytes.span.bytes.member(key, of: root)
        guard value.kind == .integer, value.range.count <= 6 else { return nil }
        var count = 0
        for byte in bytes[value.range.bounds] {
            guard isDigit(byte) else { return nil }
            count = 10 * count + Int(byte - UInt8(ascii: "0"))
        }
        return count
    }
}
