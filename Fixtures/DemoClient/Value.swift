// Reading answers with the core's own scanner.

import MCPOCore

/// A JSON value in a line.
struct Value {
    private let line: [UInt8]
    private let value: JSONValue

    /// The value that a line is; absent when the line is not JSON.
    init(_ line: String) {
        let bytes = Array(line.utf8)
        self.line = bytes
        value = (try? Envelope(scanning: bytes.span.bytes))?.root ?? .absent
    }

    private init(line: [UInt8], value: JSONValue) {
        self.line = line
        self.value = value
    }

    /// The value as it is written.
    var json: String { String(decoding: line[value.range.bounds], as: UTF8.self) }

    /// The text of a string.
    var text: String {
        var bytes: [UInt8] = []
        decodeJSONString(line.span.bytes, value.range, into: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    func member(_ key: StaticString) -> Value? {
        let member = line.span.bytes.member(key, of: value)
        return member.isPresent ? Value(line: line, value: member) : nil
    }

    /// The elements of the array that is a member.
    func elements(_ key: StaticString) -> [Value] {
        guard let array = member(key) else { return [] }
        var elements = BatchElements(line.span.bytes, array.value)
        var found: [Value] = []
        while let element = elements.next(line.span.bytes) {
            found.append(Value(line: line, value: element))
        }
        return found
    }

    /// Whether this description of a tool requires no argument.
    var needsNoArgument: Bool {
        member("inputSchema")?.elements("required").isEmpty ?? true
    }
}
