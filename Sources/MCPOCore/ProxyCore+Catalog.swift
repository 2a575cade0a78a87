// mcpo's own knowledge of the server's tools: asked for, read page by page, kept current.

extension ProxyCore {
    /// Asks for the server's tools, if that is due and possible.
    mutating func askForTools(of server: ServerIndex, into effects: inout Effects) {
        guard caching.parts[server].catalog.isDue, caching.parts[server].catalog.flight == 0,
            connections[servers[server].first].isOpen
        else { return }
        // A server that says with each answer that it has changed is not asked without end.
        guard caching.parts[server].catalog.timesAsked < 2 else { return }
        caching.parts[server].catalog.timesAsked += 1
        caching.parts[server].catalog.isDue = false
        caching.parts[server].catalog.tools.begin()
        askForTools(of: server, cursor: "", into: &effects)
    }

    /// - Parameter cursor: the lexeme of the page's cursor; empty for the first page.
    private mutating func askForTools(
        of server: ServerIndex, cursor: String, into effects: inout Effects
    ) {
        let meta = String(decoding: caching.parts[server].catalog.meta, as: UTF8.self)
        let members = [
            cursor.isEmpty ? "" : #""cursor":\#(cursor)"#, meta.isEmpty ? "" : #""_meta":\#(meta)"#,
        ].filter { !$0.isEmpty }.joined(separator: ",")
        let request = Array(
            #"{"jsonrpc":"2.0","id":0,"method":"tools/list","params":{\#(members)}}"#.utf8)
        let line = request.span.bytes
        guard let envelope = try? Envelope(scanning: line) else { return }
        let plan = caching.plan(server, line, envelope, .listTools, isWatched: false, at: present)
        caching.parts[server].catalog.flight = send(
            plan, .catalog, to: servers[server].first, nil, line, envelope, into: &effects)
    }

    /// The server has answered mcpo's own `tools/list`.
    mutating func readTools(
        of server: ServerIndex, _ number: UInt32, _ line: RawSpan, _ envelope: Envelope,
        into effects: inout Effects
    ) {
        guard caching.parts[server].catalog.flight == number else { return }
        caching.parts[server].catalog.flight = 0
        if caching.parts[server].catalog.isDue {
            // What was asked for has changed meanwhile.
            askForTools(of: server, into: &effects)
            return
        }
        switch caching.parts[server].catalog.tools.add(
            line, envelope, caching.parts[server].policy)
        {
        case .last:
            noteTools(of: server, line, envelope, into: &effects)
        case .more(let cursor):
            let lexeme = line.extracting(cursor.range.bounds)
                .withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
            askForTools(of: server, cursor: lexeme, into: &effects)
        case .unusable:
            let isUnknown = envelope.error.isPresent && isMethodUnknown(line, envelope)
            toolsAreNotToBeHad(of: server, mayTryAgain: !isUnknown)
            effects.log(
                .debug, server: servers[server].name,
                "its list of tools cannot be had; calls are not cached")
        }
    }

    mutating func isMethodUnknown(_ line: RawSpan, _ envelope: Envelope) -> Bool {
        line.errorCode(envelope) == ErrorCode.methodNotFound.rawValue
    }

    /// mcpo's own `tools/list` has failed: it is tried again in a minute, when there is a request.
    /// - Parameter isRefused: whether it may have been for what mcpo says of the client.
    mutating func toolsAreNotToBeHad(
        of server: ServerIndex, mayTryAgain: Bool, isRefused: Bool = true,
        after pause: Duration = .seconds(60)
    ) {
        caching.parts[server].catalog.flight = 0
        caching.parts[server].catalog.freshUntil =
            mayTryAgain ? present.advanced(by: pause) : .never
        guard mayTryAgain, isRefused, !caching.parts[server].catalog.meta.isEmpty else { return }
        caching.parts[server].catalog.refusedMeta = caching.parts[server].catalog.meta
        caching.parts[server].catalog.meta = []
    }

    private mutating func noteTools(
        of server: ServerIndex, _ line: RawSpan, _ envelope: Envelope, into effects: inout Effects
    ) {
        caching.familiar.forget()
        let tools = caching.parts[server].catalog.tools.tools
        let cached = tools.count { $0.decision.isCacheable }
        effects.log(
            .debug, server: servers[server].name,
            "has \(tools.count) tools, of which \(cached) are cached")
        caching.parts[server].catalog.freshUntil = .never
        if let time = timeToLive(line, envelope.resultTTL),
            !caching.parts[server].catalog.meta.isEmpty
        {
            // A list that is never fresh is asked for again once a minute while it is used.
            let least: Int64 = 60_000_000_000
            caching.parts[server].catalog.freshUntil = present.advanced(
                byNanoseconds: max(time, least))
        }
        let name = "\(MetricsTool.name)"
        caching.parts[server].catalog.hidesMetricsTool = tools.contains { $0.name == name }
        if caching.parts[server].catalog.hidesMetricsTool {
            warnOfMetricsTool(of: server, into: &effects)
        }
    }

    mutating func warnOfMetricsTool(of server: ServerIndex, into effects: inout Effects) {
        guard caching.hasMetricsTool, !caching.parts[server].catalog.hasWarned else { return }
        caching.parts[server].catalog.hasWarned = true
        effects.log(
            .warning, server: servers[server].name,
            "has a tool \(MetricsTool.name) of its own; mcpo's is left out")
    }

    /// A request of a modern client: with its `_meta` mcpo may ask for itself.
    mutating func noteModern(
        _ server: ServerIndex, _ line: RawSpan, _ envelope: Envelope, _ method: Method,
        into effects: inout Effects
    ) {
        guard case .none = client.handshake, caching.needsCatalog(server) else { return }
        if caching.parts[server].catalog.meta.isEmpty {
            let meta = ownMeta(line, envelope)
            guard !meta.isEmpty, meta.count <= settings.limits.messageBytes / 1024 else { return }
            // One that the server has refused is not tried again and again.
            if meta == caching.parts[server].catalog.refusedMeta,
                present < caching.parts[server].catalog.freshUntil
            {
                return
            }
            caching.parts[server].catalog.meta = meta
            caching.parts[server].catalog.isDue = true
        }
        // A server that is asked what it is may turn out to be a legacy one.
        if method != .discover { askForTools(of: server, into: &effects) }
    }

    /// A server that does not know `server/discover` is a legacy one: it is not asked in modern form.
    mutating func noteProbe(of server: ServerIndex, _ envelope: Envelope) {
        guard envelope.result.kind != .object else { return }
        caching.parts[server].catalog.meta = []
        caching.parts[server].catalog.isDue = false
    }

    /// The server turns out to be a modern one: that a process of it was lost before was no refusal of
    /// what mcpo says of the client, without which it could not be asked for its tools or its health.
    mutating func trustMeta(of server: ServerIndex) {
        guard case .none = client.handshake, caching.parts[server].catalog.meta.isEmpty,
            !caching.parts[server].catalog.refusedMeta.isEmpty
        else { return }
        caching.parts[server].catalog.meta = caching.parts[server].catalog.refusedMeta
        caching.parts[server].catalog.refusedMeta = []
        caching.parts[server].catalog.freshUntil = .never
        caching.parts[server].catalog.isDue = true
    }

    /// What of a request's `_meta` is the client's, for requests of mcpo's own.
    private mutating func ownMeta(_ line: RawSpan, _ envelope: Envelope) -> [UInt8] {
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
    mutating func noteInitialized(_ server: ServerIndex, into effects: inout Effects) {
        guard client.isReady, caching.needsCatalog(server),
            caching.parts[server].catalog.hasTools
        else { return }
        caching.parts[server].catalog.isDue = true
        askForTools(of: server, into: &effects)
    }

    /// What a new process of the server has may be something else.
    mutating func noteNewProcess(of server: ServerIndex) {
        caching.parts[server].catalog.flight = 0
        let isReady =
            servers[server].restoration.isInitialized && caching.parts[server].catalog.hasTools
        guard caching.needsCatalog(server), isReady || !caching.parts[server].catalog.meta.isEmpty
        else { return }
        caching.parts[server].catalog.isDue = true
    }

    /// Whether the next request of the client brings about something more than its answer.
    mutating func isCatalogDue(of server: ServerIndex) -> Bool {
        caching.parts[server].catalog.isDue || present >= caching.parts[server].catalog.freshUntil
    }

    /// With a request of the client: what is due is asked for, and what is too old.
    mutating func checkTools(of server: ServerIndex, into effects: inout Effects) {
        caching.parts[server].catalog.timesAsked = 0
        if present >= caching.parts[server].catalog.freshUntil,
            caching.parts[server].catalog.flight == 0
        {
            caching.parts[server].catalog.freshUntil = .never
            caching.parts[server].catalog.isDue =
                caching.parts[server].catalog.hasTools
                || !caching.parts[server].catalog.meta.isEmpty
        }
        if caching.parts[server].catalog.isDue { askForTools(of: server, into: &effects) }
    }
}

// MARK: - What the server says has changed

extension ProxyCore {
    /// Drops what a notification of the server makes old.
    mutating func dropWhatChanged(
        _ method: Method, _ line: RawSpan, _ envelope: Envelope, of server: ServerIndex,
        into effects: inout Effects
    ) {
        guard caching.isOn else { return }
        switch method {
        case .toolsChanged:
            caching.drop(.listTools, of: server)
            caching.parts[server].catalog.tools.invalidate()
            caching.familiar.forget()
            caching.parts[server].catalog.hidesMetricsTool = false
            caching.parts[server].catalog.isDue =
                caching.needsCatalog(server)
                && (caching.parts[server].catalog.hasTools
                    || !caching.parts[server].catalog.meta.isEmpty)
            askForTools(of: server, into: &effects)
        case .promptsChanged:
            caching.drop(.listPrompts, of: server)
            caching.drop(.getPrompt, of: server)
            caching.drop(.complete, of: server)
        case .resourcesChanged:
            caching.drop(.listResources, of: server)
            caching.drop(.listResourceTemplates, of: server)
            caching.drop(.complete, of: server)
        case .resourceUpdated:
            // It may be a part of what the client is subscribed to.
            if servers[server].restoration.subscriptions.isEmpty
                || servers[server].restoration.hasSubscription(to: envelope.uri, in: line)
            {
                caching.dropResource(envelope.uri, line, of: server)
            } else {
                caching.drop(.readResource, of: server)
            }
        case .taskStatus:
            caching.noteWrite(server)
        default:
            break
        }
    }
}
