// One pass over a line: is it valid JSON, and where are the members that mcpo decides on?
//
// Three kinds of objects are read key by key: the message, its `params` or `result`, and the
// `_meta` of that one. Any other value is checked and stepped over by `JSONGrammar`. All of it is
// one loop: entering one of the three objects changes `ObjectPath`, leaving it changes it back.
//
//     {"id":7,"params":{"_meta":{"progressToken":1},"arguments":{"deep":[[[]]]}}}
//     message  params   meta                        JSONGrammar.skipContainer

extension Envelope {
    /// Reads one line: exactly one JSON text (RFC 8259), which may have white space around it.
    ///
    /// `envelope` is written in place, because to return 230 bytes costs a tenth of the time that
    /// scanning a short request takes. After an error its content is meaningless.
    ///
    /// - Parameter maximumDepth: how many containers may be nested, at most 512.
    /// - Throws: `.duplicateMember` only when the line is valid JSON; `.tooDeep` as soon as that is
    ///   noticed.
    package static func scan(
        _ line: RawSpan, maximumDepth: Int = 512, into envelope: inout Envelope
    ) throws(JSONFault) {
        // Offsets are stored in 32 bits.
        guard line.byteCount < Int(UInt32.max) else { throw .syntax(offset: Int(UInt32.max)) }
        envelope = Envelope()
        let scanner = EnvelopeScanner(maximumDepth: min(maximumDepth, JSONGrammar.deepest))
        try scanner.scan(line, &envelope)
    }
}

private struct EnvelopeScanner {
    let maximumDepth: Int

    func scan(_ line: RawSpan, _ envelope: inout Envelope) throws(JSONFault) {
        let start = JSONGrammar.skipWhitespace(line, 0)
        var lexeme = JSONLexeme(end: start, kind: .object)
        var duplicate = -1
        if line.byte(start) == 0x7B {
            lexeme.end = try object(line, start, .message, &envelope, &duplicate)
        } else {
            lexeme = try JSONGrammar.skipValue(line, start, depth: 0, maximumDepth: maximumDepth)
        }
        let end = JSONGrammar.skipLongWhitespace(line, lexeme.end)
        guard end == line.byteCount else { throw .syntax(offset: end) }
        if duplicate >= 0 { throw .duplicateMember(offset: duplicate) }
        envelope.root = JSONValue(range: ByteRange(start, lexeme.end), kind: lexeme.kind)
        if envelope.params.isPresent, envelope.result.isPresent {
            try preferParams(line, &envelope)
        }
    }

    /// A message with `params` and `result` is no JSON-RPC. It is read again so that `_meta` is
    /// that of `params`, in whichever order the two are.
    @inline(never)
    private func preferParams(_ line: RawSpan, _ envelope: inout Envelope) throws(JSONFault) {
        envelope.meta = .absent
        envelope.metaProgressToken = .absent
        envelope.metaProtocolVersion = .absent
        envelope.metaSubscriptionID = .absent
        guard envelope.params.kind == .object else { return }
        var duplicate = -1
        _ = try object(
            line, envelope.params.range.bounds.lowerBound, .params, &envelope, &duplicate)
    }

    /// Reads the object at `start`; returns the offset after it. Sets `duplicate` to the offset of
    /// the first key that is there for the second time.
    private func object(
        _ line: RawSpan, _ start: Int, _ outermost: EnvelopeLevel,
        _ envelope: inout Envelope, _ duplicate: inout Int
    ) throws(JSONFault) -> Int {
        var path = ObjectPath(outermost, start)
        guard outermost.depth < maximumDepth else { throw .tooDeep(offset: start) }
        var offset = JSONGrammar.skipWhitespace(line, start &+ 1)
        var isEmpty = line.byte(offset) == 0x7D
        while true {
            if !isEmpty {
                let keyStart = offset
                let member = try key(line, &offset, path.level)
                if !path.isFirst(member), duplicate < 0 { duplicate = keyStart }
                if line.byte(offset) == 0x7B, let inner = member.level {
                    guard inner.depth < maximumDepth else { throw .tooDeep(offset: offset) }
                    path.enter(inner, offset)
                    offset = JSONGrammar.skipWhitespace(line, offset &+ 1)
                    isEmpty = line.byte(offset) == 0x7D
                    continue
                }
                offset = try value(line, offset, member, path.level, &envelope)
            }
            isEmpty = false
            if try closeObjects(line, &offset, &path, outermost, &envelope) { return offset }
        }
    }

    /// After a value: leaves the objects that end here. True if the outermost one is among them;
    /// otherwise `offset` is moved to the next key.
    @inline(always)
    private func closeObjects(
        _ line: RawSpan, _ offset: inout Int, _ path: inout ObjectPath,
        _ outermost: EnvelopeLevel, _ envelope: inout Envelope
    ) throws(JSONFault) -> Bool {
        while true {
            let byte = JSONGrammar.skipToByte(line, &offset)
            if byte == 0x2C {
                offset = JSONGrammar.skipWhitespace(line, offset &+ 1)
                return false
            }
            guard byte == 0x7D else { throw .syntax(offset: offset) }
            offset &+= 1
            if path.level == outermost { return true }
            path.leave(offset, &envelope)
        }
    }

    /// Reads a key and the colon after it; moves `offset` to the value.
    @inline(always)
    private func key(
        _ line: RawSpan, _ offset: inout Int, _ level: EnvelopeLevel
    ) throws(JSONFault) -> EnvelopeMember {
        guard line.byte(offset) == 0x22 else { throw .syntax(offset: offset) }
        let key = EnvelopeKey(line, offset &+ 1, level)
        var member = key.member
        if member != .other {
            offset = key.end
        } else {
            let start = offset
            var hasEscape = false
            offset = try JSONStringGrammar.end(line, start &+ 1, hasEscape: &hasEscape)
            if hasEscape { member = .init(escapedKey: ByteRange(start, offset), line, level) }
        }
        guard JSONGrammar.skipToByte(line, &offset) == 0x3A else { throw .syntax(offset: offset) }
        offset = JSONGrammar.skipWhitespace(line, offset &+ 1)
        return member
    }

    /// Reads the value of a member and stores where it is, if it matters.
    @inline(always)
    private func value(
        _ line: RawSpan, _ start: Int, _ member: EnvelopeMember, _ level: EnvelopeLevel,
        _ envelope: inout Envelope
    ) throws(JSONFault) -> Int {
        if member == .jsonrpc, LineWord(line, start).starts(with: "\"2.0\"") {
            envelope.isVersion2 = true
            return start &+ 5
        }
        let lexeme = try JSONGrammar.skipValue(
            line, start, depth: level.depth &+ 1, maximumDepth: maximumDepth)
        let value = JSONValue(range: ByteRange(start, lexeme.end), kind: lexeme.kind)
        if member == .jsonrpc { envelope.isVersion2 = line.stringEquals(value, "2.0") }
        envelope.store(value, member)
        return lexeme.end
    }
}

/// Which object is being read, where it and those around it start, and what it has had so far.
private struct ObjectPath {
    private(set) var level: EnvelopeLevel
    /// `params` or `result`, while inside it.
    private var section = EnvelopeLevel.params
    private var sectionStart: Int
    private var metaStart: Int
    /// A bit for each `EnvelopeMember`. Objects that are open at the same time share none, so one
    /// word serves all of them.
    private var seen: UInt32 = 0

    @inline(always)
    init(_ level: EnvelopeLevel, _ start: Int) {
        self.level = level
        section = level
        sectionStart = start
        metaStart = start
    }

    /// Whether the member has not been seen in this object before; notes it.
    @inline(always)
    mutating func isFirst(_ member: EnvelopeMember) -> Bool {
        let bit = Self.bit(member)
        defer { seen = (seen | bit) & ~Self.bit(.other) }
        return seen & bit == 0
    }

    @inline(always)
    mutating func enter(_ inner: EnvelopeLevel, _ start: Int) {
        level = inner
        if inner == .meta {
            metaStart = start
            seen &= ~Self.metaMembers
        } else {
            section = inner
            sectionStart = start
            seen &= ~(Self.metaMembers | Self.bit(.meta))
        }
    }

    /// Ends an inner object before `end`, and stores where it is.
    @inline(always)
    mutating func leave(_ end: Int, _ envelope: inout Envelope) {
        switch level {
        case .message: return
        case .params:
            envelope.params = JSONValue(range: ByteRange(sectionStart, end), kind: .object)
        case .result:
            envelope.result = JSONValue(range: ByteRange(sectionStart, end), kind: .object)
        case .meta: envelope.meta = JSONValue(range: ByteRange(metaStart, end), kind: .object)
        }
        level = level == .meta ? section : .message
    }

    private static let metaMembers =
        bit(.metaProgressToken) | bit(.metaProtocolVersion) | bit(.metaSubscriptionID)

    @inline(always)
    private static func bit(_ member: EnvelopeMember) -> UInt32 { 1 &<< UInt32(member.rawValue) }
}

extension Envelope {
    @inline(always)
    fileprivate mutating func store(_ value: JSONValue, _ member: EnvelopeMember) {
        switch member {
        case .other, .jsonrpc: break
        case .id: id = value
        case .method: method = value
        case .params: params = value
        case .result: result = value
        case .error: error = value
        case .name: name = value
        case .uri: uri = value
        case .cursor: cursor = value
        case .arguments: arguments = value
        case .requestID: requestID = value
        case .progressToken: progressToken = value
        case .task: task = value
        case .resultType: resultType = value
        case .resultTask: resultTask = value
        case .resultIsError: resultIsError = value
        case .resultTTL: resultTTL = value
        case .meta: meta = value
        case .metaProgressToken: metaProgressToken = value
        case .metaProtocolVersion: metaProtocolVersion = value
        case .metaSubscriptionID: metaSubscriptionID = value
        }
    }
}
