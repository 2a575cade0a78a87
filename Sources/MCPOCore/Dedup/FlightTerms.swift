// What a flight's answer may be used for beyond the exchange that it was begun for: stored in a
// cache, shared with exchanges that ask the same. Flights of which neither is true have none.

/// The key of a flight and what the policy says of its answer.
package final class FlightTerms {
    /// The bytes of the request's `CacheKey`, and their hash.
    let key: [UInt8]
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
    let cache: CacheHandle
    let group: CacheGroup
    /// The hash of the URI of `resources/read`; 0 for anything else.
    let resource: UInt64
    /// The cache's generation when the request was sent: what was dropped later is not stored.
    let asked: CacheGeneration
    /// When the request was sent.
    let began: Instant
    /// The number that the server knows the request by.
    var number: UInt32 = 0

    init(
        _ plan: RequestPlan, key: [UInt8], asked: CacheGeneration, at now: Instant
    ) {
        self.key = key
        self.asked = asked
        hash = plan.hash
        method = plan.method
        era = plan.era
        decision = plan.call.tool
        stores = plan.call.stores
        isShareable = plan.isShareable
        hasCursor = plan.hasCursor
        cache = plan.cache
        group = plan.group
        resource = plan.resource
        began = now
    }
}
