// The HTTP port of a running proxy: its sockets, its thread, and the way between the two loops.
//
//     clients ═▶ SocketLoop ─▶ PortService ─question─▶ ControlPipe ─▶ proxy's loop
//                                   ▲                                      │
//                                   └────────── SocketInbox ◀──reply───────┘

internal import MCPOCore
internal import MCPOHTTP
import MCPOSystem
import Synchronization

/// The port, opened, changed and closed as the configuration says: by the thread that starts the
/// proxy, then by the proxy's own.
final class HTTPPort: Sendable {
    /// What the proxy's thread tells the port's.
    enum Message: Sendable {
        case reply(PortReply, PortTicket)
        case token(String?)
        case open(PortExposure)
        case close
    }

    /// The thread, from the first opening to the end of the proxy, and what it does.
    private struct State {
        var thread: PortThread?
        /// Where it listens; nil is nowhere.
        var listen: ListenAddress?
        var token: String?
    }

    private let control: ControlPipe
    private let state = Mutex(State())

    /// - Parameter control: the way to the proxy.
    init(_ control: ControlPipe) {
        self.control = control
    }

    deinit { end() }

    /// Opens the port, lets it listen elsewhere, or closes it, so that it is as configured.
    /// - Returns: what has been done, for the log; nil for nothing.
    func apply(_ configuration: ProxyConfiguration.HTTP?) throws(ProxyStartError) -> String? {
        var state = state.withLock { $0 }
        defer { self.state.withLock { $0 = state } }
        if state.token != configuration?.token {
            // Whatever becomes of the rest: a token that was replaced must not be good any more.
            state.token = configuration?.token
            state.thread?.inbox.send(.token(state.token))
        }
        guard configuration?.listen != state.listen else { return nil }
        guard let listen = configuration?.listen else {
            state.thread?.inbox.listen(on: [], telling: .close)
            // Whoever hears that it is closed finds it so.
            state.thread?.inbox.wait()
            state.listen = nil
            return "http: closed"
        }
        let address = try move(&state, to: listen)
        return "http: metrics and dashboard at \(address)"
    }

    /// The same for a reload: what cannot be done leaves the port where it is, and is told.
    func applied(_ configuration: ProxyConfiguration.HTTP?) -> [String] {
        do throws(ProxyStartError) {
            return try apply(configuration).map { [$0] } ?? []
        } catch {
            let isOpen = state.withLock { $0.listen != nil }
            let words =
                "\(error.description); the port \(isOpen ? "stays where it was" : "is closed")"
            control.send(.log(LogRecord(level: .error, server: nil, message: words)))
            return []
        }
    }

    /// - Returns: where it listens now, for people.
    private func move(
        _ state: inout State, to listen: ListenAddress
    ) throws(ProxyStartError) -> String {
        do throws(ListenFailure) {
            return try open(&state, listen)
        } catch {
            // It may be this port itself that is in the way.
            guard error == .inUse, let before = state.listen, let thread = state.thread else {
                throw listen.startError(error)
            }
            thread.inbox.listen(on: [], telling: .open(before.exposure))
            thread.inbox.wait()
            do throws(ListenFailure) {
                return try open(&state, listen)
            } catch {
                state.listen = nil
                _ = try? open(&state, before)
                throw listen.startError(error)
            }
        }
    }

    private func open(
        _ state: inout State, _ listen: ListenAddress
    ) throws(ListenFailure) -> String {
        let (sockets, address) = try listen.open()
        if state.thread == nil {
            do throws(SystemError) {
                state.thread = try PortThread(control, token: state.token)
            } catch {
                throw .refused(error)
            }
        }
        state.thread?.inbox.listen(on: sockets, telling: .open(listen.exposure))
        state.listen = listen
        return address
    }

    /// Ends the thread and its connections.
    func end() {
        let thread = state.withLock { state in
            defer { state = State() }
            return state.thread
        }
        thread?.loop.stop()
    }
}

/// The port's thread.
private struct PortThread: Sendable {
    let inbox: SocketInbox<HTTPPort.Message>
    // `start` and `stop` are called by one thread at a time: the one that has taken it out.
    nonisolated(unsafe) let loop: SocketLoop<PortAdapter>

    init(_ control: ControlPipe, token: String?) throws(SystemError) {
        inbox = try SocketInbox()
        let service = PortService(
            exposure: .network, token: token, wallOffset: Clock.wallOffset,
            connectionLimit: Self.connectionLimit)
        loop = try SocketLoop(PortAdapter(service, control, inbox), inbox)
        guard loop.start() else { throw SystemError("pthread_create") }
    }

    /// At most a quarter of the descriptors that the process may have: the others are for servers.
    private static var connectionLimit: Int { max(4, descriptorLimit() / 4) }
}

/// The service on its sockets, and its questions on their way to the proxy.
final class PortAdapter: SocketService {
    private let service: PortService
    private let control: ControlPipe
    private let inbox: SocketInbox<HTTPPort.Message>

    init(
        _ service: PortService, _ control: ControlPipe, _ inbox: SocketInbox<HTTPPort.Message>
    ) {
        self.service = service
        self.control = control
        self.inbox = inbox
    }

    func accept(_ id: UInt32, at now: Instant) { service.accept(id, at: now) }

    func receive(_ bytes: UnsafeRawBufferPointer, on id: UInt32, at now: Instant) {
        service.receive(bytes, on: id, at: now)
    }

    func receiveEnd(on id: UInt32) { service.receiveEnd(on: id) }
    func lose(_ id: UInt32) { service.lose(id) }
    func pass(to now: Instant) { service.pass(to: now) }
    func makeRoomForOthers() { service.makeRoomForOthers() }

    func fail(_ error: SystemError) {
        let words = "http: \(error); the port is closed until mcpo is started again"
        control.send(.log(LogRecord(level: .error, server: nil, message: words)))
    }

    var nextDeadline: Instant { service.nextDeadline }
    func wantsInput(_ id: UInt32) -> Bool { service.wantsInput(id) }
    func hasOutput(_ id: UInt32) -> Bool { service.hasOutput(id) }

    func takeOutput(
        of id: UInt32, at now: Instant, _ body: (UnsafeRawBufferPointer) -> Int
    ) {
        service.takeOutput(of: id, at: now, body)
    }

    func take(_ message: HTTPPort.Message, at now: Instant) {
        switch message {
        case .reply(let reply, let ticket): service.take(reply, for: ticket, at: now)
        case .token(let token): service.setToken(token)
        case .open(let exposure): service.open(exposure)
        case .close: service.close()
        }
    }

    func takeSocketEffects() -> [SocketEffect] {
        service.takeEffects().compactMap { effect in
            switch effect {
            case .flush(let id): return .flush(id)
            case .endOutput(let id): return .endOutput(id)
            case .close(let id): return .close(id)
            case .ask(let question, let ticket):
                ask(question, ticket)
                return nil
            }
        }
    }

    private func ask(_ question: PortQuestion, _ ticket: PortTicket) {
        let inbox = inbox
        let reply: @Sendable (PortReply) -> Void = { inbox.send(.reply($0, ticket)) }
        switch question {
        case .snapshot: control.send(.metrics { reply(.snapshot($0)) })
        case .clearCache(let server, let tool):
            control.send(.clearCache(server: server, tool: tool) { reply(.cleared($0)) })
        case .setConcurrency(let maximum):
            control.send(.event(.setConcurrencyLimit(maximum)))
            control.send(.metrics { reply(.limited($0.concurrency.maximum)) })
        case .reload: control.send(.reload { reply(Self.reply(to: $0)) })
        }
    }

    private static func reply(to outcome: ReloadOutcome?) -> PortReply {
        switch outcome {
        case nil: .refused(["mcpo runs without --config: there is no file to read"])
        case .failed(let problems): .refused(problems)
        case .same: .reloaded([])
        case .changed(_, _, let lines): .reloaded(lines)
        }
    }
}

extension ListenAddress {
    fileprivate var exposure: PortExposure {
        switch self {
        case .unix: .unixSocket
        case .tcp: isLocal ? .loopback : .network
        }
    }

    /// - Returns: the sockets, and where they are, for people.
    fileprivate func open() throws(ListenFailure) -> ([ListeningSocket], String) {
        switch self {
        case .unix(let path): return ([try ListeningSocket.unix(path: path)], description)
        case .tcp(let host, let port):
            // What is let in without a token goes by what the name really stands for.
            let (sockets, port) = try ListeningSocket.tcp(host: host, port: port, isLocal: isLocal)
            return (sockets, "http://\(Self.tcp(host: host, port: port))/")
        }
    }

    fileprivate func startError(_ failure: ListenFailure) -> ProxyStartError {
        ProxyStartError(description: "http: cannot listen on \(self): \(words(failure))")
    }

    private func words(_ failure: ListenFailure) -> String {
        switch failure {
        case .inUse:
            switch self {
            case .tcp:
                return "the port is already in use; choose another with --http PORT, MCPO_HTTP or "
                    + "http.listen in the file (0 takes any that is free)"
            case .unix:
                return "another program listens there; choose another path with --http unix:PATH"
            }
        case .noSuchHost(let words): return "this machine has no such address (\(words))"
        case .unusablePath(let words): return words
        case .refused(let error) where error.isDenied:
            return "\(error.words); choose another with --http"
        case .refused(let error): return "\(error)"
        }
    }
}
