// mcpo's own errors are valid JSON whatever is put into them.

import Foundation
import MCPOCore
import Testing

@Suite struct ProxyErrorTests {
    private struct Answer: Decodable {
        struct Failure: Decodable {
            struct Data: Decodable {
                struct Proxy: Decodable {
                    var kind: String
                    var server: String?
                    var retrySafe: Bool
                    var detail: String
                }
                var mcpo: Proxy
            }
            var code: Int
            var message: String
            var data: Data?
        }
        var jsonrpc: String
        var error: Failure
    }

    private static func parse(_ error: ProxyError, id: String) throws -> Answer {
        let line = error.answer(to: Lexeme(Array(id.utf8)))
        #expect(!line.contains(UInt8(ascii: "\n")))
        let object = try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any]
        #expect(object?.keys.contains("id") == true)
        return try JSONDecoder().decode(Answer.self, from: Data(line))
    }

    @Test func `an error has the shape that the specification shows`() {
        let error = ProxyError(
            .unavailable, "gone", server: "github", retrySafe: false, detail: "exited")
        let expected =
            #"{"jsonrpc":"2.0","id":7,"error":{"code":1003,"message":"gone","data":{"mcpo":"#
            + #"{"kind":"unavailable","server":"github","retrySafe":false,"detail":"exited"}}}}"#
        #expect(error.answer(to: Lexeme(7)) == Array(expected.utf8))
    }

    @Test func `JSON-RPC's own errors carry no data`() {
        let expected = #"{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"no"}}"#
        #expect(ProxyError(.invalidRequest, "no").answer(to: .null) == Array(expected.utf8))
    }

    @Test(
        arguments: [
            (ErrorCode.parseError, -32700, nil), (.invalidRequest, -32600, nil),
            (.invalidParams, -32602, nil), (.overloaded, 1001, "overloaded"),
            (.timeout, 1002, "timeout"), (.unavailable, 1003, "unavailable"),
        ] as [(ErrorCode, Int, String?)])
    func `each code has its number and kind`(code: ErrorCode, number: Int, kind: String?) throws {
        let error = ProxyError(code, "m", server: "s", retrySafe: true, detail: "d")
        let answer = try Self.parse(error, id: "1")
        #expect(answer.error.code == number)
        #expect(answer.error.data?.mcpo.kind == kind)
    }

    @Test(arguments: 0..<200)
    func `any server name, message and detail survives`(seed: UInt64) throws {
        var generator = SplitMix64(state: seed)
        func text() -> String {
            let ranges: [ClosedRange<UInt32>] = [
                0...0x1F, 0x20...0x7F, 0x22...0x22, 0x5C...0x5C, 0x80...0xFF, 0x2028...0x2029,
                0xE000...0xFFFF, 0x10000...0x10FFFF,
            ]
            var text = ""
            for _ in 0..<Int.random(in: 0..<40, using: &generator) {
                let range = ranges.randomElement(using: &generator) ?? 0...0
                let scalar = UnicodeScalar(UInt32.random(in: range, using: &generator))
                text.unicodeScalars.append(scalar ?? "?")
            }
            return text
        }
        let error = ProxyError(
            .timeout, text(), server: text(), retrySafe: Bool.random(using: &generator),
            detail: text())
        let answer = try Self.parse(error, id: #""a\u0041""#)
        let data = try #require(answer.error.data?.mcpo)
        #expect(Array(answer.error.message.unicodeScalars) == Array(error.message.unicodeScalars))
        #expect(Array(data.detail.unicodeScalars) == Array(error.detail.unicodeScalars))
        #expect(
            data.server.map { Array($0.unicodeScalars) }
                == error.server.map { Array($0.unicodeScalars) })
        #expect(data.retrySafe == error.retrySafe)
    }

    @Test func `the id stands in the answer as it was written`() {
        let line = ProxyError(.timeout, "m").answer(to: Lexeme(Array(#""a\u0041""#.utf8)))
        #expect(String(decoding: line, as: UTF8.self).contains(#""id":"a\u0041","#))
    }
}
