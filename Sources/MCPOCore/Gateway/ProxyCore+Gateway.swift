// Which server of several a request of the client is for, and what mcpo answers itself.
//
//     initialize, server/discover, ping            mcpo
//     tools/list, prompts/list, resources/…list    mcpo, of what the servers list
//     tools/call, prompts/get                      the server whose exposed name it is
//     completion/complete                          that of its prompt or template
//     resources/read, subscribe, unsubscribe       the server that lists the URI, or whose template
//                                                  matches
//     logging/setLevel                             every server; mcpo answers
//     subscriptions/listen                         mcpo, from what the servers tell
//     anything else                                the only server, or error −32601

/// Where a request goes.
struct GatewayTarget {
    var server: ServerIndex
    /// The entry whose own name takes the place of the exposed one; nil where no name is changed.
    var entry: (kind: EntryList.Kind, place: Int)?
    /// Where the exposed name is in the line.
    var name = JSONValue.absent
    /// The tool's place in the catalog of its server, if that is known to be current.
    var tool: Int?
    /// The place of the rule for the tool, also while the catalog is not current; -1 for none.
    var rule: Int32 = -1
}

/// What becomes of a request.
enum GatewayDecision {
    case forward(GatewayTarget)
    /// mcpo's own result, an object.
    case answer([UInt8])
    case refuse(ProxyError)
    /// Servers have to say something first.
    case wait
    /// It is a subscription from now on.
    case listen
}

extension ProxyCore {
    /// Decides on a request of the client in front of several servers.
    /// - Parameter since: when it came.
    mutating func decide(
        _ line: RawSpan, _ envelope: Envelope, _ method: Method, since: Instant,
        at now: Instant, into effects: inout Effects
    ) -> GatewayDecision {
        let era = envelope.metaProtocolVersion.isPresent ? Era.modern : .legacy
        if era == .modern, let error = modernError(line, envelope, method) {
            return .refuse(error)
        }
        switch method {
        case .initialize, .discover:
            return isGreeted(at: now) ? .answer(greeting(method, at: now)) : .wait
        case .ping:
            return .answer(Array("{}".utf8))
        case .listTools, .listPrompts, .listResources, .listResourceTemplates:
            return list(method, line, envelope, era, since: since, at: now, into: &effects)
        case .callTool:
            return owner(.tools, envelope.name, line, since: since, at: now, into: &effects)
        case .getPrompt:
            return owner(.prompts, envelope.name, line, since: since, at: now, into: &effects)
        case .complete:
            return completion(line, envelope, since: since, at: now, into: &effects)
        case .readResource, .subscribeResource, .unsubscribeResource:
            return reader(
                method, envelope.uri, line, envelope, since: since, at: now, into: &effects)
        case .setLogLevel:
            return setLogLevel(line, envelope, into: &effects)
        case .listen:
            return .listen
        default:
            guard order.count == 1 else {
                return .refuse(
                    ProxyError(
                        .methodNotFound,
                        "mcpo cannot tell which of its servers the method is for"))
            }
            return connections[servers[order[0]].first].isOpen || isGreeted(at: now)
                ? .forward(GatewayTarget(server: order[0])) : .wait
        }
    }

    /// What mcpo, as the server that a modern client sees, has not.
    private mutating func modernError(
        _ line: RawSpan, _ envelope: Envelope, _ method: Method
    ) -> ProxyError? {
        let revision = envelope.metaProtocolVersion
        if revision.kind == .string, !line.stringEquals(revision, Self.modernRevisionText) {
            var error = ProxyError(.unsupportedRevision, "Unsupported protocol version")
            let own = ([Self.modernRevision] + Self.legacyRevisions).map { "\"\($0)\"" }
            error.data =
                Array(#"{"supported":[\#(own.joined(separator: ","))],"requested":"#.utf8)
                + line.extracting(revision.range.bounds).array + Array("}".utf8)
            return error
        }
        if method.isRemoved {
            return ProxyError(
                .methodNotFound, "protocol revision \(Self.modernRevision) has no \(method.name)")
        }
        return nil
    }

    private mutating func greeting(_ method: Method, at now: Instant) -> [UInt8] {
        let isIncomplete = order.contains { gateway.parts[$0].greeting == nil }
        let greeting = GatewayGreeting(
            order.map { server in
                let part = gateway.parts[server]
                let result = part.greeting ?? (isIncomplete ? Self.anything : nil)
                let age = now.since(part.greetedAt).wholeNanoseconds / 1_000_000
                return GatewayGreeting.Server(servers[server].name, result, ageMs: age)
            }, version: gateway.settings.version, hasTool: caching.hasMetricsTool)
        if method == .discover {
            return greeting.discoverResult(
                versions: [Self.modernRevision] + Self.legacyRevisions,
                defaultMs: isIncomplete ? 0 : 60_000)
        }
        return greeting.initializeResult(revision: agreedRevision)
    }

    /// What a server that is not up yet may turn out to have.
    private static let anything = Array(
        (#"{"capabilities":{"tools":{},"prompts":{},"resources":{"subscribe":true},"#
            + #""logging":{},"completions":{}}}"#).utf8)

    /// The revision that the client is answered with: its own, if mcpo knows it.
    var agreedRevision: String {
        let wanted = gateway.hello.map { String(decoding: $0.revision, as: UTF8.self) } ?? ""
        return Self.legacyRevisions.first { "\"\($0)\"" == wanted } ?? Self.latestLegacyRevision
    }

    // MARK: Lists

    private mutating func list(
        _ method: Method, _ line: RawSpan, _ envelope: Envelope, _ era: Era, since: Instant,
        at now: Instant, into effects: inout Effects
    ) -> GatewayDecision {
        guard let kind = EntryList.Kind(listedBy: method) else { return .wait }
        if kind == .resources { want(.templates, since: since, at: now, into: &effects) }
        want(kind, since: since, at: now, into: &effects)
        guard isReady(kind, since: since, at: now) else { return .wait }
        gateway.shown.insert(kind)
        let merged = merged(
            kind,
            meta: era == .modern
                ? GatewayGreeting.meta(version: gateway.settings.version) : [])
        let result = merged.result(line, cursor: envelope.cursor, terms(kind, era, at: now))
        guard let result else {
            return .refuse(
                ProxyError(
                    .invalidParams, "the cursor is not, or no longer, valid: list from the start"))
        }
        return .answer(result)
    }

    /// What the client sees of a kind at present.
    mutating func merged(_ kind: EntryList.Kind, meta: [UInt8] = []) -> MergedList {
        let names: ExposedNames =
            switch kind {
            case .tools: gateway.tools
            case .prompts: gateway.prompts
            case .resources: gateway.routes.resourceNames
            case .templates: gateway.routes.templateNames
            }
        let isToolShown = kind == .tools && caching.hasMetricsTool && !hidesOwnTool
        return MergedList(
            kind, order.map { gateway.parts[$0][kind].list.content }, names,
            extra: isToolShown ? MetricsTool.definition : [], meta: meta)
    }

    private mutating func terms(_ kind: EntryList.Kind, _ era: Era, at now: Instant)
        -> MergedList.Terms
    {
        if era == .legacy { return .legacy }
        let defaultMs = gateway.settings.listTTL.wholeNanoseconds / 1_000_000
        let parts = order.compactMap { server -> MergedList.Terms.Part? in
            let state = gateway.parts[server][kind]
            if state.isAbsent { return nil }
            let age = now.since(state.readAt).wholeNanoseconds / 1_000_000
            var part = MergedList.Terms.Part(state.list, ageMs: age)
            part.ttlMs = part.ttlMs ?? defaultMs - age
            return part
        }
        return MergedList.Terms(modern: parts, defaultMs: defaultMs)
    }

    /// Whether a server has a tool of the name of mcpo's own, which then stays hidden.
    var hidesOwnTool: Bool {
        mutating get { gateway.tools.owner(of: Array("\(MetricsTool.name)".utf8)) != nil }
    }

    // MARK: Owners

    private mutating func owner(
        _ kind: EntryList.Kind, _ name: JSONValue, _ line: RawSpan, since: Instant,
        at now: Instant, into effects: inout Effects
    ) -> GatewayDecision {
        let found =
            kind == .tools
            ? gateway.tools.owner(line, name) : gateway.prompts.owner(line, name)
        guard let owner = found else {
            want(kind, since: since, at: now, into: &effects)
            if !isReady(kind, since: since, at: now) { return .wait }
            return unlisted(kind, name, line)
        }
        let server = order[owner.server]
        var target = GatewayTarget(server: server, entry: (kind, owner.entry), name: name)
        if kind == .tools {
            let place = gateway.toolPlaces[owner.server][owner.entry]
            if place >= 0 {
                target.rule = caching.parts[server].catalog.tools.tools[Int(place)].decision.rule
                if caching.parts[server].catalog.tools.isKnown { target.tool = Int(place) }
            }
        }
        return .forward(target)
    }

    /// A name that no server lists: the only server may know it all the same.
    private mutating func unlisted(
        _ kind: EntryList.Kind, _ name: JSONValue, _ line: RawSpan
    ) -> GatewayDecision {
        var bytes: [UInt8] = []
        if name.kind == .string { decodeJSONString(line, name.range, into: &bytes) }
        if order.count == 1 {
            let rules = caching.parts[order[0]].policy.rules
            if kind != .tools || rules.naming(of: bytes) != .hidden {
                return .forward(GatewayTarget(server: order[0]))
            }
        }
        guard name.kind == .string else {
            return .refuse(ProxyError(.invalidParams, "params.name is missing or no string"))
        }
        let shown = String(decoding: bytes.prefix(200), as: UTF8.self)
        let what = kind == .tools ? "tool" : "prompt"
        let untold = order.filter { mayHave(kind, bytes, $0) }
        if let error = untoldError([kind], "\(what) \(shown)", of: untold) {
            return .refuse(error)
        }
        return .refuse(
            ProxyError(
                .invalidParams,
                "no server has a \(what) \(shown): \(kind.method.name) shows what there is"))
    }

    /// Whether a name may be that of something that a server has not told yet: one with its prefix, or
    /// the one that a rule gives.
    private mutating func mayHave(
        _ kind: EntryList.Kind, _ name: [UInt8], _ server: ServerIndex
    ) -> Bool {
        let naming = gateway.settings.naming
        guard naming.mode == .prefix else { return true }
        // A long name is cut, and the prefix may be.
        let prefix = Array(servers[server].name.utf8) + naming.separator
        if name.starts(with: prefix.prefix(ShortName.kept)) { return true }
        return kind == .tools
            && caching.parts[server].policy.rules.rules.contains { rule in
                rule.exposedName.map { ShortName.wellFormed(Array($0.utf8)) == name } ?? false
            }
    }

    private mutating func completion(
        _ line: RawSpan, _ envelope: Envelope, since: Instant, at now: Instant,
        into effects: inout Effects
    ) -> GatewayDecision {
        switch CompletionReference(line, envelope) {
        case .prompt(let name):
            return owner(.prompts, name, line, since: since, at: now, into: &effects)
        case .resource(let uri):
            if let place = gateway.routes.server(ofTemplate: uri, line) {
                return .forward(GatewayTarget(server: order[place]))
            }
            return reader(
                .complete, uri, line, envelope, since: since, at: now, into: &effects)
        case nil:
            if order.count == 1 { return .forward(GatewayTarget(server: order[0])) }
            return .refuse(
                ProxyError(.invalidParams, "params.ref names neither a prompt nor a resource"))
        }
    }

    private mutating func reader(
        _ method: Method, _ uri: JSONValue, _ line: RawSpan, _ envelope: Envelope,
        since: Instant, at now: Instant, into effects: inout Effects
    ) -> GatewayDecision {
        if let place = gateway.routes.server(line, uri) {
            return watch(method, uri, line, on: order[place], into: &effects)
        }
        want(.resources, since: since, at: now, into: &effects)
        want(.templates, since: since, at: now, into: &effects)
        if !isReady(.resources, since: since, at: now)
            || !isReady(.templates, since: since, at: now)
        {
            return .wait
        }
        if let only = onlyReader() { return watch(method, uri, line, on: only, into: &effects) }
        if order.count == 1 { return .forward(GatewayTarget(server: order[0])) }
        if let error = untoldError([.resources, .templates], "resource of this URI", of: order) {
            return .refuse(error)
        }
        let isModern = envelope.metaProtocolVersion.isPresent
        var error = ProxyError(
            isModern || method == .complete ? .invalidParams : .resourceNotFound,
            "no server lists this resource, and no template of one matches its URI")
        if uri.kind == .string {
            error.data =
                Array(#"{"uri":"#.utf8) + line.extracting(uri.range.bounds).array
                + Array("}".utf8)
        }
        return .refuse(error)
    }

    /// What to say of a name while servers may have it that have not told what they have: that they
    /// are not there yet, and not that there is no such thing. nil when all have told.
    /// - Parameters:
    ///   - wanted: what nobody else has.
    ///   - candidates: the servers that may have it.
    private mutating func untoldError(
        _ kinds: [EntryList.Kind], _ wanted: String, of candidates: [ServerIndex]
    ) -> ProxyError? {
        var names: [String] = []
        for server in candidates where kinds.contains(where: { isUntold($0, of: server) }) {
            names.append(servers[server].name)
        }
        if names.isEmpty { return nil }
        return ProxyError(
            .unavailable, "no \(wanted) so far, but not all servers have told what they have",
            server: names.count == 1 ? names[0] : nil, retrySafe: true,
            detail: "not told yet: \(names.joined(separator: ", "))")
    }

    /// Whether a server may have entries of a kind that it has not told. One that could not be asked
    /// may be asked again; one that knows no such list has none, nor has one that does not start.
    private mutating func isUntold(_ kind: EntryList.Kind, of server: ServerIndex) -> Bool {
        if gateway.parts[server].greeting == nil { return !gateway.parts[server].isSettled }
        guard hasCapability(kind.capability, server) else { return false }
        let state = gateway.parts[server][kind]
        return !state.list.isKnown && !(state.isAbsent && state.freshUntil == .never)
    }

    /// The server that is asked for any resource, because no other one has some.
    mutating func onlyReader() -> ServerIndex? {
        var readers: [ServerIndex] = []
        for server in order {
            // One whose lists cannot be had now may be the one.
            let mayRead =
                gateway.parts[server].greeting == nil || hasCapability("resources", server)
            if mayRead { readers.append(server) }
        }
        return readers.count == 1 ? readers.first : nil
    }

    private mutating func setLogLevel(
        _ line: RawSpan, _ envelope: Envelope, into effects: inout Effects
    ) -> GatewayDecision {
        let level = line.member("level", of: envelope.params)
        let known: [StaticString] = [
            "debug", "info", "notice", "warning", "error", "critical", "alert", "emergency",
        ]
        guard known.contains(where: { line.stringEquals(level, $0) }) else {
            return .refuse(
                ProxyError(
                    .invalidParams,
                    "params.level is one of debug, info, notice, warning, error, critical, alert "
                        + "and emergency"))
        }
        gateway.logLevel =
            Array(#"{"jsonrpc":"2.0","id":0,"method":"logging/setLevel","params":{"level":"#.utf8)
            + line.extracting(level.range.bounds).array + Array("}}".utf8)
        for server in order {
            noteLogLevel(of: server)
            guard servers[server].era == .legacy, hasCapability("logging", server) else { continue }
            for connection in servers[server].pool where connections[connection].isOpen {
                sendAgain(gateway.logLevel, to: connection, as: .restore, into: &effects)
            }
        }
        return .answer(Array("{}".utf8))
    }

    /// New processes of a server are to be told the client's log level.
    mutating func noteLogLevel(of server: ServerIndex) {
        if gateway.logLevel.isEmpty { return }
        _ = servers[server].restoration.note(
            .setLogLevel, line: gateway.logLevel, limit: settings.limits.heldBytes)
    }

    mutating func hasCapability(_ name: StaticString, _ server: ServerIndex) -> Bool {
        guard let greeting = gateway.parts[server].greeting else { return false }
        let line = greeting.span.bytes
        let root = JSONValue(range: ByteRange(0, greeting.count), kind: .object)
        return line.member(name, of: line.member("capabilities", of: root)).isPresent
    }
}

// MARK: - Waiting

extension ProxyCore {
    /// Looks again at the requests that wait for servers, if anything has come or is over.
    mutating func answerParked(at now: Instant, into effects: inout Effects) {
        gateway.isNewsThere = false
        if gateway.parked.isEmpty { return }
        let parked = gateway.parked
        gateway.parked = []
        gateway.parkedUntil = .never
        for (index, arrival) in parked {
            guard exchanges.live(index)?.arrival == arrival, exchanges[index].stage == .held
            else { continue }
            sendHeld(index, sharing: true, into: &effects)
        }
    }

    /// Does what is due in front of several servers.
    mutating func expireGateway(at now: Instant, into effects: inout Effects) {
        for server in order where gateway.parts[server].probeUntil <= now {
            endProbe(of: server, at: now, into: &effects)
        }
        if gateway.tellAt <= now { tellChanges(into: &effects) }
        askForPaused(at: now, into: &effects)
        answerParked(at: now, into: &effects)
        for server in order { gateway.parts[server].endWaits(at: now) }
    }
}
