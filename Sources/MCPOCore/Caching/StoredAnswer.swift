// Writing a stored result out again, under another request's id.
//
// What is stored is the bytes of `result`. A hit says that it is one, and a modern client is told
// how long it still may use it:
//
//     stored   {"tools":[],"ttlMs":60000}
//     written  {"jsonrpc":"2.0","id":7,"result":{"_meta":{"mcpo/cache":{"status":"hit",
//                  "age":1.500}},"tools":[],"ttlMs":58500}}
//
// `AnswerLayout` is where both go; it is found once, when the answer is stored.

/// What a hit says of itself in `_meta["mcpo/cache"].status`.
package enum HitStatus: Sendable {
    /// Fresh.
    case hit
    /// Past its time; a new one is being fetched.
    case revalidating
    /// Past its time, in place of an error.
    case stale

    var word: StaticString {
        switch self {
        case .hit: "hit"
        case .revalidating: "revalidating"
        case .stale: "stale"
        }
    }
}

/// What is written into a stored result.
struct HitNote {
    var status: HitStatus
    /// In nanoseconds.
    var age: Int64
    /// How long it stays fresh, in nanoseconds; nil for ever.
    var remaining: Int64?
}

extension AnswerLayout {
    /// How a member of mcpo's own gets into a result: the low bits of `flags`. In the other bits of
    /// `.value` is how long the value is that it replaces.
    private enum Insertion: UInt32 {
        case none, value, meta, emptyMeta, result, emptyResult
    }

    private static let kindBits: UInt32 = 4

    /// The layout of the result of an answer, whose offsets then begin at the result.
    init(_ line: RawSpan, _ envelope: Envelope) {
        self.init()
        let start = envelope.result.range.lower
        if envelope.resultTTL.kind == .integer {
            ttl = ByteRange(
                lower: envelope.resultTTL.range.lower &- start,
                upper: envelope.resultTTL.range.upper &- start)
        }
        let (kind, offset) = Self.place(line, envelope)
        insertion = offset &- start
        flags = kind.rawValue
        if kind == .value {
            let former = line.member("mcpo/cache", of: envelope.meta)
            flags |= UInt32(truncatingIfNeeded: former.range.count) &<< Self.kindBits
        }
    }

    private static func place(
        _ line: RawSpan, _ envelope: Envelope
    ) -> (Insertion, UInt32) {
        let result = envelope.result
        // A message that has `params` as well, which is no JSON-RPC, has the `_meta` of those.
        let isOfResult =
            !envelope.params.isPresent
            || envelope.meta.range.lower > result.range.lower
                && envelope.meta.range.upper < result.range.upper
        let meta = isOfResult ? envelope.meta : line.member("_meta", of: result)
        if meta.kind == .object {
            // Another mcpo behind this one says how old the answer was to it.
            let former = line.member("mcpo/cache", of: meta)
            if former.isPresent { return (.value, former.range.lower) }
            return (line.isObjectEmpty(meta) ? .emptyMeta : .meta, meta.range.lower &+ 1)
        }
        if meta.isPresent { return (.none, result.range.lower) }
        return (line.isObjectEmpty(result) ? .emptyResult : .result, result.range.lower &+ 1)
    }

    /// The bytes that make room for the note.
    fileprivate var replaced: Range<Int> {
        let length = Insertion(rawValue: flags & 0xF) == .value ? flags &>> Self.kindBits : 0
        return Int(insertion)..<Int(insertion &+ length)
    }

    /// What goes before and after the value of `mcpo/cache`; nil if it cannot be said.
    fileprivate var frame: (StaticString, StaticString)? {
        switch Insertion(rawValue: flags & 0xF) ?? .none {
        case .none: nil
        case .value: ("", "")
        case .meta: (#""mcpo/cache":"#, ",")
        case .emptyMeta: (#""mcpo/cache":"#, "")
        case .result: (#""_meta":{"mcpo/cache":"#, "},")
        case .emptyResult: (#""_meta":{"mcpo/cache":"#, "}")
        }
    }
}

extension ByteQueue {
    /// Appends the answer to a request, without a newline.
    /// - Parameters:
    ///   - id: the request's id, as it stands in its line.
    ///   - annotates: whether the note is written, beside the remaining `ttlMs`.
    mutating func appendHit(
        _ answer: CachedAnswer, to id: RawSpan, _ note: HitNote, annotates: Bool
    ) {
        let layout = answer.layout
        // The payload, the id, and less than 160 bytes for the rest.
        makeRoom(for: answer.count + id.byteCount + 160)
        appendReserved(#"{"jsonrpc":"2.0","id":"#)
        id.withUnsafeBytes { appendReserved($0, 0, $0.count) }
        appendReserved(#","result":"#)
        answer.withPayload { payload in
            payload.withUnsafeBytes { bytes in
                var position = 0
                if layout.ttl.isEmpty || layout.ttl.lower >= layout.insertion {
                    if annotates { appendNote(note, layout, bytes, &position) }
                    appendTTL(note, layout, bytes, &position)
                } else {
                    appendTTL(note, layout, bytes, &position)
                    if annotates { appendNote(note, layout, bytes, &position) }
                }
                appendReserved(bytes, position, bytes.count)
            }
        }
        appendReserved("}")
    }

    private mutating func appendNote(
        _ note: HitNote, _ layout: AnswerLayout, _ bytes: UnsafeRawBufferPointer,
        _ position: inout Int
    ) {
        guard let (before, after) = layout.frame else { return }
        let replaced = layout.replaced
        appendReserved(bytes, position, replaced.lowerBound)
        appendReserved(before)
        appendReserved(#"{"status":""#)
        appendReserved(note.status.word)
        appendReserved(#"","age":"#)
        append(seconds: note.age)
        appendReserved("}")
        appendReserved(after)
        position = replaced.upperBound
    }

    private mutating func appendTTL(
        _ note: HitNote, _ layout: AnswerLayout, _ bytes: UnsafeRawBufferPointer,
        _ position: inout Int
    ) {
        guard !layout.ttl.isEmpty, let remaining = note.remaining else { return }
        let range = layout.ttl.bounds
        appendReserved(bytes, position, range.lowerBound)
        append(decimal: UInt64(max(0, remaining) / 1_000_000))
        position = range.upperBound
    }

    /// Nanoseconds as seconds with three decimals.
    private mutating func append(seconds nanoseconds: Int64) {
        let milliseconds = max(0, nanoseconds) / 1_000_000
        append(decimal: UInt32(clamping: milliseconds / 1000))
        append(UInt8(ascii: "."))
        let rest = UInt32(milliseconds % 1000)
        if rest < 100 { append(UInt8(ascii: "0")) }
        if rest < 10 { append(UInt8(ascii: "0")) }
        append(decimal: rest)
    }
}
