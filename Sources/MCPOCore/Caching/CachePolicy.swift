// Which calls may be answered from the cache, and for how long: the table of SPEC §5.
//
//     1  the request's own directive      CachePolicy+Call.swift
//     2  a rule of the user
//     3  policy off, annotated, all
//     4  smart: a write, never            annotations, the name, and per call SQL in arguments
//     5  smart: realtime, never           the name
//     6  smart: static 1 h, dynamic 1 min; readOnlyHint: the default TTL; anything else never
//
// Lines 2 to 6 are decided once for each tool, when its server lists it (`ToolCatalog`); a call then
// costs a look into a table, its directive, and a look at its arguments' first words.
//
// Besides caching, the same facts say whether a tool writes (`ToolEffect`): what is stored goes when
// something may have been written. Caching and effect lean in opposite directions when nothing is
// known: an unknown tool is not cached, and it is taken for a write. Otherwise a client could read,
// after its own change through a tool nobody knows, what was there before.
//
//     readOnlyHint: false, destructiveHint: true     write
//     readOnlyHint: true                             reads
//     neither, a writing verb in the name            write
//     neither, a static or dynamic word, or a rule   reads
//       that caches it, or policy all
//     neither                                        unknown
//
// Where SPEC is silent:
//   - A rule with a `ttl` and no `cache` caches, because its author named the tool. A glob does so
//     only for what is no known write and not realtime, and `*`, which names nothing, only sets TTLs.
//   - `ttl: 0` is `cache: false`. A rule with `invalidates` that is not empty is for a write.
//   - A rule and policy `all` stand above what a name suggests. They do not make an annotated write
//     reading: where they cache one, it still drops what is stored, and is never merged.
//   - A call with SQL that changes something is not cached by any line: rules speak of the tool.
//   - Realtime is not cached under `annotated` either, just as not under `all`; nor is what says
//     that it is read-only and destructive at once.

/// The policy for one server.
package struct CachePolicy: Equatable, Sendable {
    package enum Mode: String, CaseIterable, Sendable {
        case smart, annotated, all, off
    }

    package var mode: Mode
    /// `cache.defaultTTL`.
    package var defaultTTL: Duration
    /// Of names with a word of the class (SPEC §5, line 6).
    package var staticTTL = Duration.seconds(3600)
    package var dynamicTTL = Duration.seconds(60)
    package var classes: WordClasses
    package let rules: ToolRules
    /// `caches`: the default TTL of each named cache.
    package var namedCacheTTLs: [String: Duration] = [:]

    package init(
        mode: Mode = .smart, defaultTTL: Duration = .seconds(300), rules: [ToolRule] = [],
        classes: WordClasses = WordClasses()
    ) {
        self.mode = mode
        self.defaultTTL = defaultTTL
        self.rules = ToolRules(rules)
        self.classes = classes
    }

    /// The rule of a decision.
    package func rule(of decision: CacheDecision) -> ToolRule? {
        decision.rule < 0 ? nil : rules.rules[Int(decision.rule)]
    }

    /// The name of the cache that a decision stores in; nil is the default one.
    package func cacheName(of decision: CacheDecision) -> String? {
        guard case .named(let name) = rule(of: decision)?.cache else { return nil }
        return name
    }
}

/// A decision with the word or pattern that brought it about, for people.
package struct Judgement: Equatable, Sendable {
    package var decision: CacheDecision
    /// The word of the name, or the rule's pattern.
    package var cause: String?

    package init(decision: CacheDecision, cause: String? = nil) {
        self.decision = decision
        self.cause = cause
    }

    /// One line of `mcpo check`: `5. realtime: "time"`.
    package var text: String {
        let line = decision.line
        let number = line.number.map { "\($0). " } ?? ""
        return number + line.text + (cause.map { " \"\($0)\"" } ?? "")
    }
}

// MARK: - Lines 2 to 6

extension CachePolicy {
    /// What a tool is by its name and annotations, whatever the policy.
    private struct Findings {
        var writes: (line: DecisionLine, word: String?)?
        var realtime: String?
        var staticWord: String?
        var dynamicWord: String?
        var isUnique: Bool
        var isReadOnly: Bool

        init(_ name: String, _ annotations: ToolAnnotations, _ classes: WordClasses) {
            let words = WordClasses.words(of: name)
            realtime = classes.first(of: .realtime, in: words)
            staticWord = classes.first(of: .static, in: words)
            dynamicWord = classes.first(of: .dynamic, in: words)
            isUnique = classes.first(of: .unique, in: words) != nil
            isReadOnly = annotations.readOnly == true && annotations.destructive != true
            if annotations.readOnly == false {
                writes = (.notReadOnly, nil)
            } else if annotations.destructive == true {
                writes = (.destructive, nil)
            } else if annotations.readOnly == nil, let verb = classes.writingVerb(in: words) {
                writes = (.writingVerb, verb)
            }
        }

        /// Whether a name is all there is to tell that the tool reads.
        var isGuess: Bool { writes == nil && !isReadOnly }

        /// Whether the server itself says that the tool writes.
        var isAnnotatedWrite: Bool { writes != nil && writes?.line != .writingVerb }

        var effect: ToolEffect {
            if writes != nil { return .write }
            return isReadOnly || staticWord != nil || dynamicWord != nil ? .readOnly : .unknown
        }
    }

    /// Decides on a tool that its server lists.
    package func judge(_ name: String, _ annotations: ToolAnnotations) -> Judgement {
        let findings = Findings(name, annotations, classes)
        let index = rules.index(for: name)
        let rule = index.map { rules.rules[$0] }
        var judgement =
            rule.flatMap { judge(findings, by: $0) } ?? judgeByMode(findings)
        if judgement.decision.isCacheable {
            judgement.decision.ttl = ttl(findings, rule, judgement.decision.line).wholeNanoseconds
        }
        if let invalidates = rule?.invalidates, !invalidates.isEmpty {
            judgement.decision.effect = .write
        }
        judgement.decision.isIdempotent =
            rule?.isIdempotent ?? annotations.idempotent ?? false
        judgement.decision.isUnique = findings.isUnique && !judgement.decision.isCacheable
        judgement.decision.rule = Int32(truncatingIfNeeded: index ?? -1)
        return judgement
    }

    /// Line 2; nil when the rule does not decide on caching.
    private func judge(_ findings: Findings, by rule: ToolRule) -> Judgement? {
        func judgement(_ isCacheable: Bool) -> Judgement {
            let effect = isCacheable ? vouchedEffect(findings) : findings.effect
            return Judgement(
                decision: CacheDecision(isCacheable: isCacheable, line: .rule, effect: effect),
                cause: rule.pattern)
        }
        if rule.cache == .no || (rule.ttl.map { $0 <= .zero } ?? false) { return judgement(false) }
        if rule.cache != nil { return judgement(true) }
        guard rule.ttl != nil, !rule.isCatchAll else { return nil }
        let isPlain = findings.writes == nil && findings.realtime == nil
        return rule.isExact || isPlain ? judgement(true) : nil
    }

    /// Lines 3 to 6.
    private func judgeByMode(_ findings: Findings) -> Judgement {
        switch mode {
        case .off:
            return refused(.policyOff, findings)
        case .annotated:
            guard findings.isReadOnly else {
                // Who trusts annotations alone does not trust a name to be that of a reader.
                var judgement = refused(.policyAnnotated, findings)
                if findings.isGuess { judgement.decision.effect = .unknown }
                return judgement
            }
            if let word = findings.realtime { return refused(.realtime, findings, word) }
            return cached(.policyAnnotated, findings)
        case .all:
            if let word = findings.realtime { return refused(.realtime, findings, word) }
            return Judgement(
                decision: CacheDecision(
                    isCacheable: true, line: .policyAll, effect: vouchedEffect(findings)))
        case .smart:
            return judgeSmart(findings)
        }
    }

    /// Lines 4 to 6.
    private func judgeSmart(_ findings: Findings) -> Judgement {
        if let (line, word) = findings.writes { return refused(line, findings, word) }
        if let word = findings.realtime { return refused(.realtime, findings, word) }
        if let word = findings.staticWord { return cached(.staticWord, findings, word) }
        if let word = findings.dynamicWord { return cached(.dynamicWord, findings, word) }
        if findings.isReadOnly { return cached(.readOnly, findings) }
        return refused(.nothingKnown, findings)
    }

    private func cached(
        _ line: DecisionLine, _ findings: Findings, _ cause: String? = nil
    ) -> Judgement {
        Judgement(
            decision: CacheDecision(isCacheable: true, line: line, effect: findings.effect),
            cause: cause)
    }

    private func refused(
        _ line: DecisionLine, _ findings: Findings, _ cause: String? = nil
    ) -> Judgement {
        Judgement(decision: CacheDecision(line: line, effect: findings.effect), cause: cause)
    }

    /// The effect of a tool that the user has cached: a name proves nothing against that, the
    /// server's word does.
    private func vouchedEffect(_ findings: Findings) -> ToolEffect {
        findings.isAnnotatedWrite ? .write : .readOnly
    }

    private func ttl(
        _ findings: Findings, _ rule: ToolRule?, _ line: DecisionLine
    ) -> Duration {
        if let ttl = rule?.ttl { return ttl }
        if case .named(let name) = rule?.cache { return namedCacheTTLs[name] ?? defaultTTL }
        guard line != .policyAnnotated, line != .policyAll else { return defaultTTL }
        if findings.staticWord != nil { return staticTTL }
        return findings.dynamicWord != nil ? dynamicTTL : defaultTTL
    }
}
