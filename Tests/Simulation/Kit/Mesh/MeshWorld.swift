// The mesh world: one `ProxyCore` in front of several servers, with pools, limits and retries.
//
//     trouble ─▶ peace ─▶ last requests ─▶ the end
//
// First the client asks while servers misbehave. Then they stop that, and everything has to come back
// by itself: pools to their minimum, lists to what is, servers to life. Then a few more requests
// must all succeed, and mcpo must end without leaving anything.
//
// Lines arrive whole and are taken away at once (except by a process that does not read): how bytes
// are cut is another world's business (`World`). Here it is who does what, and when.

import MCPOCore

/// Something that happens in the mesh world.
enum MeshIncident {
    case clientSpeaks
    case clientCancels(MeshRequest)
    case ticks
    case processReady(MeshProcess)
    case processReads(MeshProcess)
    case processHears(MeshProcess, [UInt8])
    case works(MeshAttempt)
    case answers(MeshAttempt)
    case reports(MeshAttempt)
    case says(MeshProcess, [UInt8])
    case processDies(MeshProcess)
    case processGone(MeshProcess)
}

/// One run.
final class MeshWorld {
    let scenario: MeshScenario
    var dice: Dice
    var core: ProxyCore
    var effects = Effects(logLevel: .error)
    var now = Instant(nanoseconds: 0)
    var agenda = Agenda<MeshIncident>()
    var script: MeshScript
    var servers: [MeshServer]
    var processes: [MeshProcess] = []
    var current: [MeshProcess] = []
    var clientFramer = LineFramer(maximumLineLength: 1 << 20)
    let auditor: MeshAuditor
    var trace: Trace
    var saboteur: MeshSaboteur?
    var exitCode: Int32?
    /// Whether the servers have stopped to misbehave.
    var isPeaceful = false
    var hasOpened = false
    var isOpen = false
    var hasEnded = false
    private var spins = 0
    private var turns = 0

    init(seed: UInt64, sabotage: MeshSabotage?, keepsTrace: Bool) {
        var dice = Dice(seed: seed)
        var scenario = MeshScenario(&dice)
        sabotage?.prepare(&scenario)
        self.scenario = scenario
        var given = scenario.settings
        sabotage?.alter(&given)
        core = ProxyCore(settings: given, seed: dice.next())
        script = MeshScript(scenario)
        servers = scenario.servers.indices.map { MeshServer($0) }
        auditor = MeshAuditor(scenario)
        trace = Trace(isWhole: keepsTrace)
        saboteur = sabotage.map { MeshSaboteur($0) }
        self.dice = dice
    }

    /// Runs until everything has come to its end, or a promise is broken.
    func run() {
        call { core.handle(.started, at: now, into: &effects) }
        later(.clientSpeaks, .milliseconds(dice.pick([0, 30, 400])))
        agenda.add(.ticks, at: now.advanced(by: .milliseconds(300)))
        while isGoing, !hasMadeAll || !auditor.isQuiet, step() {}
        if isGoing, !scenario.leavesEarly {
            makePeace()
            askForLast()
        }
        finish()
        if auditor.violation == nil { auditor.checkEnd(self) }
    }

    private var hasMadeAll: Bool {
        script.made >= scenario.requests || scenario.leavesEarly && hasEnded
    }

    var isGoing: Bool { auditor.violation == nil && exitCode == nil }

    /// Nothing goes wrong any more; everything gets the time that it needs to be well again.
    private func makePeace() {
        isPeaceful = true
        trace.note(.event, now, "peace")
        for process in processes where process.isRunning {
            if process.isBlocked { unblock(process) }
            let interval = scenario.settings.servers[process.server].pool.healthCheckInterval
            if process.isFrozen || process.isMute || process.isDeaf, interval == .zero {
                dies(process)
            }
        }
        run(for: .seconds(100))
        if isGoing { auditor.checkPeace(self) }
    }

    /// A last request of each kind for each server that is there: all must be answered well.
    private func askForLast() {
        guard isGoing else { return }
        auditor.expectsSuccess = true
        for server in servers.indices where scenario.servers[server].comesUp {
            ask(script.call(server, MeshTool.all[4], &dice))
            run(for: .seconds(2))
            ask(script.call(server, MeshTool.all[0], &dice))
            run(for: .seconds(2))
            if scenario.servers[server].hasResources { ask(script.read(server, &dice)) }
            run(for: .seconds(2))
        }
        askForLists()
        auditor.expectsLists = true
        askForLists()
        run(for: .seconds(6))
        if isGoing { auditor.checkQuiet(self) }
    }

    /// An old list may be shown while the new one is asked for, once.
    private func askForLists() {
        for kind in EntryList.Kind.allCases where scenario.isGateway {
            ask(script.list(kind, &dice))
        }
        run(for: .seconds(3))
        while isGoing, !auditor.isQuiet, step() {}
    }

    /// The client goes, and mcpo with it.
    private func finish() {
        guard isGoing else { return }
        if !hasEnded { end() }
        let last = now.advanced(by: .seconds(60))
        while isGoing, step(until: last) {}
        if isGoing { auditor.blame(.idle, "mcpo does not come to its end") }
    }

    func end() {
        hasEnded = true
        trace.note(.event, now, "the client ends")
        if dice.percent(30) {
            call { core.handle(.stop, at: now, into: &effects) }
        } else {
            call { core.finish(&clientFramer, from: .client, at: now, into: &effects) }
        }
    }

    func run(for time: Duration) {
        let end = now.advanced(by: time)
        while isGoing, step(until: end) {}
        now = max(now, end)
    }

    /// Takes one step in time; false if there is none before `end`.
    func step(until end: Instant = .never) -> Bool {
        turns += 1
        if turns > 30_000 { auditor.blame(.idle, "things go on happening for ever") }
        let deadline = core.nextDeadline
        let next = min(deadline, agenda.nextTime)
        guard next != .never else {
            if !auditor.isQuiet {
                auditor.blame(.oneAnswer, "nothing can happen any more, and requests wait")
            }
            return false
        }
        guard next <= end else { return false }
        if deadline <= agenda.nextTime {
            let isNear = deadline.since(now) < .microseconds(1)
            spins = isNear ? spins + 1 : 0
            if spins > 50 { auditor.blame(.idle, "the deadline is in the past for ever") }
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

    func later(_ incident: MeshIncident, _ longest: Duration) {
        agenda.add(incident, at: now.advanced(by: dice.delay(upTo: longest)))
    }

    private func happen(_ incident: MeshIncident) {
        switch incident {
        case .clientSpeaks: clientSpeaks()
        case .clientCancels(let request): cancel(request)
        case .ticks: tick()
        case .processReady(let process): ready(process)
        case .processReads(let process): unblock(process)
        case .processHears(let process, let line): hears(process, line)
        case .works(let attempt): works(attempt)
        case .answers(let attempt): answers(attempt)
        case .reports(let attempt): reports(attempt)
        case .says(let process, let line): say(line, process)
        case .processDies(let process): dies(process)
        case .processGone(let process): gone(process)
        }
    }
}

// MARK: - The client

extension MeshWorld {
    private func clientSpeaks() {
        guard !hasEnded else { return }
        guard hasOpened else {
            hasOpened = true
            ask(script.opening(&dice))
            return
        }
        if scenario.leavesEarly, script.made >= scenario.requests / 2, dice.percent(20) {
            return end()
        }
        let count = dice.percent(scenario.storms) ? dice.between(2...10) : 1
        for _ in 0..<count { ask(script.next(&dice)) }
        speakLater()
    }

    /// The client was not let in: it tries again.
    func openAgain() {
        guard isGoing, !hasEnded else { return }
        auditor.coverage.note(.notLetIn)
        hasOpened = false
        later(.clientSpeaks, .seconds(1))
    }

    private func speakLater() {
        if script.made < scenario.requests || scenario.leavesEarly {
            later(.clientSpeaks, scenario.pause + .milliseconds(1))
        }
    }

    /// The client has got its first answer.
    func open() {
        isOpen = true
        if scenario.client == .legacy {
            let text = #"{"jsonrpc":"2.0","method":"notifications/initialized"}"#
            tell(Array(text.utf8)) { auditor.isClientReady = true }
        } else {
            auditor.isClientReady = true
            if scenario.listens { ask(script.listen(&dice)) }
        }
        speakLater()
    }

    func ask(_ request: MeshRequest) {
        let isOpening = request.method == .initialize || request.method == .discover
        if dice.percent(scenario.cancellations), !isOpening, !isPeaceful {
            later(.clientCancels(request), .milliseconds(800))
        }
        tell(request.line) { auditor.noteArrival(of: request, self) }
    }

    private func cancel(_ request: MeshRequest) {
        guard auditor.isWaiting(request), !hasEnded else { return }
        let id = String(decoding: request.id.verbatim, as: UTF8.self)
        let text =
            #"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":\#(id)}}"#
        tell(Array(text.utf8)) { auditor.noteCancellation(of: request) }
    }

    /// One line of the client; `note` tells the auditor of it.
    private func tell(_ line: [UInt8], _ note: () -> Void) {
        trace.note(.fromClient, now, line)
        CachedWorld.fill(&clientFramer, line)
        call(noting: note) {
            core.receive(&clientFramer, from: .client, at: now, into: &effects)
        }
    }
}
