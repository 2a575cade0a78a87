// A thread that serves sockets, beside the proxy's.
//
//     wait ─▶ accept, read, take messages ─▶ time ─▶ write ─▶ watch what is wanted now ─▶ again
//
// What the bytes mean is the service's: it is told what happens and asked what to write, and knows
// no descriptor. Other threads reach it through messages.

package import MCPOCore
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What a service wants done with its connections.
package enum SocketEffect: Equatable, Sendable {
    /// There is something to be written.
    case flush(UInt32)
    /// Nothing more is written; what comes is still read.
    case endOutput(UInt32)
    case close(UInt32)
}

/// What serves the connections of a `SocketLoop`, on its thread alone.
package protocol SocketService: AnyObject {
    /// What other threads tell it.
    associatedtype Message: Sendable

    func accept(_ id: UInt32, at now: Instant)
    func receive(_ bytes: UnsafeRawBufferPointer, on id: UInt32, at now: Instant)
    /// The client sends nothing more.
    func receiveEnd(on id: UInt32)
    /// The connection is gone.
    func lose(_ id: UInt32)
    func take(_ message: Message, at now: Instant)
    /// Time has passed.
    func pass(to now: Instant)
    /// No descriptor is left for a new connection.
    func makeRoomForOthers()
    /// The system does not let the loop go on.
    func fail(_ error: SystemError)

    var nextDeadline: Instant { get }
    func wantsInput(_ id: UInt32) -> Bool
    func hasOutput(_ id: UInt32) -> Bool
    /// Shows what is to be written to `body`, which returns how much of it was taken.
    func takeOutput(
        of id: UInt32, at now: Instant, _ body: (UnsafeRawBufferPointer) -> Int)
    /// What it wants since it was asked last.
    func takeSocketEffects() -> [SocketEffect]
}

/// The way to a loop's thread for others: messages, and its end.
package final class SocketInbox<Message: Sendable>: Sendable {
    enum Item: Sendable {
        case message(Message)
        /// Listen there, and nowhere else any more, and tell the service.
        case listen([ListeningSocket], Message)
        /// Say that everything before it is done.
        case acknowledge(Acknowledgement)
        case stop
    }

    private let pipe: Pipe
    private let items = Mutex<[Item]>([])

    package init() throws(SystemError) {
        pipe = try Pipe()
        pipe.write.setNonBlocking()
        pipe.read.setNonBlocking()
    }

    package func send(_ message: Message) { add(.message(message)) }
    func stop() { add(.stop) }

    /// - Parameters:
    ///   - sockets: those to listen on; none is nowhere.
    ///   - message: what the service is told before anybody comes in there.
    package func listen(on sockets: [ListeningSocket], telling message: Message) {
        add(.listen(sockets, message))
    }

    /// Waits until the loop has done what it was told before.
    package func wait() {
        guard let pipe = try? Pipe() else { return }
        let answer = Acknowledgement(pipe)
        add(.acknowledge(answer))
        answer.wait()
    }

    private func add(_ item: Item) {
        items.withLock { $0.append(item) }
        var byte: UInt8 = 0
        _ = write(pipe.write.number, &byte, 1)
    }

    var input: Int32 { pipe.read.number }

    func takeAll() -> [Item] {
        withUnsafeTemporaryAllocation(byteCount: 256, alignment: 1) { space in
            while case .bytes(space.count) = readSome(pipe.read.number, into: space) {}
        }
        return items.withLock { items in
            defer { items = [] }
            return items
        }
    }
}

/// A word from one thread to another. Both keep the pipe: whoever is late finds no other file under
/// its number.
final class Acknowledgement: Sendable {
    /// Milliseconds; a loop that has failed says nothing any more.
    private static let patience: Int32 = 1_000

    private let pipe: Pipe

    init(_ pipe: consuming Pipe) { self.pipe = pipe }

    func give() {
        var byte: UInt8 = 0
        _ = write(pipe.write.number, &byte, 1)
    }

    func wait() {
        var entry = pollfd(fd: pipe.read.number, events: Int16(POLLIN), revents: 0)
        _ = poll(&entry, 1, Self.patience)
    }
}

/// The thread. It is started once; `stop` waits for its end.
package final class SocketLoop<Service: SocketService>: ThreadBody {
    /// One connection as the system knows it.
    private final class Socket {
        let descriptor: Descriptor
        var interest: PollInterest?

        init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }
    }

    /// Bytes read at once.
    private static var chunk: Int { 16 * 1024 }
    /// Connections taken in one turn, so that those there are get theirs.
    private static var acceptsPerTurn: Int { 64 }
    /// When there is no descriptor left for a connection, it waits this long in the kernel.
    private static var acceptPause: Duration { .milliseconds(100) }

    private let service: Service
    private let inbox: SocketInbox<Service.Message>
    private var listeners: [ListeningSocket] = []
    private var poller: Poller
    private var sockets: [UInt32: Socket] = [:]
    private var lastID: UInt32 = 0
    private var acceptsAgainAt = Instant.never
    private var isStopping = false
    private var now = Clock.now
    private let space = UnsafeMutableRawBufferPointer.allocate(
        byteCount: chunk, alignment: 16)

    /// - Parameter service: used by nobody else from now on.
    package init(
        _ service: sending Service, _ inbox: SocketInbox<Service.Message>
    ) throws(SystemError) {
        self.service = service
        self.inbox = inbox
        poller = try Poller()
    }

    deinit { space.deallocate() }

    /// Ends the thread, and with it all connections.
    package func stop() {
        inbox.stop()
        join()
    }

    package override func run() {
        Self.blockSignals()
        lowerThreadPriority()
        poller.watch(inbox.input, for: .reading, as: PollSource(.wake))
        var events: [PollSource] = []
        while !isStopping, poller.failure == nil {
            poller.wait(timeout: timeout, into: &events)
            now = Clock.now
            for source in events { dispatch(source) }
            events.removeAll(keepingCapacity: true)
            if acceptsAgainAt <= now { watchListeners() }
            if service.nextDeadline <= now { service.pass(to: now) }
            settle()
        }
        if let failure = poller.failure { service.fail(failure) }
        // In this order: who sees its connection end finds nobody listening any more.
        listeners = []
        sockets = [:]
    }

    /// Signals are for the program's other threads, which do something about them.
    private static func blockSignals() {
        var all = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, nil)
    }

    private var timeout: Int64? {
        let deadline = min(service.nextDeadline, acceptsAgainAt)
        return deadline == .never ? nil : deadline.nanoseconds - now.nanoseconds
    }

    private func dispatch(_ source: PollSource) {
        switch source.kind {
        case .listener: accept(Int(source.connection))
        case .wake: takeMessages()
        case .socketInput: read(source.connection)
        case .socketOutput: flush(source.connection)
        default: break
        }
    }

    private func takeMessages() {
        for item in inbox.takeAll() {
            switch item {
            case .message(let message): service.take(message, at: now)
            case .listen(let sockets, let message): listen(on: sockets, telling: message)
            case .acknowledge(let answer): answer.give()
            case .stop: isStopping = true
            }
        }
    }
}

// MARK: - Listening

extension SocketLoop {
    private func listen(on sockets: [ListeningSocket], telling message: Service.Message) {
        // Who has connected and was not taken yet would be turned away with the sockets.
        for place in listeners.indices { accept(place) }
        unwatchListeners()
        service.take(message, at: now)
        listeners = sockets
        watchListeners()
    }

    private func watchListeners() {
        acceptsAgainAt = .never
        for (place, listener) in listeners.enumerated() {
            let source = PollSource(.listener, connection: UInt32(place))
            poller.watch(listener.number, for: .reading, as: source)
        }
    }

    private func unwatchListeners() {
        for (place, listener) in listeners.enumerated() {
            poller.unwatch(
                listener.number, as: PollSource(.listener, connection: UInt32(place)))
        }
    }

    private func accept(_ place: Int) {
        guard place < listeners.count else { return }
        for _ in 0..<Self.acceptsPerTurn {
            switch listeners[place].accept() {
            case .connection(let descriptor):
                lastID &+= 1
                sockets[lastID] = Socket(descriptor)
                service.accept(lastID, at: now)
                watch(lastID)
            case .nobody: return
            case .exhausted:
                pauseAccepting()
                return
            }
        }
    }

    /// No descriptor is left: without a pause the loop would run hot.
    private func pauseAccepting() {
        service.makeRoomForOthers()
        unwatchListeners()
        acceptsAgainAt = now.advanced(by: Self.acceptPause)
    }
}

// MARK: - Connections

extension SocketLoop {
    private func read(_ id: UInt32) {
        guard let socket = sockets[id] else { return }
        switch readSome(socket.descriptor.number, into: space) {
        case .bytes(let count):
            service.receive(UnsafeRawBufferPointer(rebasing: space[..<count]), on: id, at: now)
            watch(id)
        case .wouldBlock: break
        case .ended:
            service.receiveEnd(on: id)
            watch(id)
        }
    }

    private func flush(_ id: UInt32) {
        guard let socket = sockets[id] else { return }
        var isLost = false
        var isFull = false
        // An answer that is out may let the next request behind it be answered.
        while service.hasOutput(id), !isFull, !isLost {
            service.takeOutput(of: id, at: now) { bytes in
                switch writeSome(socket.descriptor.number, bytes) {
                case .bytes(let count): return count
                case .wouldBlock: isFull = true
                case .ended: isLost = true
                }
                return 0
            }
        }
        if isLost { service.lose(id) }
        watch(id)
    }

    private func settle() {
        while true {
            let effects = service.takeSocketEffects()
            if effects.isEmpty { return }
            for effect in effects {
                switch effect {
                case .flush(let id): flush(id)
                case .endOutput(let id):
                    if let socket = sockets[id] {
                        shutdown(socket.descriptor.number, Int32(SHUT_WR))
                    }
                    watch(id)
                case .close(let id): close(id)
                }
            }
        }
    }

    private func close(_ id: UInt32) {
        guard let socket = sockets.removeValue(forKey: id) else { return }
        unwatch(socket, id)
    }

    /// Waits for what the service wants of the connection now: room before input, since it reads
    /// nothing while an answer is on its way.
    private func watch(_ id: UInt32) {
        guard let socket = sockets[id] else { return }
        let wanted: PollInterest? =
            if service.hasOutput(id) {
                .writing
            } else if service.wantsInput(id) {
                .reading
            } else {
                nil
            }
        if wanted == socket.interest { return }
        unwatch(socket, id)
        socket.interest = wanted
        guard let wanted else { return }
        poller.watch(socket.descriptor.number, for: wanted, as: Self.source(wanted, id))
    }

    private func unwatch(_ socket: Socket, _ id: UInt32) {
        guard let interest = socket.interest else { return }
        poller.unwatch(socket.descriptor.number, as: Self.source(interest, id))
        socket.interest = nil
    }

    private static func source(_ interest: PollInterest, _ id: UInt32) -> PollSource {
        PollSource(interest == .reading ? .socketInput : .socketOutput, connection: id)
    }
}
