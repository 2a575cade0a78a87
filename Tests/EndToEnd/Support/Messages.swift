// JSON-RPC as a test writes and reads it.

import Foundation

/// A message of mcpo, as the line that it was.
struct Message: CustomStringConvertible {
    let line: String
    private let members: [String: Any]

    init(_ line: [UInt8]) throws {
        self.line = String(decoding: line, as: UTF8.self)
        guard let members = try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any]
        else { throw Failure("no object: \(self.line)") }
        self.members = members
    }

    var description: String { String(line.prefix(500)) }

    /// The value at a path of members, such as `"error", "data", "mcpo"`.
    func value(_ path: String...) -> Any? {
        var value: Any? = members
        for key in path { value = (value as? [String: Any])?[key] }
        return value
    }

    var method: String? { value("method") as? String }
    var isAnswer: Bool { method == nil && (value("result") ?? value("error")) != nil }
    var errorCode: Int? { value("error", "code") as? Int }
    var errorMessage: String? { value("error", "message") as? String }
    /// `detail` of mcpo's own errors.
    var detail: String? {
        let own = value("error", "data", "mcpo") as? [String: Any]
        return own?["detail"] as? String
    }
    /// The text of a tool's answer.
    var text: String? {
        let content = value("result", "content") as? [[String: Any]]
        return content?.first?["text"] as? String
    }

    /// Whether this is the answer to the request with this id, written exactly so.
    func answers(_ id: String) -> Bool {
        isAnswer && line.contains("\"id\":\(id),")
    }
}

/// Lines that clients send.
enum Line {
    static let initialize =
        #"{"protocolVersion":"2025-11-25","capabilities":{"roots":{}},"#
        + #""clientInfo":{"name":"end to end","version":"1.0"}}"#

    static let initialized = #"{"jsonrpc":"2.0","method":"notifications/initialized"}"#

    /// `_meta` of a modern request.
    static let modernMeta =
        #""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","#
        + #""io.modelcontextprotocol/clientInfo":{"name":"end to end","version":"1.0"},"#
        + #""io.modelcontextprotocol/clientCapabilities":{"elicitation":{}}}"#

    static func request(_ id: String, _ method: String, _ params: String = "{}") -> String {
        #"{"jsonrpc":"2.0","id":\#(id),"method":"\#(method)","params":\#(params)}"#
    }

    static func call(_ id: String, _ tool: String, _ arguments: String = "{}") -> String {
        request(id, "tools/call", #"{"name":"\#(tool)","arguments":\#(arguments)}"#)
    }

    static func modernCall(_ id: String, _ tool: String, _ arguments: String = "{}") -> String {
        request(
            id, "tools/call",
            #"{"name":"\#(tool)","arguments":\#(arguments),\#(modernMeta)}"#)
    }
}
