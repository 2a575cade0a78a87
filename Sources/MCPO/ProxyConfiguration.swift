// What a proxy is to do, as a value that code, a file, the environment and the command line fill
// in.

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
    /// Its connections; nil (the default) is as in `ProxyConfiguration.pool`.
    public var pool: PoolConfiguration?
    /// Calls to this server under way at once; nil (the default) is no limit besides
    /// `ProxyConfiguration.concurrency`. From 1 to 100,000.
    public var maxConcurrent: Int?
    /// As `ProxyConfiguration.timeout`, for calls to this server; nil (the default) is that one.
    public var timeout: Duration?
    /// As `ProxyConfiguration.maximumTimeout`; nil (the default) is that one, or `timeout` if that is
    /// longer. At least `timeout`.
    public var maximumTimeout: Duration?
    /// How often a call to this server is repeated; nil (the default) is `Retry.max`. From 0 to 10.
    public var maxRetries: Int?
    /// Whether the server is left out. Default false. Of a server that is, nothing else is checked.
    public var isDisabled = false

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
        let own = name.prefix { $0 != "@" || $0 == name.first }
        let safe = String(decoding: own.utf8.filter(isNameByte), as: UTF8.self)
        return safe.isEmpty ? "server" : safe
    }

    /// Whether a server can be called this.
    public static func isValidName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.allSatisfy(isNameByte)
    }

    /// By bytes: what a `Character` is costs a table that takes milliseconds to set up.
    static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "-"):
            true
        default: false
        }
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

    /// How the proxy looks to its client.
    public enum Presentation: String, Sendable {
        /// As its one server itself: every name and answer is the server's own.
        case transparent
        /// As one server with the tools, prompts and resources of all, under the names that `naming`
        /// makes; also when there is one server only.
        case merged
    }

    /// The servers behind the proxy, in the order in which their lists are merged. At least one of
    /// them is not disabled; each has its own name.
    public var servers: [ServerConfiguration]
    /// `transparent` for a proxy in front of one command, `merged` for a file.
    public var presentation: Presentation
    /// How long `initialize` waits for slow servers, whose entries come later then. Default 5 s; not
    /// negative.
    public var startupWait = Duration.seconds(5)
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
    /// How many calls run at once.
    public var concurrency = Concurrency()
    /// The connections to each server that has no `pool` of its own.
    public var pool = PoolConfiguration()
    /// Which calls are sent again when a connection dies.
    public var retry = Retry()
    /// What tools and prompts of several servers are called.
    public var naming = Naming()
    /// What is measured.
    public var monitor = Monitor()
    /// The port for metrics, health and the dashboard; nil (the default) opens none.
    public var http: HTTP?
    /// Whether the tool `mcpo_metrics` is added to the server's. Default true.
    public var metricsTool = true

    /// One server, passed through as it is.
    public init(server: ServerConfiguration) {
        servers = [server]
        presentation = .transparent
    }

    /// Several servers, served as one.
    public init(servers: [ServerConfiguration]) {
        self.servers = servers
        presentation = .merged
    }

    /// The first server: the only one of a `transparent` proxy. Without any it has no command, which
    /// `problems` tells of.
    public var server: ServerConfiguration {
        get { servers.first ?? ServerConfiguration(name: "server", command: "") }
        set {
            if servers.isEmpty { servers = [newValue] } else { servers[0] = newValue }
        }
    }

    /// The servers that are not disabled.
    public var enabledServers: [ServerConfiguration] { servers.filter { !$0.isDisabled } }

    /// The connections to a server.
    public func pool(of server: ServerConfiguration) -> PoolConfiguration { server.pool ?? pool }
}
