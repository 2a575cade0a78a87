// What the client gets: the right answers, true errors, in time.

import MCPOCore

extension MeshAuditor {
    /// A line for the client.
    func hear(_ line: [UInt8], _ world: MeshWorld) {
        var envelope = Envelope()
        guard (try? Envelope.scan(line.span.bytes, into: &envelope)) != nil else {
            return blame(.rightAnswer, "the client was sent what is no message")
        }
        if envelope.method.kind == .string {
            return hearNotice(Method.of(line.span.bytes, envelope), line, envelope)
        }
        let id = Array(line[envelope.id.range.bounds])
        guard let request = waiting[id] else {
            return blame(.oneAnswer, "an answer to \(String(decoding: id, as: UTF8.self)), nobody")
        }
        judge(request, line, envelope, world)
        end(request)
    }

    private func judge(
        _ request: MeshRequest, _ line: [UInt8], _ envelope: Envelope, _ world: MeshWorld
    ) {
        checkTime(request)
        let isOpening = request.method == .initialize || request.method == .discover
        if isOpening, envelope.error.isPresent { wasRefused = true }
        if envelope.error.isPresent { return judgeError(request, line, envelope, world) }
        switch request.method {
        case .initialize, .discover:
            hasAgreed = true
            if scenario.isGateway { return }
        case .listen:
            stopListening()
            if !world.hasEnded { blame(.oneAnswer, "the subscription ends by itself") }
            return
        case .ping where scenario.isGateway: return
        case .subscribeResource, .unsubscribeResource: return
        default: break
        }
        if scenario.isGateway, let kind = EntryList.Kind(meshMethod: request.method) {
            return judgeList(kind, request, line, world)
        }
        judgeResult(request, line)
    }

    private func checkTime(_ request: MeshRequest) {
        let time = now.since(request.arrivedAt)
        if request.method == .listen { return }
        if request.method == .initialize || request.method == .discover, scenario.isGateway {
            let most = Instant(nanoseconds: 0).advanced(by: scenario.startupWait)
            if now > max(most, request.arrivedAt) {
                blame(.opening, "the first answer took \(time)")
            }
            return
        }
        guard let server = request.server else {
            if time > scenario.startupWait * 2 { blame(.lists, "a list took \(time)") }
            return
        }
        let hasProgress = request.progressAt != nil
        let most =
            hasProgress ? scenario.maximumTimeout(of: server) : scenario.timeout(of: server)
        // Whose it is may not have been known in all that time.
        if !request.isExpected, time <= scenario.longestTimeout { return }
        if time > most { blame(.oneAnswer, "\(request.target) was answered after \(time)") }
    }

    private func judgeResult(_ request: MeshRequest, _ line: [UInt8]) {
        guard let attempt = number(after: #""run":"#, in: line).map({ attempts[$0] }) else {
            return blame(.rightAnswer, "an answer that no server has given")
        }
        guard attempt.answeredAt != nil, attempt.process.server == request.server,
            attempt.method == request.method
        else { return blame(.rightAnswer, "\(request.target) got the answer of another server") }
        if attempt.request !== request {
            coverage.note(attempt.call < calls && attempt.answeredAt != now ? .stored : .joined)
            let isEqual =
                !request.equality.isEmpty && attempt.request?.equality == request.equality
            let isOwnList = attempt.request == nil && request.method == .listTools
            if !isEqual, !isOwnList {
                return blame(.rightAnswer, "\(request.target) got the answer of another request")
            }
        }
        if request.isCall, !line.contains(MeshAnswers.odd) {
            blame(.rightAnswer, "the result of \(request.target) was changed")
        }
        if attempt.version < request.floor {
            blame(
                .freshness,
                "\(request.target) shows \(attempt.version) after \(request.floor) was written")
        }
        judgeIsolation(request, attempt)
    }

    /// Another server's trouble costs no time.
    private func judgeIsolation(_ request: MeshRequest, _ attempt: MeshAttempt) {
        guard scenario.kind == .isolated, request.isExpected, isCalm(attempt.process.server)
        else { return }
        coverage.note(.isolatedCall)
        let taken = now.since(request.arrivedAt)
        if taken > attempt.latency * 11 / 10 {
            blame(.isolation, "\(request.target) took \(taken) instead of \(attempt.latency)")
        }
    }

    // MARK: Errors

    private func judgeError(
        _ request: MeshRequest, _ line: [UInt8], _ envelope: Envelope, _ world: MeshWorld
    ) {
        if let run = number(after: #""run":"#, in: line) {
            if attempts[run].request !== request, request.equality.isEmpty {
                blame(.rightAnswer, "\(request.target) got an error of another request")
            }
            return
        }
        let bytes = line.span.bytes
        let code = bytes.member("code", of: envelope.error)
        let text = String(decoding: line[code.range.bounds], as: UTF8.self)
        if request.isUnknown {
            return judgeUnknown(request, text, world)
        }
        switch text {
        case "1001": judgeOverload(request)
        case "1002": coverage.note(.timedOut)
        case "1003": coverage.note(.unavailable)
        case "-32602", "-32601", "-32002":
            if request.isExpected, request.isCall, request.server.map(isCalm) ?? false {
                blame(.rightAnswer, "\(request.target) is not known any more: \(text)")
            }
        default: blame(.rightAnswer, "\(request.target) got the error \(text)")
        }
        judgeService(request, text, world)
        judgeHonesty(request, line)
    }

    /// What is said of a tool that nobody has.
    private func judgeUnknown(_ request: MeshRequest, _ code: String, _ world: MeshWorld) {
        coverage.note(.unknownTool)
        let untold = scenario.servers.indices.filter { isUntold(.tools, of: $0) }
        let isOpen = request.supposedServer.map(untold.contains) ?? false
        let isRight =
            switch code {
            // While the server of its prefix has not told its list nobody knows. One that has been
            // lost again and again may be taken for one that has nothing.
            case "-32602": !isOpen || request.supposedServer.map { !hasGreeted[$0] } ?? true
            // Or no server can be started.
            case "1003": isOpen || untold.count == scenario.servers.count
            // It waits for lists, at most its time, or until mcpo stops.
            case "1002":
                world.hasEnded || now.since(request.arrivedAt) >= scenario.settings.timeout
            default: false
            }
        if !isRight { blame(.rightAnswer, "a tool that nobody has: \(code)") }
    }

    private func judgeOverload(_ request: MeshRequest) {
        coverage.note(.overloaded)
        guard let concurrency = scenario.settings.concurrency else {
            return blame(.limits, "overloaded without limits")
        }
        let waited = now.since(request.arrivedAt)
        if scenario.kind == .calm, request.isExpected,
            waited > .nanoseconds(concurrency.queueTimeout)
        {
            blame(.turns, "\(request.target) was sent away only after \(waited)")
        }
    }

    private func judgeService(_ request: MeshRequest, _ code: String, _ world: MeshWorld) {
        if world.hasEnded { return }
        let error = "\(request.method) \(request.target) got the error \(code)"
        let isOpening = request.method == .initialize || request.method == .discover
        if expectsSuccess, !isOpening {
            // A server that takes long to tell what it has has time until all of it is asked for.
            if code == "1003", isUntold(request) { return }
            // One that has never said what it is cannot be asked whether it is well: mcpo does not
            // know how, and leaves it alone. Calls time out there, or wait for the turn of those.
            let isKnown = request.server.map { hasGreeted[$0] } ?? true
            if !isKnown, code == "1001" || code == "1002" { return }
            return blame(.service, "\(error) in times of peace")
        }
        guard request.isExpected, let server = request.server, isCalm(server) else { return }
        if scenario.kind == .isolated { return blame(.isolation, error) }
        // A call may wait for its turn for as long as it may take.
        let mayWait = scenario.settings.concurrency != nil
        if code == "1001" || code == "1002" && mayWait { return }
        blame(.service, error)
    }

    /// Whether the server of a request has not told yet what it has of what the request is about.
    private func isUntold(_ request: MeshRequest) -> Bool {
        guard let server = request.server, request.attempts.isEmpty else { return false }
        switch request.method {
        case .callTool: return isUntold(.tools, of: server)
        case .getPrompt: return isUntold(.prompts, of: server)
        case .readResource:
            return isUntold(.resources, of: server) || isUntold(.templates, of: server)
        default: return false
        }
    }

    private func isUntold(_ kind: EntryList.Kind, of server: Int) -> Bool {
        scenario.isGateway && known[server][Int(kind.rawValue)] == 0
    }

    /// What is said to be safe to send again has not been done.
    private func judgeHonesty(_ request: MeshRequest, _ line: [UInt8]) {
        let isSafe = line.contains(#""retrySafe":true"#)
        if !isSafe { coverage.note(.writeLost) }
        guard !request.isRepeatable, isSafe else { return }
        coverage.note(.safeError)
        if !request.attempts.isEmpty {
            blame(.honesty, "\(request.target) is said to be safe to repeat, but was sent")
        }
    }

    /// The number that follows `label`.
    func number(after label: String, in bytes: [UInt8]) -> Int? {
        guard let place = bytes.place(of: Array(label.utf8)) else { return nil }
        let digits = bytes[place.upperBound...].prefix { (48...57).contains($0) }
        return parseNumber(digits).map(Int.init)
    }
}
