import MCPOCore
import Testing

private let reads = ToolAnnotations(readOnly: true)

@Suite("Cache policy: calls")
struct CallDecisionTests {
    private func decide(
        _ name: String, _ annotations: ToolAnnotations = ToolAnnotations(),
        arguments: String = "{}", asking directive: CacheDirective = .none,
        mode: CachePolicy.Mode = .smart, rules: [ToolRule] = []
    ) throws -> CallDecision {
        let policy = CachePolicy(mode: mode, rules: rules)
        let line = try Scanned(#"{"params":{"arguments":\#(arguments)}}"#)
        return policy.decide(
            policy.judge(name, annotations).decision, line.bytes.span.bytes,
            arguments: line.envelope.arguments, directive)
    }

    @Test("Without a directive the tool's decision holds")
    func plain() throws {
        let cached = try decide("read_query", arguments: #"{"query":"SELECT 1"}"#)
        #expect(cached.looksUp && cached.stores && cached.joinsEarlierFlights)
        #expect(cached.tool.line == .dynamicWord)
        let written = try decide("write_query", arguments: #"{"query":"SELECT 1"}"#)
        #expect(!written.looksUp && !written.stores && !written.joinsEarlierFlights)
    }

    @Test("A read-only tool that is handed a change is a write, also by rule and under all")
    func sql() throws {
        let change = #"{"query":"DELETE FROM t"}"#
        let rule = ToolRule("query", cache: .yes)
        let calls = [
            try decide("query", arguments: change), try decide("query", reads, arguments: change),
            try decide("query", reads, arguments: change, rules: [rule]),
            try decide("query", arguments: change, mode: .all),
            try decide("query", reads, arguments: change, mode: .annotated),
            try decide("query", reads, arguments: change, mode: .off),
            try decide("query", .init(readOnly: true, idempotent: true), arguments: change),
        ]
        for call in calls {
            #expect(!call.looksUp && !call.stores && !call.joinsEarlierFlights)
            #expect(call.tool.line == .sqlStatement && call.tool.mayWrite)
            #expect(!call.tool.isRetrySafe && call.tool.ttl == 0)
        }
    }

    @Test("Directives narrow what may be done")
    func directives() throws {
        let noStore = try decide("search", asking: .noStore)
        #expect(!noStore.looksUp && !noStore.stores && noStore.joinsEarlierFlights)
        #expect(noStore.tool.line == .request)
        let noCache = try decide("search", asking: .noCache)
        #expect(!noCache.looksUp && noCache.stores && !noCache.joinsEarlierFlights)
        let onlyIfCached = try decide("search", asking: .onlyIfCached)
        #expect(onlyIfCached.looksUp && onlyIfCached.stores && onlyIfCached.isOnlyIfCached)
        let maxAge = try decide("search", asking: .maxAge(5))
        #expect(maxAge.looksUp && maxAge.stores && maxAge.maximumAge == 5)
        let unknown = try decide("search", asking: .notUnderstood)
        #expect(unknown.looksUp && unknown.stores && unknown.hasUnknownDirective)
    }

    @Test("No directive makes a write, or what may be one, cacheable")
    func noDirectiveOpensWrites() throws {
        for directive in [CacheDirective.noCache, .onlyIfCached, .maxAge(60), .none] {
            for name in ["create_x", "frobnicate", "random"] {
                let call = try decide(name, asking: directive)
                #expect(!call.looksUp && !call.stores)
            }
            let call = try decide("query", arguments: #"["drop table t"]"#, asking: directive)
            #expect(!call.looksUp && !call.stores)
        }
        #expect(try decide("create_x", asking: .onlyIfCached).isOnlyIfCached)
    }

    @Test("A maximum age opens what is realtime, for those who give one")
    func maximumAge() throws {
        let call = try decide("get_current_time", reads, asking: .maxAge(5_000_000_000))
        #expect(call.looksUp && call.stores)
        #expect(call.tool.ttl == 5_000_000_000 && call.maximumAge == 5_000_000_000)
        #expect(call.tool.line == .request)
        #expect(try !decide("get_current_time", reads, asking: .maxAge(0)).looksUp)
        #expect(try !decide("get_random_number", reads, asking: .maxAge(5)).looksUp)
        let rule = ToolRule("get_current_time", cache: .no)
        #expect(try !decide("get_current_time", reads, asking: .maxAge(5), rules: [rule]).looksUp)
        #expect(try !decide("get_current_time", reads, asking: .maxAge(5), mode: .off).looksUp)
    }

    @Test("Lists are cached, resources while they are watched or from a modern server")
    func methods() {
        let policy = CachePolicy()
        func decision(_ method: Method, _ era: Era = .legacy, watched: Bool = false)
            -> CacheDecision
        {
            policy.judge(method, server: era, isWatched: watched)
        }
        let lists: [Method] = [
            .discover, .listTools, .listPrompts, .listResources, .listResourceTemplates,
        ]
        for method in lists {
            #expect(decision(method).isCacheable && !decision(method).mayWrite)
            #expect(decision(method).ttl == 300_000_000_000)
        }
        #expect(!decision(.readResource).isCacheable)
        #expect(decision(.readResource).line == .unwatchedResource)
        #expect(decision(.readResource, watched: true).isCacheable)
        #expect(decision(.readResource, .modern).isCacheable)
        #expect(decision(.getPrompt).line == .ruleOnly)
        #expect(decision(.complete).line == .ruleOnly)
        #expect(decision(.ping).line == .notStorable)
        for method in [Method.subscribeResource, .setLogLevel, .listen, .initialize, .ping] {
            #expect(!decision(method).isMergeable && !decision(method).isCacheable)
            #expect(!decision(method).mayWrite)
        }
        #expect(decision(.unknown).mayWrite)
    }

    @Test("Rules with a slash speak of methods")
    func methodRules() {
        var rules = [
            ToolRule("*", cache: .yes), ToolRule("prompts/get", cache: .yes),
            ToolRule("resources/*", ttl: .seconds(9)), ToolRule("tools/list", cache: .no),
        ]
        func line(_ method: Method, mode: CachePolicy.Mode = .smart) -> String {
            let policy = CachePolicy(mode: mode, rules: rules)
            let decision = policy.judge(method, server: .legacy, isWatched: false)
            return "\(decision.line) \(decision.ttl / 1_000_000_000)"
        }
        #expect(line(.getPrompt) == "rule 300")
        #expect(line(.complete) == "ruleOnly 0")
        #expect(line(.readResource) == "rule 9")
        #expect(line(.listResources) == "rule 9")
        #expect(line(.listTools) == "rule 0")
        #expect(line(.listPrompts) == "list 300")
        #expect(line(.listPrompts, mode: .off) == "policyOff 0")
        #expect(line(.getPrompt, mode: .off) == "rule 300")
        rules = [ToolRule("resources/read", ttl: .zero)]
        #expect(line(.readResource) == "rule 0")
    }
}
