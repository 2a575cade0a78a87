// One server of the mesh world behind its processes: what it knows, and what it answers.

import MCPOCore

/// The state of a server: it survives its processes.
final class MeshServer {
    let index: Int
    /// By key, counted up by each write.
    var versions = Array(repeating: 1, count: MeshScenario.keys)
    /// By kind of list, counted up by each change.
    var lists = Array(repeating: 1, count: EntryList.Kind.allCases.count)

    init(_ index: Int) { self.index = index }
}

/// Writes what the servers say.
struct MeshAnswers {
    let habits: MeshHabits
    let name: String

    /// What has to come through byte for byte.
    static let odd = #""big":12345678901234567890.10,"pad":"\u00e9·\/","n":1.0E+3"#

    private func line(_ attempt: MeshAttempt, _ body: String) -> [UInt8] {
        let number = String(decoding: attempt.number, as: UTF8.self)
        return Array(#"{"jsonrpc":"2.0","id":\#(number),\#(body)}"#.utf8)
    }

    func unknownMethod(_ attempt: MeshAttempt) -> [UInt8] {
        line(attempt, #""error":{"code":-32601,"message":"no such method"}"#)
    }

    func failure(_ attempt: MeshAttempt) -> [UInt8] {
        line(
            attempt,
            #""error":{"code":-32000,"message":"no","data":{"run":\#(attempt.serial)}}"#)
    }

    func result(_ attempt: MeshAttempt, isModern: Bool) -> [UInt8] {
        var members = [#""run":\#(attempt.serial),"by":"\#(name)","version":\#(attempt.version)"#]
        switch attempt.method {
        case .initialize:
            members.append(#""protocolVersion":"2025-11-25","capabilities":\#(capabilities)"#)
        case .discover:
            members.append(
                #""supportedVersions":["2026-07-28"],"capabilities":\#(capabilities)"#)
        case .callTool: members.append(#""content":[],\#(Self.odd)"#)
        case .readResource: members.append(#""contents":[],\#(Self.odd)"#)
        case .getPrompt: members.append(#""messages":[],\#(Self.odd)"#)
        default: break
        }
        if let kind = EntryList.Kind(meshMethod: attempt.method) {
            members += page(kind, attempt)
        }
        if isModern { members.append(#""resultType":"complete""#) }
        return line(attempt, #""result":{\#(members.joined(separator: ","))}"#)
    }

    private var capabilities: String {
        var members = [#""tools":{"listChanged":true}"#]
        if habits.hasPrompts { members.append(#""prompts":{"listChanged":true}"#) }
        if habits.hasResources {
            members.append(#""resources":{"subscribe":true,"listChanged":true}"#)
        }
        return "{\(members.joined(separator: ","))}"
    }

    private func page(_ kind: EntryList.Kind, _ attempt: MeshAttempt) -> [String] {
        var entries = MeshLists.entries(kind, of: name, version: attempt.version)[...]
        var members: [String] = []
        if habits.hasPages, entries.count > 1 {
            let half = entries.count / 2
            if attempt.cursor.isEmpty {
                entries = entries[..<half]
                members.append(#""nextCursor":"p2""#)
            } else {
                entries = entries[half...]
            }
        }
        members.append(#""\#(kind.member)":[\#(entries.joined(separator: ","))]"#)
        return members
    }

    /// Whether an answer is the last page of its list.
    func isLastPage(_ kind: EntryList.Kind, _ attempt: MeshAttempt) -> Bool {
        let count = MeshLists.entries(kind, of: name, version: 1).count
        return !habits.hasPages || count < 2 || !attempt.cursor.isEmpty
    }

    func progress(_ attempt: MeshAttempt) -> [UInt8]? {
        guard let token = attempt.token else { return nil }
        let text = String(decoding: token, as: UTF8.self)
        return Array(
            (#"{"jsonrpc":"2.0","method":"notifications/progress","params":"#
                + #"{"progressToken":\#(text),"progress":1,"run":\#(attempt.serial)}}"#).utf8)
    }

    /// A notification, under a subscription if there is one.
    static func notice(_ method: String, subscription: [UInt8]? = nil) -> [UInt8] {
        guard let subscription else {
            return Array(#"{"jsonrpc":"2.0","method":"\#(method)"}"#.utf8)
        }
        let number = String(decoding: subscription, as: UTF8.self)
        return Array(
            (#"{"jsonrpc":"2.0","method":"\#(method)","params":{"_meta":"#
                + #"{"io.modelcontextprotocol/subscriptionId":\#(number)}}}"#).utf8)
    }
}
