// What a client reads after its write has been answered is never older than that write (SPEC §5),
// whatever happens meanwhile. A server with a version that writes count up, a client that asks for
// anything at any time, and chance: late and reordered answers, cancellations, timeouts, restarts,
// directives, list_changed.
//
//     write answered with 7 ─▶ the client sends a read ─▶ its answer says 7 or more: from the server,
//                                                          from the cache, or from a shared flight

import Foundation
import MCPOCore
import Testing

@Suite struct FreshnessTests {
    @Test(arguments: [false, true], 0..<20)
    func `no read is older than an answered write`(isModern: Bool, round: Int) throws {
        for seed in 0..<UInt64(3) {
            var world = FreshnessWorld(isModern: isModern, seed: UInt64(round) * 3 + seed)
            let complaint = world.run(steps: 400)
            #expect(complaint == nil, "seed \(UInt64(round) * 3 + seed)")
        }
    }

    /// A test that reaches nothing shows nothing.
    @Test func `the cases that matter occur`() {
        var seen: [String: Int] = [:]
        for seed in 0..<UInt64(40) {
            var world = FreshnessWorld(isModern: seed % 2 == 1, seed: seed)
            _ = world.run(steps: 400)
            seen.merge(world.seen) { $0 + $1 }
        }
        for word in [
            "hit", "joined", "write", "cancel", "timeout", "restart", "late answer", "revalidating",
        ] { #expect(seen[word, default: 0] > 0, "\(word): \(seen)") }
    }
}

/// A client, mcpo and a server.
private struct FreshnessWorld: ~Copyable {
    /// A request that the server has and has not answered.
    private struct Work {
        var number: Int
        var method: String
        var tool: String
        /// What it will answer, once it has done it.
        var result: String?
    }

    private struct Asked {
        /// The version of the last write that was answered when this was sent.
        var floor: Int
        var isWrite: Bool
    }

    private let isModern: Bool
    /// The server does less than it is asked for: calls take too long.
    private let isOverloaded: Bool
    private var chance: SplitMix64
    private var core: ProxyCore
    private var effects = Effects(logLevel: .error)
    private var now = Instant(nanoseconds: 1_000_000_000)
    private var fromClient = LineFramer(maximumLineLength: 1 << 20)
    private var fromServer = LineFramer(maximumLineLength: 1 << 20)
    private var connection: ConnectionID?
    private var isAlive = false
    private var version = 0
    private var answeredVersion = 0
    private var nextID = 1
    private var asked: [Int: Asked] = [:]
    private var cancelled: Set<Int> = []
    private var work: [Work] = []
    private var complaint: String?
    var seen: [String: Int] = [:]

    init(isModern: Bool, seed: UInt64) {
        self.isModern = isModern
        isOverloaded = seed % 3 == 0
        chance = SplitMix64(state: seed &* 2 &+ (isModern ? 1 : 0))
        var settings = ProxySettings(serverName: "s")
        settings.timeout = .seconds(2)
        // This server keeps what it counts in its one process.
        settings.servers[0].pool.maximum = 1
        var rule = ToolRule("fetch", ttl: .seconds(1))
        rule.staleWhileRevalidate = .seconds(5)
        rule.staleIfError = .seconds(30)
        let policy = CachePolicy(defaultTTL: .seconds(3), rules: [rule])
        settings.caching = CachingSettings(policy: policy, identity: [1])
        settings.caching?.cache.maxSize = 6
        settings.caching?.dedupTTL = .seconds(1)
        core = ProxyCore(settings: settings, seed: seed)
    }

    private mutating func roll(_ sides: Int) -> Int { Int(chance.next() % UInt64(sides)) }

    mutating func run(steps: Int) -> String? {
        core.handle(.started, at: now, into: &effects)
        settle()
        if !isModern {
            clientSends(
                #"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"#
                    + #""2025-06-18","capabilities":{}}}"#)
            asked[0] = Asked(floor: 0, isWrite: false)
            while asked[0] != nil, complaint == nil { serverWorks() }
            clientSends(#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#)
        }
        for _ in 0..<steps where complaint == nil { step() }
        // Long enough for a restart, and for everything that is due after it.
        for _ in 0..<200 where complaint == nil {
            for _ in 0..<4 { serverWorks() }
            pass(milliseconds: 50)
        }
        return complaint ?? whatIsLeft()
    }

    private func whatIsLeft() -> String? {
        if !asked.isEmpty { return "unanswered: \(asked.keys.sorted())" }
        if !core.isIdle { return "not idle" }
        let metrics = core.metrics
        if metrics.dedup.inFlight != 0 { return "flights may be joined" }
        if metrics.endpoints.contains(where: { $0.inFlight != 0 }) { return "still measured" }
        if metrics.concurrency.current != 0 { return "\(metrics.concurrency.current) flights" }
        return nil
    }

    private mutating func step() {
        switch roll(100) {
        case 0..<30: clientAsks()
        case 30..<32: clientCancels()
        case 32..<92: if !isOverloaded || roll(3) == 0 { serverWorks() }
        case 92: if roll(4) == 0 { notify("tools") }
        case 93: notify("prompts")
        case 94: if roll(6) == 0 { serverDies() }
        case 95: pass(milliseconds: roll(1500))
        default: pass(milliseconds: roll(20))
        }
    }

    // MARK: The client

    private static let reads = ["search", "find", "fetch", "describe_all", "get_time"]

    private mutating func clientAsks() {
        let id = nextID
        nextID += 1
        var (method, params, isWrite) = ("tools/call", "", false)
        switch roll(20) {
        case 0: (params, isWrite) = (#""name":"create_note","arguments":{}"#, true)
        case 1, 2: method = "prompts/list"
        case 3: (method, params) = ("resources/read", #""uri":"a:""#)
        case 4: method = "tools/list"
        default: params = #""name":"\#(Self.reads[roll(5)])","arguments":{"q":\#(roll(2))}"#
        }
        var meta = isModern ? [Transcript.modernMeta] : []
        if roll(8) == 0 {
            let directives = [#""no-store""#, #""no-cache""#, #"{"maxAge":1}"#]
            meta.append(#""mcpo/cache":\#(directives[roll(3)])"#)
        }
        if roll(3) == 0 { meta.append(#""progressToken":"t\#(id)""#) }
        if !meta.isEmpty {
            params += (params.isEmpty ? "" : ",") + #""_meta":{\#(meta.joined(separator: ","))}"#
        }
        asked[id] = Asked(floor: answeredVersion, isWrite: isWrite)
        clientSends(#"{"jsonrpc":"2.0","id":\#(id),"method":"\#(method)","params":{\#(params)}}"#)
    }

    private mutating func clientCancels() {
        guard let id = asked.keys.sorted().last, roll(2) == 0 else { return }
        note("cancel")
        asked[id] = nil
        cancelled.insert(id)
        clientSends(
            #"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":\#(id)}}"#)
    }

    private mutating func clientSends(_ line: String) {
        Self.feed(&fromClient, line)
        core.receive(&fromClient, from: .client, at: now, into: &effects)
        settle()
    }

    private mutating func clientHears(_ line: [UInt8]) {
        guard let message = parse(line), let id = message["id"] as? Int else { return }
        guard let request = asked.removeValue(forKey: id) else {
            complaint = "an answer nobody waits for: \(String(decoding: line, as: UTF8.self))"
            return
        }
        if let error = message["error"] as? [String: Any] {
            if error["code"] as? Int == 1002 { note("timeout") }
            return
        }
        let result = message["result"] as? [String: Any]
        guard let value = result?["version"] as? Int else { return }
        let meta = result?["_meta"] as? [String: Any]
        if let status = (meta?["mcpo/cache"] as? [String: Any])?["status"] as? String {
            note(status)
        }
        if request.isWrite {
            note("write")
            answeredVersion = max(answeredVersion, value)
        } else if value < request.floor {
            complaint = "version \(value) after \(request.floor) was answered"
        }
    }

    // MARK: The server

    private mutating func serverHears(_ line: [UInt8]) {
        guard let message = parse(line), let method = message["method"] as? String else { return }
        let params = message["params"] as? [String: Any]
        if let number = message["id"] as? Int {
            work.append(
                Work(number: number, method: method, tool: params?["name"] as? String ?? ""))
        } else if method == "notifications/cancelled", let number = params?["requestId"] as? Int {
            // It may go on all the same, and even answer.
            if roll(2) == 0 { work.removeAll { $0.number == number } } else { note("late answer") }
        }
    }

    /// Does one thing: some part of a request, or its answer.
    private mutating func serverWorks() {
        guard isAlive, !work.isEmpty else { return }
        let place = roll(work.count)
        if work[place].result == nil {
            if work[place].tool == "create_note" { version += 1 }
            work[place].result = result(of: work[place])
        } else {
            let done = work.remove(at: place)
            let answer =
                roll(12) == 0 && done.method != "initialize"
                ? #""error":{"code":\#(roll(2) == 0 ? -32603 : -32602),"message":"x"}"#
                : #""result":\#(done.result ?? "{}")"#
            serverSays(#"{"jsonrpc":"2.0","id":\#(done.number),\#(answer)}"#)
        }
    }

    private func result(of work: Work) -> String {
        let modern = isModern ? #","resultType":"complete","ttlMs":2000,"cacheScope":"public""# : ""
        let tools = (Self.reads + ["create_note"]).map { #"{"name":"\#($0)"}"# }
        switch work.method {
        case "initialize":
            return #"{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"version":0}"#
        case "tools/list":
            return #"{"tools":[\#(tools.joined(separator: ","))]\#(modern),"version":\#(version)}"#
        default:
            return #"{"version":\#(version),"content":[]\#(modern)}"#
        }
    }

    private mutating func notify(_ what: String) {
        guard isAlive else { return }
        serverSays(#"{"jsonrpc":"2.0","method":"notifications/\#(what)/list_changed"}"#)
    }

    private mutating func serverSays(_ line: String) {
        guard let connection, isAlive else { return }
        Self.feed(&fromServer, line)
        core.receive(&fromServer, from: .server(connection), at: now, into: &effects)
        settle()
    }

    private mutating func serverDies() {
        guard let connection, isAlive else { return }
        note("restart")
        isAlive = false
        work = []
        core.handle(.exited(connection, .status(1), groupRemains: false), at: now, into: &effects)
        settle()
    }

    // MARK: Everything else

    private mutating func pass(milliseconds: Int) {
        let end = now.advanced(by: .milliseconds(milliseconds))
        for _ in 0..<10_000 {
            guard core.nextDeadline <= end else { break }
            now = max(now, core.nextDeadline)
            core.handle(.deadline, at: now, into: &effects)
            settle()
        }
        now = end
        seen["joined"] = core.metrics.dedup.joined
    }

    private mutating func settle() {
        for _ in 0..<100 {
            var lines: [(StreamID, [UInt8])] = []
            for stream in [StreamID.client] + (connection.map { [StreamID.server($0)] } ?? []) {
                var bytes: [UInt8] = []
                _ = core.takeOutput(of: stream) {
                    bytes += $0
                    return $0.count
                }
                for line in bytes.split(separator: UInt8(ascii: "\n")) {
                    lines.append((stream, Array(line)))
                }
            }
            effects.writable = []
            core.advance(at: now, into: &effects)
            let commands = effects.commands
            effects.commands = []
            for command in commands { obey(command) }
            if lines.isEmpty, commands.isEmpty { return }
            for (stream, line) in lines {
                if stream == .client { clientHears(line) } else { serverHears(line) }
            }
        }
    }

    private mutating func obey(_ command: Effect) {
        guard case .spawn(let spawned, _) = command else { return }
        connection = spawned
        fromServer = LineFramer(maximumLineLength: 1 << 20)
        isAlive = true
        core.handle(.spawned(spawned, processID: 1), at: now, into: &effects)
    }

    private mutating func note(_ word: String) { seen[word, default: 0] += 1 }

    private func parse(_ line: [UInt8]) -> [String: Any]? {
        (try? JSONSerialization.jsonObject(with: Data(line))) as? [String: Any]
    }

    private static func feed(_ framer: inout LineFramer, _ line: String) {
        var rest = Array(line.utf8)[...]
        rest.append(UInt8(ascii: "\n"))
        while !rest.isEmpty {
            let taken = framer.fill { space in
                let count = min(space.count, rest.count)
                space.copyBytes(from: rest.prefix(count))
                return count
            }
            rest = rest.dropFirst(taken)
        }
    }
}
