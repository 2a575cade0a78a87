// What `mcpo check` does: starts a server, asks what it is and has, and lets the policy judge it.
//
//     server/discover or initialize     ServerDialogue+Opening.swift
//     tools/list, page by page          here
//     the policy's decisions            the code that the proxy decides by: ToolCatalog, CachePolicy
//
// It asks and waits, one thing after the other, on the caller's thread. No tool is called.

internal import MCPOCore
import MCPOSystem

/// Looks at a server as the proxy would see it, and tells what the proxy would cache.
///
///     let server = ServerConfiguration(command: "uvx", arguments: ["mcp-server-time"])
///     print(try ServerCheck(configuration: ProxyConfiguration(server: server)).run().text)
public struct ServerCheck: Sendable {
    private var configuration: ProxyConfiguration

    /// - Parameter configuration: of several servers the first is looked at; `ConfigurationCheck`
    ///   looks at all.
    /// - Throws: `ConfigurationError` when a value makes no sense.
    public init(configuration: ProxyConfiguration) throws(ConfigurationError) {
        try configuration.validate()
        self.configuration = configuration
    }

    /// One server of a valid configuration.
    init(_ server: ServerConfiguration, of configuration: ProxyConfiguration) {
        self.configuration = configuration
        self.configuration.servers = [server]
    }

    /// Runs the check, and blocks the calling thread meanwhile. The server has ended afterwards.
    ///
    /// The server has `pool.connectionTimeout` (30 s) to start and for each answer, or `timeout` if
    /// that is less.
    ///
    /// - Parameter errors: where the log goes, with what the server writes to its stderr. Default:
    ///   stderr.
    /// - Throws: `ServerCheckError` when the server cannot be started or does not answer.
    public func run(errors: Int32 = 2) throws(ServerCheckError) -> ServerReport {
        try look(errors) { _, _ in }
    }

    /// - Parameter more: what else is asked, before the server ends.
    func look(
        _ errors: Int32, _ more: (ServerOpening, inout ServerDialogue) -> Void
    ) throws(ServerCheckError) -> ServerReport {
        try withBrokenPipeSignalBlocked { () throws(ServerCheckError) in
            try converse(errors, more)
        }
    }

    private func converse(
        _ errors: Int32, _ more: (ServerOpening, inout ServerDialogue) -> Void
    ) throws(ServerCheckError) -> ServerReport {
        let server = configuration.server
        let conversation = ServerConversation(
            command: configuration.serverCommand, name: server.name,
            maximumLineLength: configuration.maximumMessageBytes,
            log: configuration.makeLog(errors))
        defer { conversation.end() }
        var dialogue = ServerDialogue(
            conversation,
            patience: min(
                configuration.pool(of: server).connectionTimeout,
                server.timeout ?? configuration.timeout))
        do throws(DialogueFailure) {
            let opening = try dialogue.open()
            let tools = try Self.tools(opening, &dialogue, configuration.cachingSettings.policy)
            more(opening, &dialogue)
            return ServerReport(configuration, opening, tools, nonsense: dialogue.nonsense)
        } catch {
            throw ServerCheckError(
                server: server.name, reason: error.reason, advice: error.advice)
        }
    }

    /// The server's tools, as the proxy reads them.
    private static func tools(
        _ opening: ServerOpening, _ dialogue: inout ServerDialogue, _ policy: MCPOCore.CachePolicy
    ) throws(DialogueFailure) -> ToolListing {
        var listing = ToolListing()
        guard opening.capabilities.contains("tools") else { return listing }
        var cursors: Set<String> = []
        var cursor: String?
        listing.catalog.begin()
        repeat {
            let params = cursor.map { "\"cursor\":\($0)" } ?? ""
            let page = try dialogue.ask("tools/list", params)
            cursor = try listing.add(page, policy)
            if let cursor, !cursors.insert(cursor).inserted {
                throw DialogueFailure(
                    "its list of tools never ends: tools/list gives the cursor \(cursor) again")
            }
        } while cursor != nil
        return listing
    }
}

/// Why a server could not be looked at.
public struct ServerCheckError: Error, Equatable, CustomStringConvertible {
    /// The server's name.
    public var server: String
    /// What happened, for a person.
    public var reason: String
    /// What to do next; empty where the reason says it.
    public var advice = ""

    /// The name and the reason in one line.
    public var description: String { "\(server): \(reason)" }
}

/// What `tools/list` has said.
struct ToolListing: ~Copyable {
    var catalog = ToolCatalog()
    /// The least `ttlMs` of its pages.
    var ttl: Int64?

    /// Takes a page in.
    /// - Returns: the cursor of the next one, as the server wrote it.
    mutating func add(
        _ page: ServerAnswer, _ policy: MCPOCore.CachePolicy
    ) throws(DialogueFailure) -> String? {
        if let more = page.timeToLive { ttl = min(ttl ?? more, more) }
        switch catalog.add(page.bytes.span.bytes, page.envelope, policy) {
        case .last: return nil
        case .more(let cursor): return page.lexeme(cursor)
        case .unusable:
            throw DialogueFailure("it answers tools/list with something that is no list of tools")
        }
    }
}
