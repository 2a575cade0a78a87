// The server's side of the world: its processes come, read, speak, and go, in every wrong way.

import MCPOCore

extension World {
    func dispatchProcess(_ what: Happening) {
        switch what {
        case .processReady(let number): if let process = processes[number] { ready(process) }
        case .processReads(let number): if let process = living(number) { reads(process) }
        case .processSays(let number, let message):
            if let process = living(number) { says(message, process) }
        case .processDies(let number, let end):
            if let process = living(number) { dies(process, end) }
        case .processClosesOutput(let number):
            if let process = living(number) {
                process.hasClosedOutput = true
                scheduleOutput(process)
            }
        case .processClosesInput(let number): living(number)?.hasClosedInput = true
        case .processOutput(let number): if let process = processes[number] { read(process) }
        case .processRoom(let number): if let process = processes[number] { flushServer(process) }
        case .processGone(let number): processes[number]?.isEndNoticed = true
        default: break
        }
    }

    private func living(_ number: UInt32) -> ProcessSide? {
        guard let process = processes[number], process.isRunning else { return nil }
        return process
    }

    func spawn(_ connection: ConnectionID) {
        processes[connection.rawValue] = ProcessSide(connection, scenario, &dice)
        let delay = dice.delay(upTo: scenario.server.spawnDelay)
        if delay == .zero {
            if let process = processes[connection.rawValue] { ready(process) }
        } else {
            agenda.add(.processReady(connection.rawValue), at: now.advanced(by: delay))
        }
    }

    /// The attempt to start the process is over.
    private func ready(_ process: ProcessSide) {
        let isFirst = process.connection.rawValue == 2
        if dice.percent(isFirst ? scenario.server.failsFirst : scenario.server.failsLater) {
            processes[process.connection.rawValue] = nil
            let event = Event.spawnFailed(process.connection, reason: "no such file")
            observe(.event(event)) { core.handle(event, at: now, into: &effects) }
            return
        }
        process.isRunning = true
        let event = Event.spawned(process.connection, processID: 7)
        observe(.event(event)) { core.handle(event, at: now, into: &effects) }
        planLife(of: process)
        if process.isInputClosed { scheduleRead(process) }
        for signal in process.pendingSignals { send(signal, to: process.connection) }
    }

    private func planLife(of process: ProcessSide) {
        let number = process.connection.rawValue
        if process.model.isStillborn {
            later(.processDies(number, .status(1)), .milliseconds(40))
        } else if dice.percent(2) {
            later(.processClosesOutput(number), scenario.length)
        } else if dice.percent(2) {
            later(.processClosesInput(number), scenario.length)
        } else if dice.permille(scenario.server.mortality) {
            later(.processDies(number, .signal(11)), scenario.length)
        }
    }

    func closeInput(_ connection: ConnectionID) {
        guard let process = processes[connection.rawValue] else { return }
        process.isInputClosed = true
        process.outlet.awaitsRoom = false
        if process.isRunning { scheduleRead(process) }
    }

    func send(_ signal: GroupSignal, to connection: ConnectionID) {
        guard let process = processes[connection.rawValue] else { return }
        guard process.isRunning else {
            if process.end == nil { process.pendingSignals.append(signal) }
            return
        }
        let isIgnored = signal == .kill ? process.ignoresKill : process.ignoresTerminate
        if isIgnored { return }
        let end = ProcessEnd.signal(signal == .kill ? 9 : 15)
        later(.processDies(connection.rawValue, end), .milliseconds(30))
    }
}

// MARK: - The process's own doing

extension World {
    func scheduleRead(_ process: ProcessSide) {
        guard !process.isReadScheduled, process.isRunning else { return }
        process.isReadScheduled = true
        let reading = scenario.server.reading
        let isPause = dice.permille(reading.pauses)
        let pause = Duration.seconds(isPause ? dice.pick([2, 10, 4_000]) : 0)
        agenda.add(
            .processReads(process.connection.rawValue),
            at: now.advanced(by: pause + dice.delay(upTo: reading.delay)))
    }

    private func reads(_ process: ProcessSide) {
        process.isReadScheduled = false
        let number = process.connection.rawValue
        for line in process.outlet.read(dice.between(1...scenario.server.reading.piece)) {
            for utterance in process.model.hear(line, &dice) {
                let time = now.advanced(by: utterance.after)
                agenda.add(.processSays(number, utterance.message), at: time)
            }
        }
        if process.outlet.awaitsRoom { agenda.add(.processRoom(number), at: now) }
        if !process.outlet.pipe.isEmpty {
            scheduleRead(process)
        } else if process.isInputClosed, !process.ignoresClose {
            later(.processDies(number, .status(0)), .milliseconds(400))
        }
    }

    private func says(_ message: ServerMessage, _ process: ProcessSide) {
        guard !process.hasClosedOutput else { return }
        process.incoming.append(message, message.bytes)
        scheduleOutput(process)
        if dice.permille(scenario.server.mortality) {
            let end = dice.percent(50) ? ProcessEnd.status(3) : .signal(9)
            later(.processDies(process.connection.rawValue, end), .milliseconds(2))
        }
    }

    /// The process dies; what it has not finished writing is cut off at any byte.
    private func dies(_ process: ProcessSide, _ end: ProcessEnd) {
        process.isRunning = false
        process.end = end
        let stream = process.incoming
        if stream.unread > 0, dice.percent(60) {
            let limit = scenario.settings.limits.messageBytes
            process.incoming.truncate(at: stream.fed + dice.roll(stream.unread + 1)) {
                $0.cut(after: $1, limit: limit)
            }
        }
        process.hasClosedOutput = true
        scheduleOutput(process)
        later(.processGone(process.connection.rawValue), .milliseconds(5))
        trace.note(.event, now, "process \(process.connection.rawValue) dies: \(end)")
    }
}

// MARK: - mcpo's reads and writes

extension World {
    func scheduleOutput(_ process: ProcessSide) {
        guard !process.isOutputScheduled, !process.isPaused, !process.isOutputDone else { return }
        process.isOutputScheduled = true
        later(.processOutput(process.connection.rawValue), .milliseconds(1))
    }

    private func read(_ process: ProcessSide) {
        process.isOutputScheduled = false
        guard !process.isPaused, !process.isOutputDone else { return }
        if process.incoming.unread == 0 {
            if process.hasClosedOutput { closeOutput(process) }
            return
        }
        let piece = dice.pick([20, 300, 5_000])
        process.incoming.feed(dice.between(1...piece), to: &process.framer)
        receive(from: process)
        if process.incoming.unread > 0 || process.hasClosedOutput { scheduleOutput(process) }
    }

    func receive(from process: ProcessSide) {
        let limit = scenario.settings.limits.messageBytes
        let stream = StreamID.server(process.connection)
        observeReceiving {
            let complete = process.incoming.completeFed
            let number = process.connection.rawValue
            core.receive(&process.framer, from: stream, at: now, into: &effects)
            if core.accepts(stream) {
                return .serverLines(number, process.incoming.consume(complete))
            }
            let left = LineStream<ServerMessage>.countLeft(in: &process.framer)
            let lines = process.incoming.consume(complete - left)
            process.framer = process.incoming.refilled(limit: limit)
            process.isPaused = true
            referee.coverage.note(.serverPaused)
            return .serverLines(number, lines)
        }
    }

    /// The process's output has been read to the end; its exit may or may not be known.
    private func closeOutput(_ process: ProcessSide) {
        process.isOutputDone = true
        guard !process.isEndNoticed else { return }
        let rest = process.incoming.consumeRest()
        observe(.serverEnd(process.connection.rawValue, rest)) {
            core.finish(
                &process.framer, from: .server(process.connection), at: now, into: &effects)
        }
    }

    /// Tells the core of processes that have ended and whose last words have been taken in.
    func tellEnds() {
        for number in processes.keys.sorted() {
            guard let process = processes[number], process.isEndNoticed, !process.isEndTold,
                !process.isPaused
            else { continue }
            if !process.isOutputDone { read(process) }
            guard process.isOutputDone, !process.isPaused, let end = process.end else { continue }
            process.isEndTold = true
            tellEnd(of: process, end)
        }
    }

    private func tellEnd(of process: ProcessSide, _ end: ProcessEnd) {
        let stream = StreamID.server(process.connection)
        let rest = process.incoming.consumeRest()
        observe(.serverRest(process.connection.rawValue, rest)) {
            core.receiveRemainder(of: &process.framer, from: stream, at: now, into: &effects)
        }
        let event = Event.exited(process.connection, end, groupRemains: process.leavesGroup)
        observe(.event(event)) { core.handle(event, at: now, into: &effects) }
    }

    func flushServer(_ process: ProcessSide) {
        guard !process.isInputClosed, process.connection.rawValue == current else { return }
        let stream = StreamID.server(process.connection)
        if process.end != nil || process.hasClosedInput {
            guard core.hasOutput(for: stream) else { return }
            process.isInputClosed = true
            process.outlet.awaitsRoom = false
            let event = Event.broken(stream)
            observe(.event(event)) { core.handle(event, at: now, into: &effects) }
            return
        }
        move(&process.outlet, of: stream, capacity: scenario.server.reading.capacity)
        if !process.outlet.pipe.isEmpty { scheduleRead(process) }
    }
}
