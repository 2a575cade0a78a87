// What a check has found out, as values. `text` is in ServerReport+Text.swift.

internal import MCPOCore

/// What a server is, and what the proxy would do with each of its tools.
public struct ServerReport: Equatable, Sendable {
    /// How a server opens a session: *legacy* with `initialize`, *modern* (2026-07-28 and later)
    /// without any.
    public enum Era: String, Sendable {
        case legacy, modern
    }

    /// What a call does, as far as one knows.
    public enum Effect: String, Sendable {
        case reads, writes
        /// Nobody says: taken for one that writes.
        case unknown
    }

    /// How long an answer is used.
    public enum Lifetime: Equatable, Sendable {
        /// This long, unless the server says otherwise with the answer.
        case duration(Duration)
        /// Until there is no room for it: strategy `lru` alone ends nothing.
        case unlimited
        /// As long as the server says with the answer; what says nothing is not stored.
        case decidedByServer
    }

    /// What is decided on one tool, or on one kind of request.
    public struct Decision: Equatable, Sendable {
        /// The tool or the method.
        public var name: String
        /// What clients call it: its name, unless there are several servers or a rule names it
        /// otherwise. nil when it is hidden from them.
        public var exposedName: String?
        /// The cache that answers are stored in; nil when they are not.
        public var cache: String?
        /// How long an answer is used; nil when it is not stored.
        public var lifetime: Lifetime?
        public var effect: Effect
        /// What decided: a line of the documented table, and the word or pattern.
        public var reason: String
    }

    /// The server's name in the configuration.
    public var server: String
    /// The command that starts it, with its arguments.
    public var command: [String]
    public var era: Era
    /// The revision of the protocol that was agreed on, such as `2025-11-25`.
    public var revision: String
    /// What the server calls itself, as far as it does.
    public var serverName: String?
    public var serverVersion: String?
    /// From the start of the process to its first answer.
    public var startup: Duration
    /// Whether it has let the probe with `server/discover` pass in silence. `startup` contains 2 s of
    /// waiting then, because a slow start looks the same.
    public var ignoresProbe: Bool
    /// The capabilities that it has declared, by name.
    public var capabilities: [String]
    /// Lines that the server has printed between its messages: it should print them to stderr.
    public var nonsense: Int
    /// In the order of the server's list.
    public var tools: [Decision]
    /// Of requests other than `tools/call`, when a client of the server's era makes them.
    public var requests: [Decision]
    /// The policy in force, the room of the cache, and which requests are merged; in words.
    public var policy: String
    public var room: String
    public var merging: String
}

extension ServerReport {
    init(
        _ configuration: ProxyConfiguration, _ opening: ServerOpening,
        _ listing: borrowing ToolListing,
        nonsense: Int
    ) {
        let judge = Judge(
            settings: configuration.cachingSettings, era: opening.era,
            exposure: Exposure(configuration))
        self.init(
            server: configuration.server.name,
            command: [configuration.server.command] + configuration.server.arguments,
            era: opening.era == .modern ? .modern : .legacy, revision: opening.revision,
            serverName: opening.name, serverVersion: opening.version, startup: opening.startup,
            ignoresProbe: opening.ignoresProbe, capabilities: opening.capabilities,
            nonsense: nonsense,
            tools: listing.catalog.tools.map(judge.decision),
            requests: Self.methods(opening).map { method, name in
                switch method {
                case .discover: judge.decision(method, name, ttl: opening.ttl ?? 0)
                case .listTools: judge.decision(method, name, ttl: listing.ttl ?? 0)
                default: judge.decision(method, name, ttl: nil)
                }
            },
            policy: configuration.cache.policyWords, room: configuration.cache.roomWords,
            merging: configuration.dedup.words)
    }

    /// The requests that the server can answer and that a cache could.
    private static func methods(_ opening: ServerOpening) -> [(Method, name: String)] {
        var methods: [(Method, name: String)] =
            opening.era == .modern ? [(.discover, "server/discover")] : []
        for capability in opening.capabilities {
            switch capability {
            case "tools": methods.append((.listTools, "tools/list"))
            case "resources":
                methods += [
                    (.listResources, "resources/list"),
                    (.listResourceTemplates, "resources/templates/list"),
                    (.readResource, "resources/read"),
                ]
            case "prompts":
                methods += [(.listPrompts, "prompts/list"), (.getPrompt, "prompts/get")]
            case "completions": methods.append((.complete, "completion/complete"))
            default: break
            }
        }
        return methods
    }
}

extension ProxyConfiguration.Cache {
    var policyWords: String { "\(policy.rawValue), default TTL \(defaultTTL.text)" }

    var roomWords: String {
        "\(maxSize) entries, \(ByteCount.text(maxBytes)), strategy \(strategy.rawValue)"
    }
}

extension ProxyConfiguration.Dedup {
    var words: String {
        guard let ttl, ttl > .zero else { return "off" }
        return "equal requests share the answer to one that is at most \(ttl.text) old"
    }
}

/// Puts the policy's decisions into words.
private struct Judge {
    let settings: CachingSettings
    let era: Era
    let exposure: Exposure

    private var policy: MCPOCore.CachePolicy { settings.policy }

    func decision(_ tool: ToolCatalog.Tool) -> ServerReport.Decision {
        // The catalogue has the decision, the same judgement also the word that brought it about.
        let judgement = policy.judge(tool.name, tool.annotations)
        var decision = decision(tool.name, tool.decision, judgement.text)
        decision.exposedName = exposure.name(of: tool.name)
        return decision
    }

    /// - Parameter ttl: `ttlMs` of the server's own answer, in milliseconds; nil if it was not asked.
    func decision(_ method: Method, _ name: String, ttl: Int64?) -> ServerReport.Decision {
        let judged = policy.judge(method, server: era, isWatched: false)
        let pattern = judged.line == .rule ? policy.rule(of: judged)?.pattern : nil
        let reason = Judgement(decision: judged, cause: pattern).text
        var decision = decision(name, judged, reason)
        guard era == .modern, judged.isCacheable, !isByRule(judged) else { return decision }
        // In 2026-07-28 each of these answers says for how long it is good; absent is 0.
        guard let ttl else {
            decision.lifetime = .decidedByServer
            return decision
        }
        decision.reason += "; the server's own ttlMs is \(ttl)"
        decision.lifetime = ttl > 0 ? .duration(.milliseconds(ttl)) : nil
        if ttl <= 0 { decision.cache = nil }
        return decision
    }

    private func decision(
        _ name: String, _ decision: CacheDecision, _ reason: String
    ) -> ServerReport.Decision {
        let cache = decision.isCacheable ? policy.cacheName(of: decision) ?? "default" : nil
        let ends = isByRule(decision) || strategy(cache).expiresByDefault
        let time = ServerReport.Lifetime.duration(.nanoseconds(decision.ttl))
        return ServerReport.Decision(
            name: name, exposedName: name, cache: cache,
            lifetime: cache == nil ? nil : ends ? time : .unlimited,
            effect: effect(decision.effect), reason: reason)
    }

    /// Whether a rule says how long: that holds under every strategy, and against the server.
    private func isByRule(_ decision: CacheDecision) -> Bool {
        decision.line == .rule || policy.rule(of: decision)?.ttl != nil
    }

    private func strategy(_ cache: String?) -> MCPOCore.CacheStrategy {
        let named = settings.namedCaches.first { $0.name == cache }
        return (named?.settings ?? settings.cache).strategy
    }

    private func effect(_ effect: ToolEffect) -> ServerReport.Effect {
        switch effect {
        case .readOnly: .reads
        case .unknown: .unknown
        case .write: .writes
        }
    }
}

/// What clients call a server's tools.
private struct Exposure {
    private let configuration: ProxyConfiguration
    private let rules: ToolRules

    init(_ configuration: ProxyConfiguration) {
        self.configuration = configuration
        rules = ToolRules(configuration.server.tools.keys.map { ToolRule($0) })
    }

    /// nil when it is hidden.
    func name(of tool: String) -> String? {
        let pattern = rules.index(for: tool).map { rules.rules[$0].pattern }
        let rule = pattern.flatMap { configuration.server.tools[$0] }
        if rule?.isHidden ?? false { return nil }
        if let name = rule?.exposedName { return name }
        return configuration.presentation == .transparent
            ? tool : configuration.naming.exposed(tool, of: configuration.server.name)
    }
}
