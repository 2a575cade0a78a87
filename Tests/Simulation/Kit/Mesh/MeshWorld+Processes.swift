// The servers' side of the mesh world: processes come, read, stop reading, and go.

import MCPOCore

extension MeshWorld {
    func habits(of process: MeshProcess) -> MeshHabits { scenario.servers[process.server] }

    func ready(_ process: MeshProcess) {
        let habits = habits(of: process)
        if habits.absence == .unspawnable || chance(habits.spawnFailures) {
            process.isTold = true
            process.isReleased = true
            auditor.coverage.note(.spawnFailed)
            trace.note(.event, now, "process \(process.number) does not come to be")
            call {
                core.handle(
                    .spawnFailed(process.connection, reason: "no"), at: now, into: &effects)
            }
            return
        }
        process.isThere = true
        process.isRunning = true
        trace.note(.event, now, "process \(process.number) is there")
        call { core.handle(.spawned(process.connection, processID: 7), at: now, into: &effects) }
        if habits.absence == .crashing { later(.processDies(process), .milliseconds(20)) }
        if process.hasInputEnded { later(.processDies(process), .milliseconds(20)) }
    }

    func hears(_ process: MeshProcess, _ line: [UInt8]) {
        guard process.isRunning, !process.isFrozen else { return }
        if process.isBlocked {
            process.unread.append(line)
            return
        }
        let habits = habits(of: process)
        if habits.absence == .mute { return }
        if chance(habits.blockages) {
            process.isBlocked = true
            process.room = dice.roll(400)
            auditor.coverage.note(.blocked)
            trace.note(.event, now, "process \(process.number) stops reading")
            agenda.add(.processReads(process), at: now.advanced(by: .milliseconds(3_000)))
        }
        if chance(habits.freezes) {
            trace.note(.event, now, "process \(process.number) freezes")
            auditor.coverage.note(.froze)
            process.isFrozen = true
            return
        }
        if chance(habits.deathsUnread) {
            auditor.coverage.note(.diedUnread)
            return dies(process)
        }
        if chance(habits.mutings) { endOutput(of: process) }
        take(line, process)
    }

    func unblock(_ process: MeshProcess) {
        guard process.isRunning, process.isBlocked else { return }
        process.isBlocked = false
        trace.note(.event, now, "process \(process.number) reads again")
        for line in process.unread { agenda.add(.processHears(process, line), at: now) }
        process.unread = []
        call { flush(to: process) }
        if process.hasInputEnded { later(.processDies(process), .milliseconds(20)) }
    }

    /// A process has read a line.
    private func take(_ line: [UInt8], _ process: MeshProcess) {
        var envelope = Envelope()
        guard (try? Envelope.scan(line.span.bytes, into: &envelope)) != nil else { return }
        let method = Method.of(line.span.bytes, envelope)
        if method == .cancelled {
            let number = Array(line[envelope.requestID.range.bounds])
            process.listens.removeAll { $0 == number }
            if dice.percent(50) { process.attempts[number]?.isDropped = true }
        }
        guard envelope.id.isPresent,
            let attempt = process.attempts[Array(line[envelope.id.range.bounds])]
        else { return }
        if attempt.request?.isCall == true, chance(habits(of: process).deathsRead) {
            auditor.coverage.note(.diedRead)
            return dies(process)
        }
        begin(attempt, process)
    }

    // MARK: Its end

    func dies(_ process: MeshProcess) {
        guard process.isRunning else { return }
        process.isRunning = false
        trace.note(.event, now, "process \(process.number) dies")
        if dice.percent(50), !process.isMute { endOutput(of: process) }
        agenda.add(.processGone(process), at: now.advanced(by: dice.delay(upTo: .milliseconds(5))))
    }

    private func endOutput(of process: MeshProcess) {
        if process.isMute { return }
        process.isMute = true
        trace.note(.event, now, "process \(process.number) closes its output")
        let note = { [auditor] in auditor.noteSilence(of: process) }
        call(noting: note) {
            core.finish(&process.framer, from: .server(process.connection), at: now, into: &effects)
        }
    }

    func gone(_ process: MeshProcess) {
        guard !process.isTold else { return }
        process.isTold = true
        let note = { [auditor] in auditor.noteSilence(of: process) }
        call(noting: note) {
            core.receiveRemainder(
                of: &process.framer, from: .server(process.connection), at: now, into: &effects)
            core.handle(
                .exited(process.connection, .status(1), groupRemains: chance(50)), at: now,
                into: &effects)
        }
    }

    // MARK: What it says

    /// One line of a process; `note` tells the auditor of it.
    func say(_ line: [UInt8], _ process: MeshProcess, _ note: () -> Void = {}) {
        guard process.isRunning, !process.isMute, !process.isFrozen else { return }
        trace.note(.fromServer, now, Array("\(process.number) ".utf8) + line)
        CachedWorld.fill(&process.framer, line)
        process.saidAt = now
        call(noting: note) {
            core.receive(
                &process.framer, from: .server(process.connection), at: now, into: &effects)
        }
    }

    // MARK: What changes by itself

    func tick() {
        guard !isPeaceful, !hasEnded else { return }
        for server in servers {
            let habits = scenario.servers[server.index]
            if dice.percent(habits.changes) { change(server) }
            if chance(habits.storms) {
                auditor.coverage.note(.storm)
                for _ in 0..<dice.between(3...12) { change(server) }
            }
            if chance(habits.floods) { flood(server.index) }
        }
        agenda.add(.ticks, at: now.advanced(by: .milliseconds(300)))
    }

    private func flood(_ server: Int) {
        auditor.coverage.note(.flood)
        for process in processes where process.server == server && process.isRunning {
            let line = Array(
                #"{"jsonrpc":"2.0","method":"notifications/message","params":{"data":1}}"#.utf8)
            for _ in 0..<20 { say(line, process) }
        }
    }

    /// One of a server's lists changes, and its processes tell.
    private func change(_ server: MeshServer) {
        let kind = dice.pick(EntryList.Kind.allCases)
        guard scenario.servers[server.index].has(kind) else { return }
        server.lists[Int(kind.rawValue)] += 1
        auditor.isSilent[server.index][Int(kind.rawValue)] = true
        let version = server.lists[Int(kind.rawValue)]
        trace.note(.event, now, "\(kind) of \(scenario.name(server.index)) is now \(version)")
        for process in processes
        where process.server == server.index && process.isRunning && process.hasGreeted {
            if auditor.eras[server.index] == .legacy {
                let line = MeshAnswers.notice(MeshLists.notice(kind))
                say(line, process) { auditor.noteChange(of: kind, process) }
            }
            for number in process.listens {
                let line = MeshAnswers.notice(MeshLists.notice(kind), subscription: number)
                say(line, process) { auditor.noteChange(of: kind, process) }
            }
        }
    }
}
