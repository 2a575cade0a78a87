// The settings of a transcript that switch caching on: `set cache smart`, `set rule report ttl=5m` …

import Foundation
import MCPOCore

/// Caching as a transcript sets it up, setting by setting.
struct TranscriptCaching: Sendable {
    private var mode = CachePolicy.Mode.smart
    private var defaultTTL = Duration.seconds(300)
    private var rules: [(server: String?, rule: ToolRule)] = []
    private var cache = CacheSettings()
    private var namedCaches: [NamedCacheSettings] = []
    private var annotates = true
    private var dedupTTL: Duration? = .seconds(60)
    private var hasMetricsTool = false
    /// Whether mcpo has to know the tools although nothing is cached.
    var needsTools = false

    /// Takes a setting; false if it is none of caching, nil if its value makes no sense.
    mutating func apply(_ words: [String]) -> Bool? {
        switch words[0] {
        case "rule": return addRule(words)
        case "namedCache": return addCache(words)
        default: break
        }
        guard words.count == 2 else { return nil }
        switch words[0] {
        case "cache": return set(\.mode, CachePolicy.Mode(rawValue: words[1]))
        case "defaultTTL": return set(\.defaultTTL, Transcript.duration(words[1]))
        case "maxSize": return set(\.cache.maxSize, Int(words[1]))
        case "maxBytes": return set(\.cache.maxBytes, Int(words[1]))
        case "strategy": return set(\.cache.strategy, CacheStrategy(rawValue: words[1]))
        case "annotate": return set(\.annotates, Self.isOn(words[1]))
        case "metricsTool": return set(\.hasMetricsTool, Self.isOn(words[1]))
        case "dedup":
            dedupTTL = Transcript.duration(words[1])
            return dedupTTL != nil || words[1] == "off" ? true : nil
        default: return false
        }
    }

    /// What holds for a server, or for the only one.
    func policy(of server: String? = nil) -> CachePolicy {
        let own = rules.filter { $0.server == nil || $0.server == server }.map(\.rule)
        var policy = CachePolicy(mode: mode, defaultTTL: defaultTTL, rules: own)
        for cache in namedCaches { policy.namedCacheTTLs[cache.name] = cache.defaultTTL }
        return policy
    }

    var settings: CachingSettings {
        var settings = CachingSettings(policy: policy(), identity: Array("server".utf8))
        settings.cache = cache
        settings.namedCaches = namedCaches
        settings.annotates = annotates
        settings.dedupTTL = dedupTTL
        settings.hasMetricsTool = hasMetricsTool
        settings.needsTools = needsTools
        return settings
    }

    private mutating func set<Value>(
        _ path: WritableKeyPath<Self, Value>, _ value: Value?
    ) -> Bool? {
        guard let value else { return nil }
        self[keyPath: path] = value
        return true
    }

    private static func isOn(_ word: String) -> Bool? {
        switch word {
        case "on": true
        case "off": false
        default: nil
        }
    }

    mutating func removeRules() { rules = [] }

    mutating func removeCaches() { namedCaches = [] }

    /// `namedCache big maxSize=10 defaultTTL=1m`
    private mutating func addCache(_ words: [String]) -> Bool? {
        guard words.count > 1 else { return nil }
        var named = NamedCacheSettings(name: words[1], settings: CacheSettings())
        for word in words.dropFirst(2) {
            if let value = word.after("maxSize=").flatMap({ Int($0) }) {
                named.settings.maxSize = value
            } else if let value = word.after("defaultTTL=").flatMap(Transcript.duration) {
                named.defaultTTL = value
            } else {
                return nil
            }
        }
        namedCaches.append(named)
        return true
    }

    /// `rule report ttl=5m cache=true invalidates=a,b staleIfError=1h staleWhileRevalidate=10s`, and
    /// `rule time report …` for the tool of one server.
    private mutating func addRule(_ words: [String]) -> Bool? {
        guard words.count > 2 else { return nil }
        let server = words[2].contains("=") ? nil : words[1]
        var rule = ToolRule(words[server == nil ? 1 : 2])
        for word in words.dropFirst(server == nil ? 2 : 3) {
            guard let value = word.after(upTo: "="), let name = word.before(upTo: "=") else {
                return nil
            }
            let time = Transcript.duration(value)
            switch name {
            case "ttl" where time != nil: rule.ttl = time
            case "staleIfError" where time != nil: rule.staleIfError = time
            case "staleWhileRevalidate" where time != nil: rule.staleWhileRevalidate = time
            case "cache" where value == "true": rule.cache = .yes
            case "cache" where value == "false": rule.cache = .no
            case "cache": rule.cache = .named(value)
            case "invalidates":
                rule.invalidates = value.split(separator: ",").map(String.init)
            case "timeout" where time != nil: rule.timeout = time
            case "maxConcurrent": rule.maximumConcurrent = Int(value)
            case "idempotent": rule.isIdempotent = value == "true"
            case "hidden": rule.isHidden = value == "true"
            case "name": rule.exposedName = value
            default: return nil
            }
        }
        rules.append((server, rule))
        return true
    }
}

/// What `server lists` names.
enum ListedEntries {
    /// - Parameter words: of tools, those that end on a sign have `readOnlyHint`.
    static func list(_ kind: EntryList.Kind, _ words: String) -> String {
        let words = words.split(separator: " ")
        switch kind {
        case .tools: return words.map(tool).joined(separator: ",")
        case .prompts: return words.map { #"{"name":"\#($0)"}"# }.joined(separator: ",")
        case .resources:
            return words.map { #"{"uri":"\#($0)","name":"r"}"# }.joined(separator: ",")
        case .templates:
            return words.map { #"{"uriTemplate":"\#($0)","name":"t"}"# }.joined(separator: ",")
        }
    }

    private static func tool(_ word: Substring) -> String {
        let hint = word.hasSuffix("+") ? true : word.hasSuffix("-") ? false : nil
        let name = hint == nil ? word : word.dropLast()
        let annotations = hint.map { #","annotations":{"readOnlyHint":\#($0)}"# } ?? ""
        return #"{"name":"\#(name)","inputSchema":{"type":"object"}\#(annotations)}"#
    }
}
