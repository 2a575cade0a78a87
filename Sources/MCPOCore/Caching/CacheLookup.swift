// What the cache answers to its two questions.

/// What a lookup found. Spans are in nanoseconds, as `Instant.advanced(byNanoseconds:)` has them.
package enum CacheLookup {
    /// Nothing that may be served.
    case miss
    /// Serve it. `remaining` is nil when it never expires.
    case fresh(CachedAnswer, age: Int64, remaining: Int64?)
    /// Past its time, but within one or both of its windows.
    case stale(CachedAnswer, age: Int64, StaleUse)
}

/// What a stale answer may be used for.
package enum StaleUse: Equatable, Sendable {
    /// Serve it now and fetch a fresh one. Counted as a hit and as served stale.
    case whileRevalidating
    /// The same, and it may also stand in for an error of that fetch.
    case whileRevalidatingAndIfError
    /// Fetch; serve it only if that fails (`noteStaleServed`). Counted as a miss.
    case ifError

    init?(revalidating: Bool, onError: Bool) {
        switch (revalidating, onError) {
        case (true, true): self = .whileRevalidatingAndIfError
        case (true, false): self = .whileRevalidating
        case (false, true): self = .ifError
        case (false, false): return nil
        }
    }
}

/// What became of an answer that was to be stored.
package enum CacheStoreOutcome: Equatable, Sendable {
    case stored
    /// Stored, and an older one under the same key is gone.
    case replaced
    case refused(CacheRefusal)
}

/// Why an answer was not stored.
package enum CacheRefusal: Equatable, Sendable {
    /// Its cost is above `maxEntryBytes`.
    case tooLarge
    /// Its lifetime is zero or less.
    case alreadyStale
    /// Its group, server or resource was dropped after the request had been sent.
    case overtaken
    /// It needs the room of more small entries than one operation may remove. Those that were
    /// removed stay removed, so a later attempt gets further.
    case crowded
}
