// Progress tokens that outlive their request: revision 2025-11-25 lets a request be answered with a
// task, and its progress token stays valid as long as the task lives.

/// Tokens of requests that were answered with a task, by the number of the request.
///
/// How a task ends is the peers' affair; the oldest tokens make room for new ones.
package struct TaskTokens: Sendable {
    private var tokens: [(number: UInt32, token: Lexeme, connection: ConnectionID)] = []

    package init() {}

    /// - Parameter connection: whose request it was, or who has it.
    package mutating func keep(
        _ token: Lexeme, of number: UInt32, from connection: ConnectionID, limit: Int
    ) {
        if tokens.count >= limit { tokens.removeFirst(tokens.count - limit + 1) }
        tokens.append((number, token, connection))
    }

    package subscript(number: UInt32) -> (token: Lexeme, connection: ConnectionID)? {
        tokens.last { $0.number == number }.map { ($0.token, $0.connection) }
    }

    /// The process of a connection is gone.
    package mutating func forget(_ connection: ConnectionID) {
        tokens.removeAll { $0.connection == connection }
    }
}

/// Whether an answer hands out a task instead of a result.
package func answersWithTask(_ line: RawSpan, _ envelope: Envelope) -> Bool {
    envelope.resultTask.kind == .object || line.stringEquals(envelope.resultType, "task")
}
