// The event loop: one thread that waits, reads what is there, lets the core decide, and writes.
//
//     wait(until: proxy.nextDeadline) ─▶ read ─▶ receive / handle ─▶ flush ─▶ effects ─▶ again
//
// Each turn reads each ready stream once and writes each stream with something to say once, however
// many messages that is. Nothing here decides anything about messages.

package import MCPOCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What reading the configuration again came to.
package enum ReloadOutcome: Sendable {
    /// What is wrong with it, for people.
    case failed([String])
    case same
    /// The commands of all servers by name, and what has changed, for people.
    case changed(ProxySettings, [String: ServerCommand], [String])
}

/// Drives one proxy on the calling thread, from start to exit.
package struct ProxyDriver: ~Copyable {
    var proxy: ProxyCore
    /// By the names of servers.
    var commands: [String: ServerCommand]
    /// Reads the configuration again; nil where there is none to read.
    let reload: (@Sendable () -> ReloadOutcome)?
    var poller: Poller
    var client: ClientStreams
    var processes: [UInt32: ServerProcess] = [:]
    /// The process that events are about nearly always, without a look into the dictionary.
    var recent: ServerProcess?
    /// Processes whose output has to wait.
    var paused: [ServerProcess] = []
    /// Processes that have ended while their output was not read to the end.
    var untoldEnds = 0
    /// Processes whose end no descriptor tells of (a sandbox without pidfd): they are looked at.
    var unwatched: [ServerProcess] = []
    static let exitPollPeriod: Int64 = 50_000_000
    var watchdog = Watchdog()
    var log: LogWriter
    var logAwaitsRoom = false
    let control: ControlPipe
    var effects: Effects
    var now = Clock.now
    var exitCode: Int32?

    /// - Parameters:
    ///   - input, output: the descriptors of the client's stream; they stay the caller's.
    ///   - commands: by the names of servers.
    ///   - control: brings requests from signal handlers and other threads.
    ///   - reload: what SIGHUP asks for.
    package init(
        settings: ProxySettings, commands: [String: ServerCommand], input: Int32, output: Int32,
        control: ControlPipe, log: consuming LogWriter,
        reload: (@Sendable () -> ReloadOutcome)? = nil
    ) throws(SystemError) {
        poller = try Poller()
        self.control = control
        var settings = settings
        settings.wallClockOffset = Clock.wallOffset
        proxy = ProxyCore(settings: settings, seed: UInt64.random(in: .min ... .max))
        client = ClientStreams(
            input: input, output: output, maximumLineLength: settings.limits.messageBytes)
        effects = Effects(logLevel: settings.logLevel)
        self.commands = commands
        self.reload = reload
        self.log = log
    }

    /// Runs until the proxy is done; returns its exit code.
    package mutating func run() -> Int32 {
        let signals = BrokenPipeSignal.block()
        if !watchdog.isRunning {
            log.write(
                LogRecord(
                    level: .warning, server: nil,
                    message: "no watchdog: servers may outlive a killed mcpo"))
        }
        poller.watch(client.input, for: .reading, as: PollSource(.clientInput))
        poller.watch(control.input, for: .reading, as: PollSource(.control))
        proxy.handle(.started, at: now, into: &effects)
        settle()
        var events: [PollSource] = []
        while exitCode == nil {
            if let failure = poller.failure {
                abort(failure)
                break
            }
            // What becomes due by these events themselves is a matter of the next turn, which waits
            // for nothing then.
            let deadline = proxy.nextDeadline
            poller.wait(timeout: timeout(until: deadline), into: &events)
            now = Clock.now
            for source in events { dispatch(source) }
            events.removeAll(keepingCapacity: true)
            if deadline <= now { proxy.handle(.deadline, at: now, into: &effects) }
            settle()
        }
        client.restore()
        log.flush(patience: 100)
        watchdog.end()
        signals.restore()
        return exitCode ?? 0
    }

    /// Without the poller nothing can be waited for any more: the servers are ended, and mcpo too.
    private mutating func abort(_ failure: SystemError) {
        log.write(LogRecord(level: .error, server: nil, message: "\(failure); cannot go on"))
        for process in processes.values { process.send(.kill) }
        exitCode = 1
    }

    private mutating func timeout(until deadline: Instant) -> Int64? {
        let rest = deadline == .never ? nil : deadline.nanoseconds - now.nanoseconds
        return unwatched.isEmpty ? rest : min(rest ?? .max, Self.exitPollPeriod)
    }

    mutating func dispatch(_ source: PollSource) {
        switch source.kind {
        case .clientInput: readClient()
        case .clientOutput: flushClient()
        case .control: readControl()
        case .log: break  // flushed once a turn
        case .listener, .wake, .socketInput, .socketOutput: break  // a `SocketLoop`'s
        case .serverOutput: if let process = process(source) { readServer(process) }
        case .serverInput: if let process = process(source) { flushServer(process) }
        case .serverErrors: if let process = process(source) { readErrors(process) }
        case .serverExit: if let process = process(source) { noteExit(process) }
        }
    }

    mutating func process(_ source: PollSource) -> ServerProcess? {
        if recent?.connection.rawValue != source.connection {
            recent = processes[source.connection]
        }
        return recent
    }

    /// Carries out what the core asked for, until it asks for nothing more.
    mutating func settle() {
        while true {
            while let stream = effects.writable.popLast() { flush(stream) }
            proxy.advance(at: now, into: &effects)
            tellEnds()
            resume()
            if effects.commands.isEmpty {
                if effects.writable.isEmpty { break }
                continue
            }
            let commands = effects.commands
            effects.commands = []
            for command in commands { perform(command) }
        }
        flushLog()
    }

    mutating func perform(_ effect: Effect) {
        switch effect {
        case .spawn(let connection, let server): spawnServer(connection, server)
        case .closeInput(let connection): closeInput(processes[connection.rawValue])
        case .signal(let connection, let signal): processes[connection.rawValue]?.send(signal)
        case .release(let connection): release(connection)
        case .log(let record): log.write(record)
        case .exit(let code): exitCode = code
        }
    }
}

// MARK: - The client

extension ProxyDriver {
    mutating func readClient() {
        let descriptor = client.input
        let transfer = client.framer.read(from: descriptor)
        switch transfer {
        case .bytes:
            proxy.receive(&client.framer, from: .client, at: now, into: &effects)
            pauseClientIfNeeded()
        case .wouldBlock: break
        case .ended:
            client.hasEnded = true
            poller.unwatch(descriptor, as: PollSource(.clientInput))
            proxy.finish(&client.framer, from: .client, at: now, into: &effects)
        }
    }

    mutating func pauseClientIfNeeded() {
        if client.isPaused || proxy.accepts(.client) { return }
        client.isPaused = true
        poller.unwatch(client.input, as: PollSource(.clientInput))
    }

    mutating func flush(_ stream: StreamID) {
        switch stream {
        case .client where !client.awaitsRoom: flushClient()
        case .server(let connection):
            if let process = process(PollSource(.serverInput, connection: connection.rawValue)),
                !process.awaitsRoom
            {
                flushServer(process)
            }
        case .client: break
        }
    }

    mutating func flushClient() {
        let (descriptor, limit) = (client.output, client.writeLimit)
        var isBroken = false
        let isMore = proxy.takeOutput(of: .client) { bytes in
            let part = UnsafeRawBufferPointer(rebasing: bytes.prefix(limit ?? bytes.count))
            switch writeSome(descriptor, part) {
            case .bytes(let count): return count
            case .wouldBlock: return 0
            case .ended:
                isBroken = true
                return bytes.count
            }
        }
        if isMore != client.awaitsRoom {
            client.awaitsRoom = isMore
            if isMore {
                poller.watch(descriptor, for: .writing, as: PollSource(.clientOutput))
            } else {
                poller.unwatch(descriptor, as: PollSource(.clientOutput))
            }
        }
        if isBroken { proxy.handle(.broken(.client), at: now, into: &effects) }
    }

    mutating func readControl() {
        var bytes: [UInt8] = Array(repeating: 0, count: 64)
        let descriptor = control.input
        let transfer = bytes.withUnsafeMutableBytes { readSome(descriptor, into: $0) }
        guard case .bytes(let count) = transfer else { return }
        var hasObeyed = false
        for byte in bytes.prefix(count) {
            switch ControlRequest(rawValue: byte) {
            case .stop: proxy.handle(.stop, at: now, into: &effects)
            case .hangUp: _ = reloadConfiguration()
            // An order is in the box before its byte is in the pipe: the first look finds all.
            case .order where !hasObeyed:
                hasObeyed = true
                obeyOrders()
            case .order, nil: break
            }
        }
    }

    /// Carries out what is in the box, in order; but the configuration is read once for all who ask
    /// for that, in the place of the last of them: a flood of such orders does not stop the calls.
    private mutating func obeyOrders() {
        var reloads: [@Sendable (ReloadOutcome?) -> Void] = []
        let orders = control.takeOrders()
        let lastReload = orders.lastIndex { if case .reload = $0 { true } else { false } }
        for (place, order) in orders.enumerated() {
            switch order {
            case .event(let event): proxy.handle(event, at: now, into: &effects)
            case .metrics(let reply): reply(proxy.metricsReading(at: now))
            case .clearCache(let server, let tool, let reply):
                reply(proxy.clearCache(ofServer: server, tool: tool))
            case .log(let record): log.write(record)
            case .reload(let reply):
                reloads.append(reply)
                guard place == lastReload else { continue }
                let outcome = reloadConfiguration()
                for reply in reloads { reply(outcome) }
            }
        }
    }

    private mutating func reloadConfiguration() -> ReloadOutcome? {
        guard let reload else {
            proxy.handle(.hangUp, at: now, into: &effects)
            return nil
        }
        let outcome = reload()
        switch outcome {
        case .failed(let problems):
            note(.error, problems + ["the configuration was not loaded: the old one holds"])
        case .same:
            note(.info, ["configuration loaded again: nothing has changed"])
            // A limit that was set since holds until the file is read again, which it was.
            if let maximum = proxy.settings.concurrency?.maximum {
                proxy.handle(.setConcurrencyLimit(maximum), at: now, into: &effects)
            }
        case .changed(var settings, let commands, let lines):
            note(.info, ["configuration loaded again"] + lines)
            settings.wallClockOffset = proxy.settings.wallClockOffset
            self.commands.merge(commands) { $1 }
            effects.logLevel = settings.logLevel
            log.level = settings.logLevel
            proxy.handle(.reload(settings), at: now, into: &effects)
        }
        return outcome
    }

    private mutating func note(_ level: LogLevel, _ messages: [String]) {
        for message in messages {
            log.write(LogRecord(level: level, server: nil, message: message))
        }
    }

    mutating func flushLog() {
        if log.hasOutput { log.flush() }
        guard log.hasOutput != logAwaitsRoom else { return }
        logAwaitsRoom = log.hasOutput
        if logAwaitsRoom {
            poller.watch(log.descriptor, for: .writing, as: PollSource(.log))
        } else {
            poller.unwatch(log.descriptor, as: PollSource(.log))
        }
    }
}

// MARK: - Back-pressure

extension ProxyDriver {
    /// Goes on with streams that back-pressure had stopped and that may go on.
    mutating func resume() {
        if client.isPaused, proxy.accepts(.client) {
            client.isPaused = false
            if !client.hasEnded {
                poller.watch(client.input, for: .reading, as: PollSource(.clientInput))
            }
            proxy.receive(&client.framer, from: .client, at: now, into: &effects)
            pauseClientIfNeeded()
        }
        if paused.isEmpty { return }
        let waiting = paused
        for process in waiting where proxy.accepts(.server(process.connection)) { resume(process) }
    }

    private mutating func resume(_ process: ServerProcess) {
        paused.removeAll { $0 === process }
        process.isPaused = false
        if let output = process.output?.number {
            poller.watch(output, for: .reading, as: process.source(.serverOutput))
        }
        receive(from: process)
    }

    mutating func receive(from process: ServerProcess) {
        let stream = StreamID.server(process.connection)
        proxy.receive(&process.framer, from: stream, at: now, into: &effects)
        if process.isPaused || proxy.accepts(stream) { return }
        process.isPaused = true
        paused.append(process)
        if let output = process.output?.number {
            poller.unwatch(output, as: process.source(.serverOutput))
        }
    }
}
