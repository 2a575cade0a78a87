// Requests from a stream of bytes, however it is cut into pieces.
//
//     head ──▶ body of a length ──┬─▶ request ──▶ head …
//       └────▶ body in chunks ────┘
//       any  ──▶ failure: the connection is of no more use
//
// Bytes behind a request wait until the next one is asked for (pipelining).

/// Parses the requests of one connection.
package struct HTTPRequestParser {
    package enum Progress: Equatable, Sendable {
        case needsMore
        /// The client waits for `100 Continue` before it sends the body. Said once for a request.
        case awaitsContinue
        case request(HTTPRequest)
        case failure(HTTPFailure)
    }

    private enum Phase {
        case head
        case fixed(HTTPRequest, length: Int)
        case chunked(HTTPRequest, ChunkedBody)
        case failed(HTTPFailure)
    }

    private var phase = Phase.head
    private var buffer: [UInt8] = []
    /// Up to here `buffer` was taken.
    private var position = 0
    /// Up to here the end of the head was looked for.
    private var searched = 0

    package init() {}

    /// Whether there are bytes of a request that is not complete.
    package var isInRequest: Bool {
        if case .head = phase { return position < buffer.count }
        return true
    }

    /// Bytes that wait; bounded by a head, a body, and what was appended last.
    package var count: Int { buffer.count - position }

    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        if position > 0 {
            buffer.removeFirst(position)
            searched = max(0, searched - position)
            position = 0
        }
        buffer += bytes
    }

    /// The next request, if it has arrived.
    package mutating func next() -> Progress {
        do throws(HTTPFailure) {
            return try advance()
        } catch {
            phase = .failed(error)
            buffer = []
            position = 0
            return .failure(error)
        }
    }

    private mutating func advance() throws(HTTPFailure) -> Progress {
        switch phase {
        case .failed(let failure): throw failure
        case .head:
            guard let head = try takeHead() else { return .needsMore }
            return try begin(head)
        case .fixed(var request, let length):
            guard buffer.count - position >= length else { return .needsMore }
            request.body = Array(buffer[position..<(position + length)])
            return finish(request, at: position + length)
        case .chunked(var request, var body):
            phase = .head  // gives up its reference, lest every read copies the body
            guard try Self.read(&body, buffer, from: &position) else {
                phase = .chunked(request, body)
                return .needsMore
            }
            request.body = body.body
            return finish(request, at: position)
        }
    }

    private static func read(
        _ body: inout ChunkedBody, _ bytes: [UInt8], from position: inout Int
    ) throws(HTTPFailure) -> Bool {
        do throws(ChunkFault) {
            return try body.read(bytes, from: &position)
        } catch {
            switch error {
            case .malformed: throw HTTPFailure(.badRequest, "a chunk is malformed")
            case .bodyTooLong: throw HTTPFailure(.contentTooLarge, "the body is too large")
            case .trailersTooLong: throw HTTPFailure(.fieldsTooLarge, "the trailers are too long")
            }
        }
    }

    private mutating func begin(_ head: [UInt8]) throws(HTTPFailure) -> Progress {
        let (request, framing) = try HTTPHeadParser.parse(head)
        if framing == .length(0) { return finish(request, at: position) }
        switch framing {
        case .length(let length): phase = .fixed(request, length: length)
        case .chunked: phase = .chunked(request, ChunkedBody(limit: HTTPLimits.body))
        }
        if let expectation = request.value(of: "expect"), request.minorVersion >= 1 {
            guard expectation.equalsIgnoringCase("100-continue") else {
                throw HTTPFailure(.expectationFailed, "the only expectation here is 100-continue")
            }
            if position == buffer.count { return .awaitsContinue }
        }
        return try advance()
    }

    private mutating func finish(_ request: HTTPRequest, at end: Int) -> Progress {
        position = end
        searched = end
        phase = .head
        return .request(request)
    }

    /// Everything before the empty line; nil while that has not come.
    private mutating func takeHead() throws(HTTPFailure) -> [UInt8]? {
        skipEmptyLines()
        var index = max(position, searched)
        while index < buffer.count {
            if buffer[index] == 0x0A {
                guard index > position, buffer[index - 1] == 0x0D else {
                    throw HTTPFailure(.badRequest, "a line must end with CR LF")
                }
                if index - position >= 3, buffer[index - 2] == 0x0A {
                    let head = Array(buffer[position...(index - 2)])
                    position = index + 1
                    searched = position
                    try Self.checkLength(head.count, isInFirstLine: false)
                    return head
                }
            }
            index += 1
        }
        searched = index
        let isInFirstLine = !buffer[position...].contains(0x0A)
        try Self.checkLength(buffer.count - position, isInFirstLine: isInFirstLine)
        return nil
    }

    /// RFC 9112 §2.2: an empty line before a request is ignored.
    private mutating func skipEmptyLines() {
        while buffer.count - position >= 2, buffer[position] == 0x0D, buffer[position + 1] == 0x0A {
            position += 2
        }
    }

    private static func checkLength(_ count: Int, isInFirstLine: Bool) throws(HTTPFailure) {
        if isInFirstLine, count > HTTPLimits.requestLine {
            throw HTTPFailure(.uriTooLong, "the request line is too long")
        }
        if count > HTTPLimits.head {
            throw HTTPFailure(.fieldsTooLarge, "the head is too long")
        }
    }
}
