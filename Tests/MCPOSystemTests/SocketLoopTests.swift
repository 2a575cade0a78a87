// Sockets and their thread, with a service that says back what it is told.

import Foundation
import MCPOCore
import MCPOSystem
import Testing

/// Sends back what came, in capitals when told so; a connection that says "end" is ended.
private final class Echo: SocketService {
    private var output: [UInt32: [UInt8]] = [:]
    private var effects: [SocketEffect] = []
    private var isLoud = false
    private let deadline: Instant
    private let hasExpired: @Sendable () -> Void

    init(expiresAfter time: Duration? = nil, _ hasExpired: @escaping @Sendable () -> Void = {}) {
        deadline = time.map { Clock.now.advanced(by: $0) } ?? .never
        self.hasExpired = hasExpired
    }

    private var isExpired = false
    var nextDeadline: Instant { isExpired ? .never : deadline }

    func pass(to now: Instant) {
        isExpired = true
        hasExpired()
    }

    func accept(_ id: UInt32, at now: Instant) { output[id] = [] }

    func receive(_ bytes: UnsafeRawBufferPointer, on id: UInt32, at now: Instant) {
        let text = String(decoding: bytes, as: UTF8.self)
        output[id, default: []] += Array((isLoud ? text.uppercased() : text).utf8)
        effects.append(text.hasSuffix("end") ? .endOutput(id) : .flush(id))
    }

    func receiveEnd(on id: UInt32) { effects.append(.close(id)) }
    func lose(_ id: UInt32) { effects.append(.close(id)) }
    func makeRoomForOthers() {}
    func fail(_ error: SystemError) { Issue.record("\(error)") }
    func take(_ message: Bool, at now: Instant) { isLoud = message }
    func wantsInput(_ id: UInt32) -> Bool { true }
    func hasOutput(_ id: UInt32) -> Bool { output[id]?.isEmpty == false }

    func takeOutput(
        of id: UInt32, at now: Instant, _ body: (UnsafeRawBufferPointer) -> Int
    ) {
        let taken = (output[id] ?? []).withUnsafeBytes(body)
        output[id]?.removeFirst(taken)
    }

    func takeSocketEffects() -> [SocketEffect] {
        defer { effects = [] }
        return effects
    }
}

/// A loop that listens on a port of its own.
private struct Server {
    let inbox: SocketInbox<Bool>
    let loop: SocketLoop<Echo>
    let port: Int

    init(service: sending Echo = Echo()) throws {
        inbox = try SocketInbox()
        loop = try SocketLoop(service, inbox)
        let (sockets, port) = try ListeningSocket.tcp(host: "127.0.0.1", port: 0)
        self.port = port
        inbox.listen(on: sockets, telling: false)
        try #require(loop.start())
    }

    func connect() throws -> Client { try Client("127.0.0.1", port) }
}

/// A blocking connection.
private final class Client: Sendable {
    let handle: FileHandle

    init(_ host: String, _ port: Int) throws {
        let address = try #require(try SocketAddress.all(ofHost: host).first).with(port: port)
        let descriptor = try address.makeSocket().give()
        guard address.withPointer({ connect(descriptor, $0, $1) }) == 0 else {
            throw SystemError("connect")
        }
        handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    func say(_ text: String) throws -> String {
        try handle.write(contentsOf: Data(text.utf8))
        return try hear(text.utf8.count)
    }

    func hear(_ count: Int) throws -> String {
        var bytes = Data()
        while bytes.count < count, let more = try handle.read(upToCount: count - bytes.count),
            !more.isEmpty
        {
            bytes += more
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

@Suite struct SocketLoopTests {
    @Test func `many clients at once each get their own bytes back`() throws {
        let server = try Server()
        let clients = try (0..<150).map { _ in try server.connect() }
        for (number, client) in clients.enumerated() {
            #expect(try client.say("hello \(number)") == "hello \(number)")
        }
        server.loop.stop()
        for client in clients { #expect(try client.hear(1).isEmpty) }
    }

    @Test func `an answer that the client does not read waits, whole`() throws {
        let server = try Server()
        let client = try server.connect()
        let other = try server.connect()
        let text = String(repeating: "0123456789abcdef", count: 512 * 1024)
        // The writer is a thread: the echo goes on only as the reader takes it.
        let results = runOnThreads(
            [
                { @Sendable [client] in
                    (try? client.handle.write(contentsOf: Data(text.utf8))) != nil
                },
                { @Sendable [client, other] in
                    (try? other.say("not stopped")) == "not stopped"
                        && (try? client.hear(text.utf8.count)) == text
                },
            ], atMost: 2)
        #expect(results == [true, true])
        server.loop.stop()
    }

    @Test func `messages are taken, and a connection can be ended from either side`() throws {
        let server = try Server()
        let client = try server.connect()
        server.inbox.send(true)
        #expect(try client.say("loud") == "LOUD")
        #expect(try client.say("end").isEmpty, "nothing is written after the end")
        let other = try server.connect()
        #expect(try other.say("x") == "X")
        server.loop.stop()
    }

    @Test func `time passes for a service that has a deadline`() throws {
        let expired = DispatchSemaphore(value: 0)
        let server = try Server(
            service: Echo(expiresAfter: .milliseconds(10)) { expired.signal() })
        #expect(expired.wait(timeout: .now() + 60) == .success)
        #expect(try server.connect().say("a") == "a")
        server.loop.stop()
    }

    @Test func `it listens elsewhere when told, and those connected stay`() throws {
        let server = try Server()
        let client = try server.connect()
        let (sockets, port) = try ListeningSocket.tcp(host: "127.0.0.1", port: 0)
        server.inbox.listen(on: sockets, telling: true)
        #expect(try client.say("still here").lowercased() == "still here")
        #expect(throws: SystemError.self) { try server.connect() }
        #expect(try Client("127.0.0.1", port).say("here too") == "HERE TOO")
        server.loop.stop()
    }

    @Test func `a port in use is told apart, and localhost is both its addresses`() throws {
        let (first, port) = try ListeningSocket.tcp(host: "localhost", port: 0)
        #expect(!first.isEmpty && port > 0)
        #expect(throws: ListenFailure.inUse) {
            _ = try ListeningSocket.tcp(host: "127.0.0.1", port: port)
        }
        #expect(throws: ListenFailure.self) {
            _ = try ListeningSocket.tcp(host: "no.such.host.invalid", port: 0)
        }
        withExtendedLifetime(first) {}
    }

    @Test func `a path that is too long is told`() {
        let path = "/tmp/" + String(repeating: "x", count: 200)
        #expect(throws: ListenFailure.self) { _ = try ListeningSocket.unix(path: path) }
    }
}
