// Requests to one server and their answers, one after the other.
//
// What comes in between is dealt with here: notifications are passed over, requests of the server
// are answered (`ping`) or refused, lines that are no messages are counted and shown on stderr.

internal import MCPOCore
import MCPOSystem

/// Why a dialogue cannot go on, in words for a person.
struct DialogueFailure: Error {
    var reason: String
    /// What to do next, where that is not in the reason.
    var advice = ""

    init(_ reason: String, advice: String = "") {
        self.reason = reason
        self.advice = advice
    }
}

/// What came of waiting for an answer.
enum Reply {
    case result(Int, ServerAnswer)
    /// The id is nil when the server could not read what it answers.
    case error(Int?, ServerRefusal)
    case silence
    case ended(ProcessEnd?)

    /// What happened, as a server's deed.
    func deed(on method: String, within patience: Duration) -> String {
        switch self {
        case .result: "answered \(method)"
        case .error(_, let refusal): "answered \(method) with \(refusal.words)"
        case .silence: "did not answer \(method) within \(patience.text)"
        case .ended(let end?): "\(end) before it answered \(method)"
        case .ended(nil): "closed its stdout before it answered \(method)"
        }
    }

    /// What the server's owner can do about it.
    var advice: String {
        switch self {
        case .result: ""
        case .error: "look at what it wrote to stderr"
        case .silence: "if it needs longer to start, raise pool.connectionTimeout"
        case .ended: "look at what it wrote to stderr; check its command, args and env"
        }
    }
}

/// A conversation in JSON-RPC.
struct ServerDialogue {
    let conversation: ServerConversation
    /// For each answer.
    let patience: Duration
    /// The `_meta` that each request to a modern server carries.
    var meta: String?
    /// Lines of stdout that were no messages.
    private(set) var nonsense = 0
    private var lastID = 0

    init(_ conversation: ServerConversation, patience: Duration) {
        self.conversation = conversation
        self.patience = patience
    }

    /// Sends a request and waits for its result.
    /// - Parameter params: members, without braces.
    mutating func ask(
        _ method: String, _ params: String = ""
    ) throws(DialogueFailure) -> ServerAnswer {
        let deadline = Clock.now.advanced(by: patience)
        let id = send(method, params, before: deadline)
        let reply = answer(to: [id], until: deadline)
        guard case .result(_, let answer) = reply else {
            throw DialogueFailure(
                "it \(reply.deed(on: method, within: patience))", advice: reply.advice)
        }
        return answer
    }

    /// Sends a request; returns its id. Whether it arrives shows when the answer is waited for.
    mutating func send(_ method: String, _ params: String, before deadline: Instant) -> Int {
        lastID += 1
        let members = [params, meta.map { "\"_meta\":\($0)" } ?? ""].filter { !$0.isEmpty }
        write(
            #"{"jsonrpc":"2.0","id":\#(lastID),"method":"\#(method)","params":{"#
                + members.joined(separator: ",") + "}}", deadline)
        return lastID
    }

    func notify(_ method: String) {
        write(#"{"jsonrpc":"2.0","method":"\#(method)"}"#, Clock.now.advanced(by: patience))
    }

    private func write(_ line: String, _ deadline: Instant) {
        _ = conversation.send(Array(line.utf8), before: deadline)
    }

    /// Waits for the answer to one of these requests.
    mutating func answer(to ids: [Int], until deadline: Instant) -> Reply {
        while true {
            switch conversation.listen(until: deadline) {
            case .silence: return .silence
            case .ended(let end): return .ended(end)
            case .tooLong: nonsense += 1
            case .line(let line):
                if let reply = read(line, ids, deadline) { return reply }
                // A server that never stops talking does not stop the clock.
                if Clock.now >= deadline { return .silence }
            }
        }
    }

    /// The reply in a line, if it is one that is waited for.
    private mutating func read(_ line: [UInt8], _ ids: [Int], _ deadline: Instant) -> Reply? {
        if line.allSatisfy({ $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }) { return nil }
        guard let message = ServerAnswer(line) else {
            nonsense += 1
            conversation.note(nonsense: line)
            return nil
        }
        let envelope = message.envelope
        switch MessageShape(envelope) {
        case .notification: return nil
        case .request:
            refuse(message, deadline)
            return nil
        case .invalid:
            nonsense += 1
            conversation.note(nonsense: line)
            return nil
        case .answer:
            let id = Int(message.lexeme(envelope.id))
            if let id, !ids.contains(id) { return nil }
            guard envelope.error.isPresent else { return id.map { .result($0, message) } }
            return .error(id, ServerRefusal(message))
        }
    }

    private func refuse(_ request: ServerAnswer, _ deadline: Instant) {
        let isPing = Method.of(request.bytes.span.bytes, request.envelope) == .ping
        let outcome =
            isPing
            ? #""result":{}"#
            : #""error":{"code":-32601,"message":"mcpo check answers ping alone"}"#
        write(
            #"{"jsonrpc":"2.0","id":\#(request.lexeme(request.envelope.id)),\#(outcome)}"#, deadline
        )
    }
}

/// A line of the server that is a JSON-RPC message, with a few ways to look into it.
struct ServerAnswer {
    let bytes: [UInt8]
    let envelope: Envelope

    init?(_ line: [UInt8]) {
        var envelope = Envelope()
        do {
            try Envelope.scan(line.span.bytes, into: &envelope)
        } catch {
            return nil
        }
        bytes = line
        self.envelope = envelope
    }

    /// As the server wrote it.
    func lexeme(_ value: JSONValue) -> String {
        String(decoding: bytes[value.range.bounds], as: UTF8.self)
    }

    /// What a string stands for; nil for anything else.
    func text(_ value: JSONValue) -> String? {
        guard value.kind == .string else { return nil }
        var text: [UInt8] = []
        decodeJSONString(bytes.span.bytes, value.range, into: &text)
        return String(decoding: text, as: UTF8.self)
    }

    func member(_ key: StaticString, of object: JSONValue) -> JSONValue {
        bytes.span.bytes.member(key, of: object)
    }

    /// The strings of an array.
    func texts(_ array: JSONValue) -> [String] {
        var texts: [String] = []
        var elements = BatchElements(bytes.span.bytes, array)
        while let element = elements.next(bytes.span.bytes) {
            if let text = text(element) { texts.append(text) }
        }
        return texts
    }

    /// `ttlMs` of the result; what makes no sense is 0 (2026-07-28, Caching).
    var timeToLive: Int64? {
        let value = member("ttlMs", of: envelope.result)
        guard value.isPresent else { return nil }
        guard value.kind == .integer, !lexeme(value).hasPrefix("-") else { return 0 }
        return Int64(lexeme(value)) ?? .max
    }
}

/// A JSON-RPC error.
struct ServerRefusal {
    /// Unsupported protocol version (2026-07-28, basic/versioning): only modern servers know it.
    static let unsupportedVersion = -32022

    var code: Int?
    var message: String
    /// `supported` of an unsupported version.
    var supported: [String]

    init(_ answer: ServerAnswer) {
        let error = answer.envelope.error
        code = Int(answer.lexeme(answer.member("code", of: error)))
        message = answer.text(answer.member("message", of: error)) ?? ""
        let data = answer.member("data", of: error)
        supported = answer.texts(answer.member("supported", of: data))
    }

    var words: String {
        "error" + (code.map { " \($0)" } ?? "") + (message.isEmpty ? "" : ": \(message)")
    }
}
