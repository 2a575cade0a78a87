// The client's side of the world: speaking, reading, answering, and mcpo's reads and writes.

import MCPOCore

extension World {
    /// The client says something, and will again.
    func clientSpeaks() {
        guard !client.hasClosed else { return }
        let isStorm = dice.percent(scenario.storms)
        for _ in 0..<(isStorm ? dice.between(5...15) : 1) { speakOnce(isStorm: isStorm) }
        if client.script.requestsMade < scenario.requests {
            later(.clientSpeaks, scenario.clientPause)
        }
    }

    private func speakOnce(isStorm: Bool) {
        if dice.percent(scenario.nonsense) {
            write(client.script.nonsense(&dice))
        } else if !client.script.hasInitialized, scenario.client != .modern {
            open()
        } else if dice.percent(isStorm ? 60 : scenario.cancellations) {
            write(client.script.cancellation(&dice))
        } else if dice.percent(8) {
            write(
                dice.percent(50) ? client.script.notification(&dice) : client.script.progress(&dice)
            )
        } else if scenario.client == .batching, dice.percent(25) {
            write(client.script.batch(&dice))
        } else if dice.permille(8) {
            write(client.script.initialize(&dice))
        } else {
            write(client.script.request(&dice))
        }
    }

    /// A legacy client opens; an impatient one does not wait for the answer.
    private func open() {
        if dice.percent(5) {
            write(client.script.request(&dice))
            return
        }
        client.script.hasInitialized = true
        write(client.script.initialize(&dice))
        if dice.percent(20) { write(client.script.initialized()) }
    }

    func clientAnswers(_ number: UInt32) {
        guard !client.hasClosed else { return }
        if dice.percent(15) { write(client.script.progress(&dice)) }
        write(client.script.answer(to: number, &dice))
        if dice.percent(5) { write(client.script.answer(to: number, &dice)) }
    }

    func write(_ message: ClientMessage) {
        guard !client.hasClosed else { return }
        client.incoming.append(message, message.bytes)
        scheduleClientInput()
    }

    func scheduleClientInput() {
        guard !client.isInputScheduled, !client.isPaused, !client.isEndTold else { return }
        client.isInputScheduled = true
        later(.clientInput, .milliseconds(1))
    }

    /// The client closes its end; its last line may lack the newline, or its end.
    func closeClientInput() {
        if dice.percent(40), !client.hasClosed {
            var message = client.script.request(&dice)
            if message.bytes.last == UInt8(ascii: " ") { message.bytes.removeLast() }
            if dice.percent(50) {
                message.bytes.removeLast(dice.between(1...message.bytes.count - 1))
                message.meaning = .refused(.parseError, nil)
            }
            client.incoming.append(message, message.bytes, newline: false)
        }
        client.hasClosed = true
        scheduleClientInput()
    }
}

// MARK: - mcpo's reads

extension World {
    func readClient() {
        client.isInputScheduled = false
        guard !client.isPaused, !client.isEndTold else { return }
        if client.incoming.unread == 0 {
            if client.hasClosed { finishClient() }
            return
        }
        let piece = dice.pick([20, 300, 5_000])
        client.incoming.feed(dice.between(1...piece), to: &client.framer)
        receiveFromClient()
        if client.incoming.unread > 0 || client.hasClosed { scheduleClientInput() }
    }

    private func finishClient() {
        client.isEndTold = true
        let rest = client.incoming.consumeRest()
        observe(.clientEnd(rest)) {
            core.finish(&client.framer, from: .client, at: now, into: &effects)
        }
    }

    func receiveFromClient() {
        let limit = scenario.settings.limits.messageBytes
        observeReceiving {
            let complete = client.incoming.completeFed
            core.receive(&client.framer, from: .client, at: now, into: &effects)
            if core.accepts(.client) { return .clientLines(client.incoming.consume(complete)) }
            let left = LineStream<ClientMessage>.countLeft(in: &client.framer)
            let lines = client.incoming.consume(complete - left)
            client.framer = client.incoming.refilled(limit: limit)
            client.isPaused = true
            referee.coverage.note(.clientPaused)
            return .clientLines(lines)
        }
    }

    /// Goes on with streams that back-pressure had stopped and that may go on.
    func resume() {
        if client.isPaused, core.accepts(.client) {
            client.isPaused = false
            receiveFromClient()
            scheduleClientInput()
        }
        guard let process = processes[current], process.isPaused,
            core.accepts(.server(process.connection))
        else { return }
        process.isPaused = false
        receive(from: process)
        scheduleOutput(process)
    }
}

// MARK: - mcpo's writes

extension World {
    func flush(_ stream: StreamID) {
        switch stream {
        case .client:
            if !client.outlet.awaitsRoom { flushClient() }
        case .server(let connection):
            if let process = processes[connection.rawValue], !process.outlet.awaitsRoom {
                flushServer(process)
            }
        }
    }

    func flushClient() {
        if client.isGone {
            guard core.hasOutput(for: .client) else { return }
            _ = core.takeOutput(of: .client) { $0.count }
            client.outlet.clear()
            observe(.event(.broken(.client))) {
                core.handle(.broken(.client), at: now, into: &effects)
            }
            return
        }
        let before = client.outlet.takenTotal
        move(&client.outlet, of: .client, capacity: scenario.clientReading.capacity)
        referee.noteClientTakes(client.outlet.takenTotal - before, at: now)
        scheduleClientRead()
    }

    /// Moves what fits, or less, from the core's queue into a pipe.
    func move(_ outlet: inout Outlet, of stream: StreamID, capacity: Int) {
        let room = max(capacity - outlet.pipe.count, 0)
        let isShort = dice.percent(20)
        let allowed = isShort ? dice.roll(room + 1) : room
        var taken = 0
        var isSame = true
        let isMore = core.takeOutput(of: stream) { bytes in
            taken = min(bytes.count, allowed)
            // Compared as arrays, because that is fast in a debug build too.
            isSame = saboteur != nil || Array(bytes[..<taken]) == Array(outlet.queued[..<taken])
            return taken
        }
        if !isSame { referee.blame(.sacredBytes, "the queue gave other bytes than it was given") }
        outlet.seen -= taken
        outlet.takenTotal += taken
        let moved = isMore ? min(taken, outlet.queued.count) : outlet.queued.count
        outlet.pipe += outlet.queued.prefix(moved)
        outlet.queued.removeFirst(moved)
        outlet.awaitsRoom = isMore
        guard isMore, isShort, room > taken else { return }
        // A short write with room left: the system says at once that there is room.
        switch stream {
        case .client: agenda.add(.clientRoom, at: now)
        case .server(let connection): agenda.add(.processRoom(connection.rawValue), at: now)
        }
    }

    private func scheduleClientRead() {
        guard !client.isReadScheduled, !client.outlet.pipe.isEmpty, !client.isGone else { return }
        client.isReadScheduled = true
        let isPause = dice.permille(scenario.clientReading.pauses)
        let pause = Duration.seconds(isPause ? dice.pick([2, 10, 4_000]) : 0)
        agenda.add(
            .clientReads,
            at: now.advanced(by: pause + dice.delay(upTo: scenario.clientReading.delay)))
    }

    func clientReads() {
        client.isReadScheduled = false
        guard !client.isGone else { return }
        for line in client.outlet.read(dice.between(1...scenario.clientReading.piece)) {
            clientHears(line)
        }
        if client.outlet.awaitsRoom { agenda.add(.clientRoom, at: now) }
        scheduleClientRead()
    }

    private func clientHears(_ line: [UInt8]) {
        var envelope = Envelope()
        guard (try? Envelope.scan(line.span.bytes, into: &envelope)) != nil else { return }
        let id = Array(line[envelope.id.range.bounds])
        if envelope.method.kind == .string {
            // A subscription that the server has ended gives its id up.
            _ = client.script.noteAnswer(to: Array(line[envelope.requestID.range.bounds]))
            guard let number = parseNumber(id) else { return }
            client.script.serverRequests.append(number)
            if dice.percent(85) { later(.clientAnswers(number), .milliseconds(300)) }
        } else if let request = client.script.noteAnswer(to: id), request.method == .initialize,
            envelope.result.isPresent, dice.percent(95)
        {
            write(client.script.initialized())
        }
    }
}
