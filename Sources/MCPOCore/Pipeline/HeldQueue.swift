// What the client sent while its server was starting again, in order, until the server is open.

/// Messages that wait for a server.
package struct HeldQueue: Sendable {
    package enum Message: Sendable {
        /// A request: its line is kept in the exchange, which may have ended since.
        case request(ExchangeIndex, arrival: UInt64)
        case notification([UInt8])
    }

    package private(set) var messages: [Message] = []
    /// Bytes of the notifications; those of requests are the exchange table's.
    package private(set) var byteCount = 0

    package init() {}

    package var isEmpty: Bool { messages.isEmpty }

    package mutating func append(_ message: Message) {
        messages.append(message)
        if case .notification(let line) = message { byteCount += line.count }
    }

    /// Hands everything over and is empty.
    package mutating func takeAll() -> [Message] {
        defer {
            messages = []
            byteCount = 0
        }
        return messages
    }
}
