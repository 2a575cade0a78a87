// The core raises, tells and clears alerts, reads figures only when there were requests, and says how
// its servers are.

import MCPOCore
import Testing

@Suite struct AlertWiringTests {
    @Test func `a failing tool is told once, and once more when it is well again`() {
        var proxy = TalkingProxy()
        for _ in 0..<30 { proxy.call(isError: true) }
        #expect(proxy.core.nextDeadline.nanoseconds <= proxy.now + 1_000_000_000)
        proxy.pass(seconds: 1)
        let warnings = proxy.log.filter { $0.level == .warning }
        #expect(
            warnings.map(\.message) == [
                "alert: other succeeds in 0% of its requests, less than 95%; "
                    + "look at its answers and at its server's messages"
            ])
        let raised = proxy.core.metrics(at: Instant(nanoseconds: proxy.now)).alerts
        #expect(raised.map(\.kind) == [.failing] && raised.first?.value == 0)
        #expect(raised.first?.sinceUnixMilliseconds == (proxy.now + 5_000_000_000) / 1_000_000)
        for _ in 0..<2_000 { proxy.call(isError: false) }
        proxy.pass(seconds: 12)
        #expect(proxy.log.filter { $0.level == .warning }.count == 1)
        #expect(proxy.log.last?.message.hasPrefix("alert over after 1") == true)
        #expect(proxy.log.last?.level == .info)
        #expect(proxy.core.metrics(at: Instant(nanoseconds: proxy.now)).alerts.isEmpty)
    }

    @Test func `an idle proxy is not woken`() {
        var proxy = TalkingProxy()
        proxy.pass(seconds: 10)
        let quiet = proxy.core.nextDeadline.nanoseconds - proxy.now
        proxy.call(isError: false)
        let stirred = proxy.core.nextDeadline.nanoseconds - proxy.now
        proxy.pass(seconds: 1)
        let after = proxy.core.nextDeadline.nanoseconds - proxy.now
        #expect(stirred <= 1_000_000_000)
        #expect(min(quiet, after) > 60_000_000_000, "timeouts only")
    }

    @Test func `figures tell whether calls can be answered, and why not`() {
        var proxy = TalkingProxy(isOpen: false)
        let starting = proxy.connection
        #expect(!starting.isReady)
        #expect(starting.unreadyReason == "no server is open: github: starting")
        #expect(starting.servers[0].reason == "starting" && starting.status == .degraded)
        proxy.open()
        let open = proxy.connection
        #expect(open.isReady && open.unreadyReason.isEmpty && open.status == .healthy)
        #expect(open.servers[0].reason.isEmpty && open.servers[0].isOpen)
        proxy.exit(3)
        let down = proxy.connection
        #expect(!down.isReady && down.status == .unhealthy)
        let reason = "restarting after it exited with status 3, next try in "
        #expect(down.servers[0].reason.hasPrefix(reason))
        proxy.pass(seconds: 1)
        let again = proxy.connection.servers[0]
        #expect(again.reason == "restarting after it exited with status 3")
        #expect(again.restarts == 1 && again.status == .degraded)
        proxy.stop()
        #expect(proxy.connection.unreadyReason == "mcpo is stopping")
    }

    @Test func `figures have the version and the time since the start`() {
        var proxy = TalkingProxy()
        proxy.pass(seconds: 90)
        let metrics = proxy.core.metrics(at: Instant(nanoseconds: proxy.now))
        #expect(metrics.version == "1.2.3" && metrics.uptime == 90_000_000_000)
    }
}

/// A proxy in front of one server, which answers each call at once.
private struct TalkingProxy: ~Copyable {
    var core: ProxyCore
    private(set) var now: Int64 = 1_000_000_000
    private(set) var log: [LogRecord] = []
    private var spawned: ConnectionID?
    private var id = 0

    init(isOpen: Bool = true) {
        var settings = ProxySettings(serverName: "github")
        settings.caching = CachingSettings(policy: CachePolicy(mode: .off), identity: [])
        settings.caching?.dedupTTL = nil
        settings.alerts.successRate = 95
        settings.version = "1.2.3"
        settings.wallClockOffset = 5_000_000_000
        settings.logLevel = .info
        core = ProxyCore(settings: settings, seed: 1)
        handle(.started)
        if isOpen { open() }
    }

    var connection: ConnectionFigures {
        mutating get { core.metrics(at: Instant(nanoseconds: now)).connection }
    }

    private mutating func handle(_ event: Event) {
        var effects = Effects(logLevel: .info)
        core.handle(event, at: Instant(nanoseconds: now), into: &effects)
        note(effects)
    }

    private mutating func note(_ effects: Effects) {
        for command in effects.commands {
            switch command {
            case .log(let record): log.append(record)
            case .spawn(let connection, _): spawned = connection
            default: break
            }
        }
    }

    mutating func open() {
        guard let spawned else { return }
        handle(.spawned(spawned, processID: 1))
        ask("initialize", #""result":{"protocolVersion":"2025-06-18","capabilities":{}}"#)
        receive(#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#, from: .client)
        _ = core.takeOutput(of: .server(spawned)) { $0.count }
    }

    mutating func exit(_ code: Int32) {
        guard let spawned else { return }
        handle(.exited(spawned, .status(code), groupRemains: false))
    }

    mutating func stop() { handle(.stop) }

    mutating func pass(seconds: Int) {
        let end = now + Int64(seconds) * 1_000_000_000
        while core.nextDeadline.nanoseconds <= end {
            now = max(now, core.nextDeadline.nanoseconds)
            handle(.deadline)
        }
        now = end
    }

    mutating func call(isError: Bool) {
        ask("made/up", isError ? #""error":{"code":1,"message":"x"}"# : #""result":{}"#)
    }

    private mutating func ask(_ method: String, _ outcome: String) {
        guard let spawned else { return }
        id += 1
        let request = #"{"jsonrpc":"2.0","id":\#(id),"method":"\#(method)"}"#
        receive(request, from: .client)
        var sent: [UInt8] = []
        _ = core.takeOutput(of: .server(spawned)) {
            sent += $0
            return $0.count
        }
        let text = String(decoding: sent, as: UTF8.self)
        let number = text.split(separator: #""id":"#).last?.prefix { $0.isNumber } ?? ""
        receive(#"{"jsonrpc":"2.0","id":\#(number),\#(outcome)}"#, from: .server(spawned))
        _ = core.takeOutput(of: .client) { $0.count }
    }

    private mutating func receive(_ line: String, from stream: StreamID) {
        var framer = LineFramer(maximumLineLength: 1_000)
        let bytes = Array(line.utf8) + [0x0A]
        _ = framer.fill {
            $0.copyBytes(from: bytes)
            return bytes.count
        }
        var effects = Effects(logLevel: .info)
        core.receive(&framer, from: stream, at: Instant(nanoseconds: now), into: &effects)
        note(effects)
    }
}
