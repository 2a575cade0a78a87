// The head of a request: request line and fields (RFC 9112 §3 to §6).
//
//     GET /metrics?format=prometheus HTTP/1.1     method SP target SP version
//     Host: localhost:9300                        name ":" OWS value OWS
//     Accept: text/plain                          …
//
// Strict, as RFC 9112 recommends for whatever is not certain: lines end with CR LF, a name is
// followed by its colon at once, no line is folded. A request whose end two readers could see in
// different places is refused, never guessed at.

/// How the body of a request is framed.
enum BodyFraming: Equatable {
    /// So many bytes; 0 when there is none.
    case length(Int)
    case chunked
}

/// Reads one head.
struct HTTPHeadParser {
    private let head: [UInt8]
    private var request: HTTPRequest

    /// - Parameter head: everything before the empty line, each line with its CR LF.
    static func parse(
        _ head: [UInt8]
    ) throws(HTTPFailure) -> (request: HTTPRequest, framing: BodyFraming) {
        var parser = HTTPHeadParser(head)
        let line = try parser.lineEnd(from: 0)
        try parser.readRequestLine(0..<line)
        var start = line + 2
        while start < head.count {
            let end = try parser.lineEnd(from: start)
            try parser.readField(start..<end)
            start = end + 2
        }
        try parser.checkHost()
        return (parser.request, try parser.framing())
    }

    private init(_ head: [UInt8]) {
        self.head = head
        request = HTTPRequest(head: head, methodRange: 0..<0, pathRange: 0..<0, queryRange: 0..<0)
    }

    /// The place of the CR that ends the line.
    private func lineEnd(from start: Int) throws(HTTPFailure) -> Int {
        guard let end = head[start...].firstIndex(where: { $0 == 0x0D || $0 == 0x0A }),
            head[end] == 0x0D, end + 1 < head.count, head[end + 1] == 0x0A
        else { throw HTTPFailure(.badRequest, "a line must end with CR LF") }
        return end
    }
}

// MARK: - Request line

extension HTTPHeadParser {
    private mutating func readRequestLine(_ line: Range<Int>) throws(HTTPFailure) {
        guard line.count <= HTTPLimits.requestLine else {
            throw HTTPFailure(.uriTooLong, "the request line is too long")
        }
        let parts = head[line].split(
            separator: 0x20, maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 3 else {
            throw HTTPFailure(.badRequest, "the request line must be METHOD TARGET HTTP/1.1")
        }
        guard !parts[0].isEmpty, parts[0].allSatisfy(isTokenByte) else {
            throw HTTPFailure(.badRequest, "the method is no token")
        }
        request.methodRange = parts[0].indices
        try readVersion(parts[2])
        try readTarget(parts[1])
    }

    private mutating func readVersion(_ version: ArraySlice<UInt8>) throws(HTTPFailure) {
        let digits = version.dropFirst(5)
        let isVersion =
            version.prefix(5).equals("HTTP/") && digits.count == 3
            && isDigit(digits[digits.startIndex]) && digits[digits.startIndex + 1] == 0x2E
            && isDigit(digits[digits.startIndex + 2])
        guard isVersion else {
            throw HTTPFailure(.badRequest, "the request line must end with HTTP/1.1")
        }
        guard digits.equals("1.1") || digits.equals("1.0") else {
            throw HTTPFailure(.versionNotSupported, "HTTP/1.1 and HTTP/1.0 are spoken here")
        }
        request.minorVersion = digits.equals("1.1") ? 1 : 0
    }

    private mutating func readTarget(_ target: ArraySlice<UInt8>) throws(HTTPFailure) {
        guard target.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "#") }) else {
            throw HTTPFailure(.badRequest, "the target has bytes that no target may have")
        }
        var rest = target
        for scheme in ["http://", "https://"] as [StaticString]
        where rest.prefix(scheme.utf8CodeUnitCount).equalsIgnoringCase(scheme) {
            rest = rest.dropFirst(scheme.utf8CodeUnitCount)
            let host = rest.prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
            guard !host.isEmpty else { throw HTTPFailure(.badRequest, "the target has no host") }
            request.targetHost = host.indices
            rest = rest.dropFirst(host.count)
            break
        }
        let isWhole = rest.equals("*") && head[request.methodRange].equals("OPTIONS")
        guard rest.first == UInt8(ascii: "/") || isWhole else {
            throw HTTPFailure(.badRequest, "the target must begin with /")
        }
        let path = rest.prefix { $0 != UInt8(ascii: "?") }
        request.pathRange = path.indices
        request.queryRange = rest.dropFirst(path.count + 1).indices
    }
}

// MARK: - Fields

extension HTTPHeadParser {
    private mutating func readField(_ line: Range<Int>) throws(HTTPFailure) {
        if line.isEmpty || isBlank(head[line.lowerBound]) {
            throw HTTPFailure(.badRequest, "a field must not be folded")
        }
        guard let colon = head[line].firstIndex(of: UInt8(ascii: ":")) else {
            throw HTTPFailure(.badRequest, "a field must be NAME: VALUE")
        }
        let name = line.lowerBound..<colon
        guard !name.isEmpty, head[name].allSatisfy(isTokenByte) else {
            throw HTTPFailure(.badRequest, "a field's name is no token")
        }
        let value = head[(colon + 1)..<line.upperBound].trimmingBlanks()
        guard value.allSatisfy({ $0 == 0x09 || ($0 >= 0x20 && $0 != 0x7F) }) else {
            throw HTTPFailure(.badRequest, "a field's value has control characters")
        }
        guard request.fields.count < HTTPLimits.fields else {
            throw HTTPFailure(.fieldsTooLarge, "there are too many fields")
        }
        request.fields.append(HTTPRequest.Field(name: name, value: value.indices))
    }

    /// RFC 9112 §3.2: exactly one `Host`, which HTTP/1.0 may do without.
    private func checkHost() throws(HTTPFailure) {
        let hosts = request.values(of: "host")
        if hosts.count > 1 { throw HTTPFailure(.badRequest, "there is more than one Host") }
        if hosts.isEmpty, request.minorVersion >= 1 {
            throw HTTPFailure(.badRequest, "HTTP/1.1 needs a Host")
        }
    }

    /// RFC 9112 §6.
    private func framing() throws(HTTPFailure) -> BodyFraming {
        let lengths = request.values(of: "content-length")
        let codings = request.values(of: "transfer-encoding")
        guard codings.isEmpty else {
            if !lengths.isEmpty {
                throw HTTPFailure(.badRequest, "a body has a length or an encoding, not both")
            }
            if request.minorVersion == 0 {
                throw HTTPFailure(.badRequest, "HTTP/1.0 has no Transfer-Encoding")
            }
            guard codings.count == 1, codings[0].equalsIgnoringCase("chunked") else {
                throw HTTPFailure(.notImplemented, "the only Transfer-Encoding here is chunked")
            }
            return .chunked
        }
        if lengths.count > 1 {
            throw HTTPFailure(.badRequest, "there is more than one Content-Length")
        }
        guard let length = lengths.first else { return .length(0) }
        guard !length.isEmpty, length.allSatisfy(isDigit) else {
            throw HTTPFailure(.badRequest, "Content-Length is no number")
        }
        let digits = length.drop { $0 == UInt8(ascii: "0") }
        // Longer numbers are too large whatever they are; seven digits do not overflow.
        let value = digits.prefix(7).reduce(0) { 10 * $0 + Int($1 - UInt8(ascii: "0")) }
        guard digits.count <= 7, value <= HTTPLimits.body else {
            throw HTTPFailure(.contentTooLarge, "the body is too large")
        }
        return .length(value)
    }
}

/// RFC 9110 §5.6.2.
private func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    case 0x21, 0x23...0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x5E, 0x5F, 0x60, 0x7C, 0x7E: true
    default: false
    }
}

func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
