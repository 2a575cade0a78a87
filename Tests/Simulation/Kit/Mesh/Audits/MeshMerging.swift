// Lists of several servers as the client sees them, and what it is told of their changes.

import MCPOCore

extension MeshAuditor {
    // MARK: What mcpo learns

    /// mcpo is given a page of a list.
    func noteList(_ kind: EntryList.Kind, _ attempt: MeshAttempt, _ world: MeshWorld) {
        let (server, place) = (attempt.process.server, Int(kind.rawValue))
        lastRead[place] = calls
        // A question of mcpo's own that was given up tells nothing when it is answered after all.
        if attempt.isGivenUp, attempt.request == nil { return }
        let answers = world.answers(of: attempt.process)
        guard answers.habits.has(kind), answers.isLastPage(kind, attempt) else { return }
        // Others may have been asked earlier than they could read it.
        if !isCalm(server) { hasNews[told(kind)] = true }
        // What was asked for before it changed is asked for again.
        guard noticed[server][place] <= began[server][place] else { return }
        if kind == .tools { isCurrent[server] = true }
        isSilent[server][place] = false
        let isNew = known[server][place] != attempt.version
        if isNew, known[server][place] == 0, isShown[place] { coverage.note(.lateServer) }
        known[server][place] = attempt.version
        if isNew { noteNews(kind, server) }
    }

    /// A process tells mcpo that a list has changed.
    func noteChange(of kind: EntryList.Kind, _ process: MeshProcess) {
        noticed[process.server][Int(kind.rawValue)] = calls
        isSilent[process.server][Int(kind.rawValue)] = false
        if kind == .tools { isCurrent[process.server] = false }
        // One notification stands for both.
        if kind == .resources {
            noticed[process.server][Int(EntryList.Kind.templates.rawValue)] = calls
        }
        if kind == .templates {
            noticed[process.server][Int(EntryList.Kind.resources.rawValue)] = calls
        }
        if !scenario.isGateway { hasNews[told(kind)] = true }
    }

    /// Under which kind the client is told of a change.
    private func told(_ kind: EntryList.Kind) -> Int {
        Int((kind == .templates ? .resources : kind).rawValue)
    }

    private var isReachable: Bool {
        scenario.client == .legacy ? isClientReady : isListening
    }

    private func noteNews(_ kind: EntryList.Kind, _ server: Int) {
        hasNews[told(kind)] = true
        let isWanted = scenario.client == .legacy ? isShown[Int(kind.rawValue)] : isListening
        guard scenario.isGateway, isCalm(server), isWanted, isReachable,
            let gateway = scenario.settings.gateway
        else { return }
        let due = now.advanced(by: gateway.debounce)
        noticeDue[told(kind)] = min(noticeDue[told(kind)], due)
    }

    // MARK: What the client is told

    func hearNotice(_ method: Method, _ line: [UInt8], _ envelope: Envelope) {
        switch method {
        case .progress:
            let token = Array(line[envelope.progressToken.range.bounds])
            coverage.note(.progress)
            if byToken[token] == nil { blame(.rightAnswer, "progress for nobody") }
        case .acknowledged:
            coverage.note(.listened)
            isListening = true
        case .toolsChanged: hearChange(of: .tools)
        case .promptsChanged: hearChange(of: .prompts)
        case .resourcesChanged: hearChange(of: .resources)
        default: break
        }
    }

    private func hearChange(of kind: EntryList.Kind) {
        coverage.note(.told)
        let place = told(kind)
        // A proxy of one server alone passes on what comes.
        if !isReachable, scenario.isGateway {
            blame(.notices, "the client is told before it is ready")
        }
        if !hasNews[place] { blame(.notices, "the client is told of \(kind) that did not change") }
        noticeDue[place] = .never
        guard let gateway = scenario.settings.gateway else { return }
        hasNews[place] = false
        if let last = toldAt[place], now.since(last) < gateway.debounce {
            blame(.notices, "the client is told of \(kind) twice within \(now.since(last))")
        }
        toldAt[place] = now
    }

    func checkNotices(before time: Instant) {
        for place in noticeDue.indices where noticeDue[place] < time {
            noticeDue[place] = .never
            blame(.notices, "the client was not told of a change of list \(place)")
        }
    }

    // MARK: What the client is shown

    /// A merged list: the whole of each server's in turn, of one version each.
    func judgeList(
        _ kind: EntryList.Kind, _ request: MeshRequest, _ line: [UInt8], _ world: MeshWorld
    ) {
        let place = Int(kind.rawValue)
        guard let text = entries(kind, in: line) else {
            return blame(.lists, "an answer that is no list")
        }
        isShown[place] = true
        if lastText[kind] != nil, lastTextCall[kind, default: 0] > lastRead[place] {
            coverage.note(.listAgain)
            if lastText[kind] != text { blame(.lists, "\(kind) changed without a reason") }
        }
        lastText[kind] = text
        lastTextCall[kind] = calls
        var rest = text[...]
        for server in scenario.servers.indices {
            match(kind, server, &rest, world)
        }
        if !rest.isEmpty { blame(.lists, "\(kind) has entries that nobody lists: \(rest)") }
    }

    private func entries(_ kind: EntryList.Kind, in line: [UInt8]) -> String? {
        guard let start = line.place(of: Array(#""\#(kind.member)":["#.utf8)),
            let end = line[start.upperBound...].firstIndex(of: UInt8(ascii: "]"))
        else { return nil }
        return String(decoding: line[start.upperBound..<end], as: UTF8.self)
    }

    /// Takes one server's part off the front of what is left.
    private func match(
        _ kind: EntryList.Kind, _ server: Int, _ rest: inout Substring, _ world: MeshWorld
    ) {
        let place = Int(kind.rawValue)
        let current = world.servers[server].lists[place]
        let name = scenario.name(server)
        let least = isCalm(server) || expectsLists ? known[server][place] : 0
        var found = 0
        for version in stride(from: current, through: 1, by: -1) {
            let part = part(kind, server, version)
            guard rest.hasPrefix(part) else { continue }
            rest.removeFirst(part.count)
            if rest.first == "," { rest.removeFirst() }
            found = version
            break
        }
        if found == 0 { coverage.note(.listOfSome) }
        if found < shown[server][place] {
            blame(.lists, "\(kind) of \(name) went back to \(found) from \(shown[server][place])")
        }
        if found < least { blame(.lists, "\(kind) of \(name) is \(found) instead of \(least)") }
        if expectsLists, scenario.servers[server].comesUp, scenario.servers[server].has(kind),
            found != current, !isSilent[server][place]
        {
            blame(.lists, "\(kind) of \(name) is \(found) instead of \(current) in peace")
        }
        shown[server][place] = found
    }

    private func part(_ kind: EntryList.Kind, _ server: Int, _ version: Int) -> String {
        let isNamed = kind == .tools || kind == .prompts
        return MeshLists.entries(kind, of: scenario.name(server), version: version) { name in
            isNamed ? scenario.exposed(name, of: server) : name
        }.joined(separator: ",")
    }
}
