// What options and environment variables set, and what their values look like: one table for both.

import MCPO

/// What is wrong with the command line or the environment, and what to write instead, in one line.
struct UsageError: Error, Equatable {
    var message: String
}

/// Something that an option sets, an environment variable, or both.
enum Setting: CaseIterable {
    case name, timeout
    case noCache, cachePolicy, cacheStrategy, cacheDefaultTTL, cacheMaxSize, cacheMaxBytes
    case noDedup, dedupTTL, monitorWindowSize, noMetricsTool
    case logLevel, logFormat

    /// The option's name without its dashes; nil when there is none.
    var option: String? {
        switch self {
        case .name: "name"
        case .timeout: "timeout"
        case .noCache: "no-cache"
        case .cachePolicy: "cache-policy"
        case .cacheStrategy: "cache-strategy"
        case .cacheDefaultTTL: "cache-default-ttl"
        case .cacheMaxSize: "cache-max-size"
        case .cacheMaxBytes: "cache-max-bytes"
        case .noDedup: "no-dedup"
        case .dedupTTL: "dedup-ttl"
        case .monitorWindowSize: nil
        case .noMetricsTool: "no-metrics-tool"
        case .logLevel: "log-level"
        case .logFormat: "log-format"
        }
    }

    /// The environment variable; nil when there is none.
    var variable: String? {
        switch self {
        case .cachePolicy: "MCPO_CACHE_POLICY"
        case .cacheStrategy: "MCPO_CACHE_STRATEGY"
        case .cacheDefaultTTL: "MCPO_CACHE_DEFAULT_TTL"
        case .cacheMaxSize: "MCPO_CACHE_MAX_SIZE"
        case .cacheMaxBytes: "MCPO_CACHE_MAX_BYTES"
        case .dedupTTL: "MCPO_REQUEST_DEDUP_TTL"
        case .monitorWindowSize: "MCPO_MONITOR_WINDOW_SIZE"
        case .logLevel: "MCPO_LOG_LEVEL"
        case .name, .timeout, .noCache, .noDedup, .noMetricsTool, .logFormat: nil
        }
    }

    /// Whether the option stands alone.
    var isFlag: Bool {
        switch self {
        case .noCache, .noDedup, .noMetricsTool: true
        default: false
        }
    }

    init?(option: String) {
        guard let setting = Self.allCases.first(where: { $0.option == option }) else { return nil }
        self = setting
    }

    /// What a value looks like.
    var allowed: String {
        switch self {
        case .name: "letters, digits, '.', '_' and '-'"
        case .timeout, .cacheDefaultTTL: "a duration above 0, such as 90, 250ms, 30s, 5m or 1h"
        case .dedupTTL: "a duration, such as 0, 90, 250ms, 30s, 5m or 1h"
        case .cacheMaxSize: "a number of entries from 1 to 10000000"
        case .cacheMaxBytes: "a size from 64KiB to 1024GiB, such as 1048576, 64MiB or 1.5GB"
        case .monitorWindowSize: "a number of requests from 1 to 100000"
        case .cachePolicy, .cacheStrategy, .logLevel, .logFormat: Spelling.alternatives(words)
        case .noCache, .noDedup, .noMetricsTool: "nothing"
        }
    }

    /// The words that are allowed; none when it is not a matter of words.
    private var words: [String] {
        switch self {
        case .cachePolicy: CachePolicy.allCases.map(\.rawValue)
        case .cacheStrategy: CacheStrategy.allCases.map(\.rawValue)
        case .logLevel: ProxyConfiguration.LogLevel.allCases.map(\.rawValue)
        case .logFormat: ProxyConfiguration.LogFormat.allCases.map(\.rawValue)
        default: []
        }
    }
}

// MARK: - Setting it

extension Setting {
    /// Sets the value in the configuration.
    /// - Parameter source: where the value was written, for the error.
    func apply(
        _ value: String, to configuration: inout ProxyConfiguration, as source: String
    ) throws(UsageError) {
        if set(value, in: &configuration) { return }
        let hint = Spelling.nearest(to: value, in: words).map { "; did you mean \"\($0)\"?" } ?? ""
        throw UsageError(message: "\(source) is \"\(value)\" but must be \(allowed)\(hint)")
    }

    /// Returns false when the value is none of those allowed.
    private func set(_ value: String, in configuration: inout ProxyConfiguration) -> Bool {
        switch self {
        case .name:
            let isValid = ServerConfiguration.isValidName(value)
            return put(isValid ? value : nil, into: &configuration.server.name)
        case .timeout: return put(Self.positive(value), into: &configuration.timeout)
        case .noCache: configuration.cache.policy = .off
        case .cachePolicy: return put(.init(rawValue: value), into: &configuration.cache.policy)
        case .cacheStrategy:
            return put(.init(rawValue: value), into: &configuration.cache.strategy)
        case .cacheDefaultTTL:
            return put(Self.positive(value), into: &configuration.cache.defaultTTL)
        case .cacheMaxSize:
            let size = Self.count(value, in: Bounds.entries)
            return put(size, into: &configuration.cache.maxSize)
        case .cacheMaxBytes:
            let bytes = ByteCount.parse(value).flatMap { Bounds.cacheBytes.contains($0) ? $0 : nil }
            return put(bytes, into: &configuration.cache.maxBytes)
        case .noDedup: configuration.dedup.ttl = nil
        case .dedupTTL:
            guard let duration = Duration(text: value) else { return false }
            configuration.dedup.ttl = duration
        case .monitorWindowSize:
            let size = Self.count(value, in: 1...100_000)
            return put(size, into: &configuration.monitor.windowSize)
        case .noMetricsTool: configuration.metricsTool = false
        case .logLevel: return put(.init(rawValue: value), into: &configuration.logLevel)
        case .logFormat: return put(.init(rawValue: value), into: &configuration.logFormat)
        }
        return true
    }

    private func put<Value>(_ value: Value?, into target: inout Value) -> Bool {
        guard let value else { return false }
        target = value
        return true
    }

    private static func positive(_ text: String) -> Duration? {
        Duration(text: text).flatMap { $0 > .zero ? $0 : nil }
    }

    /// A plain number: what `Int` also reads, such as `+5`, is more likely a slip.
    private static func count(_ text: String, in range: ClosedRange<Int>) -> Int? {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let count = Int(text),
            range.contains(count)
        else { return nil }
        return count
    }
}
