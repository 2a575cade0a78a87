// What each statement of a transcript does or compares.

import Foundation
import MCPOCore

extension TranscriptRunner {
    mutating func perform(_ statement: Statement) throws(TranscriptError) {
        switch statement {
        case .write: break  // `run` has joined it with its neighbours
        case .read(let peer, let bytes):
            let actual = try nextLine(of: peer)
            if actual != bytes { throw mismatch(String(decoding: bytes, as: UTF8.self), actual) }
        case .readMatching(let peer, let pattern):
            let actual = try nextLine(of: peer)
            guard (try? JSONPattern(pattern))?.matches(actual) == true else {
                throw mismatch("something like \(pattern)", actual)
            }
        case .inputCloses, .signal, .exit: try expectCommand(statement)
        case .log(let level, let text): try expectLog(level, text)
        case .count(let name, let number): try expectCount(name, number)
        case .waits(let peer, let mustWait):
            guard core.accepts(try stream(of: peer)) != mustWait else {
                throw failure("mcpo does\(mustWait ? "" : " not") read from the peer")
            }
        case .idle:
            guard core.isIdle else { throw failure("something is still under way") }
            let metrics = core.metrics
            guard metrics.dedup.inFlight == 0, metrics.endpoints.allSatisfy({ $0.inFlight == 0 })
            else { throw failure("something is still measured or joined") }
        case .serverStarts, .serverCannotStart: try start(statement)
        case .open(let revision): try open(revision)
        case .opens(let name): try open(name)
        case .isOf(let name, let era, let tools, let capabilities):
            try open(name, era, tools, capabilities)
        case .clientOpens(let revision): try openClient(revision)
        case .clientIsGreeted: try greetClient()
        case .lists(let name, let kind, let words): try list(name, kind, words)
        default:
            try requireNothingLeft()
            try happen(statement)
        }
    }

    /// Things that happen, besides messages.
    private mutating func happen(_ statement: Statement) throws(TranscriptError) {
        switch statement {
        case .time(let duration): try pass(duration)
        case .serverExits(let name, let end, let remains): try exit(name, end, remains)
        case .serverClosesOutput(let name):
            let process = try process(name)
            core.finish(&process.pipes.framer, from: process.stream, at: now, into: &effects)
        case .serverBreaksInput(let name):
            core.handle(.broken(try process(name).stream), at: now, into: &effects)
        case .stall(let peer): try tape(of: peer).isStalled = true
        case .resume(let peer): try tape(of: peer).isStalled = false
        case .clientEnds: core.finish(&client.framer, from: .client, at: now, into: &effects)
        case .clientVanishes: core.handle(.broken(.client), at: now, into: &effects)
        case .stop: core.handle(.stop, at: now, into: &effects)
        case .hangUp: core.handle(.hangUp, at: now, into: &effects)
        case .reload(let place):
            core.handle(.reload(transcript.reloads[place]), at: now, into: &effects)
        default: throw failure("nothing that happens")
        }
        try settle()
    }

    private func tape(of peer: Peer) throws(TranscriptError) -> PeerTape {
        switch peer {
        case .client: client
        case .server(let name): try process(name).pipes
        }
    }

    /// Lets time pass, and stops at each deadline of the core on the way.
    private mutating func pass(_ duration: Duration) throws(TranscriptError) {
        let end = now.advanced(by: duration)
        var turns = 0
        while core.nextDeadline <= end {
            turns += 1
            guard turns < 1000 else { throw failure("a deadline stays due for ever") }
            now = max(now, core.nextDeadline)
            core.handle(.deadline, at: now, into: &effects)
            try settle()
        }
        now = end
    }
}

// MARK: - Processes

extension TranscriptRunner {
    mutating func start(_ statement: Statement) throws(TranscriptError) {
        let name: ProcessName
        switch statement {
        case .serverStarts(let wanted), .serverCannotStart(let wanted, _): name = wanted
        default: return
        }
        let place = commands.firstIndex {
            if case .spawn(_, let server) = $0 { isServer(server, name.server) } else { false }
        }
        guard let place, case .spawn(let spawned, _) = commands.remove(at: place) else {
            throw failure("no process is asked for; next is \(next)")
        }
        try requireNothingLeft()
        let number = smallestNumber(of: name.server)
        guard number == name.number else {
            let other = ProcessName(server: name.server, number: number)
            throw failure("it is \(text(of: .server(other))) that starts")
        }
        if case .serverCannotStart(_, let reason) = statement {
            core.handle(.spawnFailed(spawned, reason: reason), at: now, into: &effects)
        } else {
            processes.removeAll { $0.name == name }
            processes.append(
                ProcessTape(
                    name, spawned,
                    maximumLineLength: transcript.settings.limits.messageBytes))
            unreleased.insert(spawned)
            started[spawned] = name
            core.handle(.spawned(spawned, processID: 4711), at: now, into: &effects)
        }
        try settle()
    }

    /// Whether the core means this server of the transcript: a server that comes later may have the
    /// place of one that has gone.
    private func isServer(_ index: ServerIndex, _ server: Int) -> Bool {
        let names = transcript.servers.names
        return names.isEmpty ? index == server : core.name(ofServer: index) == names[server]
    }

    private func smallestNumber(of server: Int) -> Int {
        var number = 1
        while processes.contains(where: {
            $0.isAlive && $0.name == ProcessName(server: server, number: number)
        }) { number += 1 }
        return number
    }

    private mutating func exit(
        _ name: ProcessName, _ end: ProcessEnd, _ remains: Bool
    ) throws(TranscriptError) {
        let process = try process(name)
        let connection = process.connection
        core.receiveRemainder(
            of: &process.pipes.framer, from: process.stream, at: now, into: &effects)
        core.handle(.exited(connection, end, groupRemains: remains), at: now, into: &effects)
        process.isAlive = false
        try settle()
        commands.removeAll {
            if case .closeInput(connection) = $0 { true } else { false }
        }
        if !remains, unreleased.contains(connection) {
            throw failure("a process that is gone is not released")
        }
    }
}

// MARK: - Comparing

extension TranscriptRunner {
    mutating func nextLine(of peer: Peer) throws(TranscriptError) -> [UInt8] {
        let tape =
            switch peer {
            case .client: client
            case .server(let name):
                processes.last { $0.name == name }?.pipes ?? PeerTape(maximumLineLength: 1)
            }
        guard !tape.lines.isEmpty else {
            let who =
                switch text(of: peer) {
                case "C": "client"
                case "S": "server"
                case let name: name
                }
            throw failure("the \(who) receives nothing; next is \(next)")
        }
        return tape.lines.removeFirst()
    }

    /// How a transcript names a peer.
    func text(of peer: Peer) -> String {
        guard case .server(let name) = peer else { return "C" }
        let names = transcript.servers.names
        let server = names.isEmpty ? "S" : names[name.server]
        return name.number == 1 ? server : "\(server)#\(name.number)"
    }

    func mismatch(_ expected: String, _ actual: [UInt8]) -> TranscriptError {
        failure(
            "expected \(expected.prefix(2000))\nbut got  "
                + String(decoding: actual.prefix(2000), as: UTF8.self))
    }

    private mutating func expectCommand(_ statement: Statement) throws(TranscriptError) {
        guard let command = commands.first else { throw failure("nothing is asked for") }
        let isExpected =
            switch (statement, command) {
            case (.inputCloses(let name), .closeInput(let connection)):
                isProcess(name, connection)
            case (.signal(let name, let wanted), .signal(let connection, let actual)):
                wanted == actual && isProcess(name, connection)
            case (.exit(let wanted), .exit(let actual)): wanted == actual
            default: false
            }
        guard isExpected else { throw failure("instead: \(command)") }
        commands.removeFirst()
        if case .exit = command, !unreleased.isEmpty {
            throw failure("a process outlives mcpo")
        }
    }

    private func isProcess(_ name: ProcessName, _ connection: ConnectionID) -> Bool {
        started[connection] == name
    }

    private mutating func expectLog(
        _ level: LogLevel, _ text: String
    ) throws(TranscriptError) {
        // What matters to people is expected in order; the rest may be looked for.
        func words(_ log: LogRecord) -> String {
            (log.server.map { "\($0): " } ?? "") + log.message
        }
        let candidate = logs.firstIndex {
            level <= .warning
                ? $0.level <= .warning : $0.level == level && words($0).contains(text)
        }
        guard let index = candidate, logs[index].level == level, words(logs[index]).contains(text)
        else {
            let actual = candidate.map { "\(logs[$0].level) \(words(logs[$0]))" } ?? "none"
            throw failure("expected the log line \(level) \(text)\nbut got \(actual)")
        }
        logs.remove(at: index)
    }

    private func expectCount(_ name: String, _ number: Int) throws(TranscriptError) {
        if name == "flights" {
            let flights = core.metrics.concurrency.current
            if flights != number { throw failure("\(flights) flights, not \(number)") }
            return
        }
        let counter = Mirror(reflecting: core.counters).children.first { $0.label == name }
        guard let value = counter?.value as? Int else { throw failure("no counter \(name)") }
        if value != number { throw failure("\(name) is \(value), not \(number)") }
    }

    /// The next thing that no statement has expected, for a message.
    var next: String {
        if let line = client.lines.first { return "C< " + String(decoding: line, as: UTF8.self) }
        for process in processes {
            guard let line = process.pipes.lines.first else { continue }
            return "\(text(of: .server(process.name)))< " + String(decoding: line, as: UTF8.self)
        }
        for command in commands {
            if case .spawn = command, line <= lastLine { continue }
            return "\(command)"
        }
        if let log = logs.first(where: { $0.level <= .warning }) {
            return "log \(log.level) \(log.message)"
        }
        return "nothing"
    }

    /// What has come must have been expected. A process that is asked for may take its time.
    func requireNothingLeft() throws(TranscriptError) {
        if next != "nothing" { throw failure("before this, nobody expected \(next)") }
        if client.isMidLine || processes.contains(where: { $0.pipes.isMidLine }) {
            throw failure("a line was left unfinished")
        }
    }
}
