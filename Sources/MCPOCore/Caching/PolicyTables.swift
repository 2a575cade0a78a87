// A server's policy in the form in which each request looks things up.

/// Tables made of a policy once, when it comes.
struct PolicyTables {
    /// The decisions on methods: four for each, by era and whether a resource is watched.
    private let methodDecisions: [CacheDecision]
    /// The cache of each rule, by its place in `CachePolicy.rules`.
    let ruleCaches: [CacheHandle]
    /// By rule, how long a call may go without an answer, in nanoseconds.
    let ruleTimeouts: [Int64?]
    /// How long answers are kept without a rule, and then by each rule, in its place plus one.
    private(set) var ruleLifetimes: [RuleLifetime] = []

    init(
        _ policy: CachePolicy, _ settings: CachingSettings, _ caches: borrowing CacheManager
    ) {
        var handles: [CacheHandle] = []
        for rule in policy.rules.rules {
            var handle = CacheHandle.default
            if case .named(let name) = rule.cache { handle = caches.handle(named: name) ?? handle }
            handles.append(handle)
        }
        ruleCaches = handles
        ruleTimeouts = policy.rules.rules.map { $0.timeout?.wholeNanoseconds }
        methodDecisions = Method.allCases.flatMap { method in
            (0..<4).map { variant in
                policy.judge(
                    method, server: variant & 2 == 0 ? .legacy : .modern,
                    isWatched: variant & 1 == 1)
            }
        }
        setTimes(policy, settings)
    }

    /// Takes other default times over.
    mutating func setTimes(_ policy: CachePolicy, _ settings: CachingSettings) {
        ruleLifetimes =
            [RuleLifetime(nil, settings)]
            + policy.rules.rules.map { RuleLifetime($0, settings) }
    }

    func decision(_ method: Method, _ era: Era, isWatched: Bool) -> CacheDecision {
        let variant = (era == .modern ? 2 : 0) + (isWatched ? 1 : 0)
        return methodDecisions[4 * Int(method.rawValue) + variant]
    }
}
