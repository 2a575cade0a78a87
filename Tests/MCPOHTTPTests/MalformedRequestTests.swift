// What each malformed, oversized or forbidden request gets: its status, then the end of the
// connection where the next request's beginning is in doubt.

import MCPOHTTP
import Testing

/// A request and what it gets.
struct BadRequest: Sendable, CustomTestStringConvertible {
    var name: String
    var bytes: [UInt8]
    var status: Int
    /// Whether the connection is of no more use.
    var ends: Bool

    init(_ name: String, _ text: String, _ status: Int, ends: Bool = true) {
        self.init(name, bytes: Array(text.utf8), status, ends: ends)
    }

    init(_ name: String, bytes: [UInt8], _ status: Int, ends: Bool = true) {
        (self.name, self.bytes, self.status, self.ends) = (name, bytes, status, ends)
    }

    var testDescription: String { name }
}

private let host = "Host: localhost\r\n"
private func post(_ fields: String, _ body: String) -> String {
    "POST /reload HTTP/1.1\r\n\(host)\(fields)\r\n\(body)"
}
private func chunks(_ body: String) -> String { post("Transfer-Encoding: chunked\r\n", body) }

let badRequests: [BadRequest] = [
    // Request line
    BadRequest("no request line", " \r\n\r\n", 400),
    BadRequest("a word", "hello\r\n\r\n", 400),
    BadRequest("no version", "GET /\r\n\r\n", 400),
    BadRequest("HTTP/0.9 with a version's place empty", "GET / \r\n\r\n", 400),
    BadRequest("four words", "GET / x HTTP/1.1\r\n\(host)\r\n", 400),
    BadRequest("two blanks", "GET  / HTTP/1.1\r\n\(host)\r\n", 400),
    BadRequest("a tab for a blank", "GET\t/ HTTP/1.1\r\n\(host)\r\n", 400),
    BadRequest("a leading blank", " GET / HTTP/1.1\r\n\(host)\r\n", 400),
    BadRequest("a method that is no token", "G(T / HTTP/1.1\r\n\(host)\r\n", 400),
    BadRequest("an empty method", " / HTTP/1.1\r\n\(host)\r\n", 400),
    BadRequest("lower case version", "GET / http/1.1\r\n\(host)\r\n", 400),
    BadRequest("a version with two digits", "GET / HTTP/1.10\r\n\(host)\r\n", 400),
    BadRequest("a version without a point", "GET / HTTP/11\r\n\(host)\r\n", 400),
    BadRequest("a version of letters", "GET / HTTP/a.b\r\n\(host)\r\n", 400),
    BadRequest("HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    BadRequest("HTTP/3.0", "GET / HTTP/3.0\r\n\(host)\r\n", 505),
    BadRequest("HTTP/0.9", "GET / HTTP/0.9\r\n\(host)\r\n", 505),
    BadRequest("HTTP/1.2", "GET / HTTP/1.2\r\n\(host)\r\n", 505),
    BadRequest("a target without a slash", "GET metrics HTTP/1.1\r\n\(host)\r\n", 400),
    BadRequest("a star for GET", "GET * HTTP/1.1\r\n\(host)\r\n", 400),
    BadRequest("an authority for GET", "GET localhost:80 HTTP/1.1\r\n\(host)\r\n", 400),
    BadRequest("CONNECT", "CONNECT localhost:80 HTTP/1.1\r\n\(host)\r\n", 400),
    BadRequest("an absolute target without a host", "GET http:/// HTTP/1.1\r\n\(host)\r\n", 400),
    BadRequest("a fragment", "GET /#top HTTP/1.1\r\n\(host)\r\n", 400),
    BadRequest("a control character in the target", "GET /\u{1} HTTP/1.1\r\n\(host)\r\n", 400),
    BadRequest("UTF-8 in the target", "GET /é HTTP/1.1\r\n\(host)\r\n", 400),
    BadRequest("a NUL in the target", "GET /\0 HTTP/1.1\r\n\(host)\r\n", 400),
    BadRequest(
        "a request line of 9,000 bytes",
        "GET /\(String(repeating: "a", count: 9000)) HTTP/1.1\r\n\(host)\r\n", 414),
    BadRequest("an endless request line", "GET /" + String(repeating: "a", count: 20_000), 414),
    BadRequest("a TLS greeting", bytes: [0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3, 0x0A], 400),
    // Line ends
    BadRequest("bare line feeds", "GET / HTTP/1.1\n\(host)\n", 400),
    BadRequest(
        "a bare line feed between fields", "GET / HTTP/1.1\r\n\(host)A: b\nC: d\r\n\r\n", 400),
    BadRequest("a bare carriage return", "GET / HTTP/1.1\rHost: localhost\r\n\r\n", 400),
    BadRequest("a carriage return in a value", "GET / HTTP/1.1\r\n\(host)A: b\rc\r\n\r\n", 400),
    // Fields
    BadRequest("no Host", "GET / HTTP/1.1\r\n\r\n", 400),
    BadRequest("two Hosts", "GET / HTTP/1.1\r\n\(host)\(host)\r\n", 400),
    BadRequest("a field without a colon", "GET / HTTP/1.1\r\n\(host)Accept\r\n\r\n", 400),
    BadRequest("a blank before the colon", "GET / HTTP/1.1\r\nHost : localhost\r\n\r\n", 400),
    BadRequest("a field without a name", "GET / HTTP/1.1\r\n\(host): x\r\n\r\n", 400),
    BadRequest("a name that is no token", "GET / HTTP/1.1\r\n\(host)A[b]: x\r\n\r\n", 400),
    BadRequest("a name in UTF-8", "GET / HTTP/1.1\r\n\(host)Ä: x\r\n\r\n", 400),
    BadRequest("a folded field", "GET / HTTP/1.1\r\n\(host)A: b\r\n c\r\n\r\n", 400),
    BadRequest("a fold before any field", "GET / HTTP/1.1\r\n a: b\r\n\(host)\r\n", 400),
    BadRequest("a NUL in a value", "GET / HTTP/1.1\r\n\(host)A: b\0c\r\n\r\n", 400),
    BadRequest("an escape in a value", "GET / HTTP/1.1\r\n\(host)A: \u{1B}[2J\r\n\r\n", 400),
    BadRequest("a DEL in a value", "GET / HTTP/1.1\r\n\(host)A: \u{7F}\r\n\r\n", 400),
    BadRequest(
        "101 fields",
        "GET / HTTP/1.1\r\n\(host)\(String(repeating: "A: b\r\n", count: 100))\r\n", 431),
    BadRequest(
        "a field of 17 KiB",
        "GET / HTTP/1.1\r\n\(host)A: \(String(repeating: "b", count: 17 << 10))\r\n\r\n", 431),
    BadRequest(
        "endless fields", "GET / HTTP/1.1\r\n" + String(repeating: "A: b\r\n", count: 4000), 431),
    // Bodies of a length
    BadRequest("a length that is no number", post("Content-Length: x\r\n", ""), 400),
    BadRequest("a negative length", post("Content-Length: -1\r\n", ""), 400),
    BadRequest("a length with a sign", post("Content-Length: +2\r\n", "{}"), 400),
    BadRequest("a length in hexadecimal", post("Content-Length: 0x2\r\n", "{}"), 400),
    BadRequest("a fractional length", post("Content-Length: 2.0\r\n", "{}"), 400),
    BadRequest("an empty length", post("Content-Length:\r\n", ""), 400),
    BadRequest("a list of lengths", post("Content-Length: 2, 2\r\n", "{}"), 400),
    BadRequest(
        "two lengths", post("Content-Length: 2\r\nContent-Length: 3\r\n", "{}"), 400),
    BadRequest("a length above the limit", post("Content-Length: 65537\r\n", ""), 413),
    BadRequest(
        "a length beyond all integers",
        post("Content-Length: 99999999999999999999999\r\n", ""), 413),
    BadRequest(
        "a length and chunks",
        post("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400),
    BadRequest("an unknown encoding", post("Transfer-Encoding: gzip\r\n", ""), 501),
    BadRequest("chunked twice", post("Transfer-Encoding: chunked, chunked\r\n", ""), 501),
    BadRequest("an encoding that hides", post("Transfer-Encoding: xchunked\r\n", ""), 501),
    BadRequest(
        "two encodings",
        post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", ""), 501),
    BadRequest(
        "chunks in HTTP/1.0",
        "POST /reload HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    BadRequest("another expectation", post("Content-Length: 2\r\nExpect: magic\r\n", ""), 417),
    // Bodies in chunks
    BadRequest("a size that is no number", chunks("z\r\n"), 400),
    BadRequest("a negative size", chunks("-1\r\n"), 400),
    BadRequest("a size with 0x", chunks("0x1\r\na\r\n"), 400),
    BadRequest("no size", chunks("\r\n"), 400),
    BadRequest("a chunk that is longer than its size", chunks("1\r\nab\r\n"), 400),
    BadRequest("a bare line feed behind a size", chunks("1\na\r\n"), 400),
    BadRequest("a bare carriage return behind a size", chunks("1\rX"), 400),
    BadRequest("a chunk that ends with a bare line feed", chunks("1\r\na\n0\r\n\r\n"), 400),
    BadRequest("a size above the limit", chunks("FFFFF\r\n"), 413),
    BadRequest("a size beyond all integers", chunks("FFFFFFFFFFFFFFFFFFFFFFFF\r\n"), 413),
    BadRequest(
        "chunks above the limit together",
        chunks(
            String(repeating: "4000\r\n\(String(repeating: "a", count: 0x4000))\r\n", count: 5)),
        413),
    BadRequest("an endless extension", chunks("1;" + String(repeating: "a", count: 2000)), 400),
    BadRequest(
        "endless trailers", chunks("0\r\n" + String(repeating: "A: b\r\n", count: 2000)), 431),
    // Well-formed, and refused
    BadRequest("no such path", get("/nothing"), 404, ends: false),
    BadRequest("a path in capitals", get("/Metrics"), 404, ends: false),
    BadRequest("an escaped path", get("/%6Detrics"), 404, ends: false),
    BadRequest("dots in the path", get("/../etc/passwd"), 404, ends: false),
    BadRequest("a slash at the end", get("/metrics/"), 404, ends: false),
    BadRequest("DELETE", "DELETE /metrics HTTP/1.1\r\n\(host)\r\n", 405, ends: false),
    BadRequest("POST where GET is asked", "POST /health HTTP/1.1\r\n\(host)\r\n", 405, ends: false),
    BadRequest("GET where POST is asked", get("/reload"), 405, ends: false),
    BadRequest("OPTIONS", "OPTIONS * HTTP/1.1\r\n\(host)\r\n", 404, ends: false),
    BadRequest("TRACE", "TRACE / HTTP/1.1\r\n\(host)\r\n", 405, ends: false),
    BadRequest("an unknown method", "BREW / HTTP/1.1\r\n\(host)\r\n", 501, ends: false),
    BadRequest("an unknown format", get("/metrics?format=xml"), 400, ends: false),
    BadRequest("another host", "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421, ends: false),
    BadRequest(
        "another host in the target",
        "GET http://evil.example/metrics HTTP/1.1\r\n\(host)\r\n", 421, ends: false),
    BadRequest(
        "a host that looks like one of here",
        "GET / HTTP/1.1\r\nHost: 127.0.0.1.evil.example\r\n\r\n", 421, ends: false),
    BadRequest(
        "a host like an address", get("/").replacing("localhost", with: "127.1"), 421, ends: false),
    BadRequest("another origin", get("/", "Origin: http://evil.example"), 403, ends: false),
    BadRequest("the origin of a file", get("/", "Origin: null"), 403, ends: false),
    BadRequest("another port's origin", get("/", "Origin: http://localhost:81"), 403, ends: false),
    BadRequest("a change without a token", post("", ""), 403, ends: false),
]

@Suite struct MalformedRequestTests {
    @Test func `the table is long`() {
        #expect(badRequests.count >= 60)
        #expect(Set(badRequests.map(\.name)).count == badRequests.count)
    }

    @Test(arguments: badRequests)
    func `each gets its status`(request: BadRequest) {
        let port = PortUnderTest()
        let client = port.connect()
        port.send(request.bytes, on: client)
        #expect(port.takeStatus(client) == request.status)
        #expect(port.halfClosed.contains(client) == request.ends)
        #expect(port.questions.isEmpty)
    }

    @Test(arguments: badRequests)
    func `each gets it byte by byte too`(request: BadRequest) {
        let port = PortUnderTest()
        let client = port.connect()
        for byte in request.bytes { port.send([byte], on: client) }
        #expect(port.takeStatus(client) == request.status)
        #expect(port.halfClosed.contains(client) == request.ends)
    }

    @Test(arguments: badRequests)
    func `each gets it cut at random too`(request: BadRequest) {
        var generator = SystemRandomNumberGenerator()
        let port = PortUnderTest()
        let client = port.connect()
        var rest = request.bytes[...]
        var cuts: [Int] = []
        while !rest.isEmpty {
            let count = Int.random(in: 1...max(1, min(rest.count, 3000)), using: &generator)
            cuts.append(count)
            port.send(Array(rest.prefix(count)), on: client)
            rest = rest.dropFirst(count)
        }
        #expect(port.takeStatus(client) == request.status, "cut into \(cuts)")
    }

    @Test(arguments: badRequests.filter { !$0.ends })
    func `a refusal that ends nothing lets the next request be answered`(request: BadRequest) {
        let port = PortUnderTest()
        let client = port.connect()
        port.send(request.bytes + Array(get("/").utf8), on: client)
        let text = port.takeText(client)
        #expect(text.components("HTTP/1.1 ") == 2)
        #expect(text.contains("HTTP/1.1 200 OK"))
    }
}

extension String {
    /// How often a text is in it.
    func components(_ text: String) -> Int {
        var count = 0
        var rest = self[...]
        while let range = rest.firstRange(of: text) {
            count += 1
            rest = rest[range.upperBound...]
        }
        return count
    }
}
