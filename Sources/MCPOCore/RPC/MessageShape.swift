// What kind of JSON-RPC message an envelope is.

/// The kinds of messages, told apart by their members.
package enum MessageShape {
    case request
    case notification
    case answer
    /// Not a message; the text says why.
    case invalid(String)

    /// Judges a message of the client strictly, as JSON-RPC 2.0 and MCP define it.
    package init(_ envelope: Envelope) {
        guard envelope.root.kind == .object else {
            self = .invalid("a message is a JSON object")
            return
        }
        guard envelope.isVersion2 else {
            self = .invalid(#"a message has "jsonrpc": "2.0""#)
            return
        }
        let hasID = envelope.id.kind == .string || envelope.id.kind == .integer
        switch (envelope.method.kind, envelope.id.kind) {
        case (.string, .absent): self = .notification
        case (.string, _) where hasID: self = .request
        case (.string, _): self = .invalid("an id is a string or an integer")
        case (.absent, _) where envelope.result.isPresent || envelope.error.isPresent:
            // Both at once, one of them null, is old JSON-RPC: the server judges it.
            // An error without an id is how a peer says that it could not read a message.
            let isNameless = !hasID && envelope.error.isPresent
            self = hasID || isNameless ? .answer : .invalid("an answer has the id of its request")
        case (.absent, _): self = .invalid("a message has a method, a result or an error")
        default: self = .invalid("a method is a string")
        }
    }
}

extension JSONFault {
    /// What is wrong with the line, for the error's message.
    package var complaint: String {
        switch self {
        case .syntax(let offset): "not JSON: unexpected byte at offset \(offset)"
        case .invalidUTF8(let offset): "not UTF-8 at offset \(offset)"
        case .tooDeep(let offset): "nested too deep at offset \(offset)"
        case .duplicateMember(let offset): "a member occurs twice, at offset \(offset)"
        }
    }
}

extension Method {
    /// The method of a request or notification.
    package static func of(_ line: RawSpan, _ envelope: Envelope) -> Method {
        let quoted = envelope.method.range
        let name = ByteRange(lower: quoted.lower + 1, upper: quoted.upper - 1)
        let method = named(line, name)
        return method == .unknown ? spelledWithEscapes(line, quoted) : method
    }

    /// Some encoders escape every slash: `"tools\/call"`.
    private static func spelledWithEscapes(_ line: RawSpan, _ quoted: ByteRange) -> Method {
        let lexeme = line.extracting(quoted.bounds)
        let hasEscape = lexeme.withUnsafeBytes { $0.contains(UInt8(ascii: "\\")) }
        guard hasEscape else { return .unknown }
        var name: [UInt8] = []
        decodeJSONString(line, quoted, into: &name)
        return named(name.span.bytes, ByteRange(0, name.count))
    }
}

extension RawSpan {
    /// A copy of the bytes.
    package var array: [UInt8] {
        withUnsafeBytes { Array($0) }
    }

    /// The beginning, for the log: enough to recognise a message or a stray print, little enough
    /// that a flood stays readable.
    package var excerpt: String {
        let text = extracting(first: min(byteCount, 500)).withUnsafeBytes {
            String(decoding: $0, as: UTF8.self)
        }
        return byteCount > 500 ? "\(text)… (\(byteCount) bytes)" : text
    }

    /// Whether there is nothing but JSON's insignificant space.
    package var isBlank: Bool {
        withUnsafeBytes { $0.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D || $0 == 0x0A } }
    }
}

extension Envelope {
    /// Reads a line where that is rare; the hot path scans into an envelope of its own.
    package init(scanning line: RawSpan) throws(JSONFault) {
        self.init()
        try Self.scan(line, into: &self)
    }
}
