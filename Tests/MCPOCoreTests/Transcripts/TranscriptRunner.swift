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
    var client: PeerTape
    var server: PeerTape
    /// The last process asked for.
    var connection: ConnectionID?
    var isServerAlive = false
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
        let limit = transcript.settings.limits.messageBytes
        client = PeerTape(maximumLineLength: limit)
        server = PeerTape(maximumLineLength: limit)
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
    private mutating func write(_ bytes: [UInt8], from peer: Peer) throws(TranscriptError) {
        let reads = delivery.reads(of: bytes, &generator)
        switch peer {
        case .client: client.wrote(reads)
        case .server:
            guard isServerAlive else { throw failure("there is no server process to write") }
            server.wrote(reads)
        }
        try settle()
    }

    /// Carries bytes until nothing moves, as the driver does once a turn.
    mutating func settle() throws(TranscriptError) {
        var isMoving = true
        while isMoving {
            isMoving = false
            for stream in effects.writable { setAwaiting(stream) }
            effects.writable.removeAll()
            if drain(.client) { isMoving = true }
            if drain(.server) { isMoving = true }
            core.advance(at: now, into: &effects)
            if pump(.client) { isMoving = true }
            if pump(.server) { isMoving = true }
            if !effects.commands.isEmpty || !effects.writable.isEmpty { isMoving = true }
            try collectEffects()
        }
    }

    private mutating func setAwaiting(_ stream: StreamID) {
        switch stream {
        case .client: client.hasOutput = true
        case .server(connection): server.hasOutput = true
        case .server: break
        }
    }

    /// Takes what the core has for a peer, in pieces. Returns whether a byte moved.
    private mutating func drain(_ peer: Peer) -> Bool {
        guard let stream = stream(of: peer) else { return false }
        var taken: [UInt8] = []
        let (isStalled, isWanted) =
            peer == .client
            ? (client.isStalled, client.hasOutput) : (server.isStalled, server.hasOutput)
        guard isWanted, !isStalled else { return false }
        var isMore = true
        while isMore {
            let size = delivery.size(upTo: 1 << 20, &generator)
            isMore = core.takeOutput(of: stream) { waiting in
                taken += waiting.prefix(size)
                return min(size, waiting.count)
            }
        }
        switch peer {
        case .client: client.took(taken)
        case .server: server.took(taken)
        }
        return !taken.isEmpty
    }

    /// Lets the core take in what a peer has written, as far as it accepts. Returns whether it did.
    private mutating func pump(_ peer: Peer) -> Bool {
        guard let stream = stream(of: peer), core.accepts(stream) else { return false }
        switch peer {
        case .client:
            let read = client.nextRead()
            core.receive(&client.framer, from: stream, at: now, into: &effects)
            return read
        case .server:
            let read = server.nextRead()
            core.receive(&server.framer, from: stream, at: now, into: &effects)
            return read
        }
    }

    func stream(of peer: Peer) -> StreamID? {
        switch peer {
        case .client: .client
        case .server: isServerAlive ? connection.map { .server($0) } : nil
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
            case .spawn(let spawned, _):
                connection = spawned
                commands.append(effect)
            default: commands.append(effect)
            }
        }
        effects.commands.removeAll()
    }
}

/// One peer's two pipes.
struct PeerTape: ~Copyable {
    var framer: LineFramer
    private let maximumLineLength: Int
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
        self.maximumLineLength = maximumLineLength
        framer = LineFramer(maximumLineLength: maximumLineLength)
    }

    /// Another process takes the peer's place.
    mutating func startAnew() {
        self = PeerTape(maximumLineLength: maximumLineLength)
    }

    /// The peer writes; mcpo has not read it yet.
    mutating func wrote(_ reads: [[UInt8]]) {
        unread += reads
    }

    var isMidLine: Bool { !partialLine.isEmpty }

    mutating func took(_ bytes: [UInt8]) {
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
    mutating func nextRead() -> Bool {
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
