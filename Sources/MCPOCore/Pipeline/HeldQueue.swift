// What the client sent while its server was starting again, in order, until the server is open.

/// Messages that wait for a server.
package struct HeldQueue: Sendable {
    package enum Message: Sendable {
        /// A request: its line is kept in the exchange, which may have ended since.
        case request(ExchangeIndex, arrival: UInt64)
        case notification([UInt8])
    }

    package private(set) var messages: [Message] = []
    /// Bytes of all lines that are kept, here and in held exchanges.
    package private(set) var byteCount = 0

    package init() {}

    package var isEmpty: Bool { messages.isEmpty }

    package mutating func append(_ message: Message, byteCount: Int) {
        messages.append(message)
        self.byteCount += byteCount
    }

    /// A held request has ended without being sent; its line is gone.
    package mutating func release(byteCount: Int) {
        self.byteCount -= byteCount
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
