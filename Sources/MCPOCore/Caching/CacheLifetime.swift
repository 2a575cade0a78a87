// How long an answer may be used, and whom it belongs to, as the policy decided it.
//
//     stored at ──── fresh ────▶ fresh until ── stale while revalidating ──▶
//                                            ── stale if an error comes ─────────▶ removed
//
// Both stale windows begin when freshness ends (RFC 5861) and overlap.

/// For how long an answer is good. Spans are in nanoseconds; `Int64.max` never ends.
package struct CacheLifetime: Equatable, Sendable {
    /// How long it is fresh.
    package var fresh: Int64
    /// Whether `fresh` is a default, which strategy `lru` leaves out, or a rule's or the server's
    /// word, which always holds (SPEC §12).
    package var isDefault: Bool
    /// How much longer it may be served while a fresh one is fetched.
    package var staleWhileRevalidate: Int64
    /// How much longer it may be served in place of an error.
    package var staleIfError: Int64

    package init(
        fresh: Int64, isDefault: Bool, staleWhileRevalidate: Int64 = 0, staleIfError: Int64 = 0
    ) {
        self.fresh = fresh
        self.isDefault = isDefault
        self.staleWhileRevalidate = staleWhileRevalidate
        self.staleIfError = staleIfError
    }
}

/// What is dropped together: one tool or one kind of read or list of one server.
package struct CacheGroup: Hashable, Sendable {
    /// The server's number: small and dense, since tables are indexed by it.
    package var server: Int
    /// The group's own number, unique among all servers; small and dense too.
    package var number: Int

    package init(server: Int, number: Int) {
        self.server = server
        self.number = number
    }
}

/// A moment between two invalidations of one cache: taken when a request is sent, shown when its
/// answer is stored.
package struct CacheGeneration: Hashable, Sendable {
    let epoch: UInt64
}

/// Everything about an answer that is not its bytes.
package struct CacheTerms: Sendable {
    package var group: CacheGroup
    package var lifetime: CacheLifetime
    /// A hash of server and URI for what `drop(resource:)` shall find; 0 for anything else.
    package var resource: UInt64
    /// `SmartCache.generation` when the request was sent. An answer whose group, server or
    /// resource was dropped since is not stored; nil stores it in any case.
    package var asked: CacheGeneration?
    /// Kept with the answer and handed back (`CachedAnswer.layout`).
    package var layout: AnswerLayout

    package init(
        group: CacheGroup, lifetime: CacheLifetime, resource: UInt64 = 0,
        asked: CacheGeneration? = nil, layout: AnswerLayout = AnswerLayout()
    ) {
        self.group = group
        self.lifetime = lifetime
        self.resource = resource
        self.asked = asked
        self.layout = layout
    }
}
