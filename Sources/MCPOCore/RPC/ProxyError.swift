// The errors that mcpo itself answers with: one table of codes, one way to write them.
//
// JSON-RPC's own codes say what was wrong with a message. mcpo's codes lie outside the range that
// JSON-RPC and MCP reserve (−32768 … −32000), and carry `data.mcpo` for programs (SPEC §9, §12):
//
//     {"jsonrpc":"2.0","id":7,"error":{"code":1003,"message":"…","data":{"mcpo":
//         {"kind":"unavailable","server":"github","retrySafe":false,"detail":"…"}}}}

/// Codes of errors that mcpo writes.
package enum ErrorCode: Int, Sendable {
    case parseError = -32700
    case invalidRequest = -32600
    case methodNotFound = -32601
    case invalidParams = -32602
    /// MCP up to 2025-11-25, *Resources*; later revisions have `invalidParams`.
    case resourceNotFound = -32002
    /// MCP 2026-07-28, *Versioning*: with the revisions that there are in `data`.
    case unsupportedRevision = -32022
    case overloaded = 1001
    case timeout = 1002
    case unavailable = 1003
    case cacheMiss = 1004

    /// The word for this code in `data.mcpo.kind`; nil for JSON-RPC's own codes.
    package var kind: StaticString? {
        switch self {
        case .parseError, .invalidRequest, .methodNotFound, .invalidParams, .unsupportedRevision,
            .resourceNotFound:
            nil
        case .overloaded: "overloaded"
        case .timeout: "timeout"
        case .unavailable: "unavailable"
        case .cacheMiss: "cache_miss"
        }
    }
}

/// An error answer of mcpo's own.
package struct ProxyError: Error, Equatable, Sendable {
    package var code: ErrorCode
    /// What happened and what to do next, for a person.
    package var message: String
    /// The server it happened to, when there is one.
    package var server: String?
    /// Whether sending the same request again cannot repeat a side effect.
    package var retrySafe: Bool
    package var detail: String
    /// What `data` is for JSON-RPC's and MCP's own codes, a JSON object; empty for none.
    package var data: [UInt8] = []

    package init(_ code: ErrorCode, _ message: String) {
        self.code = code
        self.message = message
        server = nil
        retrySafe = true
        detail = ""
    }

    package init(
        _ code: ErrorCode, _ message: String, server: String?, retrySafe: Bool, detail: String
    ) {
        self.code = code
        self.message = message
        self.server = server
        self.retrySafe = retrySafe
        self.detail = detail
    }

    /// The whole answer to the request with this id, without a newline.
    package func answer(to id: Lexeme) -> [UInt8] {
        var text: [UInt8] = Array(#"{"jsonrpc":"2.0","id":"#.utf8)
        text += id.array
        text += Array(#","error":{"code":\#(code.rawValue),"message":"#.utf8)
        appendJSONString(message, to: &text)
        if let kind = code.kind {
            text += Array(#","data":{"mcpo":{"kind":"\#(kind)""#.utf8)
            if let server {
                text += Array(#","server":"#.utf8)
                appendJSONString(server, to: &text)
            }
            text += Array(#","retrySafe":\#(retrySafe),"detail":"#.utf8)
            appendJSONString(detail, to: &text)
            text += Array("}}".utf8)
        } else if !data.isEmpty {
            text += Array(#","data":"#.utf8) + data
        }
        text += Array("}}".utf8)
        return text
    }
}

extension RawSpan {
    /// The code of an error answer; nil for what is no integer of at most 9 digits.
    func errorCode(_ envelope: Envelope) -> Int? {
        var code = member("code", of: envelope.error)
        guard code.kind == .integer else { return nil }
        let isNegative = byte(Int(code.range.lower)) == UInt8(ascii: "-")
        if isNegative { code.range.lower += 1 }
        guard let number = Lexeme.number(self, code) else { return nil }
        return isNegative ? -Int(number) : Int(number)
    }
}
