// Sources: Sources/MCPOCore
//
// libFuzzer target of the whole core: whatever the client and the server write, whatever happens to
// the process, and whenever, nothing traps, what is written is one JSON text a line, and the queues
// stay within their bounds.
//
// An input is a list of steps, each a byte and what belongs to it up to the next newline:
//
//     C{"id":1…}⏎     the client writes the line        S{"id":1…}⏎   the server writes it
//     T⏎              the next deadline comes           X⏎            the process exits
//     E⏎ B⏎ H⏎ Q⏎     end of stdin, broken pipe, SIGHUP, SIGTERM
//     W⏎              a second passes
//
// An input that begins with `P⏎` is for a proxy that only forwards; others have a small cache.

import Foundation

@_cdecl("LLVMFuzzerTestOneInput")
public func coreFuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = [UInt8](UnsafeBufferPointer(start: start, count: count))
    var world = World(isCaching: !input.starts(with: [0x50, 0x0A]))
    world.perform(.started)
    for step in input.split(separator: 0x0A) { world.step(step) }
    world.endAll()
    return 0
}

/// The core and what the driver would do for it, without any time passing by itself.
struct World: ~Copyable {
    private var core: ProxyCore
    private var effects = Effects(logLevel: .debug)
    private var now = Instant(nanoseconds: 0)
    private var connection: ConnectionID?
    private var client = LineFramer(maximumLineLength: 600)
    private var server = LineFramer(maximumLineLength: 600)
    private var isOver = false

    init(isCaching: Bool) {
        var settings = ProxySettings(serverName: "fuzz")
        settings.limits.messageBytes = 600
        settings.limits.depth = 20
        settings.limits.exchanges = 8
        settings.limits.serverRequests = 4
        settings.limits.queueBytes = 2000
        settings.limits.heldBytes = 1000
        settings.limits.taskTokens = 2
        settings.limits.abandonedWrites = 2
        settings.timeout = .seconds(10)
        if isCaching { settings.caching = Self.caching }
        core = ProxyCore(settings: settings, seed: 7)
    }

    private static var caching: CachingSettings {
        var rule = ToolRule("a*", cache: .named("small"), ttl: .seconds(2))
        rule.staleWhileRevalidate = .seconds(2)
        rule.staleIfError = .seconds(4)
        var write = ToolRule("set_a")
        write.invalidates = ["a*"]
        var caching = CachingSettings(
            policy: CachePolicy(rules: [rule, write]), identity: Array("fuzz".utf8))
        caching.cache = CacheSettings(maxSize: 3, maxBytes: 4096, strategy: .lruTTL)
        caching.namedCaches = [
            NamedCacheSettings(
                name: "small",
                settings: CacheSettings(maxSize: 2, maxBytes: 2048, strategy: .s3FIFO))
        ]
        caching.dedupTTL = .seconds(3)
        caching.monitorWindow = 4
        return caching
    }

    mutating func step(_ step: ArraySlice<UInt8>) {
        guard !isOver, let kind = step.first else { return }
        now = now.advanced(by: .milliseconds(1))
        let rest = Array(step.dropFirst()) + [0x0A]
        switch kind {
        case UInt8(ascii: "C"): clientWrites(rest)
        case UInt8(ascii: "S"): serverWrites(rest)
        case UInt8(ascii: "T"): expireNext()
        case UInt8(ascii: "W"): now = now.advanced(by: .seconds(1))
        case UInt8(ascii: "X"): exit(groupRemains: rest.count > 1)
        case UInt8(ascii: "E"): perform(.ended(.client))
        case UInt8(ascii: "B"): perform(.broken(.client))
        case UInt8(ascii: "H"): perform(.hangUp)
        case UInt8(ascii: "Q"): perform(.stop)
        default: break
        }
    }

    /// Lets the time come for everything: mcpo must end.
    mutating func endAll() {
        perform(.stop)
        for _ in 0..<200 where !isOver {
            exit(groupRemains: false)
            expireNext()
        }
        expect(isOver, "mcpo does not end")
    }

    mutating func perform(_ event: Event) {
        core.handle(event, at: now, into: &effects)
        settle()
    }

    private mutating func clientWrites(_ bytes: [UInt8]) {
        guard core.accepts(.client) else { return }
        Self.fill(&client, bytes)
        core.receive(&client, from: .client, at: now, into: &effects)
        settle()
    }

    private mutating func serverWrites(_ bytes: [UInt8]) {
        guard let connection, core.accepts(.server(connection)) else { return }
        Self.fill(&server, bytes)
        core.receive(&server, from: .server(connection), at: now, into: &effects)
        settle()
    }

    private static func fill(_ framer: inout LineFramer, _ bytes: [UInt8]) {
        _ = framer.fill { space in
            space.copyBytes(from: bytes)
            return bytes.count
        }
    }

    private mutating func expireNext() {
        let next = core.nextDeadline
        if next == .never { return }
        now = max(now, next)
        perform(.deadline)
    }

    private mutating func exit(groupRemains: Bool) {
        guard let gone = connection else { return }
        connection = nil
        server = LineFramer(maximumLineLength: 600)
        perform(.exited(gone, .status(1), groupRemains: groupRemains))
    }

    private mutating func settle() {
        repeat {
            drain(.client)
            if let connection { drain(.server(connection)) }
            effects.writable = []
            core.advance(at: now, into: &effects)
            let commands = effects.commands
            effects.commands = []
            for command in commands { carryOut(command) }
        } while !effects.commands.isEmpty || !effects.writable.isEmpty
    }

    private mutating func carryOut(_ effect: Effect) {
        switch effect {
        case .spawn(let next, _):
            connection = next
            core.handle(.spawned(next, processID: 1), at: now, into: &effects)
        case .exit: isOver = true
        case .closeInput, .signal, .release, .log: break
        }
    }

    private mutating func drain(_ stream: StreamID) {
        var text: [UInt8] = []
        _ = core.takeOutput(of: stream) { bytes in
            text = Array(bytes)
            return bytes.count
        }
        expect(text.isEmpty || text.last == 0x0A, "a line is cut off")
        for line in text.split(separator: 0x0A) {
            let isJSON = (try? JSONSerialization.jsonObject(with: Data(line))) != nil
            var envelope = Envelope()
            let isAccepted = (try? Envelope.scan(Array(line).span.bytes, into: &envelope)) != nil
            expect(isJSON || isAccepted, "a line that is no JSON was written")
        }
    }
}

/// Not `precondition`: the message must be there in a release build too.
func expect(_ condition: Bool, _ what: String) {
    if condition { return }
    FileHandle.standardError.write(Data("core fuzz: \(what)\n".utf8))
    fatalError(what)
}
