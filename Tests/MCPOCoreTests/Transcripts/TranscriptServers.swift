// The settings of a transcript about servers, their pools, limits and retries: `set gateway on`,
// `set server time poolMax=3`, `set concurrency 2` …

import Foundation
import MCPOCore

/// Servers and traffic as a transcript sets them up, setting by setting.
struct TranscriptServers: Sendable {
    /// In the order of the configuration, those of a later one behind; empty for the one that every
    /// transcript has.
    private(set) var names: [String] = []
    /// Those that are in the configuration no more.
    private var removed: Set<String> = []
    /// What each of them says of itself.
    private var own: [[Setting]] = []
    private var gateway: GatewaySettings?
    private var concurrency: ConcurrencySettings?
    private var retry = RetrySettings()
    /// `set poolMax 3` and its kin, for every server that does not say otherwise.
    private var common: [Setting] = []

    private typealias Setting = (name: String, value: String)

    /// Takes a setting; false if it is none of servers, nil if its value makes no sense.
    mutating func apply(_ words: [String], isChange: Bool) -> Bool? {
        if words[0] == "server" { return addServer(words, isChange: isChange) }
        guard words.count == 2 else { return false }
        let (number, time) = (Int(words[1]), Transcript.duration(words[1]))
        switch words[0] {
        case "gateway": return words[1] == "on" ? openGateway { _ in } : nil
        case "naming": return setNaming(words[1])
        case "startupWait": return time.map { wait in openGateway { $0.startupWait = wait } }
        case "concurrency": return number.map { most in limit { $0.maximum = most } }
        case "maxQueue": return number.map { most in limit { $0.maxQueue = most } }
        case "queueTimeout":
            return time.map { time in limit { $0.queueTimeout = time.wholeNanoseconds } }
        case "retry":
            retry.maximum = number ?? 0
            return number.map { _ in true }
        case "retryBudget":
            retry.budgetPercent = number ?? 0
            return number.map { _ in true }
        default:
            var probe = ServerSettings(name: "")
            guard Self.set(words[0], words[1], of: &probe) else { return false }
            common.append((words[0], words[1]))
            return true
        }
    }

    /// Puts everything into the settings of the core.
    func finish(_ settings: inout ProxySettings, _ caching: TranscriptCaching?) {
        let served = names.indices.filter { !removed.contains(names[$0]) }
        if !names.isEmpty { settings.servers = served.map { ServerSettings(name: names[$0]) } }
        for index in settings.servers.indices {
            for (name, value) in common + (names.isEmpty ? [] : own[served[index]]) {
                _ = Self.set(name, value, of: &settings.servers[index])
            }
            guard gateway != nil, let caching else { continue }
            let name = settings.servers[index].name
            settings.servers[index].policy = caching.policy(of: name)
            settings.servers[index].identity = Array(name.utf8)
        }
        settings.gateway = gateway
        settings.concurrency = concurrency
        settings.retry = retry
    }

    /// Whether mcpo has to know the tools although nothing is cached.
    var needsTools: Bool {
        gateway != nil || common.contains { $0.name == "poolMax" || $0.name == "poolMin" }
    }

    /// `server time poolMax=3 limit=1`
    private mutating func addServer(_ words: [String], isChange: Bool) -> Bool? {
        guard words.count > 1, isChange || !names.contains(words[1]) else { return nil }
        var probe = ServerSettings(name: words[1])
        var own: [Setting] = []
        for word in words.dropFirst(2) {
            guard let name = word.before(upTo: "="), let value = word.after(upTo: "="),
                Self.set(name, value, of: &probe)
            else { return nil }
            own.append((name, value))
        }
        removed.remove(words[1])
        if let place = names.firstIndex(of: words[1]) {
            self.own[place] = own
            return true
        }
        names.append(words[1])
        self.own.append(own)
        return true
    }

    /// Takes a server out; false if there is none of this name.
    mutating func remove(_ name: String) -> Bool {
        names.contains(name) && removed.insert(name).inserted
    }

    private mutating func openGateway(_ change: (inout GatewaySettings) -> Void) -> Bool {
        var settings = gateway ?? GatewaySettings(version: "1")
        change(&settings)
        gateway = settings
        return true
    }

    private mutating func setNaming(_ word: String) -> Bool? {
        switch word {
        case "none": openGateway { $0.naming = Naming(.none) }
        case "prefix": openGateway { $0.naming = Naming(.prefix) }
        default: nil
        }
    }

    private mutating func limit(_ change: (inout ConcurrencySettings) -> Void) -> Bool {
        var settings = concurrency ?? ConcurrencySettings()
        change(&settings)
        concurrency = settings
        return true
    }

    /// One setting of one server; false if there is none of this name or it makes no sense.
    private static func set(
        _ name: String, _ value: String, of server: inout ServerSettings
    ) -> Bool {
        let (number, time) = (Int(value), Transcript.duration(value))
        switch name {
        case "poolMin" where number != nil: server.pool.minimum = number
        case "poolMax" where number != nil: server.pool.maximum = number
        case "maximumInFlight": server.pool.maximumInFlight = number ?? 0
        case "limit" where number != nil: server.maximumConcurrent = number
        case "idleTime": server.pool.maximumIdleTime = time ?? .zero
        case "healthCheck": server.pool.healthCheckInterval = time ?? .zero
        case "connectionTimeout": server.pool.connectionTimeout = time ?? .zero
        default: return false
        }
        return number != nil || time != nil
    }
}
