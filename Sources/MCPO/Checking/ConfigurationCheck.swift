// What `mcpo check --config FILE` does: looks at every server of a configuration, all at once, since
// most of the time is theirs.

internal import MCPOCore
import MCPOSystem

/// Looks at every server of a configuration as the proxy would see it.
///
///     let report = try ConfigurationCheck(configuration: file.read()).run()
///     print(report.text())
public struct ConfigurationCheck: Sendable {
    /// Servers that start at the same time: each is a process that wants a processor, and some are
    /// downloaded first.
    private static let most = 16

    private let configuration: ProxyConfiguration

    /// - Throws: `ConfigurationError` when a value makes no sense.
    public init(configuration: ProxyConfiguration) throws(ConfigurationError) {
        try configuration.validate()
        self.configuration = configuration
    }

    /// Runs the check, and blocks the calling thread meanwhile. All servers have ended afterwards.
    ///
    /// - Parameter errors: where the log goes, with what the servers write to their stderr. Default:
    ///   stderr.
    public func run(errors: Int32 = 2) -> ConfigurationReport {
        let configuration = configuration
        let jobs = configuration.servers.map { server in
            { @Sendable in Self.entry(server, of: configuration, errors) }
        }
        return ConfigurationReport(
            configuration, runOnThreads(jobs, atMost: Self.most))
    }

    private static func entry(
        _ server: ServerConfiguration, of configuration: ProxyConfiguration, _ errors: Int32
    ) -> ConfigurationReport.Entry {
        guard !server.isDisabled else {
            return ConfigurationReport.Entry(name: server.name, status: .disabled)
        }
        var counts = ConfigurationReport.Counts()
        do throws(ServerCheckError) {
            let report = try ServerCheck(server, of: configuration).look(errors) {
                counts = Self.counts($0, &$1)
            }
            counts.tools = report.tools.count
            return ConfigurationReport.Entry(name: server.name, status: .ok(report, counts))
        } catch {
            return ConfigurationReport.Entry(name: server.name, status: .failed(error))
        }
    }

    private static func counts(
        _ opening: ServerOpening, _ dialogue: inout ServerDialogue
    ) -> ConfigurationReport.Counts {
        var counts = ConfigurationReport.Counts()
        if opening.capabilities.contains("prompts") {
            counts.prompts = dialogue.count("prompts/list", "prompts")
        }
        if opening.capabilities.contains("resources") {
            counts.resources = dialogue.count("resources/list", "resources")
        }
        return counts
    }
}

extension ServerDialogue {
    /// A list that has not ended by then never does.
    private static let mostPages = 1000

    /// How many there are in a list; nil when the server does not give it.
    fileprivate mutating func count(_ method: String, _ member: StaticString) -> Int? {
        var count = 0
        var params = ""
        for _ in 0..<Self.mostPages {
            guard let page = try? ask(method, params) else { return nil }
            let result = page.envelope.result
            var elements = BatchElements(page.bytes.span.bytes, page.member(member, of: result))
            while elements.next(page.bytes.span.bytes) != nil { count += 1 }
            let cursor = page.member("nextCursor", of: result)
            guard cursor.kind == .string else { return count }
            params = "\"cursor\":\(page.lexeme(cursor))"
        }
        return nil
    }
}
