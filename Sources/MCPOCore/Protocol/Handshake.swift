// What the client and the server have agreed on. In the specification's words *legacy* revisions open
// with `initialize`, *modern* ones (2026-07-28 and later) carry version and capabilities in each
// request: those need no agreement, and a modern client's handshake stays `.none`.

/// What a client has shown of itself on its stream so far.
package enum Handshake: Sendable {
    /// No `initialize` has come. A modern client never sends one.
    case none
    /// `initialize` is under way, or was refused.
    case requested
    /// `initialize` was answered with this revision.
    case agreed(Revision)
}

/// A revision, as far as mcpo treats it in a way of its own.
package enum Revision: Sendable {
    /// 2025-03-26, the only revision with JSON-RPC batches.
    case v2025March
    /// Any other, known or not.
    case other

    package var allowsBatches: Bool {
        switch self {
        case .v2025March: true
        case .other: false
        }
    }

    /// Reads the revision in the answer to `initialize`.
    package init(inResultOf line: RawSpan, _ envelope: Envelope) {
        let revision = line.member("protocolVersion", of: envelope.result)
        self = line.stringEquals(revision, "2025-03-26") ? .v2025March : .other
    }
}
