// The servers' side of the mesh world: what a process does with what it was asked.

import MCPOCore

extension MeshWorld {
    func answers(of process: MeshProcess) -> MeshAnswers {
        MeshAnswers(habits: habits(of: process), name: scenario.name(process.server))
    }

    /// A process begins with a request.
    func begin(_ attempt: MeshAttempt, _ process: MeshProcess) {
        let habits = habits(of: process)
        switch attempt.method {
        case .discover where attempt.request == nil || scenario.isGateway:
            if process.isDeaf, auditor.hasGreeted[process.server] {
                return auditor.coverage.note(.pingMissed)
            }
            if habits.origin == .silent { return }
            if habits.origin == .dying { return dies(process) }
        case .ping where process.isDeaf && attempt.request == nil:
            return auditor.coverage.note(.pingMissed)
        case .listen:
            process.listens.append(attempt.number)
            process.hasGreeted = true
            let ack = "notifications/subscriptions/acknowledged"
            return say(MeshAnswers.notice(ack, subscription: attempt.number), process)
        default: break
        }
        attempt.latency = dice.delay(upTo: habits.latency)
        if attempt.request?.isLong == true, !isPeaceful { beginLong(attempt, process) }
        if attempt.request != nil, chance(habits.hangs) {
            auditor.coverage.note(.hung)
            trace.note(.event, now, "call \(attempt.serial) hangs")
        } else {
            let delay = saboteur?.delay(of: attempt) ?? .zero
            agenda.add(.answers(attempt), at: now.advanced(by: attempt.latency + delay))
        }
        let work = Duration.nanoseconds(
            dice.roll(max(1, Int(attempt.latency.wholeNanoseconds))))
        agenda.add(.works(attempt), at: now.advanced(by: work))
    }

    /// A call that takes longer than it may without progress.
    private func beginLong(_ attempt: MeshAttempt, _ process: MeshProcess) {
        let time = scenario.timeout(of: process.server)
        attempt.latency = time * dice.pick([11, 17]) / 10
        auditor.coverage.note(.long)
        guard dice.percent(70) else { return }
        for tenth in [4, 8, 12, 16] where time * tenth / 10 < attempt.latency {
            agenda.add(.reports(attempt), at: now.advanced(by: time * tenth / 10))
        }
    }

    private func isAlive(_ attempt: MeshAttempt) -> Bool {
        attempt.process.isRunning && !attempt.isDropped
    }

    /// The moment at which a request sees the state of things, or changes it.
    func works(_ attempt: MeshAttempt) {
        guard isAlive(attempt), !attempt.hasWorked, !attempt.process.isFrozen else { return }
        attempt.hasWorked = true
        let server = servers[attempt.process.server]
        if let kind = EntryList.Kind(meshMethod: attempt.method) {
            attempt.version = server.lists[Int(kind.rawValue)]
        }
        guard let request = attempt.request else { return }
        if let key = request.key {
            if request.isWrite {
                server.versions[key] += 1
                request.applied = server.versions[key]
            }
            attempt.version = server.versions[key] - (saboteur?.age(of: request) ?? 0)
            if request.method == .subscribeResource { attempt.process.watched.insert(key) }
        }
        request.runs += 1
        auditor.noteRun(request)
        if request.isCall, chance(habits(of: attempt.process).deathsWorked) {
            auditor.coverage.note(.diedWorked)
            dies(attempt.process)
        }
    }

    func reports(_ attempt: MeshAttempt) {
        guard isAlive(attempt), attempt.answeredAt == nil,
            let line = answers(of: attempt.process).progress(attempt)
        else { return }
        say(line, attempt.process) { auditor.noteProgress(of: attempt) }
    }

    func answers(_ attempt: MeshAttempt) {
        let process = attempt.process
        guard isAlive(attempt), !process.isMute, !process.isFrozen else { return }
        works(attempt)
        guard isAlive(attempt) else { return }
        let habits = habits(of: process)
        if chance(habits.garbage) {
            auditor.coverage.note(.garbage)
            say(Array(dice.pick(["Listening on 80", "{\"a\":", "[]", "{}"]).utf8), process)
        }
        if chance(habits.strangers) {
            auditor.coverage.note(.stranger)
            say(Array(#"{"jsonrpc":"2.0","id":998877,"result":{"run":0}}"#.utf8), process)
        }
        let line = answer(attempt, process)
        say(line, process) { auditor.noteAnswer(to: attempt, self) }
        if chance(habits.doubles) {
            auditor.coverage.note(.double)
            say(line, process)
        }
        if chance(habits.deathsAnswered) {
            auditor.coverage.note(.diedAnswered)
            dies(process)
        }
    }

    private func answer(_ attempt: MeshAttempt, _ process: MeshProcess) -> [UInt8] {
        let answers = answers(of: process)
        let knowsBoth = answers.habits.origin == .dual
        let isModern = answers.habits.origin == .modern
        if attempt.method == .initialize, isModern, !knowsBoth {
            return answers.unknownMethod(attempt)
        }
        if attempt.method == .discover, !isModern, !knowsBoth {
            return answers.unknownMethod(attempt)
        }
        if let kind = EntryList.Kind(meshMethod: attempt.method), !answers.habits.has(kind) {
            return attempt.request == nil
                ? answers.unknownMethod(attempt) : answers.failure(attempt)
        }
        if attempt.request?.isCall == true, chance(answers.habits.failures) {
            return answers.failure(attempt)
        }
        if attempt.method == .initialize || attempt.method == .discover {
            process.hasGreeted = true
        }
        return answers.result(attempt, isModern: attempt.isModern)
    }
}
