// mcpo is idle when nothing is under way; it never waits for something that cannot come; once asked
// to stop it exits exactly once, in the promised time, with the promised code, and lets go of every
// process it started.
//
// What protects it: commands are expected one by one, in order; time is only passed by deadlines
// and events, so that a hang shows as a world without either.

import MCPOCore

/// Times that SPEC §10 and `Lifecycle` promise.
enum Promise {
    static let graceAfterClose = Duration.seconds(1)
    static let graceAfterTerminate = Duration.milliseconds(500)
    static let graceAfterKill = Duration.seconds(5)
    static let graceForGroup = Duration.milliseconds(250)
    static let graceForExit = Duration.milliseconds(100)
    static let graces =
        graceAfterClose + graceAfterTerminate + graceAfterKill + graceForGroup
}

/// What mcpo asks of the system.
enum Command: Equatable {
    case spawn(UInt32)
    case closeInput(UInt32)
    case signal(UInt32, GroupSignal)
    case release(UInt32)
    case exit(Int32)

    init?(_ effect: Effect) {
        switch effect {
        case .spawn(let connection, _): self = .spawn(connection.rawValue)
        case .closeInput(let connection): self = .closeInput(connection.rawValue)
        case .signal(let connection, let signal): self = .signal(connection.rawValue, signal)
        case .release(let connection): self = .release(connection.rawValue)
        case .exit(let code): self = .exit(code)
        case .log: return nil
        }
    }
}

extension Referee {
    func expect(_ command: Command) {
        guard let effect = popCommand() else {
            blame(.ending, "mcpo did not do \(command)")
            return
        }
        if Command(effect) != command { blame(.ending, "\(effect) instead of \(command)") }
    }

    func release(_ connection: UInt32) {
        expect(.release(connection))
        if !released.insert(connection).inserted {
            blame(.ending, "process \(connection) was released twice")
        }
    }

    /// The core knows when nothing is under way, and wants to be woken when something is due.
    func checkQuiet() {
        guard let look else { return }
        let isQuiet =
            asks.isEmpty && batches.isEmpty && keptBytes == 0 && serverAsks.isEmpty
            && outcome.clientBytes.after == 0
            && outcome.serverBytes.after == 0
        if look.isIdle != isQuiet {
            blame(.ending, look.isIdle ? "idle with work under way" : "not idle without work")
        }
        if look.nextDeadline > due {
            blame(.ending, "sleeps until \(look.nextDeadline), past what is due at \(due)")
        }
    }

    func noteStop() {
        if stopTime == nil { stopTime = now }
    }

    /// The client has taken bytes: mcpo may wait for it a little longer.
    func noteClientTakes(_ count: Int, at time: Instant) {
        clientTakes += count
        if count > 0 { lastTake = time }
    }

    /// Once stopping, mcpo must end within what it has promised.
    func checkEndIsNear(_ time: Instant) {
        guard phase != .finished, let stopTime else { return }
        let work = stopTime.advanced(by: settings.shutdownTimeout + Promise.graces)
        let latest = max(work, lastTake).advanced(
            by: settings.shutdownTimeout * 2 + lateness + .milliseconds(1))
        if time > latest { blame(.ending, "asked to stop at \(stopTime), still there at \(time)") }
    }

    func checkEnd() {
        if phase != .finished { blame(.ending, "the world ended before mcpo did") }
        if !asks.isEmpty { blame(.oneAnswer, "\(asks.count) requests were never answered") }
        if spawned != released {
            blame(.ending, "processes \(spawned.subtracting(released)) were not released")
        }
    }
}
