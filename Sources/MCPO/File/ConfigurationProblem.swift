// What is wrong with a configuration file, each with its place and what would be right.

/// Something wrong in a configuration file.
public struct ConfigurationProblem: Error, Equatable, Sendable, CustomStringConvertible {
    /// The file, as its path was given.
    public var file: String
    /// From 1; nil when it is the file as a whole that cannot be read.
    public var line: Int?
    /// From 1, in characters.
    public var column: Int?
    /// The path of the key, such as `mcpServers.github.mcpo.pool.max`; empty where it is none.
    public var key: String
    /// What is wrong and what would be right.
    public var message: String

    /// `servers.json:7:30: mcpo.cache.maxSize: must be a number of entries …`
    public var description: String {
        let place = [line, column].compactMap { $0.map { ":\($0)" } }.joined()
        return "\(file)\(place): \(key.isEmpty ? "" : "\(key): ")\(message)"
    }
}

/// Everything that is wrong in a configuration file.
public struct ConfigurationFileError: Error, Equatable, Sendable, CustomStringConvertible {
    /// At least one, in the order of the file; of very many the first 50.
    public var problems: [ConfigurationProblem]

    /// A line for each.
    public var description: String { problems.map(\.description).joined(separator: "\n") }
}

extension ConfigurationFileError {
    /// More than a person repairs before trying again.
    private static let most = 50

    /// One problem of the file as a whole.
    init(_ file: String, _ message: String) {
        problems = [ConfigurationProblem(file: file, key: "", message: message)]
    }

    init(_ file: String, _ fault: SyntaxFault, in bytes: [UInt8]) {
        self.init(
            file, [FileFault(path: [], offset: fault.offset, message: fault.message)], in: bytes)
    }

    init(_ file: String, _ faults: [FileFault], in bytes: [UInt8]) {
        let sorted = faults.enumerated().sorted {
            ($0.element.offset ?? 0, $0.offset) < ($1.element.offset ?? 0, $1.offset)
        }
        problems = sorted.prefix(Self.most).map { _, fault in
            let position = fault.offset.map { FilePosition($0, in: bytes) }
            return ConfigurationProblem(
                file: file, line: position?.line, column: position?.column, key: fault.path.text,
                message: fault.message)
        }
        if faults.count > Self.most {
            problems.append(
                ConfigurationProblem(
                    file: file, key: "", message: "and \(faults.count - Self.most) more problems"))
        }
    }
}
