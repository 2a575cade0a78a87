// Waiting for descriptors and processes. `Poller` itself is in a leaf file for each system.

/// What a poller's event is about, packed into the word that the kernel hands back.
struct PollSource: Hashable, Sendable {
    enum Kind: UInt8, Sendable {
        case clientInput, clientOutput, control, log
        case serverOutput, serverInput, serverErrors, serverExit
        case listener, wake, socketInput, socketOutput
    }

    var kind: Kind
    /// The connection, for those that begin with `server` and `socket`; the place of a listener.
    var connection: UInt32

    init(_ kind: Kind, connection: UInt32 = 0) {
        self.kind = kind
        self.connection = connection
    }

    var word: UInt64 { UInt64(connection) << 8 | UInt64(kind.rawValue) }

    init?(word: UInt64) {
        guard let kind = Kind(rawValue: UInt8(truncatingIfNeeded: word)) else { return nil }
        self.init(kind, connection: UInt32(truncatingIfNeeded: word >> 8))
    }
}

/// What to wait for on a descriptor.
enum PollInterest {
    case reading, writing
}
