// The two ends of mcpo's pipes: what the operating system and the driver keep for each peer.

import MCPOCore

/// Bytes from mcpo on their way to a peer.
struct Outlet {
    /// What the core has queued, as the peer will get it (a sabotage may have changed it).
    var queued: [UInt8] = []
    /// How many bytes of the core's queue have been looked at.
    var seen = 0
    /// What the pipe holds.
    var pipe: [UInt8] = []
    /// The pipe was full: mcpo waits for room.
    var awaitsRoom = false
    /// Bytes that have left the core.
    var takenTotal = 0
    /// The peer's line that is not complete yet.
    var partial: [UInt8] = []

    /// The peer takes up to `count` bytes; returns the lines that are complete.
    mutating func read(_ count: Int) -> [[UInt8]] {
        let part = pipe.prefix(count)
        pipe.removeFirst(part.count)
        var lines: [[UInt8]] = []
        for byte in part {
            if byte == UInt8(ascii: "\n") {
                lines.append(partial)
                partial = []
            } else {
                partial.append(byte)
            }
        }
        return lines
    }

    mutating func clear() {
        queued = []
        seen = 0
    }
}

/// The client and its pipes.
final class ClientSide {
    var script: ClientScript
    var incoming = LineStream<ClientMessage>()
    var framer: LineFramer
    var outlet = Outlet()
    /// Back-pressure has stopped the reading.
    var isPaused = false
    /// The client has closed its end; mcpo has seen it.
    var hasClosed = false
    var isEndTold = false
    /// The client is gone: what is written to it is an error.
    var isGone = false
    var isReadScheduled = false
    var isInputScheduled = false

    init(_ scenario: Scenario) {
        script = ClientScript(scenario)
        framer = LineFramer(maximumLineLength: scenario.settings.limits.messageBytes)
    }
}

/// A process of the server and its pipes.
final class ProcessSide {
    let connection: ConnectionID
    var model: ServerModel
    var incoming = LineStream<ServerMessage>()
    var framer: LineFramer
    var outlet = Outlet()
    var isRunning = false
    var isPaused = false
    /// mcpo has closed the process's stdin, or it has done so itself.
    var isInputClosed = false
    var hasClosedInput = false
    /// It writes nothing more; mcpo has seen that.
    var hasClosedOutput = false
    var isOutputDone = false
    /// How it ended; whether mcpo knows.
    var end: ProcessEnd?
    var isEndNoticed = false
    var isEndTold = false
    /// Ends neither with its stdin nor by SIGTERM, nor (stuck in the kernel) by SIGKILL.
    var ignoresClose = false
    var ignoresTerminate = false
    var ignoresKill = false
    var leavesGroup = false
    var isReadScheduled = false
    var isOutputScheduled = false
    /// Signals that came before it was there.
    var pendingSignals: [GroupSignal] = []

    init(_ connection: ConnectionID, _ scenario: Scenario, _ dice: inout Dice) {
        self.connection = connection
        model = ServerModel(scenario, isRestarted: connection.rawValue > 2, &dice)
        framer = LineFramer(maximumLineLength: scenario.settings.limits.messageBytes)
        ignoresClose = dice.percent(scenario.server.stubbornness)
        ignoresTerminate = ignoresClose && dice.percent(scenario.server.stubbornness)
        ignoresKill = ignoresTerminate && dice.percent(4)
        leavesGroup = dice.percent(scenario.server.orphans)
    }
}
