// Reading a configuration file, the first time and again (SPEC §2). What wins over the file is kept,
// so that reading it again gives what starting again would.
//
//     bytes → tree (JSONCParser) → configuration (ConfigurationDocument) → overrides → validation

import MCPOSystem

/// A configuration file, and what wins over it.
///
///     let file = ConfigurationFile(path: "servers.json")
///     let configuration = try file.read()
///     …
///     let changes = ConfigurationDifference(from: configuration, to: try file.read())
public struct ConfigurationFile: Equatable, Sendable {
    /// A configuration is some kilobytes; clients keep histories in the same file.
    private static let largest = 16 << 20

    public var path: String
    /// In the order in which they are applied: of two for one key the last counts.
    public var overrides: [ConfigurationOverride]

    public init(path: String, overrides: [ConfigurationOverride] = []) {
        self.path = path
        self.overrides = overrides
    }

    /// Reads the file as it is now. `${NAME}` is expanded from this process's environment.
    ///
    /// - Throws: `ConfigurationFileError` with everything that is wrong.
    public func read() throws(ConfigurationFileError) -> ProxyConfiguration {
        switch readFile(path, limit: Self.largest) {
        case .success(let bytes):
            return try interpret(bytes, environment: ProcessEnvironment.value)
        case .failure(let failure): throw ConfigurationFileError(path, failure.text)
        }
    }

    /// What the file would mean with these contents.
    package func interpret(
        _ bytes: [UInt8], environment: @escaping (String) -> String?
    ) throws(ConfigurationFileError) -> ProxyConfiguration {
        let document: ConfigurationDocument
        do throws(SyntaxFault) {
            document = ConfigurationDocument(root: try JSONCParser.parse(bytes))
        } catch {
            throw ConfigurationFileError(path, error, in: bytes)
        }
        var reading = FileReading(environment: environment)
        var configuration = document.configuration(&reading)
        var faults = reading.faults
        for override in overrides {
            if let refusal = configuration.apply(override) {
                faults.append(FileFault(path: [], message: "\(override.key) \(refusal.message)"))
            }
        }
        // What could not be read is not blamed twice.
        faults += configuration.problems.map(document.fault).filter { fault in
            // A server without a command may have something else in its place.
            let path = fault.path.last == "command" ? fault.path.dropLast() : fault.path
            return !reading.faults.contains { path.isRelated(to: $0.path) }
        }
        guard faults.isEmpty else { throw ConfigurationFileError(path, faults, in: bytes) }
        return configuration
    }
}

extension FilePath {
    /// Whether one of the two leads to the other.
    fileprivate func isRelated(to other: FilePath) -> Bool {
        starts(with: other) || other.starts(with: self)
    }
}

/// A value that wins over the file: an option's, or an environment variable's.
public struct ConfigurationOverride: Equatable, Sendable {
    /// A key of the file's outermost `mcpo`: `cache.maxSize`.
    public var key: String
    /// Written as in the file, without quotes: `64MiB`.
    public var value: String

    public init(key: String, value: String) {
        self.key = key
        self.value = value
    }
}

/// Why a value was not taken.
package struct OverrideRefusal: Equatable {
    /// What is allowed, as the rest of a sentence that begins `must be`; nil for an unknown key.
    package var allowed: String?
    /// The words that are allowed, if it is a matter of words.
    package var words: [String]
    /// What is wrong, as the rest of a sentence that begins with the key.
    package var message: String
}

extension ProxyConfiguration {
    /// Sets one value. A value for all servers' connections or timeouts counts also for those that
    /// have their own.
    package mutating func apply(_ override: ConfigurationOverride) -> OverrideRefusal? {
        let keys = override.key.split(separator: ".").map(String.init)
        let text = Scalar.text(override.value, shown: override.value)
        var node = FileNode(value: .scalar(text), offset: 0)
        for key in keys.reversed() {
            node = FileNode(
                value: .object([FileMember(name: key, offset: 0, node: node)]), offset: 0)
        }
        var reading = FileReading(environment: { _ in nil })
        reading.object(node, into: &self, FileKey<ProxyConfiguration>.all)
        if let fault = reading.faults.first {
            return OverrideRefusal(
                allowed: fault.allowance?.text(quotes: false), words: fault.allowance?.words ?? [],
                message: fault.message)
        }
        applyToServers(keys, node)
        // A timeout above the default longest one moves that along.
        if keys == ["timeout"] { maximumTimeout = max(maximumTimeout, timeout) }
        return nil
    }

    private mutating func applyToServers(_ keys: [String], _ node: FileNode) {
        var reading = FileReading(environment: { _ in nil })
        for index in servers.indices {
            if keys.first == "pool", servers[index].pool != nil {
                reading.object(node, into: &servers[index], FileKey<ServerConfiguration>.all)
            }
            if keys == ["timeout"] { servers[index].timeout = nil }
            if keys == ["maxTimeout"] { servers[index].maximumTimeout = nil }
            if keys == ["retry", "max"] { servers[index].maxRetries = nil }
        }
    }

    /// What an option or a variable for the key may be; nil for a key that there is not.
    package static func allowed(_ key: String) -> String? {
        // Nothing looks like this.
        var scratch = ProxyConfiguration(servers: [])
        return scratch.apply(ConfigurationOverride(key: key, value: "\u{0}"))?.allowed
    }
}
