// Stored and shared answers: finding them, keeping them, and for how long they are good.

extension CacheStage {
    /// Looks for a stored answer under the key of `plan`, which was made last.
    mutating func lookup(_ plan: RequestPlan, at now: Instant) -> CacheLookup {
        let key = lastKey.bytes.bytes
        if plan.call.maximumAge < .max {
            switch caches[plan.cache].peek(key, hash: plan.hash, at: now) {
            case .fresh(_, let age, _) where age > plan.call.maximumAge,
                .stale(_, let age, _) where age > plan.call.maximumAge:
                caches[plan.cache].noteMiss()
                return .miss
            default: break
            }
        }
        return caches[plan.cache].lookup(key, hash: plan.hash, at: now)
    }

    /// Remembers a line that was answered from the cache, for `fresh`.
    mutating func remember(_ plan: RequestPlan, _ line: RawSpan, _ id: ByteRange) {
        // Whether a legacy resource is watched is not the line's alone to say.
        guard let endpoint = plan.endpoint, plan.call.maximumAge == .max,
            !plan.call.hasUnknownDirective, plan.method != .readResource || plan.era == .modern
        else { return }
        familiar.remember(
            line, id, lastKey.bytes.bytes, hash: plan.hash, cache: plan.cache, endpoint: endpoint)
    }

    /// The stored answer to a line that was recognised, if it is fresh.
    mutating func fresh(
        _ request: FamiliarRequest, at now: Instant
    ) -> (answer: CachedAnswer, note: HitNote)? {
        guard
            let found = familiar.withKey(
                of: request,
                { caches[request.cache].fresh($0, hash: request.hash, at: now) }) ?? nil
        else { return nil }
        monitor.noteHit(request.endpoint, at: now)
        return (
            found.answer, HitNote(status: .hit, age: found.age, remaining: found.remaining)
        )
    }

    /// A fresh stored answer under the key of `plan`, which was made last; only that is counted.
    mutating func freshAnswer(
        to plan: RequestPlan, at now: Instant
    ) -> (answer: CachedAnswer, note: HitNote)? {
        guard let found = caches[plan.cache].fresh(lastKey.bytes.bytes, hash: plan.hash, at: now)
        else { return nil }
        return (
            found.answer, HitNote(status: .hit, age: found.age, remaining: found.remaining)
        )
    }

    /// The flight whose answer a request may wait for. (Like others here it changes nothing, and is
    /// `mutating` because the compiler, 6.3.1, copies a whole stage that is only read.)
    mutating func leader(for plan: RequestPlan, at now: Instant) -> TermsID? {
        guard plan.isShareable, plan.call.joinsEarlierFlights,
            let leader = flights.leader(of: lastKey.bytes, hash: plan.hash)
        else { return nil }
        let terms = flights[leader]
        guard terms.isShareable, now.nanoseconds &- terms.began.nanoseconds <= dedupTTL,
            isCurrent(terms)
        else { return nil }
        return leader
    }

    /// Whether a flight with this key is fetching a new answer already.
    func isFetching(_ plan: RequestPlan) -> Bool {
        let leader = flights.leader(of: lastKey.bytes, hash: plan.hash)
        return leader.map { isCurrent(flights[$0]) } ?? false
    }

    /// The terms of a flight that is about to be sent, for the request that was planned last.
    mutating func enterTerms(for plan: RequestPlan, at now: Instant) -> TermsID {
        let terms = FlightTerms(plan, asked: caches[plan.cache].generation, at: now)
        return flights.enter(terms, key: lastKey.bytes)
    }

    /// Whether nothing has been dropped since a flight was sent that its answer may be part of.
    func isCurrent(_ terms: FlightTerms) -> Bool {
        caches[terms.cache].isCurrent(terms.asked, group: terms.group, resource: terms.resource)
    }

    /// Keeps a result, if it may be kept.
    /// - Parameter isOwnWrite: the request may have written and has dropped what was stored just
    ///   now; its own answer is as new as can be.
    mutating func store(
        _ id: TermsID, _ line: RawSpan, _ envelope: Envelope, isOwnWrite: Bool,
        at now: Instant
    ) {
        let terms = flights[id]
        guard terms.stores, parts[terms.group.server].isSafe(at: now), !isOverlapped(terms),
            Self.isStorable(line, envelope)
        else { return }
        let lifetime = lifetime(terms, line, envelope)
        guard lifetime.fresh > 0 else { return }
        var place = CacheTerms(group: terms.group, lifetime: lifetime, resource: terms.resource)
        place.asked = isOwnWrite ? nil : terms.asked
        place.layout = AnswerLayout(line, envelope)
        let result = line.extracting(envelope.result.range.bounds)
        _ = caches[terms.cache].store(
            flights.key(of: id).bytes, hash: terms.hash, result, place, at: now)
    }

    /// A whole and final result that is no failure.
    private static func isStorable(_ line: RawSpan, _ envelope: Envelope) -> Bool {
        envelope.result.kind == .object && !envelope.resultTask.isPresent
            && (!envelope.resultIsError.isPresent || envelope.resultIsError.kind == .false)
            && (!envelope.resultType.isPresent
                || line.stringEquals(envelope.resultType, "complete"))
    }

    private mutating func lifetime(
        _ terms: FlightTerms, _ line: RawSpan, _ envelope: Envelope
    ) -> CacheLifetime {
        let rule = parts[terms.group.server].tables.ruleLifetimes[Int(terms.decision.rule) + 1]
        let staleness = terms.method.isList ? rule.lists : rule.calls
        var lifetime = CacheLifetime(
            fresh: terms.decision.ttl, isDefault: !rule.hasTTL && !terms.isOpened,
            staleWhileRevalidate: staleness.whileRevalidate, staleIfError: staleness.ifError)
        if rule.hasTTL { return lifetime }
        if let nanoseconds = timeToLive(line, envelope.resultTTL) {
            // The server has said how long; a default may not stretch that while it can be asked.
            lifetime.fresh = nanoseconds
            lifetime.isDefault = false
            if !rule.revalidates { lifetime.staleWhileRevalidate = 0 }
        } else if terms.era == .modern, terms.method.hasTTL, !rule.hasCache {
            lifetime.fresh = 0  // 2026-07-28, Caching: absent is 0
        }
        return lifetime
    }

    /// A stored answer was served in place of an error.
    mutating func noteStaleServed(_ stale: StaleAnswer) {
        caches[stale.cache].noteStaleServed()
    }

    /// What may stand in for an error of a flight.
    mutating func fallback(for id: TermsID, at now: Instant) -> StaleAnswer? {
        let terms = flights[id]
        return fallback(flights.key(of: id).bytes, hash: terms.hash, in: terms.cache, at: now)
    }

    /// The same for a request that was not sent, and was planned last.
    mutating func fallback(for plan: RequestPlan, at now: Instant) -> StaleAnswer? {
        fallback(lastKey.bytes.bytes, hash: plan.hash, in: plan.cache, at: now)
    }

    private mutating func fallback(
        _ key: RawSpan, hash: UInt64, in cache: CacheHandle, at now: Instant
    ) -> StaleAnswer? {
        switch caches[cache].peek(key, hash: hash, at: now) {
        case .stale(let answer, let age, .ifError),
            .stale(let answer, let age, .whileRevalidatingAndIfError):
            return StaleAnswer(answer: answer, age: age, cache: cache)
        case .miss, .fresh, .stale: return nil
        }
    }
}

/// What a rule says of how long answers are kept, in nanoseconds: a `ToolRule` and its `Duration`s
/// are too much to copy and convert for each answer.
struct RuleLifetime {
    struct Staleness {
        var whileRevalidate: Int64
        var ifError: Int64
    }

    var hasTTL: Bool
    var hasCache: Bool
    /// Whether the rule itself says how long an answer is given while a new one is fetched.
    var revalidates: Bool
    var calls: Staleness
    var lists: Staleness

    init(_ rule: ToolRule?, _ settings: CachingSettings) {
        func staleness(isList: Bool) -> Staleness {
            let staleness = settings.staleness(by: rule, isList: isList)
            return Staleness(
                whileRevalidate: staleness.whileRevalidate.wholeNanoseconds,
                ifError: staleness.ifError.wholeNanoseconds)
        }
        hasTTL = rule?.ttl != nil
        hasCache = rule?.cache != nil
        revalidates = rule?.staleWhileRevalidate != nil
        calls = staleness(isList: false)
        lists = staleness(isList: true)
    }
}

/// A stored answer that stands in for an error.
struct StaleAnswer {
    var answer: CachedAnswer
    /// In nanoseconds.
    var age: Int64
    /// Where it is from.
    var cache: CacheHandle
}
