// The configuration in the terms of the core and of the system.

package import MCPOCore
import MCPOSystem

extension ProxyConfiguration {
    /// The same in the core's terms, without disabled servers.
    package var settings: ProxySettings {
        var settings = ProxySettings(serverName: server.name)
        settings.limits.messageBytes = maximumMessageBytes
        settings.timeout = timeout
        settings.maximumTimeout = maximumTimeout
        settings.shutdownTimeout = shutdownTimeout
        settings.retry.maximum = retry.max
        settings.retry.budgetPercent = retry.budgetPercent
        settings.concurrency = ConcurrencySettings(
            maximum: concurrency.max, maxQueue: concurrency.maxQueue,
            queueTimeout: concurrency.queueTimeout.wholeNanoseconds)
        settings.isAdaptive = concurrency.isAdaptive
        settings.logLevel = coreLogLevel
        settings.alerts = monitor.alerts.thresholds
        settings.version = Release.version
        settings.servers = enabledServers.map(serverSettings)
        settings.caching = isForwardingOnly ? nil : cachingSettings
        if presentation == .merged { settings.gateway = gatewaySettings }
        return settings
    }

    private func serverSettings(_ server: ServerConfiguration) -> ServerSettings {
        var settings = ServerSettings(name: server.name)
        settings.policy = policy(of: server)
        settings.identity = server.identity
        settings.maximumConcurrent = server.maxConcurrent
        settings.timeout = server.timeout
        settings.maximumTimeout = server.maximumTimeout
        let pool = pool(of: server)
        settings.pool.minimum = pool.min
        settings.pool.maximum = pool.max
        settings.pool.maximumIdleTime = pool.maxIdleTime
        settings.pool.connectionTimeout = pool.connectionTimeout
        settings.pool.healthCheckInterval = pool.healthCheckInterval
        settings.pool.maximumInFlight = pool.maxInFlight
        return settings
    }

    private var gatewaySettings: GatewaySettings {
        var settings = GatewaySettings(version: Release.version)
        settings.naming = MCPOCore.Naming(
            naming.mode == .prefix ? .prefix : .none, separator: naming.separator)
        settings.startupWait = startupWait
        settings.listTTL = cache.defaultTTL
        return settings
    }

    /// Whether nothing is stored, merged, added, measured or spread: then mcpo asks the server for nothing of
    /// its own.
    private var isForwardingOnly: Bool {
        presentation == .transparent && cache.policy == .off && server.tools.isEmpty && !isMerging
            && !metricsTool && !hasLargePool && http?.listen == nil
            && monitor.alerts == Monitor.Alerts()
    }

    /// Whether a server may have several processes although it is a legacy one.
    private var hasLargePool: Bool {
        enabledServers.contains { server in
            let pool = pool(of: server)
            return (pool.max ?? pool.min ?? 1) > 1
        }
    }

    private var isMerging: Bool { dedup.ttl.map { $0 > .zero } ?? false }

    private var coreLogLevel: MCPOCore.LogLevel {
        switch logLevel {
        case .error: .error
        case .warning: .warning
        case .info: .info
        case .debug: .debug
        case .trace: .trace
        }
    }

    /// The commands of the servers that are not disabled, by their names.
    var serverCommands: [String: ServerCommand] {
        var commands: [String: ServerCommand] = [:]
        for server in enabledServers { commands[server.name] = command(of: server) }
        return commands
    }

    /// The command to start, with its whole environment.
    var serverCommand: ServerCommand { command(of: server) }

    private func command(of server: ServerConfiguration) -> ServerCommand {
        let own = ProcessEnvironment.all.filter { entry in
            let name = entry.prefix { $0 != "=" }
            return server.environment[String(name)] == nil
        }
        let added = server.environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return ServerCommand(
            arguments: [server.command] + server.arguments, environment: own + added,
            directory: server.workingDirectory)
    }

    func makeLog(_ descriptor: Int32) -> LogWriter {
        let format: MCPOSystem.LogFormat =
            switch logFormat {
            case .text: .text
            case .json: .json
            }
        return LogWriter(descriptor: descriptor, level: coreLogLevel, format: format)
    }

    /// A log that begins with what the start has to tell.
    func makeLog(_ descriptor: Int32, notices: [String]) -> LogWriter {
        var log = makeLog(descriptor)
        for notice in notices {
            log.write(LogRecord(level: .info, server: nil, message: notice))
        }
        log.flush()
        return log
    }
}

extension ProxyConfiguration.Monitor.Alerts {
    fileprivate var thresholds: AlertThresholds {
        var thresholds = AlertThresholds()
        thresholds.averageDuration = averageDuration?.wholeNanoseconds
        thresholds.successRate = successRate
        thresholds.hitRate = hitRate
        return thresholds
    }
}

// MARK: - Caching

extension ProxyConfiguration {
    /// Everything about caching and merging, in the core's terms.
    var cachingSettings: CachingSettings {
        var settings = CachingSettings(
            policy: policy(of: server), identity: server.identity)
        settings.cache = cache.settings
        settings.namedCaches = caches.sorted { $0.key < $1.key }.map { name, named in
            NamedCacheSettings(
                name: name, settings: named.settings(cache), defaultTTL: named.defaultTTL)
        }
        settings.annotates = cache.annotate
        if let duration = cache.staleWhileRevalidate {
            settings.staleCalls.whileRevalidate = duration
            settings.staleLists.whileRevalidate = duration
        }
        if let duration = cache.staleIfError {
            settings.staleCalls.ifError = duration
            settings.staleLists.ifError = duration
        }
        settings.dedupTTL = isMerging ? dedup.ttl : nil
        settings.monitorWindow = monitor.windowSize
        settings.hasMetricsTool = metricsTool
        settings.needsTools = hasLargePool || presentation == .merged
        return settings
    }

    private func policy(of server: ServerConfiguration) -> MCPOCore.CachePolicy {
        let mode: MCPOCore.CachePolicy.Mode =
            switch cache.policy {
            case .smart: .smart
            case .annotated: .annotated
            case .all: .all
            case .off: .off
            }
        var policy = MCPOCore.CachePolicy(
            mode: mode, defaultTTL: cache.defaultTTL,
            rules: server.tools.map { $1.coreRule($0) }, classes: cache.wordClasses)
        policy.namedCacheTTLs = caches.compactMapValues(\.defaultTTL)
        return policy
    }
}

extension ServerConfiguration {
    /// The server's part of every key.
    var identity: [UInt8] {
        ServerIdentity.process(
            command: command, arguments: arguments, environment: environment,
            directory: ProcessEnvironment.absolutePath(workingDirectory))
    }
}

extension ServerConfiguration.ToolRule {
    fileprivate func coreRule(_ pattern: String) -> MCPOCore.ToolRule {
        let storing: MCPOCore.ToolRule.Storing? =
            switch cache {
            case nil: nil
            case .no: .no
            case .yes, .named("default"): .yes
            case .named(let name): .named(name)
            }
        var rule = MCPOCore.ToolRule(pattern, cache: storing, ttl: ttl)
        rule.invalidates = invalidates
        rule.isIdempotent = isIdempotent
        rule.staleWhileRevalidate = staleWhileRevalidate
        rule.staleIfError = staleIfError
        rule.maximumConcurrent = maxConcurrent
        rule.timeout = timeout
        rule.isHidden = isHidden
        rule.exposedName = exposedName
        return rule
    }
}

extension ProxyConfiguration.Cache {
    fileprivate var settings: CacheSettings {
        CacheSettings(
            maxSize: maxSize, maxBytes: maxBytes, maxEntryBytes: maxEntryBytes,
            strategy: strategy.coreStrategy)
    }

    fileprivate var wordClasses: WordClasses {
        var lists = WordClasses()
        for kind in WordClass.allCases {
            switch classes[kind] {
            case nil: break
            case .adding(let words): lists.extend(kind.coreKind, with: words)
            case .only(let words): lists.replace(kind.coreKind, with: words)
            }
        }
        return lists
    }
}

extension ProxyConfiguration.NamedCache {
    fileprivate func settings(_ cache: ProxyConfiguration.Cache) -> CacheSettings {
        CacheSettings(
            maxSize: maxSize ?? cache.maxSize, maxBytes: maxBytes ?? cache.maxBytes,
            maxEntryBytes: maxEntryBytes ?? cache.maxEntryBytes,
            strategy: (strategy ?? cache.strategy).coreStrategy)
    }
}

extension CacheStrategy {
    fileprivate var coreStrategy: MCPOCore.CacheStrategy {
        switch self {
        case .lru: .lru
        case .ttl: .ttl
        case .lruTTL: .lruTTL
        case .s3FIFO: .s3FIFO
        }
    }
}

extension WordClass {
    fileprivate var coreKind: WordClasses.Kind {
        switch self {
        case .realtime: .realtime
        case .static: .static
        case .dynamic: .dynamic
        case .write: .write
        case .noun: .noun
        case .unique: .unique
        }
    }
}
