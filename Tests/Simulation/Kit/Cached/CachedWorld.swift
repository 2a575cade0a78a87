// The cached world: one `ProxyCore` with a cache in front of a server whose state is known.
//
//     agenda ─▶ happen ─▶ one line, or one event ─▶ core ─▶ auditor: what came out of it
//
// Lines arrive whole and are taken away at once: how bytes are cut and pipes fill up is the other
// world's business (`World`). Here it is when things happen: each request is worked on at a random
// moment between its receipt and its answer, and answers come in any order.

import MCPOCore

/// Something that happens in the cached world.
enum Incident {
    case clientSpeaks
    case clientCancels(Question)
    case drifts
    case processReady(UInt32)
    case processHears(UInt32, [UInt8])
    case works(UInt32, Execution)
    case answers(UInt32, Execution)
    case says(UInt32, [UInt8], Notice)
    case processDies(UInt32)
    case processGone(UInt32)
}

/// What a line of the server means that is no answer.
enum Notice {
    case progress(Execution)
    case listChanged(place: Int, version: Int)
    case updated(key: Int, version: Int)
    case garbage
}

/// A process of the server.
final class CachedProcess {
    let number: UInt32
    var framer = LineFramer(maximumLineLength: 1 << 20)
    var isRunning = true
    /// It works on, but nobody hears of it.
    var isMute = false
    var isTold = false
    var watched: Set<Int> = []
    var underWay: [Execution] = []
    /// When it has read the last line.
    var hearsAt = Instant(nanoseconds: 0)

    init(_ number: UInt32) { self.number = number }
}

/// One run.
final class CachedWorld {
    let scenario: CachedScenario
    var dice: Dice
    var core: ProxyCore
    var effects = Effects(logLevel: .error)
    var now = Instant(nanoseconds: 0)
    var agenda = Agenda<Incident>()
    var script: QuestionScript
    var database = Database()
    var processes: [UInt32: CachedProcess] = [:]
    var current: UInt32 = 0
    var clientFramer = LineFramer(maximumLineLength: 1 << 20)
    let auditor: Auditor
    var trace: Trace
    var saboteur: CacheSaboteur?
    var hasExited = false
    private var hasOpened = false
    private var spins = 0
    private var lastIncident = Instant(nanoseconds: 0)

    init(seed: UInt64, sabotage: CacheSabotage?, keepsTrace: Bool) {
        var dice = Dice(seed: seed)
        var scenario = CachedScenario(&dice)
        sabotage?.prepare(&scenario)
        self.scenario = scenario
        var given = scenario.settings
        sabotage?.alter(&given)
        core = ProxyCore(settings: given, seed: dice.next())
        script = QuestionScript(scenario)
        auditor = Auditor(scenario)
        trace = Trace(isWhole: keepsTrace)
        saboteur = sabotage.map { CacheSaboteur($0) }
        self.dice = dice
    }

    /// Runs until everything is answered and quiet, or a promise is broken.
    func run() {
        call { core.handle(.started, at: now, into: &effects) }
        speakLater()
        if scenario.server.drift > 0 { later(.drifts, .seconds(1)) }
        var turns = 0
        while auditor.violation == nil, !hasExited {
            turns += 1
            if turns > 50_000 { auditor.blame(.idle, "things go on happening for ever") }
            if agenda.isEmpty, auditor.isQuiet { break }
            if !step(until: .never) { break }
        }
        rest()
        plantLeftovers()
        if auditor.violation == nil { auditor.checkEnd(core, hasExited: hasExited) }
    }

    /// Lets all times run out that have to do with requests.
    private func rest() {
        let time = scenario.settings.maximumTimeout + .seconds(1)
        lastIncident = now
        while auditor.violation == nil, !hasExited, step(until: lastIncident.advanced(by: time)) {}
        now = max(now, lastIncident.advanced(by: time))
    }

    /// The last chance for a sabotage.
    private func plantLeftovers() {
        if saboteur?.sabotage == .miscounted { auditor.tally.lookupHits += 1 }
        guard saboteur?.sabotage == .neverQuiet, !hasExited else { return }
        let ping = #"{"jsonrpc":"2.0","id":"more","method":"ping"}"#
        Self.fill(&clientFramer, Array(ping.utf8))
        core.receive(&clientFramer, from: .client, at: now, into: &effects)
    }

    /// Takes one step in time; false if there is none before `end`.
    private func step(until end: Instant) -> Bool {
        let deadline = core.nextDeadline
        let next = min(deadline, agenda.nextTime)
        if next == .never {
            if auditor.isQuiet { return false }
            auditor.blame(.oneAnswer, "nothing can happen any more, and requests wait")
            return false
        }
        guard next <= end else { return false }
        if deadline <= agenda.nextTime {
            spins = deadline <= now ? spins + 1 : 0
            if spins > 500 { auditor.blame(.idle, "the deadline is in the past for ever") }
            now = max(now, deadline)
            trace.note(.deadline, now, [])
            call { core.handle(.deadline, at: now, into: &effects) }
        } else {
            spins = 0
            now = max(now, agenda.nextTime)
            if let incident = agenda.removeFirst() { happen(incident) }
        }
        return true
    }

    func later(_ incident: Incident, _ longest: Duration) {
        agenda.add(incident, at: now.advanced(by: dice.delay(upTo: longest)))
    }

    private func happen(_ incident: Incident) {
        lastIncident = now
        switch incident {
        case .clientSpeaks: clientSpeaks()
        case .clientCancels(let question): cancel(question)
        case .drifts: drift()
        case .processReady(let number): ready(number)
        case .processHears(let number, let line): hears(number, line)
        case .works(let number, let execution): works(number, execution)
        case .answers(let number, let execution): answers(number, execution)
        case .says(let number, let line, let notice): says(number, line, notice)
        case .processDies(let number): dies(number)
        case .processGone(let number): gone(number)
        }
    }
}

// MARK: - The client

extension CachedWorld {
    private func speakLater() {
        if script.made < scenario.questions { later(.clientSpeaks, scenario.pause) }
    }

    private func clientSpeaks() {
        guard !hasOpened else { return speak() }
        hasOpened = true
        if scenario.client == .modern { return speak() }
        ask([script.initialize(&dice)])
    }

    /// The client has been let in.
    func open() {
        let text = #"{"jsonrpc":"2.0","method":"notifications/initialized"}"#
        tell(Array(text.utf8)) {}
        speakLater()
    }

    private func speak() {
        if scenario.client == .batching, dice.percent(20) {
            ask((0..<dice.between(1...5)).map { _ in script.next(&dice) }, isBatch: true)
        } else {
            let count = dice.percent(scenario.storms) ? dice.between(2...8) : 1
            for _ in 0..<count { ask([script.next(&dice)]) }
        }
        if dice.percent(scenario.server.drift / 10) {
            let text = #"{"jsonrpc":"2.0","method":"notifications/roots/list_changed"}"#
            tell(Array(text.utf8)) { auditor.noteDisturbance() }
        }
        speakLater()
    }

    private func ask(_ questions: [Question], isBatch: Bool = false) {
        var line = questions[0].line
        if isBatch {
            let lines = questions.map(\.line).joined(separator: [UInt8(ascii: ",")])
            line = [UInt8(ascii: "[")] + lines + [UInt8(ascii: "]")]
        }
        for question in questions {
            question.isInBatch = isBatch
            if dice.percent(scenario.cancellations), question.method != .initialize {
                later(.clientCancels(question), scenario.server.latency + .milliseconds(20))
            }
        }
        tell(line) { for question in questions { auditor.noteArrival(of: question, at: now) } }
    }

    private func cancel(_ question: Question) {
        guard auditor.isWaiting(question) else { return }
        let id = String(decoding: question.id.verbatim, as: UTF8.self)
        let text =
            #"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":\#(id)}}"#
        tell(Array(text.utf8)) { auditor.noteCancellation(of: question, at: now) }
    }

    /// One line of the client; `note` tells the auditor of it.
    private func tell(_ line: [UInt8], _ note: () -> Void) {
        let line = saboteur?.spoil(question: line) ?? line
        trace.note(.fromClient, now, line)
        Self.fill(&clientFramer, line)
        call(noting: note) {
            core.receive(&clientFramer, from: .client, at: now, into: &effects)
        }
    }

    static func fill(_ framer: inout LineFramer, _ line: [UInt8], newline: Bool = true) {
        var bytes = newline ? line + [UInt8(ascii: "\n")] : line
        while !bytes.isEmpty {
            let count = framer.fill { space in
                let part = bytes.prefix(space.count)
                space.copyBytes(from: part)
                return part.count
            }
            guard count > 0 else { return }
            bytes.removeFirst(count)
        }
    }
}

// MARK: - Calls of the core

extension CachedWorld {
    /// Calls the core, then takes what it wants to be written and done, and shows it the auditor.
    func call(noting note: () -> Void = {}, _ body: () -> Void) {
        auditor.begin(at: now)
        note()
        body()
        repeat {
            for line in takeServerLines() { sendToServer(line) }
            for line in takeLines(of: .client) { sendToClient(line) }
            effects.writable = []
            core.advance(at: now, into: &effects)
        } while !effects.writable.isEmpty
        var wasLegacyAgreed = false
        swap(&wasLegacyAgreed, &auditor.hasAgreed)
        let commands = effects.commands
        effects.commands = []
        if auditor.calls % 8 == 0 || saboteur?.sabotage == .forgottenBounds {
            auditor.checkBounds(core)
        }
        for command in commands { perform(command) }
        if wasLegacyAgreed { open() }
    }

    private func takeLines(of stream: StreamID) -> [[UInt8]] {
        guard core.hasOutput(for: stream) else { return [] }
        var bytes: [UInt8] = []
        _ = core.takeOutput(of: stream) {
            bytes += $0
            return $0.count
        }
        return bytes.split(separator: UInt8(ascii: "\n")).map(Array.init)
    }

    private func takeServerLines() -> [[UInt8]] {
        takeLines(of: .server(ConnectionID(rawValue: current)))
    }

    private func sendToClient(_ line: [UInt8]) {
        var lines = [line]
        saboteur?.spoil(&lines, auditor)
        for line in lines {
            trace.note(.toClient, now, line)
            auditor.hear(line, at: now)
        }
    }

    private func sendToServer(_ line: [UInt8]) {
        trace.note(.toServer, now, line)
        auditor.noteWritten(line, to: current, at: now)
        guard let process = processes[current], process.isRunning else { return }
        let time = max(process.hearsAt, now.advanced(by: dice.delay(upTo: scenario.server.lag)))
        process.hearsAt = time
        agenda.add(.processHears(current, line), at: time)
        if saboteur?.repeats(line) == true {
            auditor.noteWritten(line, to: current, at: now)
        }
    }

    private func perform(_ command: Effect) {
        if case .log = command { return }
        trace.note(.effect, now, "\(command)")
        switch command {
        case .spawn(let connection, _):
            current = connection.rawValue
            later(.processReady(current), .milliseconds(dice.pick([0, 0, 30])))
        case .closeInput(let connection):
            later(.processDies(connection.rawValue), .milliseconds(dice.pick([10, 1_500])))
        case .signal(let connection, _):
            later(.processDies(connection.rawValue), .milliseconds(20))
        case .release(let connection): processes[connection.rawValue] = nil
        case .exit: hasExited = true
        case .log: break
        }
    }
}
