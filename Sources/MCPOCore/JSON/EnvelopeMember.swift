// Which member of the envelope a key is: the one list of the keys that mcpo reads.
//
// A key is compared where it stands in the line: of `{"id":7}` the bytes from offset 2 are loaded
// as one little-endian word, and its lowest three are 0x226469, `id"`.

/// The objects whose members are noted.
enum EnvelopeLevel: UInt8 {
    case message, params, result, meta

    /// How many containers such an object is in.
    var depth: Int {
        switch self {
        case .message: 0
        case .params, .result: 1
        case .meta: 2
        }
    }
}

/// A member that is noted; `other` is any that is not.
enum EnvelopeMember: UInt8 {
    case other
    case jsonrpc, id, method, params, result, error
    case name, uri, cursor, arguments, requestID, progressToken, task
    case resultType, resultTask, resultIsError, resultTTL
    case meta
    case metaProgressToken, metaProtocolVersion, metaSubscriptionID

    /// The object that is read key by key if it is the value of this member.
    @inline(always)
    var level: EnvelopeLevel? {
        switch self {
        case .params: .params
        case .result: .result
        case .meta: .meta
        default: nil
        }
    }
}

/// A key of a line that is one of those that mcpo reads.
///
/// The key is not searched for its end first: `method"` is compared with the line, closing quote
/// included, as one word of up to eight bytes. A key written with escapes is not found this way.
struct EnvelopeKey {
    /// `.other` when the key is none of them.
    private(set) var member = EnvelopeMember.other
    /// The offset after the closing quote; meaningless when the key is none of them.
    private(set) var end: Int
    private let word: LineWord

    /// The key whose first byte, after the opening quote, is at `offset`.
    @inline(always)
    init(_ line: RawSpan, _ offset: Int, _ level: EnvelopeLevel) {
        end = offset
        word = LineWord(line, offset)
        switch level {
        case .message: matchMessage()
        case .params: matchParams(line)
        case .result: matchResult(line)
        case .meta: matchMeta(line)
        }
    }

    @inline(always)
    private mutating func matchMessage() {
        _ =
            matches("jsonrpc\"", .jsonrpc) || matches("id\"", .id) || matches("method\"", .method)
            || matches("params\"", .params) || matches("result\"", .result)
            || matches("error\"", .error)
    }

    @inline(always)
    private mutating func matchParams(_ line: RawSpan) {
        _ =
            matches("name\"", .name) || matchesLong("arguments\"", .arguments, line)
            || matches("_meta\"", .meta) || matches("uri\"", .uri)
            || matches("cursor\"", .cursor) || matches("task\"", .task)
            || matchesLong("requestId\"", .requestID, line)
            || matchesLong("progressToken\"", .progressToken, line)
    }

    @inline(always)
    private mutating func matchResult(_ line: RawSpan) {
        _ =
            matches("_meta\"", .meta) || matches("isError\"", .resultIsError)
            || matches("task\"", .resultTask) || matches("ttlMs\"", .resultTTL)
            || matchesLong("resultType\"", .resultType, line)
    }

    @inline(always)
    private mutating func matchMeta(_ line: RawSpan) {
        _ =
            matchesLong("progressToken\"", .metaProgressToken, line)
            || matchesLong(
                "io.modelcontextprotocol/protocolVersion\"", .metaProtocolVersion, line)
            || matchesLong(
                "io.modelcontextprotocol/subscriptionId\"", .metaSubscriptionID, line)
    }

    /// A key of at most seven bytes and its closing quote.
    @inline(always)
    private mutating func matches(_ text: StaticString, _ member: EnvelopeMember) -> Bool {
        guard word.starts(with: text) else { return false }
        self.member = member
        end &+= text.utf8CodeUnitCount
        return true
    }

    /// A longer key and its closing quote.
    @inline(always)
    private mutating func matchesLong(
        _ text: StaticString, _ member: EnvelopeMember, _ line: RawSpan
    ) -> Bool {
        guard word.starts(with: text) else { return false }
        let range = ByteRange(end, end &+ text.utf8CodeUnitCount)
        guard line.equals(range, text) else { return false }
        self.member = member
        end = Int(range.upper)
        return true
    }
}

extension EnvelopeMember {
    /// The member whose key is written as the lexeme at `range`, maybe with escapes: `"\u0069d"`
    /// is `id`, though no serialiser writes it.
    @inline(never)
    init(escapedKey range: ByteRange, _ line: RawSpan, _ level: EnvelopeLevel) {
        var decoded: [UInt8] = []
        decodeJSONString(line, range, into: &decoded)
        decoded.append(0x22)
        let key = EnvelopeKey(decoded.span.bytes, 0, level)
        // A decoded key may have a quote in it, `id"x`, which is not its end.
        self = key.end == decoded.count ? key.member : .other
    }
}
