// The HTTP port of a running proxy: its sockets, its thread, and the way between the two loops.
//
//     clients ═▶ SocketLoop ─▶ PortService ─question─▶ ControlPipe ─▶ proxy's loop
//                                   ▲                                      │
//                                   └────────── SocketInbox ◀──reply───────┘

internal import MCPOCore
internal import MCPOHTTP
import MCPOSystem
import Synchronization

/// The port, opened, changed and closed as the configuration says; from any thread.
final class HTTPPort: Sendable {
    /// What the proxy's thread tells the port's.
    enum Message: Sendable {
        case reply(PortReply, PortTicket)
        case access(PortExposure, token: String?)
    }

    private let control: ControlPipe
    private let opened = Mutex<OpenedPort?>(nil)

    /// - Parameter control: the way to the proxy.
    init(_ control: ControlPipe) {
        self.control = control
    }

    deinit { close() }

    /// Opens the port, lets it listen elsewhere, or closes it.
    /// - Returns: what has been done, for the log; nil for nothing.
    func apply(_ configuration: ProxyConfiguration.HTTP?) throws(ProxyStartError) -> String? {
        guard let configuration, let listen = configuration.listen else {
            return close() ? "http: closed" : nil
        }
        let current = opened.withLock { $0 }
        if let current, current.configuration.listen == listen {
            if current.configuration.token != configuration.token {
                current.inbox.send(.access(listen.exposure, token: configuration.token))
                opened.withLock { $0?.configuration = configuration }
            }
            return nil
        }
        // A file that this program itself listens on cannot be listened on twice.
        let (sockets, address) = try listen.open()
        if let current {
            current.inbox.send(.access(listen.exposure, token: configuration.token))
            current.inbox.listen(on: sockets)
            opened.withLock { $0?.configuration = configuration }
        } else {
            try start(configuration, listen, sockets)
        }
        return "http: metrics and dashboard at \(address)"
    }

    /// The same for a reload: what cannot be done leaves the port as it is, and is told.
    func applied(_ configuration: ProxyConfiguration.HTTP?) -> [String] {
        do throws(ProxyStartError) {
            return try apply(configuration).map { [$0] } ?? []
        } catch {
            return ["\(error.description); the port stays as it was"]
        }
    }

    private func start(
        _ configuration: ProxyConfiguration.HTTP, _ listen: ListenAddress,
        _ sockets: sending [ListeningSocket]
    ) throws(ProxyStartError) {
        do {
            let inbox = try SocketInbox<Message>()
            let service = PortService(
                exposure: listen.exposure, token: configuration.token,
                wallOffset: Clock.wallOffset)
            let loop = try SocketLoop(PortAdapter(service, control, inbox), inbox)
            inbox.listen(on: sockets)
            guard loop.start() else { throw SystemError("pthread_create") }
            let port = OpenedPort(configuration: configuration, inbox: inbox, loop: loop)
            opened.withLock { $0 = port }
        } catch {
            throw ProxyStartError(description: "http: \(error)")
        }
    }

    /// Ends the thread and its connections.
    /// - Returns: whether there was one.
    @discardableResult
    func close() -> Bool {
        let port = opened.withLock { port in
            defer { port = nil }
            return port
        }
        port?.loop.stop()
        return port != nil
    }
}

/// A port that is open.
private struct OpenedPort: Sendable {
    var configuration: ProxyConfiguration.HTTP
    let inbox: SocketInbox<HTTPPort.Message>
    // Its methods `start` and `stop` are called by one thread at a time: the one that holds it.
    nonisolated(unsafe) let loop: SocketLoop<PortAdapter>
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
        case .access(let exposure, let token): service.setAccess(exposure: exposure, token: token)
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
    fileprivate func open() throws(ProxyStartError) -> ([ListeningSocket], String) {
        do throws(ListenFailure) {
            switch self {
            case .unix(let path): return ([try ListeningSocket.unix(path: path)], description)
            case .tcp(let host, let port):
                let (sockets, port) = try ListeningSocket.tcp(host: host, port: port)
                return (sockets, "http://\(Self.tcp(host: host, port: port))/")
            }
        } catch {
            throw ProxyStartError(description: "http: cannot listen on \(self): \(words(error))")
        }
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
