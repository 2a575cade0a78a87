// mcpo's own knowledge of the server's tools: asked for, read page by page, kept current.

extension ProxyCore {
    /// Asks for the server's tools, if that is due and possible.
    mutating func askForTools(into effects: inout Effects) {
        guard caching.catalog.isDue, server.phase == .open else { return }
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
        switch caching.catalog.tools.add(line, envelope, settings.caching?.policy ?? CachePolicy())
        {
        case .last:
            noteTools(line, envelope, into: &effects)
        case .more(let cursor):
            let lexeme = line.extracting(cursor.range.bounds)
                .withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
            askForTools(cursor: lexeme, into: &effects)
        case .unusable:
            effects.log(
                .debug, server: settings.serverName,
                "its list of tools cannot be had; calls are not cached")
        }
    }

    private mutating func noteTools(
        _ line: RawSpan, _ envelope: Envelope, into effects: inout Effects
    ) {
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
        guard settings.caching?.hasMetricsTool == true, !caching.catalog.hasWarned else { return }
        caching.catalog.hasWarned = true
        effects.log(
            .warning, server: settings.serverName,
            "has a tool \(MetricsTool.name) of its own; mcpo's is left out")
    }

    /// A request of a modern client: with its `_meta` mcpo may ask for itself.
    mutating func noteModern(
        _ line: RawSpan, _ envelope: Envelope, into effects: inout Effects
    ) {
        guard caching.catalog.meta.isEmpty, caching.needsCatalog else { return }
        var meta: [UInt8] = []
        var members = ObjectMembers(line, of: envelope.meta)
        while let member = members.next(line) {
            guard
                member.isNamed("io.modelcontextprotocol/protocolVersion", line)
                    || member.isNamed("io.modelcontextprotocol/clientInfo", line)
                    || member.isNamed("io.modelcontextprotocol/clientCapabilities", line)
            else { continue }
            meta.append(UInt8(ascii: meta.isEmpty ? "{" : ","))
            meta += line.extracting(member.key.range.bounds).array
            meta.append(UInt8(ascii: ":"))
            meta += line.extracting(member.value.range.bounds).array
        }
        guard !meta.isEmpty, meta.count <= settings.limits.heldBytes / 64 else { return }
        meta.append(UInt8(ascii: "}"))
        caching.catalog.meta = meta
        caching.catalog.isDue = true
        askForTools(into: &effects)
    }

    /// The client has told a legacy server that it is ready: now mcpo may ask too.
    mutating func noteInitialized(into effects: inout Effects) {
        guard caching.needsCatalog, caching.catalog.hasTools else { return }
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

    /// The server's word on how long its list may be used has run out.
    mutating func checkTools(into effects: inout Effects) {
        guard present >= caching.catalog.freshUntil, caching.catalog.flight == 0 else { return }
        caching.catalog.freshUntil = .never
        caching.catalog.isDue = true
        askForTools(into: &effects)
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
            let uri = caching.resource(envelope.uri, line)
            // Without a URI nobody knows which one it was.
            if uri == 0 { caching.drop(.readResource) } else { caching.caches.drop(resource: uri) }
        case .taskStatus:
            caching.noteWrite(rule: -1)
        default:
            break
        }
    }
}
