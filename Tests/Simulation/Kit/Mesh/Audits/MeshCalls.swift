// What mcpo writes to the processes: the right request, to the right one, not too often, and not too
// many at once.

import MCPOCore

extension MeshAuditor {
    /// A whole line has gone to a process.
    func noteWritten(_ line: [UInt8], to process: MeshProcess) {
        var envelope = Envelope()
        let bytes = line.span.bytes
        guard (try? Envelope.scan(bytes, into: &envelope)) != nil else {
            return blame(.rightAnswer, "a process was sent what is no message")
        }
        let method = Method.of(bytes, envelope)
        if method == .cancelled {
            let number = Array(line[envelope.requestID.range.bounds])
            if let attempt = process.attempts[number] {
                attempt.isGivenUp = true
                leave(attempt)
            }
        }
        guard envelope.id.isPresent, envelope.method.isPresent else { return }
        let nonce = parseNumber(line[bytes.member("nonce", of: envelope.meta).range.bounds])
        let hasToken = envelope.metaProgressToken.isPresent
        let attempt = MeshAttempt(
            serial: attempts.count, process: process,
            number: Array(line[envelope.id.range.bounds]),
            request: nonce.flatMap { byNonce[Int($0)] }, method: method, writtenAt: now,
            token: hasToken ? Array(line[envelope.metaProgressToken.range.bounds]) : nil)
        attempt.call = calls
        attempt.isModern = envelope.metaProtocolVersion.isPresent
        if envelope.cursor.isPresent { attempt.cursor = [1] }
        attempts.append(attempt)
        checkHandshake(attempt, isModern: envelope.metaProtocolVersion.isPresent)
        process.attempts[attempt.number] = attempt
        if let kind = EntryList.Kind(meshMethod: method), attempt.cursor.isEmpty {
            began[process.server][Int(kind.rawValue)] = calls
        }
        if let request = attempt.request {
            checkRequest(request, attempt, line, envelope)
            enter(attempt, request)
        } else {
            checkPing(attempt)
        }
        process.usedAt = now
    }

    /// Each process is opened in its own way, once, before it is asked for anything.
    private func checkHandshake(_ attempt: MeshAttempt, isModern: Bool) {
        let process = attempt.process
        if attempt.method == .initialize {
            process.initializations += 1
            if process.initializations > 1, attempt.request == nil {
                blame(.handshake, "process \(process.number) was initialised twice")
            }
            return
        }
        if attempt.method == .discover || attempt.method == .ping { return }
        let isLegacy = eras[process.server] == .legacy
        // A client that does not wait for the answer to its own initialize is passed on as it is.
        let isByClient = !scenario.isGateway && !hasAgreed && attempt.request != nil
        if isLegacy, !process.hasGreeted, !isByClient {
            blame(
                .handshake,
                "process \(process.number) was asked for \(attempt.method) before it was initialised"
            )
        }
        if !isLegacy, !isModern {
            blame(.handshake, "a modern server was asked for \(attempt.method) without _meta")
        }
    }

    private func checkRequest(
        _ request: MeshRequest, _ attempt: MeshAttempt, _ line: [UInt8], _ envelope: Envelope
    ) {
        let process = attempt.process
        if request.server != process.server {
            blame(.rightAnswer, "\(request.method) went to \(scenario.name(process.server))")
        }
        let bytes = line.span.bytes
        let range = request.method == .readResource ? envelope.uri.range : envelope.name.range
        if request.isCall, Array(line[range.bounds]) != Array("\"\(request.target)\"".utf8) {
            blame(.rightAnswer, "\(request.target) was sent under another name")
        }
        if !request.arguments.isEmpty,
            Array(line[bytes.member("arguments", of: envelope.params).range.bounds])
                != request.arguments
        {
            blame(.rightAnswer, "the arguments of \(request.target) were changed")
        }
        let staysFirst = request.isWrite || request.method == .subscribeResource
        if eras[process.server] == .legacy, staysFirst {
            if !process.isFirst {
                blame(.pool, "\(request.target) went to a process beyond the first")
            }
            coverage.note(.writeOnFirst)
        }
        if request.isCall { checkRepetition(request, attempt) }
        request.attempts.append(attempt)
    }

    private func checkRepetition(_ request: MeshRequest, _ attempt: MeshAttempt) {
        guard !request.attempts.isEmpty else { return }
        if !request.isRepeatable {
            return blame(.runsOnce, "\(request.target) was sent twice")
        }
        retryCount += 1
        coverage.note(request.attempts.count > 1 ? .retriedTwice : .retried)
        if request.attempts.count > scenario.settings.retry.maximum {
            blame(.retries, "\(request.target) was sent \(request.attempts.count + 1) times")
        }
        if request.attempts.contains(where: { $0.answeredAt != nil }) {
            blame(.retries, "\(request.target) was sent again though it was answered")
        }
        let percent = scenario.settings.retry.budgetPercent
        let most = percent == 0 ? 0 : 10 + requestCount * percent / 100
        if retryCount > most { blame(.retries, "\(retryCount) retries of \(requestCount) calls") }
    }

    // MARK: Limits

    private func isLimited(_ request: MeshRequest) -> Bool { request.isCall }

    /// The lane that a call waits in: that of its tool, if that has a limit, or of its server.
    private func lane(of request: MeshRequest, _ server: Int) -> (name: String, limit: Int?) {
        let rules = scenario.settings.servers[server].policy?.rules.rules ?? []
        let rule = rules.first { $0.pattern == request.tool?.name && $0.maximumConcurrent != nil }
        // Which rule a tool has is not known before its server's list is.
        guard let rule, isCurrent[server] else { return ("\(server)", nil) }
        return ("\(server) \(rule.pattern)", rule.maximumConcurrent)
    }

    /// A request is under way.
    private func enter(_ attempt: MeshAttempt, _ request: MeshRequest) {
        guard isLimited(request), request.endedAt == nil else {
            attempt.isUnderWay = false
            return
        }
        let server = attempt.process.server
        let lane = lane(of: request, server)
        underWay += 1
        underWayAt[server] += 1
        attempt.lane = lane.name
        underWayOf[lane.name, default: 0] += 1
        attempt.process.underWay += 1
        checkTurn(request, attempt, lane.name)
        guard let concurrency = scenario.settings.concurrency else { return }
        if underWay > concurrency.maximum { blame(.limits, "\(underWay) calls are under way") }
        let most = scenario.settings.servers[server].maximumConcurrent ?? .max
        if underWayAt[server] > most {
            blame(.limits, "\(underWayAt[server]) calls of \(scenario.name(server))")
        }
        if let limit = lane.limit, isCalm(server), underWayOf[lane.name, default: 0] > limit {
            blame(.limits, "more than \(limit) calls of \(lane.name)")
        }
    }

    /// An attempt is not under way any more.
    func leave(_ attempt: MeshAttempt) {
        guard attempt.isUnderWay else { return }
        attempt.isUnderWay = false
        guard let request = attempt.request, isLimited(request) else { return }
        let server = attempt.process.server
        underWay -= 1
        underWayAt[server] -= 1
        underWayOf[attempt.lane, default: 0] -= 1
        attempt.process.underWay -= 1
        attempt.process.usedAt = now
    }

    /// In calm runs nobody loses its place, so that calls go in order. (While a list is being read again
    /// nobody can tell which rule a call went by when it came.)
    private func checkTurn(_ request: MeshRequest, _ attempt: MeshAttempt, _ lane: String) {
        guard scenario.kind == .calm, request.isExpected, isCurrent[attempt.process.server]
        else { return }
        let waited = now.since(request.arrivedAt)
        if waited > .zero { coverage.note(.waitedInQueue) }
        let most = Duration.nanoseconds(scenario.settings.concurrency?.queueTimeout ?? 0)
        if waited > most { blame(.turns, "\(request.target) has waited \(waited) for its turn") }
        if let last = lastWritten[lane], last > request.nonce {
            blame(.turns, "\(request.target) was overtaken")
        }
        lastWritten[lane] = request.nonce
    }

    /// After a call of the core: its queue, looked at now and then because it takes long.
    func checkLimits(_ core: borrowing ProxyCore) {
        guard let concurrency = scenario.settings.concurrency, calls % 8 == 0 else { return }
        let figures = core.metrics.concurrency
        if figures.queued > concurrency.maxQueue || figures.current > concurrency.maximum {
            blame(.limits, "\(figures.current) calls are under way, \(figures.queued) wait")
        }
    }
}
