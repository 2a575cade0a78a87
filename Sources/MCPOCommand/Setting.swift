// What options and environment variables set: keys of the configuration file, one table for all.
// What a value may be is the file's business (MCPO/File/ConfigurationKeys.swift).

import MCPO

/// What is wrong with the command line or the environment, and what to write instead, in one line.
struct UsageError: Error, Equatable {
    var message: String
}

/// Something that an option sets, an environment variable, or both.
struct Setting {
    /// The option's name without its dashes; nil when there is none.
    var option: String?
    /// The environment variable; nil when there is none.
    var variable: String?
    /// The key of the file that is set; nil for the name of the one server.
    var key: String?
    /// What an option that stands alone sets.
    var flag: String?

    private init(
        _ option: String?, _ variable: String? = nil, sets key: String?, to flag: String? = nil
    ) {
        self.option = option
        self.variable = variable
        self.key = key
        self.flag = flag
    }

    static let all = [
        Setting("name", sets: nil),
        Setting("timeout", sets: "timeout"),
        Setting("no-cache", sets: "cache.policy", to: "off"),
        Setting("cache-policy", "MCPO_CACHE_POLICY", sets: "cache.policy"),
        Setting("cache-strategy", "MCPO_CACHE_STRATEGY", sets: "cache.strategy"),
        Setting("cache-default-ttl", "MCPO_CACHE_DEFAULT_TTL", sets: "cache.defaultTTL"),
        Setting("cache-max-size", "MCPO_CACHE_MAX_SIZE", sets: "cache.maxSize"),
        Setting("cache-max-bytes", "MCPO_CACHE_MAX_BYTES", sets: "cache.maxBytes"),
        Setting("no-dedup", sets: "dedup.ttl", to: "0"),
        Setting("dedup-ttl", "MCPO_REQUEST_DEDUP_TTL", sets: "dedup.ttl"),
        Setting("max-concurrent", "MCPO_MAX_CONCURRENT", sets: "concurrency.max"),
        Setting("pool-min", "MCPO_POOL_MIN_CONNECTIONS", sets: "pool.min"),
        Setting("pool-max", "MCPO_POOL_MAX_CONNECTIONS", sets: "pool.max"),
        Setting(nil, "MCPO_POOL_MAX_IDLE_TIME", sets: "pool.maxIdleTime"),
        Setting(nil, "MCPO_POOL_CONNECTION_TIMEOUT", sets: "pool.connectionTimeout"),
        Setting(nil, "MCPO_POOL_HEALTH_CHECK_INTERVAL", sets: "pool.healthCheckInterval"),
        Setting(nil, "MCPO_MONITOR_WINDOW_SIZE", sets: "monitor.windowSize"),
        Setting("http", "MCPO_HTTP", sets: "http.listen"),
        Setting(nil, "MCPO_HTTP_TOKEN", sets: "http.token"),
        Setting("no-metrics-tool", sets: "metricsTool", to: "false"),
        Setting("log-level", "MCPO_LOG_LEVEL", sets: "log.level"),
        Setting("log-format", sets: "log.format"),
    ]

    static func option(_ name: String) -> Setting? {
        all.first { $0.option == name }
    }

    /// What a value looks like.
    var allowed: String {
        key.map { ProxyConfiguration.allowed($0) ?? "" } ?? "letters, digits, '.', '_' and '-'"
    }

    /// The value as one that wins over the file's.
    /// - Parameter source: where the value was written, for the error.
    func override(_ value: String, from source: String) throws(UsageError) -> ConfigurationOverride?
    {
        guard let key else {
            if ServerConfiguration.isValidName(value) { return nil }
            throw UsageError(message: "\(source) is \"\(value)\" but must be \(allowed)")
        }
        let override = ConfigurationOverride(key: key, value: value)
        var scratch = ProxyConfiguration(servers: [])
        guard let refusal = scratch.apply(override) else { return override }
        let hint = Spelling.nearest(to: value, in: refusal.words).map {
            "; did you mean \"\($0)\"?"
        }
        throw UsageError(
            message: "\(source) is \"\(value)\" but must be \(refusal.allowed ?? "left out")"
                + (hint ?? ""))
    }
}
