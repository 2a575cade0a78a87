// One way to write each JSON value, so that calls that mean the same have the same bytes.
//
//     { "b": 1.0, "a" : "caf\u00e9 \/" }   →   {"a":"café /","b":1.0}
//
// Keys are sorted by the bytes of their canonical text, insignificant space goes, an escape stays
// only where RFC 8259 §7 wants one (the short form where there is one, as in RFC 8785), numbers
// keep their lexeme (`1` and `1.0` may mean different things to a server), arrays keep their order.
// A lone surrogate keeps its three WTF-8 bytes, so that it equals nothing else. The result is never
// longer than the input.
//
// Most arguments are small, flat and written by a serialiser: no space, no escape. So the input is
// copied in runs that are as long as possible, and while it is copied one only notes where each
// member begins, with the first eight bytes of its key as a number:
//
//     {"owner":"apple","repo":"swift"}     one run; "owner" < "repo" as numbers: nothing to do
//     {"repo":"swift","owner":"apple"}     one run; at `}` the two members change places
//
// Objects inside objects are sorted first, because they end first. Each level of nesting that is
// out of order moves its bytes once more; `moveFactor` bounds how often that may happen.

/// What became of a value that was to be written in canonical form.
package enum CanonicalOutcome: Equatable, Sendable {
    case done
    /// An object has a key twice, and two readers could take different ones.
    case duplicateKeys
    /// So many levels are out of order that sorting them would cost too much.
    case tooTangled
    /// `params` of a request that must not be answered from a cache (SPEC §5).
    case inputResponses, requestState, task
    /// Not JSON; not to be had from a line that was scanned.
    case malformed
}

/// Writes canonical forms; keeps its buffers from one to the next.
package struct CanonicalJSON: Sendable {
    /// Every byte may be moved this often, or a message of mixed nesting would take quadratic time:
    /// no real arguments have more than a handful of levels that are out of order.
    static let moveFactor = 32
    /// Small values may be as tangled as they like: this is less than half a millisecond.
    static let freeMoves = 2 * 1024 * 1024

    /// What is done with the members of the outermost object.
    enum Outermost {
        /// They are written.
        case kept
        /// It is the `params` of a request: `_meta` is left out, some members are refused.
        case params
    }

    /// A member of an object that is open, by its place in the output.
    struct Member {
        /// The first eight bytes of the key as a number that sorts as they do.
        var prefix: UInt64
        var start: UInt32
        /// The key's bytes with its quotes.
        var keyLength: UInt32
        /// Where the value ends; set when the object has to be sorted.
        var end: UInt32 = 0
    }

    /// An object that is open.
    struct Frame {
        /// The first of its members in `members`.
        var base = 0
        /// Whether the keys are known to ascend so far.
        var isAscending = true
    }

    /// The output is `output[..<written]`, and then the input from `runStart`.
    var output: [UInt8] = []
    var written = 0
    var runStart = 0
    /// The members of all open objects are the first `memberCount`, the frames around the innermost
    /// object's own the first `frameCount`: to shrink an array costs more than to count.
    var members: [Member] = []
    var memberCount = 0
    private var frames: [Frame] = []
    private var frameCount = 0
    private var frame = Frame()
    private var containers = ContainerStack(room: JSONGrammar.deepest)
    private var outermost = Outermost.kept
    /// Where `_meta` is, when it is left out and known.
    private var meta = ByteRange.none
    var moved = 0
    var mayMove = 0
    /// The text of escapes.
    var decoded: [UInt8] = []
    /// An object's members while they change places.
    var scratch: [UInt8] = []

    package init() {}

    /// Appends the canonical form of `value`, which is part of a line that `Envelope.scan` has
    /// accepted. After anything but `.done`, what was appended is meaningless.
    package mutating func append(
        _ line: RawSpan, _ value: JSONValue, to bytes: inout [UInt8]
    ) -> CanonicalOutcome {
        written = 0
        let outcome = write(line, value, .kept)
        output.withUnsafeBytes {
            bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: $0[..<written]))
        }
        return outcome
    }

    /// Writes the canonical form behind what is in `output`.
    mutating func write(
        _ line: RawSpan, _ value: JSONValue, _ outermost: Outermost, meta: ByteRange = .none
    ) -> CanonicalOutcome {
        guard value.isPresent else { return .malformed }
        reserve(value.range.count)
        self.outermost = outermost
        self.meta = meta
        memberCount = 0
        frameCount = 0
        frame = Frame()
        containers = ContainerStack(room: JSONGrammar.deepest)
        moved = 0
        mayMove = Self.freeMoves + Self.moveFactor * value.range.count
        runStart = Int(value.range.lower)
        do {
            return try run(line)
        } catch {
            return .malformed
        }
    }
}

// MARK: - The walk

extension CanonicalJSON {
    /// Walks the value at `runStart`; see `JSONGrammar.skipContainer`, whose loop this is.
    private mutating func run(_ line: RawSpan) throws(JSONFault) -> CanonicalOutcome {
        var offset = runStart
        while true {
            let byte = line.byte(offset)  // a value starts here
            if byte == 0x22 {
                try string(line, &offset)
            } else if byte == 0x7B || byte == 0x5B {
                guard containers.push(isObject: byte == 0x7B) else {
                    throw .tooDeep(offset: offset)
                }
                if byte == 0x7B { openObject() }
                offset &+= 1
                skipSpace(line, &offset)
                if line.byte(offset) != byte &+ 2 {  // `{` + 2 is `}`, `[` + 2 is `]`
                    guard containers.isInObject else { continue }
                    let outcome = try key(line, &offset)
                    guard outcome == .done else { return outcome }
                    // All members may have been left out: the code below closes the object.
                    if line.byte(offset) != 0x7D { continue }
                }
            } else {
                offset = try JSONGrammar.skipScalar(line, offset).end
            }
            let outcome = try closeContainers(line, &offset)
            guard outcome == .done else { return outcome }
            if containers.isEmpty {
                flush(line, offset)
                return .done
            }
        }
    }

    /// After a value: closes the containers that end here, and moves to the next value. With no
    /// container left the walk is over.
    @inline(__always)
    private mutating func closeContainers(
        _ line: RawSpan, _ offset: inout Int
    ) throws(JSONFault) -> CanonicalOutcome {
        while !containers.isEmpty {
            skipSpace(line, &offset)
            let isObject = containers.isInObject
            if line.byte(offset) == 0x2C {
                offset &+= 1
                skipSpace(line, &offset)
                guard isObject else { return .done }
                let outcome = try key(line, &offset)
                // A member that was left out can have been the last one.
                if outcome != .done || line.byte(offset) != 0x7D { return outcome }
            }
            guard line.byte(offset) == (isObject ? 0x7D : 0x5D) else {
                throw .syntax(offset: offset)
            }
            if isObject {
                let outcome = closeObject(line, offset)
                guard outcome == .done else { return outcome }
            }
            containers.pop()
            offset &+= 1
        }
        return .done
    }

    /// Reads a key and the colon; moves to the value. Members that are left out are skipped: then
    /// `offset` is at the value of the first one that is not, or at the object's end.
    @inline(__always)
    private mutating func key(
        _ line: RawSpan, _ offset: inout Int
    ) throws(JSONFault) -> CanonicalOutcome {
        if outermost == .params, frameCount == 1 {
            let outcome = try skipOmitted(line, &offset)
            if outcome != .done || line.byte(offset) == 0x7D { return outcome }
        }
        let start = written &+ (offset &- runStart)
        let keyStart = offset
        let hasEscape = try string(line, &offset)
        let length = written &+ (offset &- runStart) &- start
        let prefix =
            hasEscape
            ? Self.prefix(output.span.bytes, start, length) : Self.prefix(line, keyStart, length)
        add(
            Member(
                prefix: prefix, start: UInt32(truncatingIfNeeded: start),
                keyLength: UInt32(truncatingIfNeeded: length)))
        skipSpace(line, &offset)
        guard line.byte(offset) == 0x3A else { throw .syntax(offset: offset) }
        offset &+= 1
        skipSpace(line, &offset)
        return .done
    }

    /// A string, which becomes part of the run unless it has an escape.
    @inline(__always)
    @discardableResult
    private mutating func string(
        _ line: RawSpan, _ offset: inout Int
    ) throws(JSONFault) -> Bool {
        guard line.byte(offset) == 0x22 else { throw .syntax(offset: offset) }
        var hasEscape = false
        let end = try JSONStringGrammar.end(line, offset &+ 1, hasEscape: &hasEscape)
        if hasEscape {
            flush(line, offset)
            writeEscaped(line, ByteRange(offset, end))
            runStart = end
        }
        offset = end
        return hasEscape
    }

    @inline(__always)
    private mutating func skipSpace(_ line: RawSpan, _ offset: inout Int) {
        let next = JSONGrammar.skipWhitespace(line, offset)
        guard next != offset else { return }
        flush(line, offset)
        runStart = next
        offset = next
    }
}

// MARK: - Objects

extension CanonicalJSON {
    @inline(__always)
    private mutating func openObject() {
        if frameCount < frames.count { frames[frameCount] = frame } else { frames.append(frame) }
        frameCount &+= 1
        frame = Frame(base: memberCount)
    }

    @inline(__always)
    private mutating func add(_ member: Member) {
        if memberCount > frame.base, members[memberCount &- 1].prefix >= member.prefix {
            frame.isAscending = false  // or not known: keys with the same beginning
        }
        if memberCount < members.count {
            members[memberCount] = member
        } else {
            members.append(member)
        }
        memberCount &+= 1
    }

    /// Ends the object whose `}` is at `offset`.
    @inline(__always)
    private mutating func closeObject(_ line: RawSpan, _ offset: Int) -> CanonicalOutcome {
        if !frame.isAscending {
            flush(line, offset)
            let outcome = sortMembers(from: frame.base)
            guard outcome == .done else { return outcome }
        }
        memberCount = frame.base
        frameCount &-= 1
        frame = frames[frameCount]
        return .done
    }

    /// The first eight bytes of a key, whose opening quote is at `start`. Zeros stand after a
    /// shorter one: no key has them, so the shorter key sorts first, as it should.
    @inline(__always)
    static func prefix(_ bytes: RawSpan, _ start: Int, _ length: Int) -> UInt64 {
        let bits = LineWord(bytes, start &+ 1).bits
        let count = length &- 2
        guard count < 8 else { return bits.byteSwapped }
        return (bits & ((1 &<< UInt64(8 &* count)) &- 1)).byteSwapped
    }

    /// Steps over those members of `params` that are not written. Leaves `offset` at the first key
    /// that is, or at the end of the object.
    @inline(never)
    private mutating func skipOmitted(
        _ line: RawSpan, _ offset: inout Int
    ) throws(JSONFault) -> CanonicalOutcome {
        while true {
            let keyStart = offset
            guard line.byte(offset) == 0x22 else { throw .syntax(offset: offset) }
            var isEscaped = false
            let keyEnd = try JSONStringGrammar.end(line, offset &+ 1, hasEscape: &isEscaped)
            let key = ByteRange(keyStart, keyEnd)
            if let refusal = Self.refusal(line, key, isEscaped) { return refusal }
            guard line.keyEquals(key, isEscaped: isEscaped, "_meta") else { return .done }
            flush(line, keyStart)
            let colon = JSONGrammar.skipWhitespace(line, keyEnd)
            let start = JSONGrammar.skipWhitespace(line, colon &+ 1)
            offset = JSONGrammar.skipWhitespace(line, try metaEnd(line, start))
            let isLast = line.byte(offset) != 0x2C
            if !isLast { offset = JSONGrammar.skipWhitespace(line, offset &+ 1) }
            runStart = offset
            guard isLast else { continue }
            if output[written &- 1] == 0x2C { written &-= 1 }  // the comma before `_meta`
            return .done
        }
    }

    private func metaEnd(_ line: RawSpan, _ start: Int) throws(JSONFault) -> Int {
        if start == Int(meta.lower) { return Int(meta.upper) }
        return try JSONGrammar.skipValue(
            line, start, depth: 0, maximumDepth: JSONGrammar.deepest
        ).end
    }

    /// SPEC §5: a request with one of these is answered by the server alone.
    private static func refusal(
        _ line: RawSpan, _ key: ByteRange, _ isEscaped: Bool
    ) -> CanonicalOutcome? {
        func isKey(_ text: StaticString) -> Bool {
            line.keyEquals(key, isEscaped: isEscaped, text)
        }
        if isKey("inputResponses") { return .inputResponses }
        if isKey("requestState") { return .requestState }
        return isKey("task") ? .task : nil
    }
}
