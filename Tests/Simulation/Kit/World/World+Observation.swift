// Showing the referee each call of the core: what went in, and exactly what it made the core say.

import MCPOCore

/// What one call of the core was given.
enum Input {
    case event(Event)
    case clientLines([ClientMessage])
    /// The end of the client's input, with what was left of it.
    case clientEnd(ClientMessage?)
    case serverLines(UInt32, [ServerMessage])
    case serverEnd(UInt32, ServerMessage?)
    /// The last, unfinished line of a process that has exited.
    case serverRest(UInt32, ServerMessage?)
    case advance
}

/// What one call of the core led to.
struct Outcome {
    var toClient: [[UInt8]] = []
    var toServer: [[UInt8]] = []
    var commands: [Effect] = []
    /// Bytes queued before and after the call.
    var clientBytes = (before: 0, after: 0)
    var serverBytes = (before: 0, after: 0)
}

extension World {
    /// Runs a call of the core whose input is known before it.
    func observe(_ input: Input, _ call: () -> Void) {
        var outcome = Outcome()
        outcome.clientBytes.before = client.outlet.seen
        outcome.serverBytes.before = processes[current]?.outlet.seen ?? 0
        note(input)
        call()
        collect(input, &outcome)
    }

    /// Runs a call of the core that takes in as many lines as it likes; `call` returns them.
    func observeReceiving(_ call: () -> Input) {
        var outcome = Outcome()
        outcome.clientBytes.before = client.outlet.seen
        outcome.serverBytes.before = processes[current]?.outlet.seen ?? 0
        let input = call()
        note(input)
        collect(input, &outcome)
    }

    private func collect(_ input: Input, _ outcome: inout Outcome) {
        outcome.toClient = newLines(of: .client, &client.outlet)
        outcome.clientBytes.after = client.outlet.seen
        if let process = processes[current] {
            outcome.toServer = newLines(of: .server(process.connection), &process.outlet)
            outcome.serverBytes.after = process.outlet.seen
        }
        outcome.commands = effects.commands
        effects.commands = []
        saboteur?.spoil(&outcome, input: input)
        for line in outcome.toClient { say(line, to: .client) }
        for line in outcome.toServer { say(line, to: .server(ConnectionID(rawValue: current))) }
        for case .spawn(let connection, _) in outcome.commands { current = connection.rawValue }
        commands += outcome.commands
        noteCommands(outcome.commands)
        var look = Look(
            now: now, nextDeadline: core.nextDeadline, isIdle: core.isIdle,
            counters: core.counters, takenByServer: takenByServer)
        saboteur?.spoil(&look)
        referee.judge(input, outcome, look)
    }

    private var takenByServer: Int { processes[current]?.outlet.takenTotal ?? 0 }

    /// What the core has queued since the last look, cut into lines.
    private func newLines(of stream: StreamID, _ outlet: inout Outlet) -> [[UInt8]] {
        var fresh: [UInt8] = []
        var size = 0
        let seen = outlet.seen
        _ = core.takeOutput(of: stream) { bytes in
            size = bytes.count
            if size > seen { fresh = Array(bytes[seen...]) }
            return 0
        }
        if size < outlet.seen {  // The core has dropped what nobody will read.
            outlet.clear()
        }
        outlet.seen = size
        guard !fresh.isEmpty else { return [] }
        var lines: [[UInt8]] = []
        var start = 0
        for (offset, byte) in fresh.enumerated() where byte == UInt8(ascii: "\n") {
            lines.append(Array(fresh[start..<offset]))
            start = offset + 1
        }
        if start != fresh.count { referee.blame(.sacredBytes, "a line without its newline") }
        return lines
    }

    private func say(_ line: [UInt8], to stream: StreamID) {
        trace.note(stream == .client ? .toClient : .toServer, now, line)
        let bytes = line + [UInt8(ascii: "\n")]
        if stream == .client {
            client.outlet.queued += bytes
        } else {
            processes[current]?.outlet.queued += bytes
        }
    }

    private func note(_ input: Input) {
        switch input {
        case .event(.deadline): trace.note(.deadline, now, [])
        case .event(let event): trace.note(.event, now, "\(event)")
        case .clientLines(let messages):
            for message in messages { trace.note(.fromClient, now, message.bytes) }
        case .clientEnd(let message):
            if let message { trace.note(.fromClient, now, message.bytes) }
            trace.note(.event, now, "end of stdin")
        case .serverLines(_, let messages):
            for message in messages { trace.note(.fromServer, now, message.bytes) }
        case .serverEnd(_, let message):
            if let message { trace.note(.fromServer, now, message.bytes) }
            trace.note(.event, now, "end of the server's stdout")
        case .serverRest(_, let message):
            if let message { trace.note(.fromServer, now, message.bytes) }
        case .advance: break
        }
    }

    private func noteCommands(_ commands: [Effect]) {
        for command in commands {
            if case .log = command { continue }
            trace.note(.effect, now, "\(command)")
        }
    }
}
