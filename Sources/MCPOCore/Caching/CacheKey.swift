// What makes two requests the same: the key under which an answer is stored (SPEC §5, *Key*).
//
// A key is a row of parts, each with its length in front (four bytes, little-endian), so that no two
// rows have the same bytes:
//
//     server        what the server is: command, args, env, cwd, or url and headers
//     era           "L" or "M"
//     revision      protocol revision   \  of a modern request its own, in canonical form;
//     capabilities  of the client       /  of a legacy one what its session has agreed
//     method        "tools/call"
//     params        in canonical form, without `_meta`: {"arguments":{…},"name":"add"}
//
// A hit compares all bytes. The hash only finds the candidates; it is the same in every process, so
// that it can be stored with the key.

/// The key of one request.
package struct CacheKey: Sendable {
    package let hash: UInt64
    package let bytes: [UInt8]

    /// A key from its bytes, as a store keeps them.
    package init(bytes: [UInt8]) {
        self.bytes = bytes
        hash = ByteHash.hash(bytes)
    }
}

extension CacheKey: Hashable {
    package static func == (left: CacheKey, right: CacheKey) -> Bool {
        left.hash == right.hash && left.bytes == right.bytes
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(hash)
    }
}

/// Why a request has no key, and so is neither looked up nor stored.
package enum NoKeyReason: Error, Equatable, Sendable {
    /// No answer to this method is ever stored.
    case method
    /// `params` has a member with which an answer belongs to one exchange alone.
    case inputResponses, requestState, task
    /// An object has a key twice: servers could read it differently.
    case duplicateKeys
    /// `params` is there and no object.
    case paramsNoObject
    /// More than `CacheKeyMaker.maximumParamsBytes`.
    case tooLarge
    /// Too many levels of nesting are out of order (`CanonicalJSON.moveFactor`).
    case tooTangled
}

/// Makes the keys of one server's requests.
package struct CacheKeyMaker: Sendable {
    /// Longer `params` have no key. A key is kept as long as its answer; arguments that long are
    /// documents to be written, not questions that come again.
    package static let maximumParamsBytes = 1024 * 1024

    private var json = CanonicalJSON()
    /// The first part.
    private let server: [UInt8]
    /// The parts from `era` to `capabilities` of legacy requests.
    private var session: [UInt8]
    /// All parts but the last one of a legacy `tools/call`.
    private var callParts: [UInt8]

    /// - Parameter identity: whatever tells this server from every other one, account included, in
    ///   one and the same way each time. It is part of every key: a few hundred bytes are well.
    package init(identity: [UInt8]) {
        server = Self.part(identity)
        session = Self.sessionParts(revision: [], capabilities: [])
        callParts = server + session + Self.toolsCall
    }

    /// Sets what the legacy session has agreed: the bytes of `protocolVersion` in the server's
    /// answer, and of the client's `capabilities`.
    package mutating func agree(revision: [UInt8], capabilities: [UInt8]) {
        session = Self.sessionParts(revision: revision, capabilities: capabilities)
        callParts = server + session + Self.toolsCall
    }

    /// The key of a request whose line `Envelope.scan` has accepted.
    ///
    /// - Parameter meta: of this request; only a modern one's is looked at.
    package mutating func key(
        _ line: RawSpan, _ envelope: Envelope, _ method: Method, _ era: Era, _ meta: RequestMeta
    ) throws(NoKeyReason) -> CacheKey {
        var key = KeptBytes()
        _ = try make(line, envelope, method, era, meta, into: &key)
        return CacheKey(bytes: Array(key.bytes))
    }

    /// The same into memory that is there already.
    /// - Returns: the key's hash.
    mutating func make(
        _ line: RawSpan, _ envelope: Envelope, _ method: Method, _ era: Era, _ meta: RequestMeta,
        into key: inout KeptBytes
    ) throws(NoKeyReason) -> UInt64 {
        guard method.hasStorableAnswer else { throw .method }
        let params = envelope.params
        guard params.range.count <= Self.maximumParamsBytes else { throw .tooLarge }
        guard params.kind == .object || !params.isPresent else { throw .paramsNoObject }
        if era == .legacy, method == .callTool, let call = PlainCall(line, envelope) {
            write(call, line, into: &key)
            return ByteHash.hash(key.bytes.bytes, 0, key.count)
        }
        json.written = 0
        json.append(server)
        switch era {
        case .legacy: json.append(session)
        case .modern: try appendModern(line, meta)
        }
        json.appendPart(line, unquoted(envelope.method.range))
        if params.isPresent {
            try appendPart(line, params, .params, meta: envelope.meta.range)
        } else {
            json.append(Self.noParams)
        }
        key.begin(json.written)
        let count = json.written
        json.output.withUnsafeBytes { key.append(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        return ByteHash.hash(key.bytes.bytes, 0, count)
    }

    /// The key of a call whose parts are canonical as they are: they only change places.
    private func write(_ call: PlainCall, _ line: RawSpan, into key: inout KeptBytes) {
        let (before, between, after): (StaticString, StaticString, StaticString) =
            (#"{"arguments":"#, #","name":"#, "}")
        let count =
            before.utf8CodeUnitCount + call.arguments.count + between.utf8CodeUnitCount
            + call.name.count + after.utf8CodeUnitCount
        key.begin(callParts.count + 4 + count)
        callParts.withUnsafeBytes { key.append($0) }
        key.append(length: count)
        line.withUnsafeBytes { bytes in
            key.append(before)
            key.append(UnsafeRawBufferPointer(rebasing: bytes[call.arguments.bounds]))
            key.append(between)
            key.append(UnsafeRawBufferPointer(rebasing: bytes[call.name.bounds]))
            key.append(after)
        }
    }

    private mutating func appendModern(
        _ line: RawSpan, _ meta: RequestMeta
    ) throws(NoKeyReason) {
        guard !meta.hasDuplicates else { throw .duplicateKeys }
        json.append(Self.modern)
        try appendOptional(line, meta.protocolVersion)
        try appendOptional(line, meta.clientCapabilities)
    }

    private mutating func appendOptional(
        _ line: RawSpan, _ value: JSONValue
    ) throws(NoKeyReason) {
        guard value.isPresent else { return json.append(Self.nothing) }
        try appendPart(line, value, .kept)
    }

    private mutating func appendPart(
        _ line: RawSpan, _ value: JSONValue, _ outermost: CanonicalJSON.Outermost,
        meta: ByteRange = .none
    ) throws(NoKeyReason) {
        let start = json.beginPart()
        switch json.write(line, value, outermost, meta: meta) {
        case .done: json.endPart(start)
        case .duplicateKeys, .malformed: throw .duplicateKeys
        case .tooTangled: throw .tooTangled
        case .inputResponses: throw .inputResponses
        case .requestState: throw .requestState
        case .task: throw .task
        }
    }

    private func unquoted(_ range: ByteRange) -> ByteRange {
        ByteRange(lower: range.lower &+ 1, upper: range.upper &- 1)
    }

    private static let toolsCall: [UInt8] = part(Array("tools/call".utf8))
    private static let modern: [UInt8] = part([0x4D])
    private static let nothing: [UInt8] = part([])
    /// Requests without `params` mean the same as with empty ones.
    private static let noParams: [UInt8] = part([0x7B, 0x7D])

    private static func sessionParts(revision: [UInt8], capabilities: [UInt8]) -> [UInt8] {
        part([0x4C]) + part(revision) + part(capabilities)
    }

    private static func part(_ bytes: [UInt8]) -> [UInt8] {
        let count = UInt32(truncatingIfNeeded: bytes.count)
        return (0..<4).map { UInt8(truncatingIfNeeded: count &>> (8 * $0)) } + bytes
    }
}

// MARK: - Parts

extension CanonicalJSON {
    fileprivate mutating func append(_ bytes: [UInt8]) {
        reserve(bytes.count)
        append(bytes.span.bytes, 0, bytes.count)
    }

    /// A part that is copied as it is.
    fileprivate mutating func appendPart(_ line: RawSpan, _ range: ByteRange) {
        let start = beginPart()
        reserve(range.count)
        append(line, Int(range.lower), Int(range.upper))
        endPart(start)
    }

    /// Leaves room for a part's length; returns where the part begins.
    fileprivate mutating func beginPart() -> Int {
        reserve(4)
        written += 4
        return written
    }

    fileprivate mutating func endPart(_ start: Int) {
        let count = UInt32(truncatingIfNeeded: written - start)
        for index in 0..<4 {
            output[start - 4 + index] = UInt8(truncatingIfNeeded: count &>> UInt32(8 * index))
        }
    }
}

extension Method {
    /// Whether an answer to it may be stored at all (SPEC §5, *What may be stored*).
    package var hasStorableAnswer: Bool {
        switch self {
        case .discover, .listTools, .listPrompts, .listResources, .listResourceTemplates,
            .readResource, .callTool, .getPrompt, .complete:
            true
        case .initialize, .ping, .subscribeResource, .unsubscribeResource, .setLogLevel, .listen,
            .initialized, .cancelled, .progress, .acknowledged, .toolsChanged, .promptsChanged,
            .resourcesChanged, .resourceUpdated, .taskStatus, .unknown:
            false
        }
    }
}
