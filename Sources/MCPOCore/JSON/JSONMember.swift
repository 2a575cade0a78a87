// Looking up one member of one object: for what is read once per connection, not per message.

extension RawSpan {
    /// The value of the first member of `object` whose key is `key`; `.absent` if there is none or
    /// `object` is no object. The line must have been accepted by `Envelope.scan`.
    package func member(_ key: StaticString, of object: JSONValue) -> JSONValue {
        guard object.kind == .object else { return .absent }
        var offset = JSONGrammar.skipWhitespace(self, Int(object.range.lower) &+ 1)
        while byte(offset) == 0x22 {
            guard
                let name = try? JSONGrammar.skipValue(
                    self, offset, depth: 0, maximumDepth: JSONGrammar.deepest)
            else { return .absent }
            let colon = JSONGrammar.skipWhitespace(self, name.end)
            let start = JSONGrammar.skipWhitespace(self, colon &+ 1)
            guard
                let value = try? JSONGrammar.skipValue(
                    self, start, depth: 0, maximumDepth: JSONGrammar.deepest)
            else { return .absent }
            let quoted = JSONValue(range: ByteRange(offset, name.end), kind: .string)
            if stringEquals(quoted, key) {
                return JSONValue(range: ByteRange(start, value.end), kind: value.kind)
            }
            let comma = JSONGrammar.skipWhitespace(self, value.end)
            offset = JSONGrammar.skipWhitespace(self, comma &+ 1)
        }
        return .absent
    }

    /// Whether all keys of `object` are among `keys`. The line must have been accepted by
    /// `Envelope.scan`.
    package func hasOnlyMembers(_ keys: [StaticString], in object: JSONValue) -> Bool {
        var members = ObjectMembers(self, of: object)
        while let member = members.next(self) {
            var isKnown = false
            for key in keys where member.isNamed(key, self) { isKnown = true }
            if !isKnown { return false }
        }
        return true
    }
}
