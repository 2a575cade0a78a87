// What the cache stage knows of one server: its tools, what the policy says of them, the start of its
// keys, and the writes on it that are under way.

/// One server's part of the cache stage.
struct CachePart: ~Copyable {
    /// Where a tool or method is measured, and the group that its answers are stored in.
    struct Place {
        var endpoint: EndpointID
        var group: CacheGroup
    }

    /// The groups that a rule's `invalidates` names, as far as it was looked.
    struct RuleGroups {
        var groups: [CacheGroup] = []
        var looked = 0
    }

    private(set) var policy: CachePolicy
    private(set) var tables: PolicyTables
    var keys: CacheKeyMaker
    /// What its tools are measured as: `PerformanceMonitor.serverLabel`.
    let label: Int32
    /// Whether methods are as well: where it is the only server there can be.
    let ownsMethods: Bool
    var catalog = CatalogState()
    /// The places of methods, by `Method.rawValue`; nil until first used.
    var methodPlaces: [Place?] = Array(repeating: nil, count: Method.allCases.count)
    /// The places of the tools of one list, by their places in it; nil until first used.
    var toolPlaces: [Place?] = []
    var toolEdition = 0
    /// The names of what has a group, as the server knows them, and the numbers of their groups.
    var groupNames = EndpointNames(first: "other")
    var groups: [CacheGroup]
    /// Groups of a server that had this place before.
    var spareGroups: [CacheGroup]
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

    /// - Parameters:
    ///   - identity: `ServerIdentity`.
    ///   - groups: of this place; the first is that of what has none of its own.
    init(
        _ policy: CachePolicy, identity: [UInt8], label: Int32, ownsMethods: Bool,
        groups: [CacheGroup], _ settings: CachingSettings, _ caches: borrowing CacheManager
    ) {
        self.policy = policy
        tables = PolicyTables(policy, settings, caches)
        keys = CacheKeyMaker(identity: identity)
        self.label = label
        self.ownsMethods = ownsMethods
        self.groups = [groups[0]]
        spareGroups = Array(groups.dropFirst())
        ruleGroups = []
        ruleWrites = []
        beginRules()
    }

    /// Takes another policy over. Writes under way no longer go by a rule: they drop everything.
    mutating func setPolicy(
        _ policy: CachePolicy, _ settings: CachingSettings, _ caches: borrowing CacheManager
    ) {
        self.policy = policy
        tables = PolicyTables(policy, settings, caches)
        catalog.tools.judgeAgain(by: policy)
        beginRules()
    }

    private mutating func beginRules() {
        let count = policy.rules.rules.count
        ruleGroups = Array(repeating: RuleGroups(), count: count)
        ruleWrites = Array(repeating: 0, count: count)
    }

    /// Takes other default times over.
    mutating func setTimes(_ settings: CachingSettings) {
        tables.setTimes(policy, settings)
    }

    func isSafe(at now: Instant) -> Bool { now >= unsafeUntil }
}
