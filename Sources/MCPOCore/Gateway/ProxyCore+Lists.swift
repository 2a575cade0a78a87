// The lists of several servers: asked for page by page, kept, merged into names and routes, and asked
// for again when they change or their time is over.

extension ProxyCore {
    /// A server's first connection is open: what is wanted of it is asked for.
    mutating func noteOpen(_ server: ServerIndex, at now: Instant, into effects: inout Effects) {
        guard isGateway else { return }
        // What was held for the server has been sent first, and may have asked already.
        for kind in EntryList.Kind.allCases where gateway.parts[server][kind].flight == 0 {
            // What could not be had of the process before is asked for again.
            let isThere = hasCapability(kind.capability, server)
            gateway.parts[server][kind].isAbsent = !isThere
            gateway.parts[server][kind].isDue = isThere
        }
        // First, since a modern server tells only of what changes from there on.
        if servers[server].era == .modern { listen(to: server, into: &effects) }
        askForLists(of: server, at: now, into: &effects)
        if servers[server].era == .legacy { listen(to: server, into: &effects) }
    }

    /// Asks for the lists of a server that are wanted and due.
    private mutating func askForLists(
        of server: ServerIndex, at now: Instant, into effects: inout Effects
    ) {
        guard connections[servers[server].first].isOpen else { return }
        for kind in EntryList.Kind.allCases {
            let state = gateway.parts[server][kind]
            guard state.isWanted, state.isDue, !state.isAbsent, state.flight == 0,
                gateway.parts[server][kind].mayAsk(at: now)
            else { continue }
            gateway.parts[server][kind].isDue = false
            gateway.parts[server][kind].list.begin()
            if kind == .tools { caching.parts[server].catalog.tools.begin() }
            askForPage(of: server, kind, cursor: "", into: &effects)
        }
    }

    /// Asks for the lists whose servers have had their pause.
    mutating func askForPaused(at now: Instant, into effects: inout Effects) {
        for server in order {
            var isDue = false
            for kind in EntryList.Kind.allCases where gateway.parts[server][kind].askAt <= now {
                gateway.parts[server][kind].askAt = .never
                isDue = true
            }
            if isDue { askForLists(of: server, at: now, into: &effects) }
        }
    }

    /// - Parameter cursor: its lexeme; empty for the first page.
    private mutating func askForPage(
        of server: ServerIndex, _ kind: EntryList.Kind, cursor: String,
        into effects: inout Effects
    ) {
        var members: [String] = cursor.isEmpty ? [] : [#""cursor":\#(cursor)"#]
        if servers[server].era == .modern { members.append(#""_meta":\#(ownMetaText)"#) }
        gateway.parts[server][kind].flight = ask(
            servers[server].first, "\(kind.method.name)",
            "{\(members.joined(separator: ","))}", as: .list(kind), into: &effects)
    }

    /// A server has answered mcpo's own question for a list.
    mutating func readList(
        _ kind: EntryList.Kind, of server: ServerIndex, _ number: UInt32, _ line: RawSpan,
        _ envelope: Envelope, at now: Instant, into effects: inout Effects
    ) {
        guard gateway.parts[server][kind].flight == number else { return }
        gateway.parts[server][kind].flight = 0
        if gateway.parts[server][kind].isDue {
            // What was asked for has changed meanwhile.
            askForLists(of: server, at: now, into: &effects)
            return
        }
        if kind == .tools {
            _ = caching.parts[server].catalog.tools.add(
                line, envelope, caching.parts[server].policy)
        }
        switch gateway.parts[server][kind].list.add(line, envelope) {
        case .more(let cursor):
            let lexeme = line.extracting(cursor.range.bounds)
                .withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
            askForPage(of: server, kind, cursor: lexeme, into: &effects)
            return
        case .last:
            noteList(kind, of: server, at: now, into: &effects)
        case .unusable:
            // The catalog may have taken what the list has not; places in it would be wrong.
            if kind == .tools { caching.parts[server].catalog.tools.invalidate() }
            let isUnknown = envelope.error.isPresent && isMethodUnknown(line, envelope)
            loseList(kind, of: server, mayTryAgain: !isUnknown, at: now)
            effects.log(
                isUnknown ? .debug : .warning, server: servers[server].name,
                "its answer to \(kind.method.name) is of no use")
        }
        answerParked(at: now, into: &effects)
    }

    /// A list cannot be had now: what was known of it stays.
    mutating func loseList(
        _ kind: EntryList.Kind, of server: ServerIndex, mayTryAgain: Bool, at now: Instant
    ) {
        gateway.parts[server][kind].flight = 0
        // That it has changed meanwhile is no reason to ask at once again.
        gateway.parts[server][kind].isDue = false
        let isKnown = gateway.parts[server][kind].list.isKnown
        gateway.parts[server][kind].isAbsent = !isKnown
        gateway.parts[server][kind].freshUntil =
            mayTryAgain ? now.advanced(by: .seconds(60)) : .never
        gateway.isNewsThere = true
    }

    private mutating func noteList(
        _ kind: EntryList.Kind, of server: ServerIndex, at now: Instant,
        into effects: inout Effects
    ) {
        let content = gateway.parts[server][kind].list.content
        let milliseconds =
            content.ttlMs.map { Duration.milliseconds($0) } ?? gateway.settings.listTTL
        gateway.parts[server][kind].isAbsent = false
        gateway.parts[server][kind].readAt = now
        gateway.parts[server][kind].freshUntil = now.advanced(by: milliseconds)
        gateway.isNewsThere = true
        effects.log(
            .debug, server: servers[server].name,
            "lists \(content.entries.count) \(kind.member)")
        guard gateway.parts[server][kind].lastTold != content.fingerprint else { return }
        gateway.parts[server][kind].lastTold = content.fingerprint
        nameAll(kind, into: &effects)
        noteChanged(kind, at: now)
        if kind == .resources || kind == .templates { watchAll(into: &effects) }
    }

    /// The client is to be told that a list has changed, if it has one.
    mutating func noteChanged(_ kind: EntryList.Kind, at now: Instant) {
        guard gateway.shown.contains(kind) else { return }
        gateway.changed.insert(kind == .templates ? .resources : kind)
        gateway.tellAt = min(gateway.tellAt, now.advanced(by: gateway.settings.debounce))
    }
}

// MARK: - Names

extension ProxyCore {
    /// Makes the names and routes of a kind anew.
    mutating func nameAll(_ kind: EntryList.Kind, into effects: inout Effects) {
        caching.familiar.forget()
        func parts(_ kind: EntryList.Kind) -> [ExposedNames.Part] {
            order.map { server in
                ExposedNames.Part(
                    servers[server].name, gateway.parts[server][kind].list.content)
            }
        }
        switch kind {
        case .tools:
            let rules = order.map { caching.parts[$0].policy.rules }
            gateway.tools = ExposedNames(parts(.tools), naming) { rules[$0].naming(of: $1) }
            placeTools()
            warnOfClashes(gateway.tools, "tool", into: &effects)
        case .prompts:
            gateway.prompts = ExposedNames(parts(.prompts), naming)
            warnOfClashes(gateway.prompts, "prompt", into: &effects)
        case .resources, .templates:
            let templates = parts(.templates)
            gateway.routes = ResourceRoutes(
                ExposedNames(parts(.resources), .verbatim), ExposedNames(templates, .verbatim),
                templates.map(\.entries))
        }
    }

    /// One server alone keeps its names.
    private var naming: Naming {
        order.count == 1 ? .verbatim : gateway.settings.naming
    }

    /// Finds each listed tool in the catalog of its server.
    private mutating func placeTools() {
        gateway.toolPlaces = order.map { server in
            let content = gateway.parts[server][.tools].list.content
            return content.entries.indices.map { entry in
                let place = caching.parts[server].catalog.tools.place(named: content.key(entry))
                return Int32(truncatingIfNeeded: place ?? -1)
            }
        }
    }

    private mutating func warnOfClashes(
        _ names: ExposedNames, _ what: String, into effects: inout Effects
    ) {
        for clash in names.clashes where gateway.warned.insert("\(what) \(clash.name)").inserted {
            let (winner, loser) = (
                servers[order[clash.winner.server]].name, servers[order[clash.loser.server]].name
            )
            let complaint =
                "the \(what) \(clash.name) of \(loser) has the name of one of \(winner): "
                + "naming.mode prefix, or a rule with another name, keeps both"
            if gateway.settings.naming.mode == .none, isStarting, gateway.shown.isEmpty {
                effects.log(.error, complaint)
                lifecycle.exitCode = 2
            } else {
                effects.log(.warning, "\(complaint); it is left out")
            }
        }
        if lifecycle.exitCode == 2, lifecycle.phase == .running {
            refuseToServe(into: &effects)
        }
    }

    /// Whether servers have their first time to come up.
    private var isStarting: Bool {
        order.contains { present < gateway.parts[$0].startUntil }
    }

    private mutating func refuseToServe(into effects: inout Effects) {
        for index in exchanges.indices {
            let error = ProxyError(
                .unavailable, "two servers have a tool of one name", server: nil, retrySafe: true,
                detail: "see mcpo's messages; naming.mode prefix keeps both")
            fail(index, error, into: &effects)
        }
        client.hasEnded = true
        close(at: present, into: &effects)
    }
}

extension ToolRules {
    /// What the rules say of the name of a tool.
    func naming(of name: [UInt8]) -> NamingRule {
        guard !rules.isEmpty, let place = index(for: String(decoding: name, as: UTF8.self)) else {
            return .exposed
        }
        let rule = rules[place]
        if rule.isHidden == true { return .hidden }
        guard let exposed = rule.exposedName else { return .exposed }
        return .renamed(Array(exposed.utf8))
    }
}

// MARK: - Changes

extension ProxyCore {
    /// A server says that something of it has changed.
    /// - Returns: whether that was all that there is to do about the notification.
    mutating func takeNotification(
        _ method: Method, _ line: RawSpan, _ envelope: Envelope, of server: ServerIndex,
        into effects: inout Effects
    ) -> Bool {
        guard isGateway else { return false }
        switch method {
        case .toolsChanged: relist([.tools], of: server, into: &effects)
        case .promptsChanged: relist([.prompts], of: server, into: &effects)
        case .resourcesChanged: relist([.resources, .templates], of: server, into: &effects)
        case .resourceUpdated: forwardUpdate(line, envelope, into: &effects)
        case .acknowledged: listAgain(of: server, into: &effects)
        default: return false
        }
        return true
    }

    /// The server tells of changes from now on. A list that it has answered before, or part of which,
    /// may have changed in between.
    private mutating func listAgain(of server: ServerIndex, into effects: inout Effects) {
        let first = servers[server].first
        // Of two subscriptions in a row the second leaves no gap.
        if gateway.parts[server].heard == first { return }
        gateway.parts[server].heard = first
        for kind in EntryList.Kind.allCases {
            let state = gateway.parts[server][kind]
            let isRead = state.flight == 0 ? state.list.isCurrent : state.list.isPartlyRead
            if state.isWanted, isRead {
                gateway.parts[server][kind].isDue = true
            }
        }
        askForLists(of: server, at: present, into: &effects)
    }

    private mutating func relist(
        _ kinds: [EntryList.Kind], of server: ServerIndex, into effects: inout Effects
    ) {
        for kind in kinds {
            gateway.parts[server][kind].list.invalidate()
            gateway.parts[server][kind].isDue = true
            gateway.parts[server][kind].isAbsent = false
            if kind == .tools { caching.parts[server].catalog.tools.invalidate() }
        }
        askForLists(of: server, at: present, into: &effects)
    }

    /// Makes sure that a list is known or on its way, and fresh enough.
    /// - Parameter since: when the request came that it is for.
    mutating func want(
        _ kind: EntryList.Kind, since: Instant, at now: Instant, into effects: inout Effects
    ) {
        for server in order {
            if !gateway.parts[server][kind].isWanted {
                gateway.parts[server][kind].isWanted = true
                gateway.parts[server][kind].isDue = true
                waitForList(kind, of: server, at: now)
            }
            refresh(kind, of: server, since: since, at: now)
            askForLists(of: server, at: now, into: &effects)
        }
    }

    /// Asks again for a list whose time is over. Where the server has said how long it is good the
    /// request waits for the new one; else it gets the old one meanwhile (RFC 5861).
    private mutating func refresh(
        _ kind: EntryList.Kind, of server: ServerIndex, since: Instant, at now: Instant
    ) {
        let state = gateway.parts[server][kind]
        guard now >= state.freshUntil, state.readAt < since, !state.isDue, state.flight == 0
        else { return }
        gateway.parts[server][kind].isDue = true
        if !state.list.isKnown { gateway.parts[server][kind].isAbsent = false }
        if !state.list.isKnown || state.list.content.ttlMs != nil {
            waitForList(kind, of: server, at: now)
        }
    }

    private mutating func waitForList(
        _ kind: EntryList.Kind, of server: ServerIndex, at now: Instant
    ) {
        gateway.parts[server][kind].waitUntil = now.advanced(by: gateway.settings.startupWait)
    }

    /// Whether the servers' lists of a kind are all there, or it is no use to wait longer.
    /// - Parameter since: when the request came that waits.
    mutating func isReady(_ kind: EntryList.Kind, since: Instant, at now: Instant) -> Bool {
        if now >= endOfWaiting(since: since) { return true }
        return order.allSatisfy { server in
            let part = gateway.parts[server]
            if part.greeting == nil { return part.isSettled || now >= part.startUntil }
            let isOpen = connections[servers[server].first].isOpen
            let state = part[kind]
            if state.isAbsent || state.list.isKnown && !isOpen { return true }
            let isOld =
                state.list.content.ttlMs != nil && state.readAt < since
                && now >= state.freshUntil
            if state.list.isKnown && !isOld { return true }
            // One that was lost before it had told what it has may be back in a moment.
            return !isOpen && isBroken(server) || now >= state.waitUntil
        }
    }

    /// When a request stops to wait for lists, whatever servers do: each of their waits has an end, but
    /// servers that come up and are lost in turn begin new ones. A server has its time to come up, and
    /// as much again to list what it has.
    /// - Parameter since: when the request came.
    mutating func endOfWaiting(since: Instant) -> Instant {
        let wait = gateway.settings.startupWait
        return since.advanced(by: wait).advanced(by: wait)
    }

    /// Whether each server has said what it is, or it is no use to wait longer. While none has, the
    /// client waits its whole time, or until mcpo gives all of them up and says why.
    mutating func isGreeted(at now: Instant) -> Bool {
        let isAnyThere = order.contains { gateway.parts[$0].greeting != nil }
        return order.allSatisfy { server in
            let part = gateway.parts[server]
            return now >= part.startUntil || part.isSettled && isAnyThere
        }
    }
}
