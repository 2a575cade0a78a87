// What mcpo says of itself: figures, bounds, and that nothing is left when nothing is under way.

import MCPOCore

/// What the auditor has counted itself.
struct Tally {
    /// Requests by endpoint that are measured.
    var total: [String: Int] = [:]
    var hits: [String: Int] = [:]
    /// Answers that the cache must have counted as hits, and those that it may have.
    var lookupHits = 0
    var unclear = 0
    var joined = 0
    /// Calls of mcpo's own tool.
    var own = 0

    mutating func begin(_ question: Question) {
        total[question.endpoint, default: 0] += 1
    }

    /// - Parameter isAtOnce: it came in the call that took the request in.
    mutating func serve(
        _ question: Question, from source: StoredSource, isAtOnce: Bool, isFresh: Bool
    ) {
        begin(question)
        hits[question.endpoint, default: 0] += 1
        switch source {
        case .fresh, .revalidating: lookupHits += 1
        case .unsaid where isAtOnce && isFresh: lookupHits += 1
        case .stale, .unsaid:
            // Also a request that is refused at once may get a stored answer instead.
            if isAtOnce || question.isInBatch { unclear += 1 }
        }
    }
}

extension Auditor {
    func checkBounds(_ core: borrowing ProxyCore) {
        let caches = core.metrics.caches
        for (index, settings) in [caching.cache, caching.namedCaches[0].settings].enumerated() {
            let figures = caches[index]
            if figures.currentSize > settings.maxSize || figures.memoryBytes > settings.maxBytes {
                blame(
                    .bounds,
                    "\(figures.currentSize) entries, \(figures.memoryBytes) bytes in "
                        + "\(settings.maxSize), \(settings.maxBytes)")
            }
        }
    }

    /// Everything is quiet, or mcpo has exited.
    func checkEnd(_ core: borrowing ProxyCore, hasExited: Bool) {
        if !waiting.isEmpty { blame(.oneAnswer, "\(waiting.count) requests were not answered") }
        checkBounds(core)
        let metrics = core.metrics
        if !hasExited {
            // A notification may wait for a server that is started again much later.
            let isAway = metrics.connection.status == .unhealthy
            if !core.isIdle, !isAway { blame(.idle, "not idle without work") }
            if metrics.dedup.inFlight != 0 {
                blame(.idle, "\(metrics.dedup.inFlight) flights may still be joined")
            }
            if metrics.concurrency.current != 0 {
                blame(.idle, "\(metrics.concurrency.current) flights are left")
            }
        }
        checkEndpoints(metrics)
        checkCaches(metrics)
        if metrics.connection.errors > 0 { coverage.note(.restarted) }
    }

    private func checkEndpoints(_ metrics: MetricsSnapshot) {
        for question in byNonce.values where question.isCancelled { tally.begin(question) }
        var joined = 0
        for figures in metrics.endpoints {
            let name = String(decoding: figures.name, as: UTF8.self)
            joined += figures.joined
            let ended = RequestOutcome.allCases.reduce(0) { $0 + figures.count($1) }
            if figures.histogram.reduce(0, +) != ended - figures.cancelled {
                blame(.figures, "\(name): not all requests are in the histogram")
            }
            if figures.joinedAnswers > figures.joined
                || figures.savedCalls > figures.hits + figures.joinedAnswers
            {
                blame(.figures, "\(name): \(figures.savedCalls) calls saved, too many")
            }
            if figures.inFlight != 0 || ended != figures.total {
                blame(.figures, "\(name): \(figures.inFlight) in flight, \(ended) ended")
            }
            let hits = tally.hits[name] ?? 0
            if figures.hits != hits {
                blame(.figures, "\(name): \(figures.hits) hits instead of \(hits)")
            }
        }
        let total = metrics.endpoints.reduce(0) { $0 + $1.total }
        let counted = tally.total.values.reduce(0, +)
        if total != counted { blame(.figures, "\(total) requests instead of \(counted)") }
        if metrics.dedup.joined != joined || joined < tally.joined {
            blame(.figures, "\(metrics.dedup.joined) joined; \(joined), \(tally.joined)")
        }
    }

    private func checkCaches(_ metrics: MetricsSnapshot) {
        let hits = metrics.caches.reduce(0) { $0 + $1.hits }
        let known = tally.lookupHits...tally.lookupHits + tally.unclear
        if !known.contains(hits) {
            blame(.figures, "the caches count \(hits) hits instead of \(known)")
        }
        for cache in metrics.caches {
            if cache.evictions > 0 { coverage.note(.evicted) }
            if cache.expirations > 0 { coverage.note(.expired) }
            if cache.invalidations > 0 { coverage.note(.invalidated) }
            let gone = cache.evictions + cache.expirations + cache.invalidations
            if cache.stores < gone + cache.currentSize {
                blame(.figures, "\(cache.name) has lost more entries than it was given")
            }
        }
    }
}
