// The server's side of the cached world: its processes work on requests, and things change.

import MCPOCore

extension CachedWorld {
    func ready(_ number: UInt32) {
        let connection = ConnectionID(rawValue: number)
        if number > 2, dice.percent(5) {
            call { core.handle(.spawnFailed(connection, reason: "no"), at: now, into: &effects) }
            return
        }
        processes[number] = CachedProcess(number)
        trace.note(.event, now, "process \(number) is there")
        call(noting: auditor.noteDisturbance) {
            core.handle(.spawned(connection, processID: 7), at: now, into: &effects)
        }
    }

    private func living(_ number: UInt32) -> CachedProcess? {
        guard let process = processes[number], process.isRunning else { return nil }
        return process
    }

    // MARK: What a process hears and does

    func hears(_ number: UInt32, _ line: [UInt8]) {
        guard let process = living(number) else { return }
        var envelope = Envelope()
        guard (try? Envelope.scan(line.span.bytes, into: &envelope)) != nil else { return }
        let method = Method.of(line.span.bytes, envelope)
        if method == .cancelled {
            let named = Array(line[envelope.requestID.range.bounds])
            guard dice.percent(scenario.server.obedience) else { return }
            process.underWay.removeAll { $0.number == named }
            return
        }
        guard envelope.id.isPresent else { return }
        let named = Array(line[envelope.id.range.bounds])
        guard let execution = auditor.execution(numbered: named, in: number) else { return }
        if envelope.metaProgressToken.isPresent {
            execution.token = Array(line[envelope.metaProgressToken.range.bounds])
        }
        begin(execution, process)
    }

    private func begin(_ execution: Execution, _ process: CachedProcess) {
        let habits = scenario.server
        choose(execution)
        process.underWay.append(execution)
        let latency = dice.delay(upTo: habits.latency)
        let work = dice.delay(upTo: latency)
        agenda.add(.works(process.number, execution), at: now.advanced(by: work))
        let isNeeded = execution.method == .initialize || execution.question == nil
        if isNeeded || !dice.percent(habits.silence) {
            agenda.add(.answers(process.number, execution), at: now.advanced(by: latency))
        }
        if dice.permille(habits.mortality), execution.method != .initialize {
            later(.processDies(process.number), habits.latency)
        } else if dice.permille(habits.mortality) {
            process.isMute = true
            trace.note(.event, now, "process \(process.number) closes its output")
            endOutput(of: process)
        }
        if execution.token != nil, dice.percent(habits.chatter) {
            for _ in 0..<dice.between(1...3) { reportLater(execution, process) }
        }
    }

    private func reportLater(_ execution: Execution, _ process: CachedProcess) {
        guard let token = execution.token else { return }
        let text = String(decoding: token, as: UTF8.self)
        let line =
            #"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"#
            + #"\#(text),"progress":1,"report":\#(execution.serial)}}"#
        let notice = Notice.progress(execution)
        later(.says(process.number, Array(line.utf8), notice), scenario.server.latency)
    }

    /// What will come of a request.
    private func choose(_ execution: Execution) {
        let habits = scenario.server
        if execution.era == .modern, execution.method.hasStorableAnswer,
            execution.method != .callTool
        {
            execution.lifetime = dice.pick([nil, 0, 300, 5_000, 5_000])
        } else if dice.percent(habits.lifetimes) {
            execution.lifetime = dice.pick([0, 200, 4_000])
        }
        guard execution.method != .initialize else { return }
        if dice.percent(habits.failures) {
            let isCall = execution.method == .callTool
            execution.outcome = dice.pick([isCall ? .failure : .trouble, .refusal, .trouble])
        } else if dice.percent(habits.oddities), execution.method == .callTool {
            execution.outcome = dice.pick([.inputRequired, .task])
        }
    }

    /// The moment at which a request sees the state of things, or changes it.
    func works(_ number: UInt32, _ execution: Execution) {
        guard let process = living(number) else { return }
        guard process.underWay.contains(where: { $0 === execution }) else { return }
        if execution.question?.changes == true, case .key(let key) = execution.matter {
            if saboteur?.sabotage == .lateChange, !execution.hasFinished {
                agenda.add(.works(number, execution), at: now.advanced(by: .milliseconds(5)))
                return
            }
            change(key)
            execution.change = Change(
                key: key, version: database.versions[key],
                total: database.version(of: .everything), applied: auditor.calls, appliedAt: now)
            auditor.noteChange(by: execution)
        }
        execution.version = database.version(of: execution.matter)
        switch (execution.method, execution.matter) {
        case (.subscribeResource, .key(let key)): process.watched.insert(key)
        case (.unsubscribeResource, .key(let key)): process.watched.remove(key)
        default: break
        }
    }

    func answers(_ number: UInt32, _ execution: Execution) {
        guard let process = living(number), !process.isMute,
            process.underWay.contains(where: { $0 === execution })
        else { return }
        execution.hasFinished = true
        let isLate = saboteur?.sabotage == .lateChange && execution.question?.changes == true
        if !isLate { process.underWay.removeAll { $0 === execution } }
        let writer = AnswerWriter(habits: scenario.server)
        var line = writer.answer(execution, execution.version ?? 0, &dice)
        if saboteur?.sabotage == .hiddenFailure, execution.outcome == .failure {
            line = writer.answer(execution.disguised, execution.version ?? 0, &dice)
        }
        let isOdd = dice.percent(scenario.server.oddities)
        if isOdd, dice.percent(30) { say(Array("garbage {".utf8), process) }
        say(line, process) { auditor.noteAnswer(to: execution, at: now) }
        if isOdd, dice.percent(30) { say(line, process) }
    }

    func says(_ number: UInt32, _ line: [UInt8], _ notice: Notice) {
        guard let process = living(number), !process.isMute else { return }
        let isHidden = saboteur?.hides(notice) == true
        say(isHidden ? Array("hidden".utf8) : line, process) { auditor.note(notice) }
    }

    /// One line of the server; `note` tells the auditor of it.
    private func say(
        _ line: [UInt8], _ process: CachedProcess, _ note: () -> Void = {}
    ) {
        guard process.number == current, processes[current] === process else { return }
        trace.note(.fromServer, now, line)
        Self.fill(&process.framer, line)
        let stream = StreamID.server(ConnectionID(rawValue: process.number))
        call(noting: note) {
            core.receive(&process.framer, from: stream, at: now, into: &effects)
        }
    }

    // MARK: What changes

    /// Something changes a key; whoever watches it is told.
    private func change(_ key: Int) {
        database.versions[key] += 1
        trace.note(.event, now, "key \(key) is now \(database.versions[key])")
        guard let process = living(current), process.watched.contains(key) else { return }
        let line =
            #"{"jsonrpc":"2.0","method":"notifications/resources/updated","params":"#
            + #"{"uri":"\#(Database.uri(of: key))"}}"#
        let notice = Notice.updated(key: key, version: database.versions[key])
        later(.says(process.number, Array(line.utf8), notice), .milliseconds(10))
    }

    /// Something changes that no client has changed.
    func drift() {
        if dice.percent(scenario.server.drift) {
            if dice.percent(50) {
                change(dice.roll(scenario.keys))
            } else {
                changeList(dice.roll(database.lists.count))
            }
        }
        if script.made < scenario.questions, now < Instant(nanoseconds: 120_000_000_000) {
            later(.drifts, .seconds(1))
        }
    }

    private func changeList(_ place: Int) {
        database.lists[place] += 1
        trace.note(.event, now, "list \(place) is now \(database.lists[place])")
        guard living(current) != nil else { return }
        let method = "notifications/\(Database.notices[place])/list_changed"
        let notice = Notice.listChanged(place: place, version: database.lists[place])
        later(
            .says(current, Array(#"{"jsonrpc":"2.0","method":"\#(method)"}"#.utf8), notice),
            .milliseconds(10))
    }

    // MARK: The end of a process

    func dies(_ number: UInt32) {
        guard let process = living(number) else { return }
        process.isRunning = false
        trace.note(.event, now, "process \(number) dies")
        agenda.add(.processGone(number), at: now.advanced(by: dice.delay(upTo: .milliseconds(5))))
    }

    private func endOutput(of process: CachedProcess) {
        let stream = StreamID.server(ConnectionID(rawValue: process.number))
        call(noting: auditor.noteDisturbance) {
            core.finish(&process.framer, from: stream, at: now, into: &effects)
        }
    }

    func gone(_ number: UInt32) {
        guard let process = processes[number], !process.isTold else { return }
        process.isTold = true
        let connection = ConnectionID(rawValue: number)
        call(noting: auditor.noteDisturbance) {
            core.receiveRemainder(
                of: &process.framer, from: .server(connection), at: now, into: &effects)
        }
        call(noting: auditor.noteDisturbance) {
            core.handle(
                .exited(connection, .status(1), groupRemains: false), at: now, into: &effects)
        }
    }
}

extension Execution {
    /// The same with a good result.
    fileprivate var disguised: Execution {
        let copy = Execution(
            serial: serial, process: process, number: number, question: question, method: method,
            era: era, key: key, sent: sent, sentAt: sentAt)
        copy.matter = matter
        return copy
    }
}
