// What was dropped or refused, counted: the rows of SPEC §9 that say "ignored, counted".

/// Messages that reached mcpo and went no further.
package struct Counters: Equatable, Sendable {
    /// Lines of the client that were no JSON, no message, too long or too deep.
    package var refusedLines = 0
    /// Requests of the client refused for their id, their era or mcpo's limits.
    package var refusedRequests = 0
    /// The client's answers to requests that no server is waiting on.
    package var unknownClientAnswers = 0
    /// Cancellations of requests that are not in flight, from either side.
    package var unknownCancellations = 0
    /// Progress for a token that is not, or no longer, in use, from either side.
    package var deadProgress = 0
    /// Answers of the server under an id that is not, or no longer, in flight.
    package var unknownServerAnswers = 0
    /// Notifications of a subscription that has ended.
    package var deadSubscriptionNotifications = 0
    /// Lines of the server that were no messages.
    package var garbageLines = 0
    /// Requests of the server that were refused.
    package var refusedServerRequests = 0
    /// Answers longer than the limit, delivered as an error.
    package var oversizedAnswers = 0
    /// Notifications that could not be kept while the server was away, or at the end for a client
    /// that does not read.
    package var droppedNotifications = 0
    /// Times the server's process was started after the first.
    package var restarts = 0

    /// Calls that were sent again because their connection had died.
    package var retries = 0

    package init() {}
}
