// What the simulated server says, and what it means.

import MCPOCore

/// A line of a server, or an element of its batch.
struct ServerMessage {
    var bytes: [UInt8]
    var meaning: ServerMeaning
}

indirect enum ServerMeaning {
    case answer(ServerAnswer)
    /// Progress for the token with this number, if it is one.
    case progress(UInt32?, range: Range<Int>)
    /// `notifications/cancelled`: of a request of its own, or of a subscription.
    case cancelled(Identity, range: Range<Int>)
    case acknowledged(UInt32?, range: Range<Int>)
    /// A notification tagged with a subscription's id.
    case tagged(UInt32?, range: Range<Int>)
    case notification
    case request(ServerRequestLine)
    /// Too long or too deep; the skimmer finds `id` once `knownAfter` bytes have come.
    case unread(id: Identity?, isRequest: Bool, knownAfter: Int)
    /// The same for a line that is too deep, which is seen at offset `deepAfter`.
    case deep(id: Identity, deepAfter: Int)
    case garbage
    case blank
    case batch([ServerMessage])
}

/// An answer of a server.
struct ServerAnswer {
    enum Body {
        case result
        case task
        case error
        case neither
    }

    /// The id as it is written: a number of mcpo's, `null`, or something else.
    var id: [UInt8]
    var idRange: Range<Int>
    var body: Body
    /// `protocolVersion` in the result is 2025-03-26.
    var allowsBatches = false
    /// Where a subscription's number is written for the second time.
    var subscriptionRange: Range<Int>?

    var number: UInt32? { parseNumber(id) }
    /// The number that is meant by `"7"` or `7.0`.
    var looseNumber: UInt32? {
        if id.count > 2, id.first == UInt8(ascii: "\"") {
            return parseNumber(Array(id.dropFirst().dropLast()))
        }
        return id.suffix(2) == Array(".0".utf8) ? parseNumber(id.dropLast(2)) : nil
    }
    var isNull: Bool { id == Array("null".utf8) }
}

/// A request of a server.
struct ServerRequestLine {
    var id: Identity
    var idRange: Range<Int>
    var token: [UInt8]?
    var tokenRange: Range<Int>?
    /// A string or an integer of modest length.
    var isIDValid = true
}

/// The number that a lexeme stands for.
func parseNumber(_ lexeme: some Collection<UInt8>) -> UInt32? {
    guard !lexeme.isEmpty, lexeme.count <= 10 else { return nil }
    var number: UInt64 = 0
    for digit in lexeme {
        guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
        number = number * 10 + UInt64(digit - UInt8(ascii: "0"))
    }
    return UInt32(exactly: number)
}

extension ServerMessage {
    /// What the line becomes when its writer dies after `length` bytes of it, newline included.
    func cut(after length: Int, limit: Int) -> ServerMessage {
        let part = Array(bytes.prefix(length))
        if length >= bytes.count { return self }  // only the newline is missing
        switch meaning {
        case .unread(let id, let isRequest, let knownAfter) where length > limit:
            let isKnown = length >= knownAfter
            let left = ServerMeaning.unread(
                id: isKnown ? id : nil, isRequest: isRequest, knownAfter: knownAfter)
            return ServerMessage(bytes: part, meaning: left)
        case .deep(_, let deepAfter) where length >= deepAfter:
            return ServerMessage(bytes: part, meaning: meaning)
        case .blank:
            return ServerMessage(bytes: part, meaning: .blank)
        default:
            return ServerMessage(bytes: part, meaning: .garbage)
        }
    }
}
