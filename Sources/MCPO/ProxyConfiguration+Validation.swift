// What makes no sense in a configuration, each with its key path and what would.

internal import MCPOCore

/// A value in a configuration that makes no sense.
public struct ConfigurationError: Error, Equatable, CustomStringConvertible {
    /// Where the value is, by the names of this module's properties.
    package var path: [String]
    /// What must be, as the rest of a sentence that begins with the key.
    public var rule: String

    /// The path of the value, such as `server.name` or `servers.github.pool.max`.
    public var key: String { path.joined(separator: ".") }

    /// A sentence for a person.
    public var description: String { "\(key) \(rule)" }
}

extension ProxyConfiguration {
    /// Checks that all values make sense together.
    /// - Throws: `ConfigurationError` for the first value that does not.
    public func validate() throws(ConfigurationError) {
        if let first = problems.first { throw first }
    }

    /// Every value that makes no sense, in the order of the properties.
    public var problems: [ConfigurationError] {
        var review = Review()
        reviewServers(&review)
        reviewTimes(&review)
        reviewTraffic(&review)
        cache.review(&review)
        for (name, cache) in caches.sorted(by: { $0.key < $1.key }) {
            reviewCache(name, cache, &review)
        }
        reviewRules(&review)
        review.notNegative(dedup.ttl, ["dedup", "ttl"])
        monitor.review(&review)
        http?.review(&review)
        return review.problems
    }

    /// Where a server's values are.
    private func path(of server: ServerConfiguration) -> [String] {
        presentation == .transparent ? ["server"] : ["servers", server.name]
    }

    private func reviewServers(_ review: inout Review) {
        let enabled = enabledServers
        review.expect(
            !enabled.isEmpty, ["servers"], "must have at least one that is not disabled")
        review.expect(
            presentation == .merged || servers.count < 2, ["servers"],
            "must be one where the proxy is transparent")
        var names: Set<String> = []
        for server in servers where !names.insert(server.name).inserted {
            review.expect(false, path(of: server), "must have a name that no other server has")
        }
        for server in enabled { server.review(path(of: server), self, &review) }
    }

    private func reviewTimes(_ review: inout Review) {
        review.positive(timeout, ["timeout"])
        review.expect(
            maximumTimeout >= timeout, ["maximumTimeout"],
            "must be at least timeout, which is \(timeout.text)")
        review.notNegative(shutdownTimeout, ["shutdownTimeout"])
        review.notNegative(startupWait, ["startupWait"])
        review.expect(
            Bounds.messageBytes.contains(maximumMessageBytes), ["maximumMessageBytes"],
            "must be from 1024 (1 KiB) to 1073741824 (1 GiB)")
    }

    private func reviewTraffic(_ review: inout Review) {
        review.number(concurrency.max, Bounds.concurrent, ["concurrency", "max"])
        review.number(concurrency.maxQueue, Bounds.queue, ["concurrency", "maxQueue"])
        review.notNegative(concurrency.queueTimeout, ["concurrency", "queueTimeout"])
        pool.review(["pool"], &review)
        review.number(retry.max, Bounds.retries, ["retry", "max"])
        review.number(retry.budgetPercent, Bounds.percent, ["retry", "budgetPercent"])
        review.expect(
            naming.hasValidSeparator, ["naming", "separator"],
            "must be 1 to 8 letters, digits, '.', '_' and '-'")
    }

    private func reviewCache(_ name: String, _ cache: NamedCache, _ review: inout Review) {
        let path = ["caches", name]
        review.expect(
            ServerConfiguration.isValidName(name), path,
            "must have a name of letters, digits, '.', '_' and '-'")
        review.expect(
            name != "default", path, "must have another name: that cache is cache itself")
        if let size = cache.maxSize { review.entries(size, path) }
        if let bytes = cache.maxBytes { review.bytes(bytes, path) }
        if let bytes = cache.maxEntryBytes {
            review.entryBytes(bytes, of: cache.maxBytes ?? self.cache.maxBytes, path)
        }
        if let ttl = cache.defaultTTL { review.defaultTTL(ttl, path) }
    }

    private func reviewRules(_ review: inout Review) {
        var exposed: [String: String] = [:]
        for server in enabledServers {
            for (pattern, rule) in server.tools.sorted(by: { $0.key < $1.key }) {
                let path = path(of: server) + ["tools", pattern]
                rule.review(pattern, path, &review)
                reviewStoring(rule.cache, path, &review)
                guard let name = rule.exposedName else { continue }
                review.expect(
                    exposed[name] == nil, path + ["name"],
                    "must differ from that of \(exposed[name] ?? "")")
                exposed[name] = exposed[name] ?? "\(server.name)'s \(pattern)"
            }
        }
    }

    private func reviewStoring(
        _ storing: ServerConfiguration.ToolRule.Storing?, _ path: [String], _ review: inout Review
    ) {
        guard case .named(let name) = storing, name != "default", caches[name] == nil else {
            return
        }
        let names = ["default"] + caches.keys.sorted()
        let hint = Spelling.nearest(to: name, in: names).map { "; did you mean \"\($0)\"?" }
        review.expect(
            false, path + ["cache"],
            "must name a cache: \(Spelling.alternatives(names)), not \"\(name)\"\(hint ?? "")")
    }
}

extension ServerConfiguration {
    fileprivate func review(
        _ path: [String], _ whole: ProxyConfiguration, _ review: inout Review
    ) {
        reviewProcess(path, &review)
        pool?.review(path + ["pool"], &review)
        if let maxConcurrent {
            review.number(maxConcurrent, Bounds.concurrent, path + ["maxConcurrent"])
        }
        if let timeout { review.positive(timeout, path + ["timeout"]) }
        if let maximumTimeout {
            review.expect(
                maximumTimeout >= timeout ?? whole.timeout, path + ["maximumTimeout"],
                "must be at least timeout, which is \((timeout ?? whole.timeout).text)")
        }
        if let maxRetries { review.number(maxRetries, Bounds.retries, path + ["maxRetries"]) }
    }

    private func reviewProcess(_ path: [String], _ review: inout Review) {
        review.expect(!command.isEmpty, path + ["command"], "must name the program to start")
        review.noNull([command], path + ["command"])
        review.expect(
            Self.isValidName(name), path + ["name"],
            "must consist of letters, digits, '.', '_' and '-'")
        review.noNull(arguments, path + ["arguments"])
        let variables = environment.sorted { $0.key < $1.key }
        review.expect(
            variables.allSatisfy { !$0.key.isEmpty && !$0.key.utf8.contains(UInt8(ascii: "=")) },
            path + ["environment"], "must have names that are not empty and have no '='")
        review.noNull(variables.flatMap { [$0.key, $0.value] }, path + ["environment"])
        if let workingDirectory {
            review.expect(
                !workingDirectory.isEmpty, path + ["workingDirectory"], "must name a directory")
            review.noNull([workingDirectory], path + ["workingDirectory"])
        }
    }
}

extension ServerConfiguration.ToolRule {
    fileprivate func review(_ pattern: String, _ path: [String], _ review: inout Review) {
        review.expect(!pattern.isEmpty, path, "must have a name or a pattern such as search_*")
        review.expect(
            !(invalidates ?? []).contains(""), path + ["invalidates"],
            "must have names and patterns that are not empty")
        review.notNegative(ttl, path + ["ttl"])
        review.notNegative(staleWhileRevalidate, path + ["staleWhileRevalidate"])
        review.notNegative(staleIfError, path + ["staleIfError"])
        if let maxConcurrent {
            review.number(maxConcurrent, Bounds.concurrent, path + ["maxConcurrent"])
        }
        if let timeout { review.positive(timeout, path + ["timeout"]) }
        guard let exposedName else { return }
        review.expect(
            ServerConfiguration.isValidName(exposedName)
                && Bounds.exposedNameLength.contains(exposedName.utf8.count), path + ["name"],
            "must be 1 to 64 letters, digits, '.', '_' and '-'")
        let isOne = !pattern.utf8.contains { "*?/".utf8.contains($0) }
        review.expect(
            isOne, path + ["name"], "must be in a rule for one tool: a pattern can be many")
        review.expect(!isHidden, path + ["name"], "must not be given for a tool that is hidden")
    }
}

extension PoolConfiguration {
    fileprivate func review(_ path: [String], _ review: inout Review) {
        if let min { review.number(min, Bounds.connections, path + ["min"]) }
        if let max {
            review.number(max, Bounds.connections, path + ["max"])
            if let min {
                review.expect(max >= min, path + ["max"], "must be at least min, which is \(min)")
            }
        }
        review.notNegative(maxIdleTime, path + ["maxIdleTime"])
        review.positive(connectionTimeout, path + ["connectionTimeout"])
        review.positive(healthCheckInterval, path + ["healthCheckInterval"])
        review.number(maxInFlight, Bounds.inFlight, path + ["maxInFlight"])
    }
}

extension ProxyConfiguration.Cache {
    fileprivate func review(_ review: inout Review) {
        review.entries(maxSize, ["cache"])
        review.bytes(maxBytes, ["cache"])
        if let maxEntryBytes { review.entryBytes(maxEntryBytes, of: maxBytes, ["cache"]) }
        review.defaultTTL(defaultTTL, ["cache"])
        review.notNegative(staleWhileRevalidate, ["cache", "staleWhileRevalidate"])
        review.notNegative(staleIfError, ["cache", "staleIfError"])
        for kind in WordClass.allCases {
            let words = classes[kind]?.words ?? []
            // What is not one word is never found in a name that is split into words.
            let odd = words.first { WordClasses.words(of: $0) != [$0.lowercased()] }
            review.expect(
                odd == nil, ["cache", "classes", kind.rawValue],
                "must have single words as tools' names are split into, not \"\(odd ?? "")\"")
        }
    }
}

extension ProxyConfiguration.Naming {
    var hasValidSeparator: Bool {
        ServerConfiguration.isValidName(separator)
            && Bounds.separatorLength.contains(separator.utf8.count)
    }
}

extension ProxyConfiguration.Monitor {
    fileprivate func review(_ review: inout Review) {
        review.number(windowSize, Bounds.window, ["monitor", "windowSize"])
        if let average = alerts.averageDuration {
            review.positive(average, ["monitor", "alerts", "averageDuration"])
        }
        for (rate, key) in [(alerts.successRate, "successRate"), (alerts.hitRate, "hitRate")] {
            review.expect(
                rate.map { (0...100).contains($0) } ?? true, ["monitor", "alerts", key],
                "must be a percentage from 0 to 100")
        }
    }
}

extension ProxyConfiguration.HTTP {
    fileprivate func review(_ review: inout Review) {
        if let token {
            review.expect(
                token.utf8.count <= Bounds.tokenBytes
                    && token.utf8.allSatisfy { (0x21...0x7E).contains($0) }, ["http", "token"],
                "must be at most \(Bounds.tokenBytes) visible ASCII characters, without spaces: "
                    + "no request could bear another")
        }
        guard let listen else { return }
        review.expect(
            listen.isLocal || hasToken, ["http", "listen"],
            "must be an address of this machine such as 127.0.0.1:9300 unless http.token is set")
        if case .tcp(let host, let port) = listen {
            review.expect(
                (0...65_535).contains(port) && !host.isEmpty, ["http", "listen"],
                "must be a port from 0 to 65535, HOST:PORT or unix:PATH")
        }
    }
}
