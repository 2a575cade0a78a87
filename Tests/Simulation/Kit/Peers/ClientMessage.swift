// What the simulated client says, and what it means: the referee does not read the client's lines,
// it is told.

import MCPOCore

/// A line of the client, or an element of its batch.
struct ClientMessage {
    var bytes: [UInt8]
    var meaning: ClientMeaning
}

indirect enum ClientMeaning {
    case request(Request)
    /// `notifications/cancelled` for this id, which is at `range`.
    case cancel(Identity, range: Range<Int>)
    case initialized
    case notification
    /// Progress on the server's request that the client knows by this number, if it is one.
    case progress(UInt32?, range: Range<Int>)
    /// The answer to that request.
    case answer(UInt32?, range: Range<Int>, isTask: Bool)
    /// Something that deserves an error with this code, under this id unless it is in flight.
    case refused(ErrorCode, Identity?)
    /// An answer that is too long to be read, to the request with this number.
    case unreadAnswer(UInt32)
    case blank
    case batch([ClientMessage])
}

/// A request of the client.
struct Request {
    /// Tells it from all others of the run; the server's answer carries it.
    var nonce: Int
    var method: Method
    var id: Identity
    var idRange: Range<Int>
    var token: [UInt8]?
    var tokenRange: Range<Int>?
    /// Whether it says by itself which revision it speaks.
    var hasVersion: Bool
    /// `params.uri` where there is one.
    var uri: [UInt8] = []

    /// What the specification gives no side effect.
    var isReadOnly: Bool { method != .callTool && method != .unknown }
    var setsUpState: Bool { method.setsUpState }
}
