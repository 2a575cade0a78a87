// The answer to a request that mcpo has sent, from a stream of bytes, however it is cut into pieces.
//
//     HTTP/1.1 200 OK            head; one of 100 to 199 is skipped, another follows
//     Content-Length: 7          how the body ends: a length, chunks, or the end of the connection
//
//     {"a":1}
//
//     head ──▶ body of a length ──┬─▶ response
//       ├────▶ body in chunks ────┤
//       ├────▶ body until the end ┘
//       any ─▶ failure
//
// As strict as the parser of requests: an answer whose end two readers could see in different places
// is refused, never guessed at (RFC 9112 §6.3). One connection brings one answer.

/// An answer, whole.
package struct ReceivedResponse: Equatable, Sendable {
    package var status: Int
    /// Without its framing; at most `HTTPResponseParser.longestBody` bytes.
    package var body: [UInt8]

    package init(status: Int, body: [UInt8]) {
        self.status = status
        self.body = body
    }
}

/// Why an answer cannot be used, in words for people.
package struct HTTPResponseFailure: Error, Equatable, Sendable, CustomStringConvertible {
    package let words: StaticString

    init(_ words: StaticString) { self.words = words }

    package var description: String { words.description }

    package static func == (left: Self, right: Self) -> Bool {
        left.description == right.description
    }
}

/// Parses the one answer of a connection.
package struct HTTPResponseParser {
    package enum Progress: Equatable, Sendable {
        case needsMore
        case response(ReceivedResponse)
        case failure(HTTPResponseFailure)
    }

    /// Bytes of a body: as much as mcpo takes for one message; a document of a thousand tools has
    /// half a megabyte.
    package static let longestBody = 64 << 20
    /// Heads of 100 to 199 before the answer's own. No server has reason to send more than one of
    /// each kind.
    static let interimHeads = 8

    private enum Phase {
        case head
        case length(Int)
        case chunks(ChunkedBody)
        case untilEnd
        case done(ReceivedResponse)
        case failed(HTTPResponseFailure)
    }

    private var phase = Phase.head
    private var status = 0
    private var interim = 0
    /// What has come and is not yet taken.
    private var buffer: [UInt8] = []
    /// Up to here the end of the head was looked for.
    private var searched = 0

    package init() {}

    /// Takes what has come.
    package mutating func append(_ bytes: UnsafeRawBufferPointer) -> Progress {
        buffer += bytes
        return step { parser throws(HTTPResponseFailure) in try parser.advance() }
    }

    /// Nothing more comes.
    package mutating func end() -> Progress {
        step { parser throws(HTTPResponseFailure) in
            if case .untilEnd = parser.phase { parser.finish(parser.buffer) }
            if case .done = parser.phase { return }
            let isEmpty = parser.status == 0 && parser.buffer.isEmpty
            throw HTTPResponseFailure(
                isEmpty ? "the connection was closed without an answer" : "the answer is cut off")
        }
    }

    private mutating func step(
        _ body: (inout HTTPResponseParser) throws(HTTPResponseFailure) -> Void
    ) -> Progress {
        do throws(HTTPResponseFailure) {
            try body(&self)
        } catch {
            phase = .failed(error)
            buffer = []
        }
        switch phase {
        case .done(let response): return .response(response)
        case .failed(let failure): return .failure(failure)
        default: return .needsMore
        }
    }

    private mutating func advance() throws(HTTPResponseFailure) {
        while case .head = phase {
            guard let head = try takeHead() else { return }
            try begin(ResponseHead(head))
        }
        switch phase {
        case .length(let length):
            if buffer.count >= length { finish(Array(buffer[..<length])) }
        case .chunks(var chunks):
            phase = .untilEnd  // gives up its reference, lest every read copies the body
            var taken = 0
            let isDone = try Self.read(&chunks, buffer, from: &taken)
            buffer.removeFirst(taken)
            phase = .chunks(chunks)
            if isDone { finish(chunks.body) }
        case .untilEnd: try Self.checkLength(buffer.count)
        case .done: buffer = []
        case .failed(let failure): throw failure
        case .head: break
        }
    }

    private static func read(
        _ chunks: inout ChunkedBody, _ bytes: [UInt8], from position: inout Int
    ) throws(HTTPResponseFailure) -> Bool {
        do throws(ChunkFault) {
            return try chunks.read(bytes, from: &position)
        } catch {
            throw HTTPResponseFailure(
                error == .bodyTooLong ? "the answer is too large" : "a chunk is malformed")
        }
    }

    private mutating func begin(_ head: ResponseHead) throws(HTTPResponseFailure) {
        guard head.status >= 200 else {
            interim += 1
            if head.status == 101 || interim > Self.interimHeads {
                throw HTTPResponseFailure("the server wants another protocol")
            }
            return
        }
        status = head.status
        if status == 204 || status == 304 { return finish([]) }
        switch try head.framing() {
        case .length(let length): phase = .length(length)
        case .chunked: phase = .chunks(ChunkedBody(limit: Self.longestBody))
        case nil: phase = .untilEnd
        }
    }

    private mutating func finish(_ body: [UInt8]) {
        phase = .done(ReceivedResponse(status: status, body: body))
        buffer = []
    }

    static func checkLength(_ count: Int) throws(HTTPResponseFailure) {
        guard count <= longestBody else { throw HTTPResponseFailure("the answer is too large") }
    }

    /// Everything before the empty line, each line with its CR LF; nil while that has not come.
    private mutating func takeHead() throws(HTTPResponseFailure) -> [UInt8]? {
        // What is no answer of HTTP is told at once, not when 16 KiB of it have come.
        guard zip(buffer, Array("HTTP/1.".utf8)).allSatisfy(==) else {
            throw HTTPResponseFailure("the answer is not HTTP/1.1")
        }
        var index = searched
        while index < buffer.count, index < HTTPLimits.head {
            if buffer[index] == 0x0A {
                guard index > 0, buffer[index - 1] == 0x0D else {
                    throw HTTPResponseFailure("a line of the head does not end with CR LF")
                }
                if index >= 3, buffer[index - 2] == 0x0A {
                    let head = Array(buffer[..<(index - 1)])
                    buffer.removeFirst(index + 1)
                    searched = 0
                    return head
                }
            }
            index += 1
        }
        searched = index
        if index >= HTTPLimits.head { throw HTTPResponseFailure("the head is too long") }
        return nil
    }
}

/// The head of an answer (RFC 9112 §4, §5).
private struct ResponseHead {
    private(set) var status = 0
    private var lengths: [ArraySlice<UInt8>] = []
    private var codings: [ArraySlice<UInt8>] = []
    private var minorVersion: UInt8 = 0

    /// - Parameter head: lines with CR LF.
    init(_ head: [UInt8]) throws(HTTPResponseFailure) {
        var count = 0
        for line in head.split(separator: 0x0A, omittingEmptySubsequences: true) {
            let line = line.dropLast()
            if line.contains(0x0D) { throw HTTPResponseFailure("the head has a CR by itself") }
            if count == 0 { try readStatus(line) } else { try readField(line) }
            count += 1
            if count > HTTPLimits.fields { throw HTTPResponseFailure("the head is too long") }
        }
    }

    /// `HTTP/1.1 200 OK`; the words may be missing.
    private mutating func readStatus(_ line: ArraySlice<UInt8>) throws(HTTPResponseFailure) {
        let parts = line.split(separator: 0x20, maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count >= 2, parts[0].equals("HTTP/1.1") || parts[0].equals("HTTP/1.0"),
            parts[1].count == 3, parts[1].allSatisfy(isDigit), parts[1].first != 0x30
        else { throw HTTPResponseFailure("the answer is not HTTP/1.1") }
        minorVersion = (parts[0].last ?? 0x30) - 0x30
        status = parts[1].reduce(0) { 10 * $0 + Int($1 - 0x30) }
    }

    private mutating func readField(_ line: ArraySlice<UInt8>) throws(HTTPResponseFailure) {
        let name = line.prefix { $0 != UInt8(ascii: ":") }
        guard name.count < line.count, !name.isEmpty, name.allSatisfy(Self.isNameByte) else {
            throw HTTPResponseFailure("a field of the head is malformed")
        }
        let value = line.dropFirst(name.count + 1).trimmingBlanks()
        guard value.allSatisfy({ $0 == 0x09 || ($0 >= 0x20 && $0 != 0x7F) }) else {
            throw HTTPResponseFailure("a field of the head has control characters")
        }
        if name.equalsIgnoringCase("content-length") { lengths.append(value) }
        if name.equalsIgnoringCase("transfer-encoding") { codings.append(value) }
    }

    /// Visible, and no separator that this parser looks for (RFC 9110 §5.6.2 excludes more).
    private static func isNameByte(_ byte: UInt8) -> Bool { (0x21...0x7E).contains(byte) }

    /// nil: the body ends with the connection.
    func framing() throws(HTTPResponseFailure) -> BodyFraming? {
        guard codings.isEmpty else {
            guard lengths.isEmpty, minorVersion >= 1 else {
                throw HTTPResponseFailure("a body has a length or an encoding, not both")
            }
            guard codings.count == 1, codings[0].equalsIgnoringCase("chunked") else {
                throw HTTPResponseFailure("the answer has a Transfer-Encoding other than chunked")
            }
            return .chunked
        }
        guard let length = lengths.first else { return nil }
        guard lengths.count == 1, !length.isEmpty, length.allSatisfy(isDigit) else {
            throw HTTPResponseFailure("Content-Length is no number")
        }
        let digits = length.drop { $0 == 0x30 }
        // Nine digits do not overflow, and more are too large whatever they are.
        let value = digits.prefix(9).reduce(0) { 10 * $0 + Int($1 - 0x30) }
        try HTTPResponseParser.checkLength(digits.count > 9 ? .max : value)
        return .length(value)
    }
}
