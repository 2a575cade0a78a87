// From a client's request to the one that a server of a gateway gets.
//
//     client, legacy    {"id":"a7","method":"tools/call","params":{"name":"gh__add","arguments":{}}}
//     server, modern    {"id":42,"method":"tools/call","params":{
//                        "_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28", …},
//                        "name":"add","arguments":{}}}
//
// Everything that is not named here stays as the client has written it.

/// What a modern server is told with each request in the name of a legacy client.
package struct ModernMeta: Equatable, Sendable {
    /// Members of `_meta` without braces: `"key":value`, one behind the other.
    fileprivate let members: [[UInt8]]

    /// - Parameters:
    ///   - revision: the server's, such as `2026-07-28`.
    ///   - clientInfo: the object of the client's `initialize`; empty when it had none.
    ///   - clientCapabilities: likewise; empty stands for `{}`, since it must be there.
    package init(revision: String, clientInfo: [UInt8], clientCapabilities: [UInt8]) {
        var version: [UInt8] = []
        appendJSONString(revision, to: &version)
        let capabilities = clientCapabilities.isEmpty ? Array("{}".utf8) : clientCapabilities
        members = [
            Self.member(Self.versionKey, version), Self.member(Self.infoKey, clientInfo),
            Self.member(Self.capabilitiesKey, capabilities),
        ]
    }

    fileprivate static let versionKey: StaticString = "io.modelcontextprotocol/protocolVersion"
    fileprivate static let infoKey: StaticString = "io.modelcontextprotocol/clientInfo"
    fileprivate static let capabilitiesKey: StaticString =
        "io.modelcontextprotocol/clientCapabilities"

    /// Empty without a value.
    private static func member(_ key: StaticString, _ value: [UInt8]) -> [UInt8] {
        value.isEmpty ? [] : Array("\"\(key)\":".utf8) + value
    }
}

extension LineRewrite {
    /// Gives the request mcpo's own number as its id, and as its progress token if it has one.
    package mutating func number(_ envelope: Envelope, _ number: UInt32) {
        replace(envelope.id.range, withNumber: number)
        let token = envelope.metaProgressToken.kind
        if token == .string || token == .integer {
            replace(envelope.metaProgressToken.range, withNumber: number)
        }
    }

    /// Writes an entry's own name where the client has written the exposed one.
    ///
    /// - Parameter name: where that is: `params.name`, or `params.ref.name` of a completion.
    package mutating func rename(_ name: JSONValue, to list: EntryListContent, _ entry: Int) {
        replace(name.range, with: Array(list.keyLexeme(entry)))
    }

    /// Adds to `params._meta` what the request does not have: `params` and `_meta` come into being
    /// where they are missing, or null. A request whose `params` or `_meta` is of another kind is
    /// not changed: the server judges it.
    ///
    /// - Parameters:
    ///   - meta: nil for a server of the client's era.
    ///   - progressToken: asks for progress under that number, if the client does not itself.
    package mutating func addMeta(
        _ line: RawSpan, _ envelope: Envelope, _ meta: ModernMeta?, progressToken: UInt32? = nil
    ) {
        var members = missing(line, envelope, meta)
        if let progressToken, !envelope.metaProgressToken.isPresent {
            members.insert(Array(#""progressToken":\#(progressToken)"#.utf8), at: 0)
        }
        guard !members.isEmpty else { return }
        let list = Array(members.joined(separator: [UInt8(ascii: ",")]))
        let object = [UInt8(ascii: "{")] + list + [UInt8(ascii: "}")]
        switch (envelope.params.kind, envelope.meta.kind) {
        case (.object, .object): insert(list, into: envelope.meta, line)
        case (.object, .null): replace(envelope.meta.range, with: object)
        case (.object, .absent):
            insert(Array(#""_meta":"#.utf8) + object, into: envelope.params, line)
        case (.null, _): replace(envelope.params.range, with: Self.params(object))
        case (.absent, _):
            insert(Array(#""params":"#.utf8) + Self.params(object), into: envelope.root, line)
        default: break
        }
    }

    private static func params(_ meta: [UInt8]) -> [UInt8] {
        Array(#"{"_meta":"#.utf8) + meta + [UInt8(ascii: "}")]
    }

    /// Puts a member before those of an object.
    private mutating func insert(_ member: [UInt8], into object: JSONValue, _ line: RawSpan) {
        let comma = line.isObjectEmpty(object) ? [] : [UInt8(ascii: ",")]
        insert(member + comma, at: Int(object.range.lower) + 1)
    }

    /// What of `meta` the request has not itself.
    private func missing(
        _ line: RawSpan, _ envelope: Envelope, _ meta: ModernMeta?
    ) -> [[UInt8]] {
        guard let meta else { return [] }
        let keys = [ModernMeta.versionKey, ModernMeta.infoKey, ModernMeta.capabilitiesKey]
        return zip(keys, meta.members).compactMap { key, member in
            member.isEmpty || line.member(key, of: envelope.meta).isPresent ? nil : member
        }
    }
}

/// What a completion is asked for (`completion/complete`): `params.ref`.
package enum CompletionReference: Equatable, Sendable {
    /// `{"type":"ref/prompt","name":…}`; the name.
    case prompt(JSONValue)
    /// `{"type":"ref/resource","uri":…}`; a URI or a template.
    case resource(JSONValue)

    /// - Returns: nil for what is neither.
    package init?(_ line: RawSpan, _ envelope: Envelope) {
        let reference = line.member("ref", of: envelope.params)
        let type = line.member("type", of: reference)
        if line.stringEquals(type, "ref/prompt") {
            self = .prompt(line.member("name", of: reference))
        } else if line.stringEquals(type, "ref/resource") {
            self = .resource(line.member("uri", of: reference))
        } else {
            return nil
        }
    }
}
