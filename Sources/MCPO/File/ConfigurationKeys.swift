// Every key that mcpo reads, with what it may be. The defaults are those of the properties.
//
// Options and environment variables name these keys too (`pool.max`), so that a value is read in the
// same way wherever it is written.

extension FileKey where Target == ProxyConfiguration {
    /// The outermost object `mcpo`.
    static var all: [FileKey] {
        [
            .object("cache", \.cache, FileKey<ProxyConfiguration.Cache>.all),
            .objects("caches", \.caches, from: .init(), FileKey<ProxyConfiguration.NamedCache>.all),
            .object("dedup", \.dedup, [.value("ttl", \.ttl, .notNegative)]),
            .object("concurrency", \.concurrency, FileKey<ProxyConfiguration.Concurrency>.all),
            .object("pool", \.pool, FileKey<PoolConfiguration>.all),
            .object(
                "retry", \.retry,
                [
                    .value("max", \.max, .count("a number", Bounds.retries)),
                    .value("budget", \.budgetPercent, .count("a percentage", Bounds.percent)),
                ]),
            .object(
                "naming", \.naming,
                [
                    .value("mode", \.mode, .word),
                    .value("separator", \.separator, .name(Bounds.separatorLength)),
                ]),
            .value("timeout", \.timeout, .positive),
            .value("maxTimeout", \.maximumTimeout, .positive),
            .value("shutdownTimeout", \.shutdownTimeout, .notNegative),
            .value("startupWait", \.startupWait, .notNegative),
            .object(
                "limits", \.self,
                [
                    .value(
                        "maxMessageBytes", \.maximumMessageBytes,
                        .size(Bounds.messageBytes, "1KiB to 1GiB"))
                ]),
            .object("monitor", \.monitor, FileKey<ProxyConfiguration.Monitor>.all),
            .object("http", \.http, from: .init(), FileKey<ProxyConfiguration.HTTP>.all),
            .object(
                "log", \.self,
                [.value("level", \.logLevel, .word), .value("format", \.logFormat, .word)]),
            .value("metricsTool", \.metricsTool, .flag),
        ]
    }
}

extension FileKey where Target == ProxyConfiguration.Cache {
    static var all: [FileKey] {
        [
            .value("policy", \.policy, .word),
            .value("maxSize", \.maxSize, .entries),
            .value("maxBytes", \.maxBytes, .cacheBytes),
            .value("maxEntryBytes", \.maxEntryBytes, .entryBytes),
            .value("defaultTTL", \.defaultTTL, .positive),
            .value("strategy", \.strategy, .word),
            .value("annotate", \.annotate, .flag),
            .value("staleWhileRevalidate", \.staleWhileRevalidate, .notNegative),
            .value("staleIfError", \.staleIfError, .notNegative),
            .object("classes", \.classes, WordClass.allCases.map(FileKey<WordLists>.list)),
        ]
    }
}

extension FileKey where Target == ProxyConfiguration.NamedCache {
    static var all: [FileKey] {
        [
            .value("maxSize", \.maxSize, .entries),
            .value("maxBytes", \.maxBytes, .cacheBytes),
            .value("maxEntryBytes", \.maxEntryBytes, .entryBytes),
            .value("defaultTTL", \.defaultTTL, .positive),
            .value("strategy", \.strategy, .word),
        ]
    }
}

extension FileKey where Target == ProxyConfiguration.Concurrency {
    static var all: [FileKey] {
        [
            .value("max", \.max, .calls),
            .value("maxQueue", \.maxQueue, .count("a number of calls", Bounds.queue)),
            .value("queueTimeout", \.queueTimeout, .notNegative),
            .value("adaptive", \.isAdaptive, .flag),
        ]
    }
}

extension FileKey where Target == PoolConfiguration {
    static var all: [FileKey] {
        [
            .value("min", \.min, .connections),
            .value("max", \.max, .connections),
            .value("maxIdleTime", \.maxIdleTime, .notNegative),
            .value("connectionTimeout", \.connectionTimeout, .positive),
            .value("healthCheckInterval", \.healthCheckInterval, .positive),
            .value("maxInFlight", \.maxInFlight, .count("a number of calls", Bounds.inFlight)),
        ]
    }
}

extension FileKey where Target == ProxyConfiguration.Monitor {
    static var all: [FileKey] {
        [
            .value("windowSize", \.windowSize, .count("a number of requests", Bounds.window)),
            .object(
                "alerts", \.alerts,
                [
                    .value("avgDuration", \.averageDuration, .positive),
                    .value("successRate", \.successRate, .percentage),
                    .value("hitRate", \.hitRate, .percentage),
                ]),
        ]
    }
}

extension FileKey where Target == ProxyConfiguration.HTTP {
    static var all: [FileKey] {
        [
            .value("listen", \.listen, .address),
            .value("token", \.token, .string("a string"), isSecret: true),
        ]
    }
}

// MARK: - Servers

extension FileKey where Target == ServerConfiguration {
    /// The object `mcpo` of a server.
    static var all: [FileKey] {
        [
            .object("pool", \.pool, from: .init(), FileKey<PoolConfiguration>.all),
            .objects(
                "tools", \.tools, from: .init(), FileKey<ServerConfiguration.ToolRule>.all),
            .value("maxConcurrent", \.maxConcurrent, .calls),
            .value("timeout", \.timeout, .positive),
            .value("maxTimeout", \.maximumTimeout, .positive),
            .object(
                "retry", \.self, [.value("max", \.maxRetries, .count("a number", Bounds.retries))]),
        ]
    }
}

extension FileKey where Target == ServerConfiguration.ToolRule {
    static var all: [FileKey] {
        [
            .value("cache", \.cache, .storing),
            .value("ttl", \.ttl, .notNegative),
            .strings("invalidates", \.invalidates),
            .value("idempotent", \.isIdempotent, .flag),
            .value("staleWhileRevalidate", \.staleWhileRevalidate, .notNegative),
            .value("staleIfError", \.staleIfError, .notNegative),
            .value("maxConcurrent", \.maxConcurrent, .calls),
            .value("timeout", \.timeout, .positive),
            .value("hide", \.isHidden, .flag),
            .value("name", \.exposedName, .name(Bounds.exposedNameLength)),
        ]
    }
}

extension Form where Value == Int {
    fileprivate static var entries: Form { .count("a number of entries", Bounds.entries) }
    fileprivate static var calls: Form { .count("a number of calls", Bounds.concurrent) }
    fileprivate static var connections: Form {
        .count("a number of connections", Bounds.connections)
    }
    fileprivate static var cacheBytes: Form { .size(Bounds.cacheBytes, "64KiB to 1024GiB") }
    fileprivate static var entryBytes: Form { .size(Bounds.entryBytes, "1KiB to 1024GiB") }
}

// MARK: - Lists of words

typealias WordLists = [WordClass: WordList]

extension FileKey where Target == WordLists {
    /// `"realtime": ["tide"]` adds words, `"realtime": { "only": ["tide"] }` replaces them.
    static func list(_ kind: WordClass) -> FileKey {
        FileKey(
            name: kind.rawValue,
            read: { node, lists, reading in
                guard case .object = node.value else {
                    lists[kind] = reading.strings(node).map(WordList.adding) ?? lists[kind]
                    return
                }
                var only = Only()
                reading.object(node, into: &only, [.strings("only", \.words)])
                lists[kind] = only.words.map(WordList.only) ?? lists[kind]
            },
            show: { lists in
                guard let list = lists[kind] else { return [] }
                let words = list.words.joined(separator: ", ")
                switch list {
                case .adding: return [ShownValue(path: [kind.rawValue], text: "and \(words)")]
                case .only: return [ShownValue(path: [kind.rawValue], text: "only \(words)")]
                }
            })
    }
}

/// The object that replaces a list of words.
private struct Only {
    var words: [String]?
}
