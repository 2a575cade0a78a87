// The driver's part with the servers: starting, reading, writing and reaping their processes.

internal import MCPOCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension ProxyDriver {
    mutating func spawnServer(_ connection: ConnectionID, _ server: ServerIndex) {
        let name = proxy.name(ofServer: server)
        guard let command = commands[name] else {
            proxy.handle(
                .spawnFailed(connection, reason: "no command"), at: now, into: &effects)
            return
        }
        switch spawn(command, watchdog: watchdog.descriptor) {
        case .failure(let failure):
            proxy.handle(
                .spawnFailed(connection, reason: failure.text), at: now, into: &effects)
        case .success(let spawned):
            let process = ServerProcess(
                spawned, of: name, connection: connection,
                maximumLineLength: proxy.settings.limits.messageBytes)
            processes[connection.rawValue] = process
            recent = process
            watchStreams(of: process)
            proxy.handle(
                .spawned(connection, processID: process.processID), at: now, into: &effects)
        }
    }

    mutating func watchStreams(of process: ServerProcess) {
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
            log.write(
                LogRecord(level: .debug, server: nil, message: "\(error); looking now and then"))
            unwatched.append(process)
        }
    }

    mutating func readServer(_ process: ServerProcess) {
        guard let descriptor = process.output?.number else { return }
        let transfer = process.framer.read(from: descriptor)
        switch transfer {
        case .bytes: receive(from: process)
        case .wouldBlock: if process.end != nil { closeOutput(process) }
        case .ended: closeOutput(process)
        }
    }

    /// The server's output has been read to the end.
    mutating func closeOutput(_ process: ServerProcess) {
        guard let descriptor = process.output?.number else { return }
        poller.unwatch(descriptor, as: process.source(.serverOutput))
        process.output = nil
        if process.end == nil { noteExit(process) }
        if process.end == nil {
            proxy.finish(
                &process.framer, from: .server(process.connection), at: now, into: &effects)
        }
    }

    mutating func noteExit(_ process: ServerProcess) {
        guard process.end == nil, let end = ProcessEnd.reap(process.processID) else { return }
        process.end = end
        untoldEnds += 1
        process.exitWatch?.cancel(&poller, as: process.source(.serverExit))
        process.exitWatch = nil
    }

    /// Tells the core of processes that have ended and whose last words have been taken in.
    mutating func tellEnds() {
        if !unwatched.isEmpty || untoldEnds > 0 { tellUntoldEnds() }
    }

    @inline(never)
    private mutating func tellUntoldEnds() {
        for process in unwatched { noteExit(process) }
        if untoldEnds == 0 { return }
        for process in processes.values.sorted(by: { $0.processID < $1.processID })
        where process.end != nil && !process.isEndTold && !process.isPaused {
            if process.output != nil { readServer(process) }
            guard process.output == nil, !process.isPaused, let end = process.end else { continue }
            process.isEndTold = true
            untoldEnds -= 1
            if let line = process.errors?.number { drainErrors(process, line) }
            proxy.receiveRemainder(
                of: &process.framer, from: .server(process.connection), at: now, into: &effects)
            proxy.handle(
                .exited(process.connection, end, groupRemains: process.groupRemains), at: now,
                into: &effects)
        }
    }

    mutating func flushServer(_ process: ServerProcess) {
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

    mutating func closeInput(_ process: ServerProcess?) {
        guard let process, let descriptor = process.input?.number else { return }
        if process.awaitsRoom {
            process.awaitsRoom = false
            poller.unwatch(descriptor, as: process.source(.serverInput))
        }
        process.input = nil
    }

    mutating func readErrors(_ process: ServerProcess) {
        guard let descriptor = process.errors?.number else { return }
        let transfer = process.errorFramer.read(from: descriptor)
        while let line = process.errorFramer.next() { writeError(line, of: process) }
        guard transfer == .ended else { return }
        if let line = process.errorFramer.finish() { writeError(line, of: process) }
        poller.unwatch(descriptor, as: process.source(.serverErrors))
        process.errors = nil
    }

    /// Reads what an ended process has left on its stderr: usually why it ended.
    mutating func drainErrors(_ process: ServerProcess, _ descriptor: Int32) {
        // A pipe holds at most this much; what a surviving grandchild adds is not waited for.
        for _ in 0..<16 where process.errors != nil && isReadable(descriptor) {
            readErrors(process)
        }
    }

    func isReadable(_ descriptor: Int32) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) > 0
    }

    mutating func writeError(_ line: FramedLine, of process: ServerProcess) {
        let name = process.serverName
        switch line {
        case .line(let range):
            let bytes = process.errorFramer.bytes(of: range)
            log.write(bytes.bytes, ofServer: name)
        case .tooLong:
            _ = process.errorFramer.takeSkimmed()
            log.write(LogRecord(level: .info, server: name, message: "left out a very long line"))
        }
    }

    mutating func release(_ connection: ConnectionID) {
        guard let process = processes.removeValue(forKey: connection.rawValue) else { return }
        if process.end != nil, !process.isEndTold { untoldEnds -= 1 }
        unwatched.removeAll { $0 === process }
        paused.removeAll { $0 === process }
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
