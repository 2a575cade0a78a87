import MCPOCore
import Testing

private let seconds: Int64 = 1_000_000_000

/// A decision in one line: the line of SPEC's table, `never` or the seconds, the effect.
private func decided(
    _ name: String, _ annotations: ToolAnnotations = ToolAnnotations(),
    mode: CachePolicy.Mode = .smart, rules: [ToolRule] = []
) -> String {
    var policy = CachePolicy(mode: mode, rules: rules)
    policy.namedCacheTTLs = ["high_frequency": .seconds(7)]
    let decision = policy.judge(name, annotations).decision
    let ttl = decision.isCacheable ? "\(decision.ttl / seconds)" : "never"
    return "\(decision.line) \(ttl) \(decision.effect)"
}

private let reads = ToolAnnotations(readOnly: true)
private let writes = ToolAnnotations(readOnly: false)

@Suite("Cache policy: tools")
struct CachePolicyTests {
    @Test("Policy smart, line by line")
    func smart() {
        #expect(decided("get_thing", writes) == "notReadOnly never write")
        #expect(decided("get_thing", .init(destructive: true)) == "destructive never write")
        #expect(
            decided("get_it", .init(readOnly: true, destructive: true)) == "destructive never write"
        )
        #expect(decided("create_thing") == "writingVerb never write")
        #expect(decided("get_thing", .init(destructive: false)) == "dynamicWord 60 readOnly")
        #expect(decided("create_thing", .init(idempotent: true)) == "writingVerb never write")
        #expect(decided("create_thing", reads) == "readOnly 300 readOnly")
        #expect(decided("get_current_time", reads) == "realtime never readOnly")
        #expect(decided("get_current_time") == "realtime never readOnly")
        #expect(decided("random") == "realtime never unknown")
        #expect(decided("describe_table") == "staticWord 3600 readOnly")
        #expect(decided("get_schema", reads) == "staticWord 3600 readOnly")
        #expect(decided("search_things", reads) == "dynamicWord 60 readOnly")
        #expect(decided("frobnicate", reads) == "readOnly 300 readOnly")
        #expect(decided("frobnicate") == "nothingKnown never unknown")
    }

    @Test("Policy annotated caches what is annotated as read-only, and nothing else")
    func annotated() {
        #expect(decided("frobnicate", reads, mode: .annotated) == "policyAnnotated 300 readOnly")
        #expect(decided("search", reads, mode: .annotated) == "policyAnnotated 300 readOnly")
        #expect(decided("search", mode: .annotated) == "policyAnnotated never unknown")
        #expect(decided("create", mode: .annotated) == "policyAnnotated never write")
        #expect(decided("get_time", reads, mode: .annotated) == "realtime never readOnly")
    }

    @Test("Policy all caches everything but what is realtime")
    func all() {
        #expect(decided("frobnicate", mode: .all) == "policyAll 300 readOnly")
        #expect(decided("add", mode: .all) == "policyAll 300 readOnly")
        #expect(decided("get_time", mode: .all) == "realtime never readOnly")
        // It is cached, because the user says so; it still drops what is stored.
        #expect(decided("frobnicate", writes, mode: .all) == "policyAll 300 write")
    }

    @Test("Policy off caches nothing but by rule")
    func off() {
        #expect(decided("search", reads, mode: .off) == "policyOff never readOnly")
        let rule = ToolRule("search", cache: .yes)
        #expect(decided("search", reads, mode: .off, rules: [rule]) == "rule 60 readOnly")
    }

    @Test("A rule stands above names and annotations")
    func rules() {
        func with(_ rule: ToolRule, _ name: String, _ annotations: ToolAnnotations = .init())
            -> String
        {
            decided(name, annotations, rules: [rule])
        }
        #expect(with(ToolRule("get_*", cache: .no), "get_x", reads) == "rule never readOnly")
        #expect(with(ToolRule("report", cache: .yes), "report") == "rule 300 readOnly")
        #expect(with(ToolRule("report", cache: .yes), "report", writes) == "rule 300 write")
        #expect(with(ToolRule("get_time", cache: .yes), "get_time") == "rule 60 readOnly")
        #expect(
            with(ToolRule("report", cache: .named("high_frequency")), "report") == "rule 7 readOnly"
        )
        #expect(with(ToolRule("report", cache: .named("other")), "report") == "rule 300 readOnly")
        #expect(
            with(ToolRule("x", cache: .yes, ttl: .milliseconds(2500)), "x") == "rule 2 readOnly")
    }

    @Test("A rule with a TTL alone caches what it names")
    func ttlRules() {
        func with(_ pattern: String, _ ttl: Int, _ name: String, _ hints: ToolAnnotations = .init())
            -> String
        {
            decided(name, hints, rules: [ToolRule(pattern, ttl: .seconds(ttl))])
        }
        #expect(with("search_*", 600, "search_x") == "rule 600 readOnly")
        #expect(with("frob*", 600, "frobnicate") == "rule 600 readOnly")
        #expect(with("get_time", 5, "get_time") == "rule 5 readOnly")
        #expect(with("get_*", 5, "get_time") == "realtime never readOnly")
        #expect(with("create_*", 5, "create_x") == "writingVerb never write")
        #expect(with("get_*", 5, "get_x", writes) == "notReadOnly never write")
        #expect(with("*", 600, "frobnicate") == "nothingKnown never unknown")
        #expect(with("*", 600, "search") == "dynamicWord 600 readOnly")
        #expect(with("search", 0, "search") == "rule never readOnly")
        #expect(with("*", 0, "search") == "rule never readOnly")
    }

    @Test("A rule that names what a call drops is for a write")
    func invalidates() {
        var rule = ToolRule("get_x")
        rule.invalidates = ["list_*", "file:///*"]
        #expect(decided("get_x", reads, rules: [rule]) == "dynamicWord 60 write")
        #expect(rule.drops("list_a") && rule.drops("file:///b") && !rule.drops("search"))
        rule.invalidates = []
        #expect(decided("get_x", reads, rules: [rule]) == "dynamicWord 60 readOnly")
        #expect(!rule.drops("list_a"))
        rule.invalidates = nil
        #expect(rule.drops("list_a"))
    }

    @Test("What may be sent twice, and what may be shared")
    func retriesAndMerging() {
        let policy = CachePolicy()
        func decision(_ name: String, _ hints: ToolAnnotations = .init()) -> CacheDecision {
            policy.judge(name, hints).decision
        }
        #expect(decision("get_x").isRetrySafe && decision("get_x").isMergeable)
        #expect(!decision("create_x").isRetrySafe && !decision("create_x").isMergeable)
        #expect(!decision("frob").isRetrySafe && !decision("frob").isMergeable)
        #expect(decision("create_x", .init(idempotent: true)).isRetrySafe)
        #expect(!decision("create_x", .init(idempotent: true)).isMergeable)
        #expect(decision("get_time", reads).isMergeable)
        #expect(!decision("random_number", reads).isMergeable)
        #expect(!decision("generate_uuid", reads).isMergeable)
        var rule = ToolRule("create_x")
        rule.isIdempotent = true
        #expect(CachePolicy(rules: [rule]).judge("create_x", .init()).decision.isRetrySafe)
        rule.isIdempotent = false
        let hint = ToolAnnotations(idempotent: true)
        #expect(!CachePolicy(rules: [rule]).judge("create_x", hint).decision.isRetrySafe)
    }

    @Test("The rule is found again from the decision")
    func ruleOfDecision() {
        var rule = ToolRule("report", cache: .named("high_frequency"))
        rule.maximumConcurrent = 2
        rule.timeout = .seconds(300)
        let policy = CachePolicy(rules: [ToolRule("a*"), rule])
        let decision = policy.judge("report", .init()).decision
        #expect(policy.rule(of: decision) == rule)
        #expect(policy.cacheName(of: decision) == "high_frequency")
        let other = policy.judge("search", .init()).decision
        #expect(policy.rule(of: other) == nil)
        #expect(policy.cacheName(of: other) == nil)
    }

    @Test("Words of the user's own decide like those that mcpo knows")
    func classes() {
        var classes = WordClasses()
        classes.extend(.write, with: ["frobnicate"])
        classes.extend(.static, with: ["handbuch"])
        let policy = CachePolicy(classes: classes)
        #expect(policy.judge("frobnicate", .init()).decision.line == .writingVerb)
        #expect(policy.judge("handbuch", .init()).decision.line == .staticWord)
    }

    @Test("Each line has a text of its own, and its number")
    func texts() {
        #expect(Set(DecisionLine.allCases.map(\.text)).count == DecisionLine.allCases.count)
        #expect(CachePolicy().judge("get_time", .init()).text == #"5. realtime: "time""#)
        let policy = CachePolicy(rules: [ToolRule("get_*", cache: .no)])
        #expect(policy.judge("get_x", .init()).text == #"2. rule "get_*""#)
        #expect(CachePolicy(mode: .off).judge("get_x", .init()).text == "3. policy off")
    }
}

@Suite("Cache policy: globs")
struct GlobTests {
    @Test(
        "A star is any characters, a question mark is one",
        arguments: [
            ("a", "a", true), ("a", "b", false), ("a", "A", false), ("*", "", true),
            ("*", "abc", true), ("?", "", false), ("?", "é", true), ("?", "ab", false),
            ("a*", "abc", true), ("*c", "abc", true), ("a*c", "abbbc", true), ("a*c", "ab", false),
            ("*a*b*", "xaxbx", true), ("*a*b*", "xbxax", false), ("a?c", "abc", true),
            ("search_*", "search_", true), ("search_*", "research_x", false), ("", "", true),
            ("", "a", false), ("**", "x", true), ("a*a*a*b", "aaaaaaaaaaaaaaaa", false),
            ("[a]", "a", false), ("[a]", "[a]", true), ("a.c", "abc", false),
        ])
    func matching(pattern: String, name: String, matches: Bool) {
        #expect(Glob.matches(pattern, name) == matches)
    }

    @Test(
        "An exact name comes before a glob, a longer glob before a shorter one",
        arguments: [
            ("search_issues", "search_issues"), ("search_issue", "search_issue"),
            ("search_issue_x", "search_issue*"), ("search_code", "search_????"),
            ("search_users", "search_*"), ("search", "s*"), ("other", "*"),
        ])
    func precedence(name: String, expected: String) {
        let patterns = [
            "*", "s*", "search_*", "search_????", "search_issue*", "search_issues", "search_issue",
        ]
        for seed in 0..<20 {
            var random = SeededRandom(seed: seed)
            let rules = ToolRules(patterns.shuffled(using: &random).map { ToolRule($0) })
            #expect(rules.index(for: name).map { rules.rules[$0].pattern } == expected)
        }
    }

    @Test("Between globs of one length the order of the file does not decide")
    func ties() {
        let patterns = ["a?*", "ab*", "*bc", "?bc"]
        for seed in 0..<20 {
            var random = SeededRandom(seed: seed)
            let rules = ToolRules(patterns.shuffled(using: &random).map { ToolRule($0) })
            #expect(rules.rules.map(\.pattern) == ["*bc", "?bc", "ab*", "a?*"])
        }
    }

    @Test("Of two rules with one pattern the first counts")
    func same() {
        let rules = ToolRules([ToolRule("a", cache: .no), ToolRule("a", cache: .yes)])
        #expect(rules.index(for: "a").map { rules.rules[$0].cache } == .no)
    }
}
