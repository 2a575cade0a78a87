// The mesh world around the core: each call of it, and what it wants to be written and done.

import MCPOCore

extension MeshWorld {
    /// Calls the core, then takes what it wants to be written and done, and shows it the auditor.
    func call(noting note: () -> Void = {}, _ body: () -> Void) {
        auditor.begin(at: now)
        note()
        body()
        repeat {
            effects.writable = []
            // What has ended is heard of before what takes its place.
            for line in takeClientLines() { sendToClient(line) }
            for process in living { flush(to: process) }
            core.advance(at: now, into: &effects)
        } while !effects.writable.isEmpty
        let commands = effects.commands
        effects.commands = []
        auditor.checkLimits(core)
        for command in commands { perform(command) }
        if auditor.hasAgreed, !isOpen { open() }
        if auditor.wasRefused {
            auditor.wasRefused = false
            openAgain()
        }
    }

    private func takeClientLines() -> [[UInt8]] {
        guard core.hasOutput(for: .client) else { return [] }
        var bytes: [UInt8] = []
        _ = core.takeOutput(of: .client) {
            bytes += $0
            return $0.count
        }
        return bytes.split(separator: UInt8(ascii: "\n")).map(Array.init)
    }

    private func sendToClient(_ line: [UInt8]) {
        var lines = [line]
        saboteur?.spoil(&lines, self)
        for line in lines {
            trace.note(.toClient, now, line)
            auditor.hear(line, self)
        }
    }

    /// Takes what waits for a process into its pipe, as far as there is room.
    func flush(to process: MeshProcess) {
        guard process.isThere, core.hasOutput(for: .server(process.connection)) else { return }
        var bytes: [UInt8] = []
        _ = core.takeOutput(of: .server(process.connection)) { queue in
            let count = process.isBlocked ? min(process.room, queue.count) : queue.count
            bytes += queue.prefix(count)
            return count
        }
        process.room -= bytes.count
        process.partial += bytes
        while let end = process.partial.firstIndex(of: UInt8(ascii: "\n")) {
            let line = Array(process.partial[..<end])
            process.partial.removeSubrange(...end)
            write(line, to: process)
        }
    }

    /// A whole line has gone into the pipe of a process.
    private func write(_ line: [UInt8], to process: MeshProcess) {
        var lines = [line]
        saboteur?.spoilWritten(&lines, process, self)
        for line in lines {
            trace.note(.toServer, now, Array("\(process.number) ".utf8) + line)
            auditor.noteWritten(line, to: process)
            guard process.isRunning else { continue }
            let habits = scenario.servers[process.server]
            let ready = process.spawnedAt.advanced(by: habits.start)
            let soon = now.advanced(by: dice.delay(upTo: habits.lag))
            let time = max(process.hearsAt, max(ready, soon))
            process.hearsAt = time
            agenda.add(.processHears(process, line), at: time)
        }
    }

    private func perform(_ command: Effect) {
        if case .log = command { return }
        trace.note(.effect, now, "\(command)")
        switch command {
        case .spawn(let connection, let server): spawn(connection, server)
        case .closeInput(let connection):
            guard let process = process(connection) else { return }
            process.isEnding = true
            process.hasInputEnded = true
            if process.missedPings > 0 { auditor.coverage.note(.replaced) }
            if process.isBlocked || process.isFrozen || process.isStubborn { return }
            agenda.add(
                .processDies(process),
                at: now.advanced(by: .milliseconds(dice.pick([0, 10, 300]))))
        case .signal(let connection, let signal):
            guard let process = process(connection) else { return }
            process.isEnding = true
            if process.isStubborn, signal == .terminate { return }
            agenda.add(.processDies(process), at: now.advanced(by: .milliseconds(5)))
        case .release(let connection):
            if saboteur?.sabotage == .immortality { return }
            process(connection)?.isReleased = true
        case .exit(let code):
            exitCode = code
            auditor.noteExit(code, self)
        case .log: break
        }
    }

    /// Processes that mcpo does not know to be gone.
    private var living: [MeshProcess] {
        current.removeAll(where: \.isTold)
        return current
    }

    func process(_ connection: ConnectionID) -> MeshProcess? {
        processes.last { $0.number == connection.rawValue }
    }

    private func spawn(_ connection: ConnectionID, _ server: Int) {
        let isFirst = !processes.contains { $0.server == server && !$0.isTold && $0.isFirst }
        let process = MeshProcess(
            connection.rawValue, server: server, isFirst: isFirst, at: now)
        process.isStubborn =
            !isPeaceful && dice.percent(scenario.servers[server].stubbornness)
        process.isDeaf = chance(scenario.servers[server].deafness)
        processes.append(process)
        current.append(process)
        auditor.noteSpawn(process, self)
        agenda.add(
            .processReady(process), at: now.advanced(by: .milliseconds(dice.pick([0, 0, 2]))))
    }

    /// Whether something of that many permille happens; nothing does in times of peace.
    func chance(_ permille: Int) -> Bool {
        dice.permille(permille) && !isPeaceful
    }
}
