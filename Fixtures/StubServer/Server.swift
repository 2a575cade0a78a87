// The protocol: which method is answered with what, in which era.

/// One session with the client.
final class Server {
    let options: Options
    let started = monotonicMilliseconds()
    /// Later work, soonest first among equals in the order it was asked for.
    private var timers: [(due: Int, work: () -> Void)] = []
    /// A file that ends the server's deafness when it appears.
    var deafUntil: String?
    var session = Session()
    /// The stub's own requests to the client: what to do with the answer, by id.
    var asking: [String: (JSON) -> Void] = [:]
    var asked = 0

    init(_ options: Options) {
        self.options = options
    }

    func receive(_ line: [UInt8]) {
        session.bytes += line.count
        guard let message = JSON(line[...]) else {
            session.unreadable += 1
            return
        }
        guard let method = message["method"]?.string else {
            if let id = message["id"]?.string { asking.removeValue(forKey: id)?(message) }
            return
        }
        guard let id = message["id"] else {
            note(method, message["params"])
            return
        }
        answer(Request(id: id.text, method: method, params: message["params"]))
    }

    private func note(_ method: String, _ params: JSON?) {
        session.notifications += 1
        switch method {
        case "notifications/initialized": session.isInitialized = true
        case "notifications/cancelled":
            let id = params?["requestId"]?.text ?? ""
            session.cancelled.append(id)
            session.listeners.removeAll { $0.id == id }
        default: break
        }
    }

    private func answer(_ request: Request) {
        if let complaint = eraComplaint(request) {
            send("\"error\":\(complaint)", to: request)
            return
        }
        switch request.method {
        case "initialize": initialize(request)
        case "server/discover": reply(Documents.discovery, to: request)
        case "ping": reply("{}", to: request)
        case "tools/list": reply(cacheable(#"{"tools":\#(Documents.tools)"#), to: request)
        case "tools/call": call(request)
        case "prompts/list": reply(cacheable(#"{"prompts":\#(Documents.prompts)"#), to: request)
        case "prompts/get": getPrompt(request)
        case "completion/complete":
            reply(#"{"completion":{"values":["World"],"hasMore":false}}"#, to: request)
        case "subscriptions/listen": listen(request)
        default:
            guard answerResources(request) else {
                fail(-32601, "Method not found: \(request.method)", request)
                return
            }
        }
    }

    /// Which requests this era's servers refuse, and how.
    private func eraComplaint(_ request: Request) -> String? {
        let version = request.params?["_meta"]?["io.modelcontextprotocol/protocolVersion"]?.string
        let removed = ["initialize", "ping", "logging/setLevel", "resources/subscribe"]
        let added = ["server/discover", "subscriptions/listen"]
        switch options.era {
        case .legacy where added.contains(request.method):
            return #"{"code":-32601,"message":"Method not found"}"#
        case .modern where removed.contains(request.method):
            return #"{"code":-32601,"message":"Method not found"}"#
        case .modern where version == nil:
            return #"{"code":-32602,"message":"_meta without a protocol version"}"#
        default: break
        }
        guard let version, version != "2026-07-28", options.era != .legacy else { return nil }
        return #"{"code":-32022,"message":"Unsupported protocol version","data":"#
            + #"{"supported":["2026-07-28"],"requested":\#(JSON.quoted(version))}}"#
    }

    private func initialize(_ request: Request) {
        session.initialize = request.params?.text ?? "null"
        let known = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"]
        let wanted = request.params?["protocolVersion"]?.string ?? ""
        let version = known.contains(wanted) ? wanted : "2025-11-25"
        reply(
            #"{"protocolVersion":"\#(version)","capabilities":\#(Documents.capabilities),"#
                + #""serverInfo":\#(Documents.info),"instructions":"A stub for tests."}"#,
            to: request)
    }

    private func getPrompt(_ request: Request) {
        guard request.params?["name"]?.string == "greet" else {
            fail(-32602, "Unknown prompt", request)
            return
        }
        let name = request.params?["arguments"]?["name"]?.string ?? "you"
        reply(
            #"{"messages":[{"role":"user","content":{"type":"text","text":"#
                + JSON.quoted("Greet \(name)") + "}}]}", to: request)
    }

    /// What a modern server says of every result that may be stored.
    func cacheable(_ members: String) -> String {
        members + (options.era == .legacy ? "}" : #","ttlMs":0,"cacheScope":"private"}"#)
    }
}

// MARK: - Sending

extension Server {
    /// Sends a result; a modern one says that it is complete.
    func reply(_ result: String, to request: Request) {
        let isModern = options.era != .legacy && !result.contains(#""resultType""#)
        let mark = isModern ? #"{"resultType":"complete""# : "{"
        let comma = isModern && result != "{}" ? "," : ""
        send(#""result":"# + mark + comma + result.dropFirst(), to: request)
    }

    func reply(text: String, to request: Request) {
        reply(#"{"content":[{"type":"text","text":\#(JSON.quoted(text))}]}"#, to: request)
    }

    func fail(_ code: Int, _ message: String, _ request: Request) {
        send(#""error":{"code":\#(code),"message":\#(JSON.quoted(message))}"#, to: request)
    }

    private func send(_ member: String, to request: Request) {
        writeAll("{\"jsonrpc\":\"2.0\",\"id\":\(request.id),\(member)}\n", to: 1)
    }

    func notify(_ method: String, _ params: String) {
        writeAll(
            #"{"jsonrpc":"2.0","method":"\#(method)","params":\#(params)}"# + "\n", to: 1)
    }
}

// MARK: - Time

extension Server {
    func after(_ milliseconds: Int, _ work: @escaping () -> Void) {
        timers.append((monotonicMilliseconds() + milliseconds, work))
    }

    var hasTimers: Bool { !timers.isEmpty }

    func runTimers() {
        let now = monotonicMilliseconds()
        while let index = timers.firstIndex(where: { $0.due <= now }) {
            timers.remove(at: index).work()
        }
    }

    /// Milliseconds that may be waited; -1 for ever.
    var patience: Int32 {
        let next = timers.map(\.due).min().map { max($0 - monotonicMilliseconds(), 0) }
        // There is no event for a file that appears.
        let limit = deafUntil == nil ? next : min(next ?? 10, 10)
        return limit.map { Int32($0) } ?? -1
    }
}
