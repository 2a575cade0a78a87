// mcpo's own knowledge of the server's tools: asked for, read page by page, kept current.

extension ProxyCore {
    /// Asks for the server's tools, if that is due and possible.
    mutating func askForTools(into effects: inout Effects) {
        guard caching.catalog.isDue, caching.catalog.flight == 0, server.phase == .open else {
            return
        }
        // A server that says with each answer that it has changed is not asked without end.
        guard caching.catalog.timesAsked < 2 else { return }
        caching.catalog.timesAsked += 1
        caching.catalog.isDue = false
        caching.catalog.tools.begin()
        askForTools(cursor: "", into: &effects)
    }

    /// - Parameter cursor: the lexeme of the page's cursor; empty for the first page.
    private mutating func askForTools(cursor: String, into effects: inout Effects) {
        let meta = String(decoding: caching.catalog.meta, as: UTF8.self)
        let members = [
            cursor.isEmpty ? "" : #""cursor":\#(cursor)"#, meta.isEmpty ? "" : #""_meta":\#(meta)"#,
        ].filter { !$0.isEmpty }.joined(separator: ",")
        let request = Array(
            #"{"jsonrpc":"2.0","id":0,"method":"tools/list","params":{\#(members)}}"#.utf8)
        let line = request.span.bytes
        guard let envelope = try? Envelope(scanning: line) else { return }
        let plan = caching.plan(line, envelope, .listTools, isWatched: false, at: present)
        caching.catalog.flight = send(plan, .catalog, line, envelope, into: &effects)
    }

    /// The server has answered mcpo's own `tools/list`.
    mutating func readTools(
        _ number: UInt32, _ line: RawSpan, _ envelope: Envelope, into effects: inout Effects
    ) {
        guard caching.catalog.flight == number else { return }
        caching.catalog.flight = 0
        if caching.catalog.isDue {
            // What was asked for has changed meanwhile.
            askForTools(into: &effects)
            return
        }
        switch caching.catalog.tools.add(line, envelope, caching.settings.policy) {
        case .last:
            noteTools(line, envelope, into: &effects)
        case .more(let cursor):
            let lexeme = line.extracting(cursor.range.bounds)
                .withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
            askForTools(cursor: lexeme, into: &effects)
        case .unusable:
            let isUnknown = envelope.error.isPresent && isMethodUnknown(line, envelope)
            toolsAreNotToBeHad(mayTryAgain: !isUnknown)
            effects.log(
                .debug, server: settings.serverName,
                "its list of tools cannot be had; calls are not cached")
        }
    }

    func isMethodUnknown(_ line: RawSpan, _ envelope: Envelope) -> Bool {
        let code = line.member("code", of: envelope.error)
        return line.extracting(code.range.bounds).array == Array("-32601".utf8)
    }

    /// mcpo's own `tools/list` has failed: it is tried again in a minute, when there is a request.
    mutating func toolsAreNotToBeHad(mayTryAgain: Bool, after pause: Duration = .seconds(60)) {
        caching.catalog.flight = 0
        caching.catalog.freshUntil = mayTryAgain ? present.advanced(by: pause) : .never
        guard mayTryAgain, !caching.catalog.meta.isEmpty else { return }
        caching.catalog.refusedMeta = caching.catalog.meta
        caching.catalog.meta = []
    }

    private mutating func noteTools(
        _ line: RawSpan, _ envelope: Envelope, into effects: inout Effects
    ) {
        caching.familiar.forget()
        let tools = caching.catalog.tools.tools
        let cached = tools.count { $0.decision.isCacheable }
        effects.log(
            .debug, server: settings.serverName,
            "has \(tools.count) tools, of which \(cached) are cached")
        caching.catalog.freshUntil = .never
        if let time = timeToLive(line, envelope.resultTTL), !caching.catalog.meta.isEmpty {
            // A list that is never fresh is asked for again once a minute while it is used.
            let least: Int64 = 60_000_000_000
            caching.catalog.freshUntil = present.advanced(byNanoseconds: max(time, least))
        }
        let name = "\(MetricsTool.name)"
        caching.catalog.hasMetricsTool = tools.contains { $0.name == name }
        if caching.catalog.hasMetricsTool { warnOfMetricsTool(into: &effects) }
    }

    mutating func warnOfMetricsTool(into effects: inout Effects) {
        guard caching.hasMetricsTool, !caching.catalog.hasWarned else { return }
        caching.catalog.hasWarned = true
        effects.log(
            .warning, server: settings.serverName,
            "has a tool \(MetricsTool.name) of its own; mcpo's is left out")
    }

    /// A request of a modern client: with its `_meta` mcpo may ask for itself.
    mutating func noteModern(
        _ line: RawSpan, _ envelope: Envelope, _ method: Method, into effects: inout Effects
    ) {
        guard case .none = client.handshake, caching.needsCatalog else { return }
        if caching.catalog.meta.isEmpty {
            let meta = ownMeta(line, envelope)
            guard !meta.isEmpty, meta.count <= settings.limits.messageBytes / 1024 else { return }
            // One that the server has refused is not tried again and again.
            if meta == caching.catalog.refusedMeta, present < caching.catalog.freshUntil { return }
            caching.catalog.meta = meta
            caching.catalog.isDue = true
        }
        // A server that is asked what it is may turn out to be a legacy one.
        if method != .discover { askForTools(into: &effects) }
    }

    /// A server that does not know `server/discover` is a legacy one: it is not asked in modern form.
    mutating func noteProbe(_ envelope: Envelope) {
        guard envelope.result.kind != .object else { return }
        caching.catalog.meta = []
        caching.catalog.isDue = false
    }

    /// What of a request's `_meta` is the client's, for requests of mcpo's own.
    private func ownMeta(_ line: RawSpan, _ envelope: Envelope) -> [UInt8] {
        var meta: [UInt8] = []
        var members = ObjectMembers(line, of: envelope.meta)
        while let member = members.next(line) {
            guard
                member.isNamed("io.modelcontextprotocol/protocolVersion", line)
                    || member.isNamed("io.modelcontextprotocol/clientInfo", line)
                    || member.isNamed("io.modelcontextprotocol/clientCapabilities", line)
            else { continue }
            meta.append(meta.isEmpty ? UInt8(ascii: "{") : UInt8(ascii: ","))
            meta += line.extracting(member.key.range.bounds).array
            meta.append(UInt8(ascii: ":"))
            meta += line.extracting(member.value.range.bounds).array
        }
        if !meta.isEmpty { meta.append(UInt8(ascii: "}")) }
        return meta
    }

    /// The client has told a legacy server that it is ready: now mcpo may ask too.
    mutating func noteInitialized(into effects: inout Effects) {
        guard caching.catalog.isClientReady, caching.needsCatalog, caching.catalog.hasTools else {
            return
        }
        caching.catalog.isDue = true
        askForTools(into: &effects)
    }

    /// What a new process of the server has may be something else.
    mutating func noteNewProcess() {
        caching.catalog.flight = 0
        let isReady = restoration.isInitialized && caching.catalog.hasTools
        guard caching.needsCatalog, isReady || !caching.catalog.meta.isEmpty else { return }
        caching.catalog.isDue = true
    }

    /// Whether the next request of the client brings about something more than its answer.
    var isCatalogDue: Bool { caching.catalog.isDue || present >= caching.catalog.freshUntil }

    /// With a request of the client: what is due is asked for, and what is too old.
    mutating func checkTools(into effects: inout Effects) {
        caching.catalog.timesAsked = 0
        if present >= caching.catalog.freshUntil, caching.catalog.flight == 0 {
            caching.catalog.freshUntil = .never
            caching.catalog.isDue = caching.catalog.hasTools || !caching.catalog.meta.isEmpty
        }
        if caching.catalog.isDue { askForTools(into: &effects) }
    }
}

// MARK: - What the server says has changed

extension ProxyCore {
    /// Drops what a notification of the server makes old.
    mutating func dropWhatChanged(
        _ method: Method, _ line: RawSpan, _ envelope: Envelope, into effects: inout Effects
    ) {
        guard caching.isOn else { return }
        switch method {
        case .toolsChanged:
            caching.drop(.listTools)
            caching.catalog.tools.invalidate()
            caching.familiar.forget()
            caching.catalog.hasMetricsTool = false
            caching.catalog.isDue =
                caching.needsCatalog
                && (caching.catalog.hasTools || !caching.catalog.meta.isEmpty)
            askForTools(into: &effects)
        case .promptsChanged:
            caching.drop(.listPrompts)
            caching.drop(.getPrompt)
            caching.drop(.complete)
        case .resourcesChanged:
            caching.drop(.listResources)
            caching.drop(.listResourceTemplates)
            caching.drop(.complete)
        case .resourceUpdated:
            // It may be a part of what the client is subscribed to.
            if restoration.subscriptions.isEmpty
                || restoration.hasSubscription(to: envelope.uri, in: line)
            {
                caching.dropResource(envelope.uri, line)
            } else {
                caching.drop(.readResource)
            }
        case .taskStatus:
            caching.noteWrite(rule: -1)
        default:
            break
        }
    }
}
