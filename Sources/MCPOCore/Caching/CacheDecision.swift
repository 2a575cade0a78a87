// What the policy decides: for a tool when its server lists it, for a call when it comes.

/// Whether a call changes something, as far as one knows.
package enum ToolEffect: UInt8, Equatable, Sendable {
    /// Known to read only: may be merged with others, sent twice, answered from the cache.
    case readOnly
    /// Nobody says. MCP's own default is a tool that writes, so for everything where a mistake
    /// would show (what it drops, merging, sending it twice) it is a write.
    case unknown
    /// Known to write.
    case write
}

/// What decided, in the order of SPEC's table.
package enum DecisionLine: UInt8, CaseIterable, Equatable, Sendable {
    // Before the table
    case listUnknown, unlisted
    // 1 and 2
    case request, rule
    // 3
    case policyOff, policyAnnotated, policyAll
    // 4
    case notReadOnly, destructive, writingVerb, sqlStatement
    // 5 and 6
    case realtime, staticWord, dynamicWord, readOnly, nothingKnown
    // Methods other than `tools/call`
    case list, resource, watchedResource, unwatchedResource, ruleOnly, notStorable

    /// The line of SPEC's table, 1 to 6; nil for what is not in it.
    package var number: Int? {
        switch self {
        case .request: 1
        case .rule: 2
        case .policyOff, .policyAnnotated, .policyAll: 3
        case .notReadOnly, .destructive, .writingVerb, .sqlStatement: 4
        case .realtime: 5
        case .staticWord, .dynamicWord, .readOnly, .nothingKnown: 6
        default: nil
        }
    }

    /// The reason as `mcpo check` prints it; what is named in particular is added behind it.
    package var text: String {
        switch self {
        case .listUnknown: "the server's tool list is not known"
        case .unlisted: "the server does not list it"
        case .request: #"the request's own _meta["mcpo/cache"]"#
        case .rule: "rule"
        case .policyOff: "policy off"
        case .policyAnnotated: "policy annotated"
        case .policyAll: "policy all"
        case .notReadOnly: "write: readOnlyHint is false"
        case .destructive: "write: destructiveHint is true"
        case .writingVerb: "write: unannotated, and its name has the verb"
        case .sqlStatement: "write: an argument is a SQL statement that changes something"
        case .realtime: "realtime:"
        case .staticWord: "static:"
        case .dynamicWord: "dynamic:"
        case .readOnly: "readOnlyHint is true"
        case .nothingKnown: "neither annotated nor named as one that reads"
        case .list: "a list"
        case .resource: "a resource"
        case .watchedResource: "a resource that is watched for changes"
        case .unwatchedResource: "a resource that nobody watches for changes"
        case .ruleOnly: "stored by rule only"
        case .notStorable: "never stored"
        }
    }
}

/// The decision for a tool or a method, as flat as can be: it is looked up for every call.
package struct CacheDecision: Equatable, Sendable {
    package var isCacheable: Bool
    /// What decided.
    package var line: DecisionLine
    package var effect: ToolEffect
    /// `idempotentHint` or a rule: may be sent again though it writes.
    package var isIdempotent = false
    /// Two callers must not share one answer, although it only reads: a random number.
    package var isUnique = false
    /// In nanoseconds; 0 unless cacheable. A server's own `ttlMs` wins over it.
    package var ttl: Int64 = 0
    /// The place of the tool's rule in `CachePolicy.rules`, or -1: for its cache, `invalidates`,
    /// `maximumConcurrent`, `timeout` and so on, whether or not it decided.
    package var rule: Int32 = -1

    package init(
        isCacheable: Bool = false, line: DecisionLine, effect: ToolEffect, ttl: Int64 = 0
    ) {
        self.isCacheable = isCacheable
        self.line = line
        self.effect = effect
        self.ttl = ttl
    }

    /// Whether what is stored of the server must go when this is sent and when it is answered.
    package var mayWrite: Bool { effect != .readOnly }

    /// Whether it may share a flight with the same request of somebody else (SPEC §6).
    package var isMergeable: Bool { effect == .readOnly && !isUnique }

    /// Whether it may be sent again when a connection died before it answered (SPEC §7).
    package var isRetrySafe: Bool { effect == .readOnly || isIdempotent }
}

/// The decision for one request: that of its tool, narrowed by its directive and arguments.
package struct CallDecision: Equatable, Sendable {
    package var tool: CacheDecision
    /// Whether a stored answer may be given.
    package var looksUp: Bool
    /// Whether the answer may be stored.
    package var stores: Bool
    /// The oldest answer that will do, in nanoseconds.
    package var maximumAge = Int64.max
    /// Without a stored answer there is none: error `cache_miss`, nothing is sent.
    package var isOnlyIfCached = false
    /// Whether it may join a flight that began before it (`no-cache` may not).
    package var joinsEarlierFlights: Bool
    /// Whether it is cacheable only for those who say how old an answer may be.
    package var isOpened = false
    /// Whether its directive was not understood: to be counted, and logged once.
    package var hasUnknownDirective = false
}
