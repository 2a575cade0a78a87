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

/// Drives one proxy on the calling thread, from start to exit.
package struct ProxyDriver: ~Copyable {
    private var proxy: ProxyCore
    private let command: ServerCommand
    private var poller: Poller
    private var client: ClientStreams
    private var processes: [UInt32: ServerProcess] = [:]
    /// The process that events are about nearly always, without a look into the dictionary.
    private var recent: ServerProcess?
    /// Processes that have ended while their output was not read to the end.
    private var untoldEnds = 0
    private var watchdog = Watchdog()
    private var log: LogWriter
    private var logAwaitsRoom = false
    private let control: ControlPipe
    private var effects: Effects
    private var now = Clock.now
    private var exitCode: Int32?

    /// - Parameters:
    ///   - input, output: the descriptors of the client's stream; they stay the caller's.
    ///   - control: brings requests from signal handlers and other threads.
    package init(
        settings: ProxySettings, command: ServerCommand, input: Int32, output: Int32,
        control: ControlPipe, log: consuming LogWriter
    ) throws(SystemError) {
        poller = try Poller()
        self.control = control
        proxy = ProxyCore(settings: settings, seed: UInt64.random(in: .min ... .max))
        client = ClientStreams(
            input: input, output: output, maximumLineLength: settings.limits.messageBytes)
        effects = Effects(logLevel: settings.logLevel)
        self.command = command
        self.log = log
    }

    /// Runs until the proxy is done; returns its exit code.
    package mutating func run() -> Int32 {
        blockBrokenPipeSignal()
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
            poller.wait(timeout: timeout, into: &events)
            now = Clock.now
            for source in events { dispatch(source) }
            events.removeAll(keepingCapacity: true)
            if proxy.nextDeadline <= now { proxy.handle(.deadline, at: now, into: &effects) }
            settle()
        }
        client.restore()
        log.flush(patience: 100)
        watchdog.end()
        return exitCode ?? 0
    }

    private var timeout: Int64? {
        let deadline = proxy.nextDeadline
        return deadline == .never ? nil : deadline.nanoseconds - Clock.now.nanoseconds
    }

    /// A write to a pipe that nobody reads must be an error, not the end of the process. Only this
    /// thread's mask is changed: the rest of the program keeps its own ideas.
    private func blockBrokenPipeSignal() {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }

    private mutating func dispatch(_ source: PollSource) {
        switch source.kind {
        case .clientInput: readClient()
        case .clientOutput: flushClient()
        case .control: readControl()
        case .log: break  // flushed once a turn
        case .serverOutput: if let process = process(source) { readServer(process) }
        case .serverInput: if let process = process(source) { flushServer(process) }
        case .serverErrors: if let process = process(source) { readErrors(process) }
        case .serverExit: if let process = process(source) { noteExit(process) }
        }
    }

    private mutating func process(_ source: PollSource) -> ServerProcess? {
        if recent?.connection.rawValue != source.connection {
            recent = processes[source.connection]
        }
        return recent
    }

    /// Carries out what the core asked for, until it asks for nothing more.
    private mutating func settle() {
        while true {
            while let stream = effects.writable.popLast() { flush(stream) }
            proxy.advance(at: now, into: &effects)
            tellEnds()
            resume()
            if effects.commands.isEmpty, effects.writable.isEmpty { break }
            let commands = effects.commands
            effects.commands.removeAll(keepingCapacity: true)
            for command in commands { perform(command) }
        }
        flushLog()
    }

    private mutating func perform(_ effect: Effect) {
        switch effect {
        case .spawn(let connection): spawnServer(connection)
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
    private mutating func readClient() {
        var transfer = Transfer.wouldBlock
        let descriptor = client.input
        _ = client.framer.fill { space in
            transfer = readSome(descriptor, into: space)
            if case .bytes(let count) = transfer { return count }
            return 0
        }
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

    private mutating func pauseClientIfNeeded() {
        if client.isPaused || proxy.accepts(.client) { return }
        client.isPaused = true
        poller.unwatch(client.input, as: PollSource(.clientInput))
    }

    private mutating func flush(_ stream: StreamID) {
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

    private mutating func flushClient() {
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

    private mutating func readControl() {
        var bytes: [UInt8] = Array(repeating: 0, count: 64)
        let descriptor = control.input
        let transfer = bytes.withUnsafeMutableBytes { readSome(descriptor, into: $0) }
        guard case .bytes(let count) = transfer else { return }
        for byte in bytes.prefix(count) {
            switch ControlRequest(rawValue: byte) {
            case .stop: proxy.handle(.stop, at: now, into: &effects)
            case .hangUp: proxy.handle(.hangUp, at: now, into: &effects)
            case nil: break
            }
        }
    }

    private mutating func flushLog() {
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
    private mutating func resume() {
        if client.isPaused, proxy.accepts(.client) {
            client.isPaused = false
            if !client.hasEnded {
                poller.watch(client.input, for: .reading, as: PollSource(.clientInput))
            }
            proxy.receive(&client.framer, from: .client, at: now, into: &effects)
            pauseClientIfNeeded()
        }
        guard let process = recent, process.isPaused,
            proxy.accepts(.server(process.connection))
        else { return }
        process.isPaused = false
        if let output = process.output?.number {
            poller.watch(output, for: .reading, as: process.source(.serverOutput))
        }
        receive(from: process)
    }

    private mutating func receive(from process: ServerProcess) {
        let stream = StreamID.server(process.connection)
        proxy.receive(&process.framer, from: stream, at: now, into: &effects)
        if process.isPaused || proxy.accepts(stream) { return }
        process.isPaused = true
        if let output = process.output?.number {
            poller.unwatch(output, as: process.source(.serverOutput))
        }
    }
}

// MARK: - The server

extension ProxyDriver {
    private mutating func spawnServer(_ connection: ConnectionID) {
        switch spawn(command) {
        case .failure(let failure):
            proxy.handle(
                .spawnFailed(connection, reason: failure.text), at: now, into: &effects)
        case .success(let spawned):
            watchdog.watch(spawned.processID)
            let process = ServerProcess(
                spawned, connection: connection,
                maximumLineLength: proxy.settings.limits.messageBytes)
            processes[connection.rawValue] = process
            recent = process
            watchStreams(of: process)
            proxy.handle(
                .spawned(connection, processID: process.processID), at: now, into: &effects)
        }
    }

    private mutating func watchStreams(of process: ServerProcess) {
        if let output = process.output?.number {
            poller.watch(output, for: .reading, as: process.source(.serverOutput))
        }
        if let errors = process.errors?.number {
            poller.watch(errors, for: .reading, as: process.source(.serverErrors))
        }
        do throws(SystemError) {
            process.exitWatch = try ExitWatch(
                process.processID, &poller, as: process.source(.serverExit))
        } catch {
            // The end of its stdout still tells; see `readServer`.
            log.write(LogRecord(level: .warning, server: nil, message: "\(error)"))
        }
    }

    private mutating func readServer(_ process: ServerProcess) {
        guard let descriptor = process.output?.number else { return }
        var transfer = Transfer.wouldBlock
        _ = process.framer.fill { space in
            transfer = readSome(descriptor, into: space)
            if case .bytes(let count) = transfer { return count }
            return 0
        }
        switch transfer {
        case .bytes: receive(from: process)
        case .wouldBlock: if process.end != nil { closeOutput(process) }
        case .ended: closeOutput(process)
        }
    }

    /// The server's output has been read to the end.
    private mutating func closeOutput(_ process: ServerProcess) {
        guard let descriptor = process.output?.number else { return }
        poller.unwatch(descriptor, as: process.source(.serverOutput))
        process.output = nil
        if process.end == nil { noteExit(process) }
        if process.end == nil {
            proxy.finish(
                &process.framer, from: .server(process.connection), at: now, into: &effects)
        }
    }

    private mutating func noteExit(_ process: ServerProcess) {
        guard process.end == nil, let end = ProcessEnd.reap(process.processID) else { return }
        process.end = end
        untoldEnds += 1
        process.exitWatch?.cancel(&poller, as: process.source(.serverExit))
        process.exitWatch = nil
    }

    /// Tells the core of processes that have ended and whose last words have been taken in.
    private mutating func tellEnds() {
        if untoldEnds == 0 { return }
        for process in processes.values.sorted(by: { $0.processID < $1.processID })
        where process.end != nil && !process.isEndTold && !process.isPaused {
            if process.output != nil { readServer(process) }
            guard process.output == nil, !process.isPaused, let end = process.end else { continue }
            process.isEndTold = true
            untoldEnds -= 1
            if let line = process.errors?.number { drainErrors(process, line) }
            proxy.finish(
                &process.framer, from: .server(process.connection), at: now, into: &effects)
            proxy.handle(
                .exited(process.connection, end, groupRemains: process.groupRemains), at: now,
                into: &effects)
        }
    }

    private mutating func flushServer(_ process: ServerProcess) {
        guard let descriptor = process.input?.number else { return }
        var isBroken = false
        let isMore = proxy.takeOutput(of: .server(process.connection)) { bytes in
            switch writeSome(descriptor, bytes) {
            case .bytes(let count): return count
            case .wouldBlock: return 0
            case .ended:
                isBroken = true
                return 0
            }
        }
        let awaits = isMore && !isBroken
        if awaits != process.awaitsRoom {
            process.awaitsRoom = awaits
            if awaits {
                poller.watch(descriptor, for: .writing, as: process.source(.serverInput))
            } else {
                poller.unwatch(descriptor, as: process.source(.serverInput))
            }
        }
        if isBroken {
            closeInput(process)
            proxy.handle(.broken(.server(process.connection)), at: now, into: &effects)
        }
    }

    private mutating func closeInput(_ process: ServerProcess?) {
        guard let process, let descriptor = process.input?.number else { return }
        if process.awaitsRoom {
            process.awaitsRoom = false
            poller.unwatch(descriptor, as: process.source(.serverInput))
        }
        process.input = nil
    }

    private mutating func readErrors(_ process: ServerProcess) {
        guard let descriptor = process.errors?.number else { return }
        var transfer = Transfer.wouldBlock
        _ = process.errorFramer.fill { space in
            transfer = readSome(descriptor, into: space)
            if case .bytes(let count) = transfer { return count }
            return 0
        }
        while let line = process.errorFramer.next() { writeError(line, of: process) }
        guard transfer == .ended else { return }
        if let line = process.errorFramer.finish() { writeError(line, of: process) }
        poller.unwatch(descriptor, as: process.source(.serverErrors))
        process.errors = nil
    }

    /// Reads what an ended process has left on its stderr: usually why it ended.
    private mutating func drainErrors(_ process: ServerProcess, _ descriptor: Int32) {
        // A pipe holds at most this much; what a surviving grandchild adds is not waited for.
        for _ in 0..<16 where process.errors != nil && isReadable(descriptor) {
            readErrors(process)
        }
    }

    private func isReadable(_ descriptor: Int32) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) > 0
    }

    private mutating func writeError(_ line: FramedLine, of process: ServerProcess) {
        let name = proxy.settings.serverName
        switch line {
        case .line(let range):
            let bytes = process.errorFramer.bytes(of: range)
            log.write(bytes.bytes, ofServer: name)
        case .tooLong:
            _ = process.errorFramer.takeSkimmed()
            log.write(LogRecord(level: .info, server: name, message: "left out a very long line"))
        }
    }

    private mutating func release(_ connection: ConnectionID) {
        guard let process = processes.removeValue(forKey: connection.rawValue) else { return }
        if process.end != nil, !process.isEndTold { untoldEnds -= 1 }
        if recent === process { recent = nil }
        closeInput(process)
        if let output = process.output?.number {
            poller.unwatch(output, as: process.source(.serverOutput))
        }
        if let errors = process.errors?.number {
            poller.unwatch(errors, as: process.source(.serverErrors))
        }
        process.exitWatch?.cancel(&poller, as: process.source(.serverExit))
        watchdog.forget(process.processID)
    }
}
