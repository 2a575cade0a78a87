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
            guard let stream = stream(of: peer), core.accepts(stream) != mustWait else {
                throw failure("mcpo does\(mustWait ? "" : " not") read from the peer")
            }
        case .idle:
            guard core.isIdle else { throw failure("something is still under way") }
            let metrics = core.metrics
            guard metrics.dedup.inFlight == 0, metrics.endpoints.allSatisfy({ $0.inFlight == 0 })
            else { throw failure("something is still measured or joined") }
        case .serverStarts, .serverCannotStart: try start(statement)
        case .open(let revision): try open(revision)
        case .lists(let words): try list(words)
        default:
            try requireNothingLeft()
            try happen(statement)
        }
    }

    /// Things that happen, besides messages.
    private mutating func happen(_ statement: Statement) throws(TranscriptError) {
        switch statement {
        case .time(let duration): try pass(duration)
        case .serverExits(let end, let remains): try exit(end, remains)
        case .serverClosesOutput:
            let stream = try serverStream()
            core.finish(&server.framer, from: stream, at: now, into: &effects)
        case .serverBreaksInput:
            core.handle(.broken(try serverStream()), at: now, into: &effects)
        case .stall(.client): client.isStalled = true
        case .stall(.server): server.isStalled = true
        case .resume(.client): client.isStalled = false
        case .resume(.server): server.isStalled = false
        case .clientEnds: core.finish(&client.framer, from: .client, at: now, into: &effects)
        case .clientVanishes: core.handle(.broken(.client), at: now, into: &effects)
        case .stop: core.handle(.stop, at: now, into: &effects)
        case .hangUp: core.handle(.hangUp, at: now, into: &effects)
        default: throw failure("nothing that happens")
        }
        try settle()
    }

    private func serverStream() throws(TranscriptError) -> StreamID {
        guard let stream = stream(of: .server) else { throw failure("there is no server process") }
        return stream
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

// MARK: - The server's process

extension TranscriptRunner {
    private mutating func start(_ statement: Statement) throws(TranscriptError) {
        guard case .spawn(let spawned, _)? = commands.first else {
            throw failure("no process is asked for; next is \(next)")
        }
        commands.removeFirst()
        try requireNothingLeft()
        if case .serverCannotStart(let reason) = statement {
            core.handle(.spawnFailed(spawned, reason: reason), at: now, into: &effects)
        } else {
            server.startAnew()
            isServerAlive = true
            unreleased.insert(spawned)
            core.handle(.spawned(spawned, processID: 4711), at: now, into: &effects)
        }
        try settle()
    }

    private mutating func exit(_ end: ProcessEnd, _ remains: Bool) throws(TranscriptError) {
        let stream = try serverStream()
        guard case .server(let process) = stream else { return }
        core.receiveRemainder(of: &server.framer, from: stream, at: now, into: &effects)
        core.handle(.exited(process, end, groupRemains: remains), at: now, into: &effects)
        isServerAlive = false
        try settle()
        commands.removeAll {
            if case .closeInput(process) = $0 { true } else { false }
        }
        if !remains, unreleased.contains(process) {
            throw failure("a process that is gone is not released")
        }
    }

    /// A start, and for a legacy revision its handshake.
    private mutating func open(_ revision: String) throws(TranscriptError) {
        try start(.serverStarts)
        if revision == "2026-07-28" { return }
        let hello =
            #","method":"initialize","params":{"protocolVersion":"\#(revision)","#
            + #""capabilities":{"roots":{"listChanged":true}},"#
            + #""clientInfo":{"name":"c","version":"1"}}}"#
        let welcome =
            #","result":{"protocolVersion":"\#(revision)","capabilities":{"tools":{}},"#
            + #""serverInfo":{"name":"s","version":"1"}}}"#
        let opened = #"{"jsonrpc":"2.0","method":"notifications/initialized"}"#
        try say(.client, #"{"jsonrpc":"2.0","id":0"# + hello)
        try hear(.server, #"{"jsonrpc":"2.0","id":1"# + hello)
        try say(.server, #"{"jsonrpc":"2.0","id":1"# + welcome)
        try hear(.client, #"{"jsonrpc":"2.0","id":0"# + welcome)
        try say(.client, opened)
        try hear(.server, opened)
    }

    /// mcpo's own question for the tools, and its answer.
    private mutating func list(_ words: String) throws(TranscriptError) {
        let line = try nextLine(of: .server)
        let request = (try? JSONSerialization.jsonObject(with: Data(line))) as? [String: Any]
        guard let request, request["method"] as? String == "tools/list",
            let number = request["id"] as? Int
        else { throw mismatch("mcpo's own tools/list", line) }
        let meta = (request["params"] as? [String: Any])?["_meta"] as? [String: Any]
        let isModern = meta?["io.modelcontextprotocol/protocolVersion"] != nil
        let modern = #","resultType":"complete","ttlMs":3600000,"cacheScope":"public""#
        try say(
            .server,
            #"{"jsonrpc":"2.0","id":\#(number),"result":{"tools":["# + ListedTool.list(words)
                + "]\(isModern ? modern : "")}}")
    }

    private mutating func say(_ peer: Peer, _ text: String) throws(TranscriptError) {
        let reads = delivery.reads(of: Array(text.utf8) + [UInt8(ascii: "\n")], &generator)
        switch peer {
        case .client: client.wrote(reads)
        case .server: server.wrote(reads)
        }
        try settle()
    }

    private mutating func hear(_ peer: Peer, _ text: String) throws(TranscriptError) {
        try perform(.read(peer, Array(text.utf8)))
    }
}

// MARK: - Comparing

extension TranscriptRunner {
    private mutating func nextLine(of peer: Peer) throws(TranscriptError) -> [UInt8] {
        switch peer {
        case .client where !client.lines.isEmpty: return client.lines.removeFirst()
        case .server where !server.lines.isEmpty: return server.lines.removeFirst()
        default: throw failure("the \(peer) receives nothing; next is \(next)")
        }
    }

    private func mismatch(_ expected: String, _ actual: [UInt8]) -> TranscriptError {
        failure(
            "expected \(expected.prefix(2000))\nbut got  "
                + String(decoding: actual.prefix(2000), as: UTF8.self))
    }

    private mutating func expectCommand(_ statement: Statement) throws(TranscriptError) {
        guard let command = commands.first else { throw failure("nothing is asked for") }
        let isExpected =
            switch (statement, command) {
            case (.inputCloses, .closeInput): true
            case (.signal(let wanted), .signal(_, let actual)): wanted == actual
            case (.exit(let wanted), .exit(let actual)): wanted == actual
            default: false
            }
        guard isExpected else { throw failure("instead: \(command)") }
        commands.removeFirst()
        if case .exit = command, !unreleased.isEmpty {
            throw failure("a process outlives mcpo")
        }
    }

    private mutating func expectLog(
        _ level: LogLevel, _ text: String
    ) throws(TranscriptError) {
        // What matters to people is expected in order; the rest may be looked for.
        let candidate = logs.firstIndex {
            level <= .warning
                ? $0.level <= .warning : $0.level == level && $0.message.contains(text)
        }
        guard let index = candidate, logs[index].level == level,
            logs[index].message.contains(text)
        else {
            let actual = candidate.map { "\(logs[$0].level) \(logs[$0].message)" } ?? "none"
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
    private var next: String {
        if let line = client.lines.first { return "C< " + String(decoding: line, as: UTF8.self) }
        if let line = server.lines.first { return "S< " + String(decoding: line, as: UTF8.self) }
        if let command = commands.first {
            if case .spawn = command, line < lastLine {} else { return "\(command)" }
        }
        if let log = logs.first(where: { $0.level <= .warning }) {
            return "log \(log.level) \(log.message)"
        }
        return "nothing"
    }

    /// What has come must have been expected. A process that is asked for may take its time.
    func requireNothingLeft() throws(TranscriptError) {
        if next != "nothing" { throw failure("before this, nobody expected \(next)") }
        if client.isMidLine || server.isMidLine { throw failure("a line was left unfinished") }
    }
}
