// The stub's tools that behave.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension Server {
    func call(_ request: Request) {
        let name = request.params?["name"]?.string ?? ""
        switch name {
        case "echo": reply(text: request.string("text") ?? "", to: request)
        case "add": add(request)
        case "sleep":
            after(request.integer("ms") ?? 0) { self.reply(text: "slept", to: request) }
        case "progress": report(1, of: request.integer("steps") ?? 3, request)
        case "big":
            reply(text: String(repeating: "x", count: request.integer("bytes") ?? 0), to: request)
        case "ask": ask(request)
        case "pid": reply(text: "\(getpid())", to: request)
        case "session": reply(text: session.json, to: request)
        case "surroundings": describeSurroundings(request)
        case "touch":
            touch(request.string("uri") ?? "")
            reply(text: "touched", to: request)
        case "append": append(request)
        case "stderr": complain(request)
        default:
            if !misbehave(name, request) { fail(-32602, "Unknown tool: \(name)", request) }
        }
    }

    private func add(_ request: Request) {
        let terms = ["a", "b"].compactMap { request.arguments?[$0].flatMap { Double($0.text) } }
        reply(text: "\(terms.reduce(0, +))", to: request)
    }

    /// Reports a step, and the next one after `ms`; the last is the answer.
    private func report(_ step: Int, of steps: Int, _ request: Request) {
        guard step <= steps else {
            reply(text: "done", to: request)
            return
        }
        if let token = request.progressToken {
            notify(
                "notifications/progress",
                #"{"progressToken":\#(token),"progress":\#(step),"total":\#(steps)}"#)
        }
        after(request.integer("ms") ?? 0) { self.report(step + 1, of: steps, request) }
    }

    /// Leaves a trace that outlives this process, in one system call: killed at any moment, it has
    /// written the line or has not.
    private func append(_ request: Request) {
        let flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC
        let descriptor = open(request.string("file") ?? "", flags, 0o600)
        guard descriptor >= 0 else {
            fail(-32602, "Cannot open the file", request)
            return
        }
        writeAll((request.string("line") ?? "") + "\n", to: descriptor)
        close(descriptor)
        reply(text: "appended", to: request)
    }

    private func complain(_ request: Request) {
        let line = (request.string("text") ?? "") + "\n"
        for _ in 0..<(request.integer("times") ?? 1) { writeAll(line, to: 2) }
        reply(text: "complained", to: request)
    }

    private func describeSurroundings(_ request: Request) {
        let directory = getcwd(nil, 0)
        defer { free(directory) }
        let path = directory.map { String(cString: $0) } ?? ""
        let value = getenv(request.string("variable") ?? "").map { String(cString: $0) } ?? ""
        reply(
            text: #"{"directory":\#(JSON.quoted(path)),"value":\#(JSON.quoted(value))}"#,
            to: request)
    }
}

// MARK: - Asking the client

extension Server {
    /// Legacy: a request of the server's own. Modern: an answer that asks, and a repeated call.
    private func ask(_ request: Request) {
        let kind = request.string("kind") ?? "roots"
        if options.era == .legacy || request.params?["_meta"]?[versionKey] == nil {
            askDirectly(kind, request)
        } else if let responses = request.params?["inputResponses"] {
            reply(text: responses.text, to: request)
        } else {
            let (method, params) = Self.question(kind)
            reply(
                #"{"resultType":"input_required","inputRequests":{"it":{"method":"\#(method)","#
                    + #""params":\#(params)}},"requestState":"state-1"}"#, to: request)
        }
    }

    private var versionKey: String { "io.modelcontextprotocol/protocolVersion" }

    private func askDirectly(_ kind: String, _ request: Request) {
        asked += 1
        let id = "ask-\(asked)"
        asking[id] = { answer in
            self.reply(
                text: (answer["result"] ?? answer["error"])?.text ?? "nothing", to: request)
        }
        let (method, params) = Self.question(kind)
        writeAll(
            #"{"jsonrpc":"2.0","id":"\#(id)","method":"\#(method)","params":\#(params)}"# + "\n",
            to: 1)
    }

    private static func question(_ kind: String) -> (method: String, params: String) {
        switch kind {
        case "elicitation":
            let schema = #"{"type":"object","properties":{"name":{"type":"string"}}}"#
            return ("elicitation/create", #"{"message":"Name?","requestedSchema":\#(schema)}"#)
        case "sampling":
            let message = #"{"role":"user","content":{"type":"text","text":"Hello"}}"#
            return ("sampling/createMessage", #"{"messages":[\#(message)],"maxTokens":5}"#)
        default: return ("roots/list", "{}")
        }
    }
}
