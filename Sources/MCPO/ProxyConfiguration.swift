// What a proxy is to do, as a value that code, the command line and the environment fill in.

/// How to start one stdio MCP server.
public struct ServerConfiguration: Equatable, Sendable {
    /// The name of the server in logs, errors and metrics: letters, digits, `.`, `_` and `-`.
    public var name: String
    /// The program: a path, or a name to look for in the environment's `PATH`.
    public var command: String
    /// The program's arguments.
    public var arguments: [String]
    /// Variables that the server gets in addition to mcpo's own environment, or instead of them.
    public var environment: [String: String]
    /// The server's working directory; nil (the default) for mcpo's own.
    public var workingDirectory: String?
    /// What holds of its tools, by name or by glob (`*` any characters, `?` one). The exact name
    /// comes before a glob, the longer glob before the shorter; one rule applies. A pattern with a
    /// slash speaks of a method: `prompts/get`. Default none.
    public var tools: [String: ToolRule] = [:]

    /// - Parameter name: nil (the default) derives it from the command: of `uvx mcp-server-time`
    ///   the name is `mcp-server-time`.
    public init(
        name: String? = nil, command: String, arguments: [String] = [],
        environment: [String: String] = [:], workingDirectory: String? = nil
    ) {
        self.name = name ?? Self.derivedName(command, arguments)
        self.command = command
        self.arguments = arguments
        self.environment = environment
        self.workingDirectory = workingDirectory
    }

    /// Programs that only start another one, which gives the better name.
    private static let launchers: Set<String> = ["npx", "bunx", "uvx", "pipx", "env"]

    private static func derivedName(_ command: String, _ arguments: [String]) -> String {
        let program = lastComponent(command)
        if launchers.contains(program),
            let started = arguments.first(where: { !$0.hasPrefix("-") && !$0.contains("=") })
        {
            return safeName(lastComponent(started))
        }
        return safeName(program)
    }

    private static func lastComponent(_ path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }

    private static func safeName(_ name: String) -> String {
        let safe = String(name.prefix { $0 != "@" || $0 == name.first }.filter(isNameCharacter))
        return safe.isEmpty ? "server" : safe
    }

    /// Whether a server can be called this.
    public static func isValidName(_ name: String) -> Bool {
        !name.isEmpty && name.allSatisfy(isNameCharacter)
    }

    private static func isNameCharacter(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber || "._-".contains(character))
    }
}

/// Everything that a proxy can be told.
public struct ProxyConfiguration: Equatable, Sendable {
    /// How much of the log is written; each level includes those before it.
    public enum LogLevel: String, CaseIterable, Sendable {
        case error, warning, info, debug, trace
    }

    /// How log lines look: for people, or one JSON object a line.
    public enum LogFormat: String, CaseIterable, Sendable {
        case text, json
    }

    /// The server behind the proxy.
    public var server: ServerConfiguration
    /// How long a call may go without an answer or progress. Default 300 s; more than 0.
    public var timeout = Duration.seconds(300)
    /// How long a call may take although it reports progress. Default 1 h; at least `timeout`.
    public var maximumTimeout = Duration.seconds(3600)
    /// How long requests in flight are waited for when the client has closed the stream or the
    /// proxy is stopped. Default 5 s.
    public var shutdownTimeout = Duration.seconds(5)
    /// Bytes that one message may have. Default 64 MiB; from 1 KiB to 1 GiB.
    public var maximumMessageBytes = 64 * 1024 * 1024
    /// Default `info`.
    public var logLevel = LogLevel.info
    /// Default `text`.
    public var logFormat = LogFormat.text
    /// What is answered from memory.
    public var cache = Cache()
    /// Further caches, by the names that rules of `tools` use: letters, digits, `.`, `_`, `-`; not
    /// `default`. Default none.
    public var caches: [String: NamedCache] = [:]
    /// Which requests share one answer.
    public var dedup = Dedup()
    /// What is measured.
    public var monitor = Monitor()
    /// Whether the tool `mcpo_metrics` is added to the server's. Default true.
    public var metricsTool = true

    public init(server: ServerConfiguration) {
        self.server = server
    }
}
