// What makes no sense in a configuration, each with its key path and what would.

internal import MCPOCore

/// A value in a configuration that makes no sense.
public struct ConfigurationError: Error, Equatable, CustomStringConvertible {
    /// The path of the value, such as `server.name`.
    public var key: String
    /// What holds of every valid value, as the rest of a sentence that begins with the key.
    public var rule: String

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
        server.review(&review)
        reviewTimes(&review)
        cache.review(&review)
        for (name, cache) in caches.sorted(by: { $0.key < $1.key }) {
            reviewCache(name, cache, &review)
        }
        for (pattern, rule) in server.tools.sorted(by: { $0.key < $1.key }) {
            reviewRule(pattern, rule, &review)
        }
        review.expect(dedup.ttl.map { $0 >= .zero } ?? true, "dedup.ttl", "is not negative")
        review.expect(
            (1...100_000).contains(monitor.windowSize), "monitor.windowSize", "is from 1 to 100000")
        return review.problems
    }

    private func reviewTimes(_ review: inout Review) {
        review.expect(timeout > .zero, "timeout", "is more than 0")
        review.expect(maximumTimeout >= timeout, "maximumTimeout", "is at least timeout")
        review.expect(shutdownTimeout >= .zero, "shutdownTimeout", "is not negative")
        review.expect(
            (1024...(1 << 30)).contains(maximumMessageBytes), "maximumMessageBytes",
            "is from 1024 (1 KiB) to 1073741824 (1 GiB)")
    }

    private func reviewCache(_ name: String, _ cache: NamedCache, _ review: inout Review) {
        let key = "caches.\(name)"
        review.expect(
            ServerConfiguration.isValidName(name), key,
            "has a name of letters, digits, '.', '_' and '-'")
        review.expect(name != "default", key, "has another name: that cache is cache itself")
        if let size = cache.maxSize { review.entries(size, key) }
        if let bytes = cache.maxBytes { review.bytes(bytes, key) }
        if let bytes = cache.maxEntryBytes {
            review.entryBytes(bytes, of: cache.maxBytes ?? self.cache.maxBytes, key)
        }
        if let ttl = cache.defaultTTL { review.defaultTTL(ttl, key) }
    }

    private func reviewRule(
        _ pattern: String, _ rule: ServerConfiguration.ToolRule, _ review: inout Review
    ) {
        let key = "server.tools.\(pattern)"
        review.expect(!pattern.isEmpty, key, "has a name or a pattern such as search_*")
        if case .named(let name) = rule.cache, name != "default", caches[name] == nil {
            let names = ["default"] + caches.keys.sorted()
            let allowed = Spelling.alternatives(names)
            let hint = Spelling.nearest(to: name, in: names).map { "; did you mean \"\($0)\"?" }
            review.expect(
                false, "\(key).cache",
                "names a cache: \(allowed), not \"\(name)\"\(hint ?? "")")
        }
        let patterns = rule.invalidates ?? []
        review.expect(
            !patterns.contains(""), "\(key).invalidates",
            "has names and patterns that are not empty")
        review.notNegative(rule.ttl, "\(key).ttl")
        review.notNegative(rule.staleWhileRevalidate, "\(key).staleWhileRevalidate")
        review.notNegative(rule.staleIfError, "\(key).staleIfError")
    }
}

extension ServerConfiguration {
    fileprivate func review(_ review: inout Review) {
        review.expect(!command.isEmpty, "server.command", "names the program to start")
        review.noNull([command], "server.command")
        review.expect(
            Self.isValidName(name), "server.name", "consists of letters, digits, '.', '_' and '-'")
        review.noNull(arguments, "server.arguments")
        let variables = environment.sorted { $0.key < $1.key }
        review.expect(
            variables.allSatisfy { !$0.key.isEmpty && !$0.key.utf8.contains(UInt8(ascii: "=")) },
            "server.environment", "has names that are not empty and have no '='")
        review.noNull(variables.flatMap { [$0.key, $0.value] }, "server.environment")
        if let workingDirectory {
            review.expect(!workingDirectory.isEmpty, "server.workingDirectory", "names a directory")
            review.noNull([workingDirectory], "server.workingDirectory")
        }
    }
}

extension ProxyConfiguration.Cache {
    fileprivate func review(_ review: inout Review) {
        review.entries(maxSize, "cache")
        review.bytes(maxBytes, "cache")
        if let maxEntryBytes { review.entryBytes(maxEntryBytes, of: maxBytes, "cache") }
        review.defaultTTL(defaultTTL, "cache")
        review.notNegative(staleWhileRevalidate, "cache.staleWhileRevalidate")
        review.notNegative(staleIfError, "cache.staleIfError")
        for kind in WordClass.allCases {
            let words = classes[kind]?.words ?? []
            // What is not one word is never found in a name that is split into words.
            let odd = words.first { WordClasses.words(of: $0) != [$0.lowercased()] }
            review.expect(
                odd == nil, "cache.classes.\(kind.rawValue)",
                "has single words as tools' names are split into, not \"\(odd ?? "")\"")
        }
    }
}

/// Collects what is wrong.
private struct Review {
    var problems: [ConfigurationError] = []

    mutating func expect(_ isFine: Bool, _ key: String, _ rule: String) {
        if !isFine { problems.append(ConfigurationError(key: key, rule: rule)) }
    }

    mutating func notNegative(_ duration: Duration?, _ key: String) {
        expect(duration.map { $0 >= .zero } ?? true, key, "is not negative")
    }

    /// The system ends strings at a NUL: the server would get something else than was written.
    mutating func noNull(_ texts: [String], _ key: String) {
        expect(!texts.contains { $0.utf8.contains(0) }, key, "has no NUL character")
    }

    mutating func entries(_ count: Int, _ key: String) {
        expect(CacheBounds.entries.contains(count), "\(key).maxSize", "is from 1 to 10000000")
    }

    mutating func bytes(_ count: Int, _ key: String) {
        expect(CacheBounds.bytes.contains(count), "\(key).maxBytes", "is from 64 KiB to 1 TiB")
    }

    mutating func entryBytes(_ count: Int, of whole: Int, _ key: String) {
        expect(
            count >= CacheBounds.leastEntryBytes && count <= whole, "\(key).maxEntryBytes",
            "is from 1 KiB to maxBytes")
    }

    mutating func defaultTTL(_ ttl: Duration, _ key: String) {
        expect(
            ttl > .zero, "\(key).defaultTTL",
            "is more than 0 (what caches nothing is the policy \"off\")")
    }
}

/// What a cache's bounds may be.
package enum CacheBounds {
    /// An entry's bookkeeping is some 100 bytes: this many take a gigabyte before any answer.
    package static let entries = 1...10_000_000
    /// Less holds no list of tools, let alone an answer; more is a slip of the keyboard.
    package static let bytes = (64 << 10)...(1 << 40)
    /// Below this not even a key and its bookkeeping fit.
    static let leastEntryBytes = 1 << 10
}
