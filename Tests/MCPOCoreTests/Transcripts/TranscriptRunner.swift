// Plays a transcript against the core, in virtual time: the driver's duties without any I/O.
//
//     statement ──▶ what happens ──▶ ProxyCore ──▶ settle: bytes and effects collected
//               ──▶ what must have happened ──▶ compared with what was collected
//
// Nothing may be left over when the next thing happens: output that no line expects is a failure.

import Foundation
import MCPOCore

/// One performance of one transcript.
struct TranscriptRunner: ~Copyable {
    let transcript: Transcript
    let delivery: Delivery
    var generator: SplitMix64
    var core: ProxyCore
    var effects = Effects(logLevel: .trace)
    var now = Instant(nanoseconds: 1_000_000_000)
    let client: PeerTape
    var processes: [ProcessTape] = []
    /// What every process was called, those that are gone included.
    var started: [ConnectionID: ProcessName] = [:]
    /// What the servers have said that they have, by place.
    var capabilities: [Int: [String]] = [:]
    /// Processes that the core has not released yet.
    var unreleased: Set<ConnectionID> = []
    /// What the core asked for and no line has expected yet; logs apart, their order is free.
    var commands: [Effect] = []
    var logs: [LogRecord] = []
    /// The line of the statement at hand; past the last one at the end.
    var line = 0

    init(_ transcript: Transcript, _ delivery: Delivery, seed: UInt64) {
        self.transcript = transcript
        self.delivery = delivery
        generator = SplitMix64(state: seed)
        core = ProxyCore(settings: transcript.settings, seed: seed)
        client = PeerTape(maximumLineLength: transcript.settings.limits.messageBytes)
    }

    /// Plays all of it.
    mutating func run() throws(TranscriptError) {
        core.handle(.started, at: now, into: &effects)
        try settle()
        var index = 0
        while index < transcript.steps.count {
            let step = transcript.steps[index]
            line = step.line
            index += 1
            if case .write(let peer, var bytes, var hasNewline) = step.statement {
                try requireNothingLeft()
                // Lines that follow each other without a pause may arrive in one read.
                while true {
                    if hasNewline { bytes.append(UInt8(ascii: "\n")) }
                    guard index < transcript.steps.count,
                        case .write(peer, let more, let ends) = transcript.steps[index].statement
                    else { break }
                    bytes += more
                    hasNewline = ends
                    index += 1
                }
                try write(bytes, from: peer)
            } else {
                try perform(step.statement)
            }
        }
        line += 1
        try requireNothingLeft()
    }

    /// The line of the last statement.
    var lastLine: Int { transcript.steps.last?.line ?? 0 }

    func failure(_ message: String) -> TranscriptError {
        TranscriptError(file: transcript.name, line: line, message: message)
    }
}

// MARK: - Bytes

extension TranscriptRunner {
    mutating func write(_ bytes: [UInt8], from peer: Peer) throws(TranscriptError) {
        let reads = delivery.reads(of: bytes, &generator)
        switch peer {
        case .client: client.wrote(reads)
        case .server(let name): try process(name).pipes.wrote(reads)
        }
        try settle()
    }

    /// A process that is there.
    func process(_ name: ProcessName) throws(TranscriptError) -> ProcessTape {
        guard let process = processes.first(where: { $0.isAlive && $0.name == name }) else {
            throw failure("there is no process \(text(of: .server(name)))")
        }
        return process
    }

    /// Carries bytes until nothing moves, as the driver does once a turn.
    mutating func settle() throws(TranscriptError) {
        var isMoving = true
        while isMoving {
            isMoving = false
            for stream in effects.writable { setAwaiting(stream) }
            effects.writable.removeAll()
            if drain(client, .client) { isMoving = true }
            for process in processes where process.isAlive {
                if drain(process.pipes, process.stream) { isMoving = true }
            }
            core.advance(at: now, into: &effects)
            if pump(client, .client) { isMoving = true }
            for process in processes where process.isAlive {
                if pump(process.pipes, process.stream) { isMoving = true }
            }
            if !effects.commands.isEmpty || !effects.writable.isEmpty { isMoving = true }
            try collectEffects()
        }
    }

    private mutating func setAwaiting(_ stream: StreamID) {
        if stream == .client { client.hasOutput = true }
        for process in processes where process.isAlive && process.stream == stream {
            process.pipes.hasOutput = true
        }
    }

    /// Takes what the core has for a peer, in pieces. Returns whether a byte moved.
    private mutating func drain(_ pipes: PeerTape, _ stream: StreamID) -> Bool {
        guard pipes.hasOutput, !pipes.isStalled else { return false }
        var taken: [UInt8] = []
        var isMore = true
        while isMore {
            let size = delivery.size(upTo: 1 << 20, &generator)
            isMore = core.takeOutput(of: stream) { waiting in
                taken += waiting.prefix(size)
                return min(size, waiting.count)
            }
        }
        pipes.took(taken)
        return !taken.isEmpty
    }

    /// Lets the core take in what a peer has written, as far as it accepts. Returns whether it did.
    private mutating func pump(_ pipes: PeerTape, _ stream: StreamID) -> Bool {
        guard core.accepts(stream) else { return false }
        let read = pipes.nextRead()
        core.receive(&pipes.framer, from: stream, at: now, into: &effects)
        return read
    }

    func stream(of peer: Peer) throws(TranscriptError) -> StreamID {
        switch peer {
        case .client: .client
        case .server(let name): try process(name).stream
        }
    }

    private mutating func collectEffects() throws(TranscriptError) {
        for effect in effects.commands {
            switch effect {
            case .log(let record): logs.append(record)
            case .release(let released):
                guard unreleased.remove(released) != nil else {
                    throw failure("process \(released.rawValue) is released twice")
                }
            default: commands.append(effect)
            }
        }
        effects.commands.removeAll()
    }
}

/// A process of a server, alive or gone.
final class ProcessTape {
    let name: ProcessName
    let connection: ConnectionID
    var isAlive = true
    let pipes: PeerTape

    init(_ name: ProcessName, _ connection: ConnectionID, maximumLineLength: Int) {
        self.name = name
        self.connection = connection
        pipes = PeerTape(maximumLineLength: maximumLineLength)
    }

    var stream: StreamID { .server(connection) }
}

/// One peer's two pipes.
final class PeerTape {
    var framer: LineFramer
    /// Reads that the core has not done yet, from `firstUnread` on.
    private var unread: [[UInt8]] = []
    private var firstUnread = 0
    /// Complete lines that the peer has received and no statement has expected yet.
    var lines: [[UInt8]] = []
    private var partialLine: [UInt8] = []
    /// The core has said that there is something to write, or not all was taken.
    var hasOutput = false
    /// The peer does not read.
    var isStalled = false

    init(maximumLineLength: Int) {
        framer = LineFramer(maximumLineLength: maximumLineLength)
    }

    /// The peer writes; mcpo has not read it yet.
    func wrote(_ reads: [[UInt8]]) {
        unread += reads
    }

    var isMidLine: Bool { !partialLine.isEmpty }

    func took(_ bytes: [UInt8]) {
        hasOutput = false
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                lines.append(partialLine)
                partialLine = []
            } else {
                partialLine.append(byte)
            }
        }
    }

    /// Moves the next read into the framer; false when there is none.
    func nextRead() -> Bool {
        guard firstUnread < unread.count else { return false }
        let read = unread[firstUnread]
        let taken = framer.fill { space in
            let count = min(space.count, read.count)
            space.copyBytes(from: read.prefix(count))
            return count
        }
        if taken < read.count {
            unread[firstUnread] = Array(read.dropFirst(taken))
        } else {
            firstUnread += 1
        }
        if firstUnread == unread.count { (unread, firstUnread) = ([], 0) }
        return true
    }
}
