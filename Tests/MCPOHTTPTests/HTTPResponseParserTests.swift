// Answers of servers that mcpo asks: read however they are cut, and refused when their end is not
// certain.

import MCPOHTTP
import Testing

private typealias Progress = HTTPResponseParser.Progress

/// Parses bytes in pieces of `size`, then the end of the connection, if nothing has come of them.
private func parse(_ text: String, piecesOf size: Int) -> Progress {
    var parser = HTTPResponseParser()
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
        let progress = rest.prefix(size).withUnsafeBytes { parser.append($0) }
        if progress != .needsMore { return progress }
        rest = rest.dropFirst(size)
    }
    return parser.end()
}

/// Parses whole, in threes and byte by byte, which must not differ.
private func parse(_ text: String) -> Progress {
    let whole = parse(text, piecesOf: .max)
    for size in [1, 3, 7] { #expect(parse(text, piecesOf: size) == whole) }
    return whole
}

private func words(_ progress: Progress) -> String? {
    guard case .failure(let failure) = progress else { return nil }
    return failure.description
}

@Suite struct HTTPResponseParserTests {
    @Test(
        "An answer is read by its length, in chunks, or up to the end of the connection",
        arguments: [
            "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n{\"a\":1}",
            "HTTP/1.1 200\r\ncontent-length:007\r\n\r\n{\"a\":1}",
            "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n{\"a\":1} and more",
            "HTTP/1.1 200 OK\r\nServer: x\r\n\r\n{\"a\":1}",
            "HTTP/1.0 200 OK\r\n\r\n{\"a\":1}",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "3\r\n{\"a\r\n004;x=y\r\n\":1}\r\n0\r\nA: b\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: CHUNKED\r\n\r\n7 \r\n{\"a\":1}\r\n0\r\n\r\nmore",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
                + "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n{\"a\":1}",
        ])
    func bodies(text: String) {
        let body = Array(#"{"a":1}"#.utf8)
        #expect(parse(text) == .response(ReceivedResponse(status: 200, body: body)))
    }

    @Test("An answer without a body ends with its head")
    func empty() {
        let none = ReceivedResponse(status: 204, body: [])
        #expect(parse("HTTP/1.1 204 No Content\r\n\r\n") == .response(none))
        let zero = ReceivedResponse(status: 503, body: [])
        #expect(parse("HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n") == .response(zero))
    }

    @Test(
        "What is malformed is refused",
        arguments: [
            ("", "the connection was closed without an answer"),
            ("SSH-2.0-OpenSSH_9.2\r\n", "the answer is not HTTP/1.1"),
            ("HTTP/2 200 OK\r\n\r\n", "the answer is not HTTP/1.1"),
            ("HTTP/1.2 200 OK\r\n\r\n", "the answer is not HTTP/1.1"),
            ("HTTP/1.1 20 OK\r\n\r\n", "the answer is not HTTP/1.1"),
            ("HTTP/1.1 2000 OK\r\n\r\n", "the answer is not HTTP/1.1"),
            ("HTTP/1.1 abc OK\r\n\r\n", "the answer is not HTTP/1.1"),
            ("HTTP/1.1 099 OK\r\n\r\n", "the answer is not HTTP/1.1"),
            ("HTTP/1.1 200 OK\n\n", "a line of the head does not end with CR LF"),
            ("HTTP/1.1 200 O\rK\r\n\r\n", "the head has a CR by itself"),
            ("HTTP/1.1 200 OK\r\nA: b\r\n", "the answer is cut off"),
            ("HTTP/1.1 200 OK\r\nA\r\n\r\n", "a field of the head is malformed"),
            ("HTTP/1.1 200 OK\r\n: b\r\n\r\n", "a field of the head is malformed"),
            ("HTTP/1.1 200 OK\r\nA : b\r\n\r\n", "a field of the head is malformed"),
            ("HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", "a field of the head is malformed"),
            ("HTTP/1.1 200 OK\r\nA: \u{1}\r\n\r\n", "a field of the head has control characters"),
            ("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n{}", "the answer is cut off"),
            ("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "Content-Length is no number"),
            ("HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n", "Content-Length is no number"),
            ("HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\nx", "Content-Length is no number"),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
                "Content-Length is no number"
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nx",
                "a body has a length or an encoding, not both"
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
                "the answer has a Transfer-Encoding other than chunked"
            ),
            ("HTTP/1.1 200 OK\r\nContent-Length: 67108865\r\n\r\n", "the answer is too large"),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n",
                "the answer is too large"
            ),
            ("HTTP/1.1 101 Switching\r\n\r\n", "the server wants another protocol"),
        ])
    func malformed(text: String, expected: String) {
        #expect(words(parse(text)) == expected)
    }

    @Test(
        "Chunks that are malformed are refused",
        arguments: [
            ("g\r\n", "a chunk is malformed"), ("\r\n", "a chunk is malformed"),
            ("-1\r\n", "a chunk is malformed"), ("1\nx", "a chunk is malformed"),
            ("1x\r\ny\r\n", "a chunk is malformed"), ("1\r\nxy", "a chunk is malformed"),
            ("1\r\nx\r", "the answer is cut off"), ("1\r\nx\r\n", "the answer is cut off"),
            ("0\r\n", "the answer is cut off"), ("0\r\nA: b\r\n", "the answer is cut off"),
            ("fffffffff\r\n", "the answer is too large"),
            ("4000001\r\n", "the answer is too large"),
            ("1;" + String(repeating: "x", count: 2_000) + "\r\n", "a chunk is malformed"),
            (
                "0\r\n"
                    + String(repeating: "A: \(String(repeating: "b", count: 500))\r\n", count: 9),
                "a chunk is malformed"
            ),
        ])
    func malformedChunks(body: String, expected: String) {
        let text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body
        #expect(words(parse(text)) == expected)
    }

    @Test("A head without end, and interim answers without end, are refused")
    func bounds() {
        let field = "A: \(String(repeating: "b", count: 1_000))\r\n"
        let long = "HTTP/1.1 200 OK\r\n" + String(repeating: field, count: 20)
        #expect(words(parse(long, piecesOf: 100)) == "the head is too long")
        let many = "HTTP/1.1 200 OK\r\n" + String(repeating: "A: b\r\n", count: 101) + "\r\n"
        #expect(words(parse(many)) == "the head is too long")
        let interim = String(repeating: "HTTP/1.1 100 Continue\r\n\r\n", count: 9)
        #expect(words(parse(interim)) == "the server wants another protocol")
    }

    @Test("A body without end is refused at 64 MiB")
    func endless() {
        var parser = HTTPResponseParser()
        let head = Array("HTTP/1.1 200 OK\r\n\r\n".utf8)
        #expect(head.withUnsafeBytes { parser.append($0) } == .needsMore)
        let mebibyte = [UInt8](repeating: 0x20, count: 1 << 20)
        for _ in 0..<64 {
            #expect(mebibyte.withUnsafeBytes { parser.append($0) } == .needsMore)
        }
        let last = mebibyte.prefix(1).withUnsafeBytes { parser.append($0) }
        #expect(words(last) == "the answer is too large")
    }
}
