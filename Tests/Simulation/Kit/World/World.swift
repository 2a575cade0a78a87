// The world around one `ProxyCore`: does in memory what the driver does with the system.
//
//     agenda ─▶ dispatch ─▶ core ─▶ observe ─▶ referee
//        ▲                    └────▶ settle: flush, advance, tell ends, resume, perform ─┐
//        └──────────────────────────────────────────────────────────────────────────────┘
//
// Each call of the core goes through `observe`, which shows the referee what came in and what came
// out of it, line by line, before any of it is delivered.

import MCPOCore

/// One run of the simulation.
final class World {
    let scenario: Scenario
    var dice: Dice
    var core: ProxyCore
    var effects = Effects(logLevel: .error)
    var now = Instant(nanoseconds: 0)
    var agenda = Agenda<Happening>()
    let client: ClientSide
    var processes: [UInt32: ProcessSide] = [:]
    /// The connection that the core speaks to.
    var current: UInt32 = 1
    var commands: [Effect] = []
    var exitCode: Int32?
    var hasEnding = false
    let referee: Referee
    var trace: Trace
    var saboteur: Saboteur?

    init(seed: UInt64, sabotage: Sabotage?, keepsTrace: Bool) {
        var dice = Dice(seed: seed)
        let scenario = Scenario(&dice)
        self.scenario = scenario
        let coreSeed = dice.next()
        core = ProxyCore(settings: scenario.settings, seed: coreSeed)
        client = ClientSide(scenario)
        trace = Trace(isWhole: keepsTrace)
        saboteur = sabotage.map { Saboteur($0) }
        var promised = scenario.settings
        if sabotage == .forgottenBounds { promised.limits.exchanges = 2 }
        referee = Referee(promised, seed: coreSeed)
        if sabotage == .foreignChance { dice = Dice(seed: .random(in: 0...UInt64.max)) }
        self.dice = dice
    }

    /// Runs until mcpo has ended, or an invariant is broken.
    func run() {
        begin()
        var idleTurns = 0
        var turns = 0
        while exitCode == nil, referee.violation == nil {
            turns += 1
            let deadline = saboteur?.sabotage == .sleptThrough ? .never : core.nextDeadline
            if deadline == .never, agenda.isEmpty || turns > 400_000 {
                referee.blame(.ending, "nothing can happen any more, and mcpo has not ended")
            } else if deadline <= agenda.nextTime {
                idleTurns = deadline <= now ? idleTurns + 1 : 0
                if idleTurns > 50 {
                    referee.blame(.ending, "the deadline is in the past for ever: a busy loop")
                }
                expire(deadline)
            } else if let what = takeNext() {
                idleTurns = 0
                dispatch(what)
            }
            settle()
            referee.checkEndIsNear(now)
        }
        if referee.violation == nil { referee.checkEnd() }
    }

    private func begin() {
        agenda.add(.clientSpeaks, at: now)
        agenda.add(.ending, at: now.advanced(by: scenario.length))
        if dice.percent(10) { later(.hangUp, scenario.length) }
        if dice.percent(20) { later(.jump, scenario.length) }
        observe(.event(.started)) { core.handle(.started, at: now, into: &effects) }
        settle()
    }

    /// Time goes on to a deadline, or a little further: no system wakes up to the nanosecond.
    private func expire(_ deadline: Instant) {
        let late = dice.percent(30) ? dice.delay(upTo: .milliseconds(3)) : .zero
        now = max(now, deadline).advanced(by: late)
        referee.lateness += late
        observe(.event(.deadline)) { core.handle(.deadline, at: now, into: &effects) }
    }

    private func takeNext() -> Happening? {
        let time = agenda.nextTime
        guard let what = agenda.removeFirst() else { return nil }
        now = max(now, time)
        return what
    }

    func later(_ what: Happening, _ longest: Duration) {
        agenda.add(what, at: now.advanced(by: dice.delay(upTo: longest)))
    }

    private func dispatch(_ what: Happening) {
        switch what {
        case .clientSpeaks: clientSpeaks()
        case .clientAnswers(let number): clientAnswers(number)
        case .clientReads: clientReads()
        case .clientInput: readClient()
        case .clientRoom: flushClient()
        case .ending: end()
        case .stop: observe(.event(.stop)) { core.handle(.stop, at: now, into: &effects) }
        case .hangUp: observe(.event(.hangUp)) { core.handle(.hangUp, at: now, into: &effects) }
        case .jump: jump()
        default: dispatchProcess(what)
        }
    }

    /// The machine slept.
    private func jump() {
        guard !hasEnding else { return }
        let leap = Duration.seconds(dice.between(60...600))
        now = now.advanced(by: leap)
        referee.lateness += leap
        trace.note(.event, now, "the clock jumps")
    }

    private func end() {
        hasEnding = true
        trace.note(.event, now, "the ending: \(scenario.ending)")
        switch scenario.ending {
        case .endOfInput:
            closeClientInput()
        case .stopSignal:
            agenda.add(.stop, at: now)
        case .stopTwice:
            agenda.add(.stop, at: now)
            later(.stop, .seconds(3))
            if dice.percent(50) { later(.stop, .seconds(3)) }
        case .clientVanishes:
            client.isGone = true
            closeClientInput()
        // Without anything to write to it, mcpo notices by its end of input only.
        }
        client.outlet.awaitsRoom = client.outlet.awaitsRoom && !client.isGone
        if client.isGone { flushClient() }
    }

    /// Carries out what the core asked for, until it asks for nothing more; as the driver does.
    private func settle() {
        while referee.violation == nil {
            while let stream = effects.writable.popLast() { flush(stream) }
            observe(.advance) { core.advance(at: now, into: &effects) }
            tellEnds()
            resume()
            if commands.isEmpty, effects.writable.isEmpty { break }
            let batch = commands
            commands = []
            for command in batch { perform(command) }
        }
    }

    private func perform(_ command: Effect) {
        switch command {
        case .spawn(let connection, _): spawn(connection)
        case .closeInput(let connection): closeInput(connection)
        case .signal(let connection, let signal): send(signal, to: connection)
        case .release(let connection): processes[connection.rawValue] = nil
        case .log: break
        case .exit(let code): exitCode = code
        }
    }
}
