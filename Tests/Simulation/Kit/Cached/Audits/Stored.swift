// Answers out of the cache: whether they may be, how old they may be, and whether there should have
// been one.

import MCPOCore

/// How long an answer may be given.
struct AllowedTime {
    var fresh: Int64
    var whileRevalidating: Int64
    var onError: Int64
}

/// Why an answer came out of the cache, as far as it says so.
enum StoredSource {
    case fresh, revalidating
    /// In place of an error, or while there is no server to fetch a new one from.
    case stale
    case unsaid

    init(_ part: [UInt8]) {
        if part.contains(#""status":"hit""#) {
            self = .fresh
        } else if part.contains(#""status":"revalidating""#) {
            self = .revalidating
        } else {
            self = part.contains(#""status":"stale""#) ? .stale : .unsaid
        }
    }
}

extension Auditor {
    func judgeStored(_ question: Question, _ execution: Execution, _ part: [UInt8]) {
        let allowed = allowedTime(of: execution)
        let moment = question.isInBatch ? question.arrivedAt : now
        let age = max(0, moment.nanoseconds - execution.answeredAt.nanoseconds)
        let source = StoredSource(part)
        tally.serve(
            question, from: source, isAtOnce: question.arrived == calls,
            isFresh: age < allowed.fresh)
        noteStored(question, source)
        guard isStorable(execution), mayLookUp(question), !question.key.isEmpty else {
            return blame(.storable, "\(question.endpoint) was answered from the cache")
        }
        if question.arrived == calls, !question.isDecided {
            blame(.storable, "answered from the cache before the tools were known")
        }
        guard let most = question.maximumAge, age <= most else {
            return blame(.lifetime, "an answer \(age) ns old to \(question.directive)")
        }
        let extra =
            switch source {
            case .fresh: Int64(0)
            case .revalidating: allowed.whileRevalidating
            case .stale, .unsaid: max(allowed.whileRevalidating, allowed.onError)
            }
        if age > 0, age - extra >= allowed.fresh {
            blame(.lifetime, "\(age) ns old; fresh \(allowed.fresh), stale \(extra)")
        }
        judgeRemaining(execution, part, age)
    }

    private func noteStored(_ question: Question, _ source: StoredSource) {
        coverage.note(source == .stale ? .fellBack : .hit)
        if source == .revalidating { coverage.note(.staleServed) }
        if !question.executions.isEmpty { coverage.note(.revalidated) }
        if case .list = question.matter { coverage.note(.listHit) }
        if question.method == .readResource { coverage.note(.resourceHit) }
        if question.isInBatch { coverage.note(.hitInBatch) }
        if case .maxAge = question.directive { coverage.note(.hitByAge) }
        if caching.policy.cacheName(of: question.decision) != nil { coverage.note(.namedCacheHit) }
    }

    /// Whether the policy and the request allow a stored answer.
    private func mayLookUp(_ question: Question) -> Bool {
        if question.decision.isCacheable { return true }
        guard case .maxAge = question.directive else { return false }
        return question.decision.line == .realtime && !question.decision.isUnique
    }

    private func isStorable(_ execution: Execution) -> Bool {
        execution.outcome == .good && execution.lifetimeAllowsStoring(caching)
    }

    /// A modern client is told how long it may still use the answer.
    private func judgeRemaining(_ execution: Execution, _ part: [UInt8], _ age: Int64) {
        guard let lifetime = execution.lifetime, let told = number(after: #""ttlMs":"#, in: part)
        else { return }
        coverage.note(.remainingTime)
        let isByRule = caching.policy.rule(of: decision(on: execution))?.ttl != nil
        if !isByRule, Int64(told) > max(0, lifetime - age / 1_000_000) {
            blame(.lifetime, "\(told) ms are said to remain of \(lifetime)")
        }
    }

    func decision(on execution: Execution) -> CacheDecision {
        execution.question?.decision
            ?? caching.policy.judge(.listTools, server: execution.era, isWatched: false)
    }

    /// What SPEC §5 says on how long an answer is good.
    func allowedTime(of execution: Execution) -> AllowedTime {
        let decision = decision(on: execution)
        var isList = false
        if case .list = execution.matter { isList = true }
        let staleness = caching.staleness(of: decision, isList: isList)
        var allowed = AllowedTime(
            fresh: decision.ttl,
            whileRevalidating: staleness.whileRevalidate.wholeNanoseconds,
            onError: staleness.ifError.wholeNanoseconds)
        let rule = caching.policy.rule(of: decision)
        if rule?.ttl != nil { return allowed }
        if case .maxAge(let age)? = execution.question?.directive, !decision.isCacheable {
            allowed.fresh = age
        }
        if let lifetime = execution.lifetime {
            allowed.fresh = lifetime * 1_000_000
            if rule?.staleWhileRevalidate == nil { allowed.whileRevalidating = 0 }
        } else if execution.era == .modern, isList || execution.method == .readResource,
            rule?.cache == nil
        {
            allowed.fresh = 0
        } else if !bounds(for: decision).strategy.expiresByDefault, decision.isCacheable {
            allowed.fresh = .max
        }
        return allowed
    }

    private func bounds(for decision: CacheDecision) -> CacheSettings {
        caching.policy.cacheName(of: decision) == nil
            ? caching.cache : caching.namedCaches[0].settings
    }

    // MARK: What should have been

    /// mcpo has written a request of the client: was there no other way?
    func audit(written execution: Execution) {
        guard let question = execution.question else { return }
        if question.method.hasStorableAnswer || question.method == .unknown {
            if !question.executions.isEmpty {
                blame(.runsOnce, "\(question.endpoint) is executed twice")
            }
            if question.ended != .max, mayWrite(question) {
                blame(.runsOnce, "\(question.endpoint) is executed after its end")
            }
        }
        if question.arrived < calls, lastWritten[question.key]?.outcome == .inputRequired {
            coverage.note(.inputForOne)
        }
        guard question.arrived == calls, question.isDecided, !question.key.isEmpty,
            !question.mayWrite
        else { return }
        if let other = lastWritten[question.key] { auditMerging(question, other) }
        if let other = lastGood[question.key] { auditUsefulness(question, other) }
    }

    private func isUndisturbed(since execution: Execution) -> Bool {
        lastDisturbance < execution.sent && quarantineEnd <= execution.sentAt
            && execution.question?.isDecided ?? true
    }

    private func auditMerging(_ question: Question, _ other: Execution) {
        guard let most = caching.dedupTTL, question.decision.isMergeable,
            question.directive != .noCache, other.answered == .max,
            other.question.map({ $0.ended == .max && $0.arrived == other.sent }) ?? true,
            isUndisturbed(since: other),
            now.since(other.sentAt) <= most
        else { return }
        blame(.merging, "\(question.key) is sent while an equal request is under way")
    }

    /// Whether a request that may write was under way when an answer came: it is not stored then.
    private func isOverlapped(_ execution: Execution) -> Bool {
        byNonce.values.contains { question in
            mayWrite(question) && question.ended >= execution.answered
                && question.executions.contains { $0.sent <= execution.answered }
        }
    }

    private func auditUsefulness(_ question: Question, _ other: Execution) {
        let bounds = bounds(for: question.decision)
        guard question.tool != nil, question.decision.isCacheable, question.directive == .none,
            other.question?.directive == CacheDirective.none, isUndisturbed(since: other),
            bounds.maxSize >= 1_000, bounds.entryLimit > 4_000, !isOverlapped(other),
            // The answer to an older request than another one under way is not stored.
            lastWritten[question.key] === other,
            now.nanoseconds - other.answeredAt.nanoseconds < allowedTime(of: other).fresh
        else { return }
        blame(.usefulness, "\(question.key) is sent although its answer is stored")
    }
}

extension Execution {
    /// Whether nobody has said that its answer is stale from the start.
    fileprivate func lifetimeAllowsStoring(_ caching: CachingSettings) -> Bool {
        let hasTime = question.flatMap { caching.policy.rule(of: $0.decision)?.ttl } != nil
        return hasTime || lifetime != 0
    }
}
