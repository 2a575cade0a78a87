// Progress tokens that outlive their request: revision 2025-11-25 lets a request be answered with a
// task, and its progress token stays valid as long as the task lives.

/// Tokens of requests that were answered with a task, by the number of the request.
///
/// How a task ends is the peers' affair; the oldest tokens make room for new ones.
package struct TaskTokens: Sendable {
    private var tokens: [(number: UInt32, token: Lexeme)] = []

    package init() {}

    package mutating func keep(_ token: Lexeme, of number: UInt32, limit: Int) {
        if tokens.count >= limit { tokens.removeFirst(tokens.count - limit + 1) }
        tokens.append((number, token))
    }

    package subscript(number: UInt32) -> Lexeme? {
        tokens.last { $0.number == number }?.token
    }
}

/// Whether an answer hands out a task instead of a result.
package func answersWithTask(_ line: RawSpan, _ envelope: Envelope) -> Bool {
    envelope.resultTask.kind == .object || line.stringEquals(envelope.resultType, "task")
}
