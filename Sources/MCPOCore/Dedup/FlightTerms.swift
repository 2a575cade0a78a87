// What a flight's answer may be used for beyond the exchange that it was begun for: stored in a
// cache, shared with exchanges that ask the same. Flights of which neither is true have none.
//
// Terms belong to one flight and live in the table of `RequestDeduplicator`, from the moment the
// flight is sent until it has ended: plain data and no object, because a flight is copied about.

/// Where the terms of a flight are; meaningless once the flight has ended.
package struct TermsID: Equatable, Sendable {
    let place: Int32
}

/// The key of a flight and what the policy says of its answer.
package struct FlightTerms {
    /// The hash of the request's `CacheKey`; its bytes are kept beside (`RequestDeduplicator.key`).
    let hash: UInt64
    let method: Method
    let era: Era
    let decision: CacheDecision
    /// Whether the answer may be stored; not when a newer flight with this key is under way.
    var stores: Bool
    /// Whether later requests with this key may wait for this answer.
    let isShareable: Bool
    /// Whether it asks for a page of a list after the first.
    let hasCursor: Bool
    /// Whether it is stored only because its request said how old an answer may be.
    let isOpened: Bool
    let cache: CacheHandle
    let group: CacheGroup
    /// The hash of the URI of `resources/read`; 0 for anything else.
    let resource: UInt64
    /// The cache's generation when the request was sent: what was dropped later is not stored.
    let asked: CacheGeneration
    /// When the request was sent.
    let began: Instant
    /// The connection that the request was sent to, and the number that it goes by there.
    var connection = ConnectionID.none
    var number: UInt32 = 0

    init(_ plan: RequestPlan, asked: CacheGeneration, at now: Instant) {
        self.asked = asked
        hash = plan.hash
        method = plan.method
        era = plan.era
        decision = plan.call.tool
        stores = plan.call.stores
        isShareable = plan.isShareable
        hasCursor = plan.hasCursor
        isOpened = plan.call.isOpened
        cache = plan.cache
        group = plan.group
        resource = plan.resource
        began = now
    }
}
