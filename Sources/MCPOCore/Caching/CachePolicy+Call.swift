// The policy for one request: its tool's decision, its directive, its arguments; and the requests
// that call no tool.
//
// A directive narrows, as in HTTP: it cannot make a write cacheable. `maxAge` alone also opens: who
// says how old an answer may be is given one that nobody else would get, of a tool that only reads:
//
//     get_current_time, {"maxAge": 5}     looked up and stored for those who ask in this way

extension CachePolicy {
    /// Decides on a `tools/call`.
    ///
    /// - Parameters:
    ///   - decision: what the server's `ToolCatalog` has for the tool.
    ///   - arguments: `Envelope.arguments`.
    package func decide(
        _ decision: CacheDecision, _ line: RawSpan, arguments: JSONValue,
        _ directive: CacheDirective
    ) -> CallDecision {
        guard decision.becomesWrite(line, arguments) else {
            return decision.narrowed(by: directive)
        }
        var write = decision
        write.isCacheable = false
        write.ttl = 0
        write.line = .sqlStatement
        write.effect = .write
        write.isIdempotent = rule(of: decision)?.isIdempotent ?? false
        return write.narrowed(by: directive)
    }

    /// Decides on a request that calls no tool.
    ///
    /// - Parameters:
    ///   - era: that of the server.
    ///   - isWatched: of `resources/read`, whether a subscription of mcpo's own will tell of changes.
    package func decide(
        _ method: Method, server era: Era, isWatched: Bool, _ directive: CacheDirective
    ) -> CallDecision {
        judge(method, server: era, isWatched: isWatched).narrowed(by: directive)
    }

    /// The decision for a method without a look at the request.
    package func judge(_ method: Method, server era: Era, isWatched: Bool) -> CacheDecision {
        let effect: ToolEffect = method.isReadOnly ? .readOnly : .unknown
        guard let name = method.ruleName else {
            // Its answer is its caller's alone: a subscription, a log level.
            var decision = CacheDecision(line: .notStorable, effect: effect)
            decision.isUnique = true
            return decision
        }
        let index = rules.index(forMethod: name)
        let rule = index.map { rules.rules[$0] }
        var decision = judge(method, era, isWatched)
        if rule?.cache == .no || (rule?.ttl.map { $0 <= .zero } ?? false) {
            decision = CacheDecision(line: .rule, effect: effect)
        } else if rule?.cache != nil || rule?.ttl != nil {
            decision = CacheDecision(isCacheable: true, line: .rule, effect: effect)
        }
        if decision.isCacheable {
            decision.ttl = ttl(ofMethodWith: rule).wholeNanoseconds
        }
        decision.rule = Int32(truncatingIfNeeded: index ?? -1)
        return decision
    }

    private func judge(_ method: Method, _ era: Era, _ isWatched: Bool) -> CacheDecision {
        func decision(_ isCacheable: Bool, _ line: DecisionLine) -> CacheDecision {
            CacheDecision(isCacheable: isCacheable, line: line, effect: .readOnly)
        }
        switch method {
        case .discover, .listTools, .listPrompts, .listResources, .listResourceTemplates:
            return mode == .off ? decision(false, .policyOff) : decision(true, .list)
        case .readResource:
            if mode == .off { return decision(false, .policyOff) }
            if isWatched { return decision(true, .watchedResource) }
            return era == .modern ? decision(true, .resource) : decision(false, .unwatchedResource)
        default:
            return decision(false, .ruleOnly)
        }
    }

    private func ttl(ofMethodWith rule: ToolRule?) -> Duration {
        if let ttl = rule?.ttl { return ttl }
        if case .named(let name) = rule?.cache { return namedCacheTTLs[name] ?? defaultTTL }
        return defaultTTL
    }
}

extension CacheDecision {
    /// Whether arguments make a write of a call. What is not cached and taken for a write anyway needs
    /// no look at them.
    func becomesWrite(_ line: RawSpan, _ arguments: JSONValue) -> Bool {
        (isCacheable || effect == .readOnly)
            && SQLStatement.isMutating(stringsOf: line, arguments)
    }

    /// Line 1: a tool's or method's decision and what the request says of its own.
    package func narrowed(by directive: CacheDirective) -> CallDecision {
        var call = CallDecision(
            tool: self, looksUp: isCacheable, stores: isCacheable,
            joinsEarlierFlights: isMergeable)
        switch directive {
        case .none: break
        case .noStore:
            call.looksUp = false
            call.stores = false
        case .noCache:
            call.looksUp = false
            call.joinsEarlierFlights = false
        case .onlyIfCached:
            call.isOnlyIfCached = true
        case .maxAge(let age):
            call.limitAge(to: age)
        case .notUnderstood:
            call.hasUnknownDirective = true
        }
        if directive != .none, directive != .notUnderstood, call.tool.isCacheable {
            call.tool.line = .request
        }
        return call
    }
}

extension CallDecision {
    fileprivate mutating func limitAge(to age: Int64) {
        maximumAge = age
        guard tool.line == .realtime, tool.effect == .readOnly, !tool.isUnique, age > 0
        else { return }
        tool.isCacheable = true
        tool.ttl = age
        isOpened = true
        looksUp = true
        stores = true
    }
}

extension Method {
    /// Under which name rules speak of it; nil for what is never stored.
    var ruleName: String? {
        hasStorableAnswer && self != .callTool ? "\(name)" : nil
    }
}
