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
    /// The key that was made last.
    var lastKey = KeyBytes()
    var catalog = CatalogState()
    var flights = RequestDeduplicator()
    var familiar = FamiliarLines()
    var monitor: PerformanceMonitor
    /// The endpoints of methods, by `Method.rawValue`; nil until first used.
    private var methodEndpoints: [EndpointID?] = Array(repeating: nil, count: 32)
    /// The endpoints of the tools of one list, by their places in it; nil until first used.
    private var toolEndpoints: [EndpointID?] = []
    private var toolEdition = 0
    /// The decisions on methods: four for each, by era and whether a resource is watched.
    private let methodDecisions: [CacheDecision]
    /// The cache of each rule, by its place in `CachePolicy.rules`.
    private let ruleCaches: [CacheHandle]
    /// How long answers are kept without a rule, and then by each rule, in its place plus one.
    let ruleLifetimes: [RuleLifetime]
    /// By rule, the endpoints that its `invalidates` names, as far as it was looked.
    var ruleGroups: [RuleGroups]
    /// Nothing is stored or shared before this: a write that was given up may still happen.
    var unsafeUntil = Instant(nanoseconds: .min)
    /// The same on account of writes whose answer nobody would recognise.
    var forgottenUntil = Instant(nanoseconds: .min)
    /// Calls under way that may write: all of them, and those of each rule by its place.
    var writesUnderWay = 0
    var ruleWrites: [Int]
    /// Writes that were given up and not answered since.
    var abandonedWrites = 0
    let dedupTTL: Int64
    /// `settings.hasMetricsTool`, out of settings that are large and copied where one is optional.
    let hasMetricsTool: Bool
    package private(set) var unknownDirectives = 0

    struct RuleGroups {
        var groups: [Int] = []
        var looked = 0
    }

    init(_ settings: CachingSettings?) {
        isOn = settings != nil
        hasMetricsTool = settings?.hasMetricsTool ?? false
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
        ruleWrites = Array(repeating: 0, count: ruleCaches.count)
        let rules = settings.policy.rules.rules
        ruleLifetimes =
            [RuleLifetime(nil, settings)] + rules.map { RuleLifetime($0, settings) }
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
            let (decision, endpoint) = tool(envelope.name, line)
            plan = RequestPlan(
                method, era, endpoint,
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
            plan.hash = try keys.make(
                line, envelope, plan.method, plan.era, meta, into: &lastKey)
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

    func isSafe(at now: Instant) -> Bool { now >= unsafeUntil }

    /// What was decided on a tool, and where it is measured.
    private mutating func tool(
        _ name: JSONValue, _ line: RawSpan
    ) -> (CacheDecision, EndpointID) {
        guard let place = catalog.tools.knownPlace(line, name) else {
            let decision = catalog.tools.decision(line, name, settings.policy)
            return (decision, endpoint(of: name, line))
        }
        if toolEdition != catalog.tools.edition {
            toolEdition = catalog.tools.edition
            toolEndpoints = Array(repeating: nil, count: catalog.tools.tools.count)
        }
        let decision = catalog.tools.tools[place].decision
        if let known = toolEndpoints[place] { return (decision, known) }
        let endpoint = endpoint(of: name, line)
        toolEndpoints[place] = endpoint
        return (decision, endpoint)
    }

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
