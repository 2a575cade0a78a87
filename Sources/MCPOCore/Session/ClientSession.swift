// Towards the client: what it has said of itself, what waits to be written to it, and which requests
// of servers it has been handed.

/// A request of a server that the client has not answered yet.
package struct ServerRequest: Sendable {
    package var connection: ConnectionID
    /// The server's id, verbatim.
    package var id: Lexeme
    /// The server's progress token, verbatim; empty when it asked for no progress.
    package var token: Lexeme
    /// Whether it is `roots/list`.
    package var asksForRoots = false
    /// The server's batch that the answer belongs into, if any.
    package var batch: BatchID?
}

/// The session with the client on mcpo's stdin and stdout.
package struct ClientSession: ~Copyable {
    package var outbound = ByteQueue()
    /// Whether the driver has been told that `outbound` waits.
    package var isFlushScheduled = false
    package var handshake = Handshake.none
    /// Whether a legacy client has sent `notifications/initialized` since its `initialize`.
    var isReady = false
    /// Requests of servers, under the numbers that the client knows them by.
    package var serverRequests = PendingTable<ServerRequest>()
    /// Servers' progress tokens whose requests have become tasks of the client.
    package var taskTokens = TaskTokens()
    /// The client's end of the output is gone; what is meant for it is dropped.
    package var isGone = false
    /// Its input has ended, or mcpo is stopping: no new requests.
    package var hasEnded = false
}
