// A server talked to line by line, by a thread that waits: for `mcpo check`, which has nothing else
// to do. The proxy has `ProxyDriver`.

package import MCPOCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What comes next from a server.
package enum ServerUtterance {
    /// A line of its stdout, without its newline.
    case line([UInt8])
    /// A line longer than the limit.
    case tooLong
    /// Nothing within the time.
    case silence
    /// No more: its stdout is closed, and if nil the process runs all the same.
    case ended(ProcessEnd?)
}

/// One server, of which one process at a time is run. Its stderr goes to the log under its name; no
/// process of it is left behind. To be used with SIGPIPE blocked.
package final class ServerConversation {
    /// How long a descriptor is waited for before one looks whether the process has ended: nothing
    /// else tells, when a child of the server holds its stdout open.
    private static let glance: Int64 = 50_000_000

    private let command: ServerCommand
    private let name: String
    private let maximumLineLength: Int
    private var watchdog = Watchdog()
    private var log: LogWriter
    private var process: ServerProcess?

    /// - Parameter name: of the server, in the log.
    package init(
        command: ServerCommand, name: String, maximumLineLength: Int, log: consuming LogWriter
    ) {
        self.command = command
        self.name = name
        self.maximumLineLength = maximumLineLength
        self.log = log
    }

    deinit {
        end()
        watchdog.end()
        log.flush(patience: 100)
    }

    /// Starts a process, after the end of the one before.
    package func start() throws(SearchFailure) {
        end()
        switch spawn(command, watchdog: watchdog.descriptor) {
        case .failure(let failure): throw failure
        case .success(let spawned):
            process = ServerProcess(
                spawned, of: name, connection: .none,
                maximumLineLength: maximumLineLength)
        }
    }

    package func note(_ level: LogLevel, _ message: String) {
        log.write(LogRecord(level: level, server: name, message: message))
        log.flush()
    }

    /// Passes on a line of stdout that is no message, as the proxy does.
    package func note(nonsense line: [UInt8]) {
        log.write(line.span.bytes, ofServer: name)
        log.flush()
    }
}

// MARK: - Talking

extension ServerConversation {
    /// Writes a line; the newline is added. Waits for room, and meanwhile for nothing else: what a
    /// check says is shorter than any pipe.
    /// - Returns: false when the server does not read, or not in time.
    package func send(_ line: [UInt8], before deadline: Instant) -> Bool {
        guard let process, let input = process.input?.number else { return false }
        var rest = (line + [0x0A])[...]
        while !rest.isEmpty {
            switch rest.withUnsafeBytes({ writeSome(input, $0) }) {
            case .bytes(let count): rest = rest.dropFirst(count)
            case .ended: return false
            case .wouldBlock:
                guard Clock.now < deadline else { return false }
                _ = wait([(input, POLLOUT)], until: deadline)
            }
        }
        return true
    }

    /// The next line, the end, or silence when the deadline has come.
    package func listen(until deadline: Instant) -> ServerUtterance {
        guard let process else { return .ended(nil) }
        while true {
            if let line = process.framer.next() { return utterance(line, process) }
            guard let output = process.output?.number else { return .ended(settle(process)) }
            if Clock.now >= deadline { return .silence }
            let errors = process.errors?.number ?? -1
            let isReady = wait([(output, POLLIN), (errors, POLLIN)], until: deadline)
            if isReady { read(process) } else { noteEnd(process, output) }
            if process.output == nil, let last = process.framer.finish() {
                return utterance(last, process)
            }
        }
    }

    private func utterance(_ line: FramedLine, _ process: ServerProcess) -> ServerUtterance {
        switch line {
        case .line(let range): return .line(Array(process.framer.bytes(of: range)))
        case .tooLong:
            _ = process.framer.takeSkimmed()
            return .tooLong
        }
    }

    /// A process that has ended, and left nothing to read, says no more, whoever still holds its
    /// stdout.
    private func noteEnd(_ process: ServerProcess, _ output: Int32) {
        process.end = process.end ?? reap(process)
        if process.end != nil, !wait([(output, POLLIN)], until: Clock.now) { process.output = nil }
    }

    private func read(_ process: ServerProcess) {
        readErrors(process)
        // Readable may have been the other one: this does not block.
        guard let output = process.output?.number else { return }
        if case .ended = process.framer.read(from: output) { process.output = nil }
    }

    private func readErrors(_ process: ServerProcess) {
        guard let errors = process.errors?.number else { return }
        let transfer = process.errorFramer.read(from: errors)
        while let line = process.errorFramer.next() { noteError(line, process) }
        if transfer == .ended {
            if let line = process.errorFramer.finish() { noteError(line, process) }
            process.errors = nil
        }
        log.flush()
    }

    private func noteError(_ line: FramedLine, _ process: ServerProcess) {
        switch line {
        case .line(let range):
            let bytes = process.errorFramer.bytes(of: range)
            log.write(bytes.bytes, ofServer: name)
        case .tooLong:
            _ = process.errorFramer.takeSkimmed()
            log.write(LogRecord(level: .info, server: name, message: "left out a very long line"))
        }
    }

    /// - Returns: whether one of them is ready.
    private func wait(_ descriptors: [(number: Int32, events: Int32)], until deadline: Instant)
        -> Bool
    {
        var entries = descriptors.map {
            pollfd(fd: $0.number, events: Int16($0.events), revents: 0)
        }
        let left = min(deadline.nanoseconds &- Clock.now.nanoseconds, Self.glance)
        let milliseconds = Int32(clamping: (max(left, 0) + 999_999) / 1_000_000)
        return poll(&entries, nfds_t(entries.count), milliseconds) > 0
    }
}

// MARK: - The end

extension ServerConversation {
    /// Ends the process as the specification says: end of stdin, SIGTERM, SIGKILL; and after it
    /// what is left of its group. The times are those of `Lifecycle`.
    package func end() {
        guard let process else { return }
        process.input = nil
        if !waitForEnd(process, .seconds(1)) {
            process.send(.terminate)
            if !waitForEnd(process, .milliseconds(500)) {
                process.send(.kill)
                _ = waitForEnd(process, .seconds(5))
            }
        }
        if process.end != nil, process.groupRemains { endGroup(of: process) }
        watchdog.forget(process.processID)
        self.process = nil
    }

    private func endGroup(of process: ServerProcess) {
        process.send(.terminate)
        let deadline = Clock.now.advanced(by: .milliseconds(250))
        while process.groupRemains, Clock.now < deadline { usleep(5000) }
        if process.groupRemains { process.send(.kill) }
    }

    /// How the process ended, if it does so within an instant: its stdout ends a little before it.
    private func settle(_ process: ServerProcess) -> ProcessEnd? {
        waitForEnd(process, .milliseconds(100)) ? process.end : nil
    }

    /// Waits for the end of the process and takes in what it says on stderr meanwhile.
    private func waitForEnd(_ process: ServerProcess, _ patience: Duration) -> Bool {
        let deadline = Clock.now.advanced(by: patience)
        while process.end == nil {
            process.end = reap(process)
            guard process.end == nil else { break }
            if Clock.now >= deadline { return false }
            let soon = Clock.now.advanced(by: .milliseconds(5))
            _ = wait([(process.errors?.number ?? -1, POLLIN)], until: min(soon, deadline))
            readErrors(process)
        }
        readErrors(process)
        return true
    }

    private func reap(_ process: ServerProcess) -> ProcessEnd? {
        ProcessEnd.reap(process.processID)
    }
}
