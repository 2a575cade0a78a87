// A port without sockets: texts in, texts out, and a clock that the test moves.

import MCPOCore
import MCPOHTTP

/// A `PortService` with one client or several.
final class PortUnderTest {
    let service: PortService
    var now = Instant(nanoseconds: 1_000_000_000)
    /// What was asked of the proxy and not answered.
    private(set) var questions: [(question: PortQuestion, ticket: PortTicket)] = []
    private(set) var closed: Set<UInt32> = []
    private(set) var halfClosed: Set<UInt32> = []
    private var received: [UInt32: [UInt8]] = [:]
    /// How often something was written, to any client.
    private(set) var writes = 0
    /// Bytes that the clients take at once; fewer make them slow.
    var room = Int.max
    private var lastID: UInt32 = 0

    init(_ exposure: PortExposure = .loopback, token: String? = nil) {
        service = PortService(
            exposure: exposure, token: token, wallOffset: 784_111_777_000_000_000 - 1_000_000_000)
    }

    func connect() -> UInt32 {
        lastID += 1
        service.accept(lastID, at: now)
        settle()
        return lastID
    }

    func send(_ text: String, on id: UInt32) {
        send(Array(text.utf8), on: id)
    }

    func send(_ bytes: [UInt8], on id: UInt32) {
        bytes.withUnsafeBytes { service.receive($0, on: id, at: now) }
        settle()
    }

    func end(_ id: UInt32) {
        service.receiveEnd(on: id)
        settle()
    }

    func pass(_ duration: Duration) {
        now = now.advanced(by: duration)
        service.pass(to: now)
        settle()
    }

    /// The proxy answers everything that it was asked.
    func answer(_ snapshot: MetricsSnapshot = MetricsSnapshot(unixMilliseconds: 0)) {
        answer { question in
            switch question {
            case .snapshot: .snapshot(snapshot)
            case .clearCache: .cleared(3)
            case .setConcurrency(let maximum): .limited(maximum)
            case .reload: .reloaded([])
            }
        }
    }

    func answer(_ reply: (PortQuestion) -> PortReply) {
        let asked = questions
        questions = []
        for (question, ticket) in asked { service.take(reply(question), for: ticket, at: now) }
        settle()
    }

    /// What the client has received since it was asked last.
    func takeText(_ id: UInt32) -> String {
        defer { received[id] = [] }
        return String(decoding: received[id] ?? [], as: UTF8.self)
    }

    /// The status of the answer that the client has received; nil when there is none.
    func takeStatus(_ id: UInt32) -> Int? {
        let text = takeText(id)
        guard text.hasPrefix("HTTP/1.1 ") else { return nil }
        return Int(text.dropFirst(9).prefix(3))
    }

    /// Writes what the service wants to write, as far as there is room.
    func settle() {
        while true {
            let effects = service.takeEffects()
            if effects.isEmpty { return }
            for effect in effects {
                switch effect {
                case .flush(let id): flush(id)
                case .endOutput(let id): halfClosed.insert(id)
                case .close(let id): closed.insert(id)
                case .ask(let question, let ticket): questions.append((question, ticket))
                }
            }
        }
    }

    func flush(_ id: UInt32) {
        var isFull = false
        while service.hasOutput(id), !isFull {
            service.takeOutput(of: id, at: now) { bytes in
                let part = bytes.prefix(room)
                received[id, default: []] += part
                writes += 1
                isFull = part.count < bytes.count
                return part.count
            }
        }
    }
}

/// A whole request for one connection, as most clients send it.
func get(_ path: String, _ fields: String...) -> String {
    "GET \(path) HTTP/1.1\r\nHost: localhost\r\n" + fields.map { $0 + "\r\n" }.joined() + "\r\n"
}
