// What the pipeline asks about caching and sharing, for one server: the policy, the keys, the
// caches, the flights that may be joined, and what is measured.
//
//     request ─▶ plan ─▶ lookup ─▶ leader ─▶ (sent) ─▶ answer ─▶ store
//                          hit       join       noteWrite            noteWrite
//
// Freshness (SPEC §5, Invalidation) rests on three rules:
//   1. What may write drops the server's stored answers when it is sent and when it is answered.
//   2. An answer whose request was sent before such a drop is delivered and not stored, and nobody
//      joins a flight from before it.
//   3. A write that nobody waits for any more (cancelled, timed out) may still happen. Until it is
//      answered after all, its process ends, or the time for a call is over, nothing is stored and
//      nothing shared.

/// Caching and sharing for one server.
package struct CacheStage: ~Copyable {
    let settings: CachingSettings
    /// False for a proxy without any of it: everything is forwarded, nothing is measured.
    let isOn: Bool
    var caches: CacheManager
    var keys: CacheKeyMaker
    var catalog = CatalogState()
    var flights = RequestDeduplicator()
    var monitor: PerformanceMonitor
    /// The endpoints of methods, by `Method.rawValue`; nil until first used.
    private var methodEndpoints: [EndpointID?] = Array(repeating: nil, count: 32)
    /// The decisions on methods: four for each, by era and whether a resource is watched.
    private let methodDecisions: [CacheDecision]
    /// The cache of each rule, by its place in `CachePolicy.rules`.
    private let ruleCaches: [CacheHandle]
    /// By rule, the endpoints that its `invalidates` names, as far as it was looked.
    private var ruleGroups: [RuleGroups]
    /// Nothing is stored or shared before this: a write that was given up may still happen.
    private var unsafeUntil = Instant(nanoseconds: .min)
    /// Writes that were given up and not answered since.
    private var abandonedWrites = 0
    private let dedupTTL: Int64
    package private(set) var unknownDirectives = 0

    private struct RuleGroups {
        var groups: [Int] = []
        var looked = 0
    }

    init(_ settings: CachingSettings?) {
        isOn = settings != nil
        let settings = settings ?? .off
        self.settings = settings
        caches = CacheManager(default: settings.cache)
        for cache in settings.namedCaches { _ = caches.create(cache.name, cache.settings) }
        keys = CacheKeyMaker(identity: settings.identity)
        monitor = PerformanceMonitor(windowSize: settings.monitorWindow)
        dedupTTL = settings.dedupTTL?.wholeNanoseconds ?? 0
        methodDecisions = Self.decideMethods(settings.policy)
        var ruleCaches: [CacheHandle] = []
        for rule in settings.policy.rules.rules {
            var handle = CacheHandle.default
            if case .named(let name) = rule.cache { handle = caches.handle(named: name) ?? handle }
            ruleCaches.append(handle)
        }
        self.ruleCaches = ruleCaches
        ruleGroups = Array(repeating: RuleGroups(), count: ruleCaches.count)
    }

    private static func decideMethods(_ policy: CachePolicy) -> [CacheDecision] {
        var decisions: [CacheDecision] = []
        for number in 0..<UInt8(32) {
            for variant in 0..<4 {
                let method = Method(rawValue: number) ?? .unknown
                decisions.append(
                    policy.judge(
                        method, server: variant & 2 == 0 ? .legacy : .modern,
                        isWatched: variant & 1 == 1))
            }
        }
        return decisions
    }

    /// Whether answers may be stored or shared at all, so that the server's tools matter.
    var needsCatalog: Bool {
        isOn && (settings.policy.mode != .off || settings.dedupTTL != nil)
    }
}

// MARK: - The plan

extension CacheStage {
    /// Decides on a request and makes its key.
    /// - Parameter isWatched: of `resources/read`, whether a subscription tells of changes.
    mutating func plan(
        _ line: RawSpan, _ envelope: Envelope, _ method: Method, isWatched: Bool, at now: Instant
    ) -> RequestPlan {
        let era = envelope.metaProtocolVersion.isPresent ? Era.modern : .legacy
        let meta =
            RequestMeta(line, method.hasStorableAnswer ? envelope.meta : .absent)
        let directive = CacheDirective(line, meta)
        var plan: RequestPlan
        if method == .callTool {
            let decision = catalog.tools.decision(line, envelope.name, settings.policy)
            plan = RequestPlan(
                method, era, endpoint(of: envelope.name, line),
                settings.policy.decide(decision, line, arguments: envelope.arguments, directive))
        } else {
            let variant = (era == .modern ? 2 : 0) + (isWatched ? 1 : 0)
            let decision = methodDecisions[4 * Int(method.rawValue) + variant]
            let endpoint =
                method == .unknown ? endpoint(of: envelope.method, line) : endpoint(of: method)
            plan = RequestPlan(
                method, era, endpoint, settings.policy.narrow(decision, directive))
        }
        if plan.call.hasUnknownDirective { unknownDirectives += 1 }
        choosePlace(&plan, line, envelope, meta, at: now)
        return plan
    }

    /// Where the answer would be stored, and who may share it.
    private mutating func choosePlace(
        _ plan: inout RequestPlan, _ line: RawSpan, _ envelope: Envelope, _ meta: RequestMeta,
        at now: Instant
    ) {
        let mayShare = dedupTTL > 0 && plan.call.tool.isMergeable
        guard plan.call.looksUp || plan.call.stores || mayShare else { return }
        do throws(NoKeyReason) {
            plan.hash = try keys.make(line, envelope, plan.method, plan.era, meta)
        } catch {
            plan.call.looksUp = false
            plan.call.stores = false
            return
        }
        plan.hasKey = true
        plan.hasCursor = envelope.cursor.isPresent
        if plan.call.tool.rule >= 0 { plan.cache = ruleCaches[Int(plan.call.tool.rule)] }
        if plan.method == .readResource { plan.resource = resource(envelope.uri, line) }
        if isSafe(at: now) {
            plan.isShareable = mayShare
        } else {
            plan.call.stores = false
        }
    }

    private func isSafe(at now: Instant) -> Bool { now >= unsafeUntil }

    private mutating func endpoint(of name: JSONValue, _ line: RawSpan) -> EndpointID {
        guard name.kind == .string else { return .other }
        let inner = line.extracting(Int(name.range.lower) + 1..<Int(name.range.upper) - 1)
        if inner.withUnsafeBytes({ $0.contains(UInt8(ascii: "\\")) }) {
            var bytes: [UInt8] = []
            decodeJSONString(line, name.range, into: &bytes)
            return monitor.endpoint(bytes.span.bytes)
        }
        return monitor.endpoint(inner)
    }

    mutating func endpoint(of method: Method) -> EndpointID? {
        if method == .listen { return nil }
        if let known = methodEndpoints[Int(method.rawValue)] { return known }
        let name = method.name
        let endpoint = name.withUTF8Buffer { monitor.endpoint(UnsafeRawBufferPointer($0).bytes) }
        methodEndpoints[Int(method.rawValue)] = endpoint
        return endpoint
    }

    /// The hash that stored reads of a URI are dropped by.
    func resource(_ uri: JSONValue, _ line: RawSpan) -> UInt64 {
        guard uri.kind == .string else { return 0 }
        var bytes: [UInt8] = []
        decodeJSONString(line, uri.range, into: &bytes)
        return max(1, ByteHash.hash(bytes))
    }
}

// MARK: - Looking up and storing

extension CacheStage {
    /// Looks for a stored answer under the key of `plan`, which was made last.
    mutating func lookup(_ plan: RequestPlan, at now: Instant) -> CacheLookup {
        let output = keys.json.output
        let key = output.span.bytes.extracting(0..<keys.json.written)
        let found = caches[plan.cache].lookup(key, hash: plan.hash, at: now)
        guard plan.call.maximumAge < .max else { return found }
        switch found {
        case .fresh(_, let age, _) where age > plan.call.maximumAge: return .miss
        case .stale(_, let age, _) where age > plan.call.maximumAge: return .miss
        default: return found
        }
    }

    /// The flight whose answer a request may wait for.
    func leader(for plan: RequestPlan, at now: Instant) -> FlightTerms? {
        guard plan.isShareable, plan.call.joinsEarlierFlights,
            let terms = leader(of: plan), terms.isShareable,
            now.nanoseconds &- terms.began.nanoseconds <= dedupTTL, isCurrent(terms)
        else { return nil }
        return terms
    }

    /// Whether a flight with this key is fetching a new answer already.
    func isFetching(_ plan: RequestPlan) -> Bool {
        guard let terms = leader(of: plan) else { return false }
        return isCurrent(terms)
    }

    private func leader(of plan: RequestPlan) -> FlightTerms? {
        let output = keys.json.output
        let key = output.span.bytes.extracting(0..<keys.json.written)
        return flights.leader(of: key, hash: plan.hash)
    }

    /// The terms of a flight that is about to be sent.
    func terms(for plan: RequestPlan, at now: Instant) -> FlightTerms {
        FlightTerms(
            plan, key: Array(keys.json.output[..<keys.json.written]),
            asked: caches[plan.cache].generation, at: now)
    }

    /// Whether nothing has been dropped since a flight was sent that its answer may be part of.
    func isCurrent(_ terms: FlightTerms) -> Bool {
        caches[terms.cache].isCurrent(terms.asked, group: terms.group, resource: terms.resource)
    }

    /// Keeps a result, if it may be kept.
    /// - Parameter isOwnWrite: the request may have written and has dropped what was stored just
    ///   now; its own answer is as new as can be.
    mutating func store(
        _ terms: FlightTerms, _ line: RawSpan, _ envelope: Envelope, isOwnWrite: Bool,
        at now: Instant
    ) {
        guard terms.stores, isSafe(at: now), Self.isStorable(line, envelope) else { return }
        let lifetime = lifetime(terms, line, envelope)
        guard lifetime.fresh > 0 else { return }
        var place = CacheTerms(group: terms.group, lifetime: lifetime, resource: terms.resource)
        place.asked = isOwnWrite ? nil : terms.asked
        place.layout = AnswerLayout(line, envelope)
        let key = terms.key
        _ = caches[terms.cache].store(
            key.span.bytes, hash: terms.hash, line.extracting(envelope.result.range.bounds),
            place, at: now)
    }

    /// A whole and final result that is no failure.
    private static func isStorable(_ line: RawSpan, _ envelope: Envelope) -> Bool {
        envelope.result.kind == .object && !envelope.resultTask.isPresent
            && (!envelope.resultIsError.isPresent || envelope.resultIsError.kind == .false)
            && (!envelope.resultType.isPresent
                || line.stringEquals(envelope.resultType, "complete"))
    }

    private func lifetime(
        _ terms: FlightTerms, _ line: RawSpan, _ envelope: Envelope
    ) -> CacheLifetime {
        let isByRule =
            terms.decision.line == .rule || settings.policy.rule(of: terms.decision)?.ttl != nil
        let staleness = settings.staleness(of: terms.decision, isList: terms.method.isList)
        var lifetime = CacheLifetime(
            fresh: terms.decision.ttl, isDefault: !isByRule,
            staleWhileRevalidate: staleness.whileRevalidate.wholeNanoseconds,
            staleIfError: staleness.ifError.wholeNanoseconds)
        if terms.decision.line == .request { lifetime.isDefault = false }
        if isByRule { return lifetime }
        if let nanoseconds = timeToLive(line, envelope.resultTTL) {
            // The server has said how long; a default may not stretch that while it can be asked.
            lifetime = CacheLifetime(
                fresh: nanoseconds, isDefault: false, staleWhileRevalidate: 0,
                staleIfError: lifetime.staleIfError)
        } else if terms.era == .modern, terms.method.hasTTL {
            lifetime.fresh = 0  // 2026-07-28, Caching: absent is 0
        }
        return lifetime
    }

    /// A stored answer was served in place of an error.
    mutating func noteStaleServed(_ cache: CacheHandle) {
        caches[cache].noteStaleServed()
    }

    /// What may stand in for an error of a flight.
    mutating func fallback(for terms: FlightTerms, at now: Instant) -> (CachedAnswer, Int64)? {
        let key = terms.key
        let found = caches[terms.cache].peek(key.span.bytes, hash: terms.hash, at: now)
        switch found {
        case .stale(let answer, let age, .ifError),
            .stale(let answer, let age, .whileRevalidatingAndIfError):
            return (answer, age)
        case .miss, .fresh, .stale: return nil
        }
    }
}

// MARK: - Invalidation

extension CacheStage {
    /// Something that may write is sent, or was answered.
    /// - Parameter rule: the place of its rule, or -1.
    mutating func noteWrite(rule: Int32) {
        guard rule >= 0, let patterns = settings.policy.rules.rules[Int(rule)].invalidates else {
            caches.drop(server: 0)
            return
        }
        guard !patterns.isEmpty else { return }
        let tool = settings.policy.rules.rules[Int(rule)]
        var known = ruleGroups[Int(rule)]
        while known.looked < monitor.endpointCount {
            let name = String(decoding: monitor.name(ofEndpoint: known.looked), as: UTF8.self)
            if known.looked == 0 || tool.drops(name) { known.groups.append(known.looked) }
            known.looked += 1
        }
        ruleGroups[Int(rule)] = known
        for group in known.groups { caches.drop(CacheGroup(server: 0, number: group)) }
        if patterns.contains(where: Self.canNameResource) { drop(.readResource) }
    }

    private static func canNameResource(_ pattern: String) -> Bool {
        pattern.utf8.contains(UInt8(ascii: ":")) || pattern.hasPrefix("*")
            || pattern.hasPrefix("?")
    }

    /// A write was given up before it was answered; it may happen until then, or until `limit`.
    mutating func abandonWrite(until limit: Instant) {
        abandonedWrites += 1
        unsafeUntil = max(unsafeUntil, limit)
    }

    /// A write that was given up has been answered after all.
    mutating func abandonedWriteEnded() {
        abandonedWrites -= 1
        if abandonedWrites <= 0 { writersAreGone() }
    }

    /// No write that was given up can happen any more.
    mutating func writersAreGone() {
        abandonedWrites = 0
        unsafeUntil = Instant(nanoseconds: .min)
    }

    /// Drops what is stored of a method's answers.
    mutating func drop(_ method: Method) {
        guard let endpoint = endpoint(of: method) else { return }
        caches.drop(CacheGroup(server: 0, number: Int(endpoint.index)))
    }
}

extension Method {
    /// Whether it asks for a list, or for what a server is: long-lived, with notifications.
    var isList: Bool {
        switch self {
        case .discover, .listTools, .listPrompts, .listResources, .listResourceTemplates: true
        default: false
        }
    }

    /// Whether revision 2026-07-28 has `ttlMs` in the result.
    var hasTTL: Bool { isList || self == .readResource }
}

/// `ttlMs` in nanoseconds, nil if it is absent; what is no integer, or negative, is 0 (revision
/// 2026-07-28, Caching).
func timeToLive(_ line: RawSpan, _ value: JSONValue) -> Int64? {
    guard value.isPresent else { return nil }
    guard value.kind == .integer, line.byte(Int(value.range.lower)) != UInt8(ascii: "-") else {
        return 0
    }
    /// Ten thousand years.
    let most: Int64 = 315_360_000_000_000
    var milliseconds: Int64 = 0
    for offset in value.range.bounds {
        milliseconds = milliseconds * 10 + Int64(line.byte(offset) &- UInt8(ascii: "0"))
        if milliseconds > most { return .max }
    }
    let (nanoseconds, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
    return overflow ? .max : nanoseconds
}
