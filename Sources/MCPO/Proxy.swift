// The proxy for programs: the same that the executable runs.

internal import MCPOCore
import MCPOSystem
import Synchronization

/// An MCP proxy in front of one stdio server, or of all servers of a configuration.
///
///     let server = ServerConfiguration(command: "uvx", arguments: ["mcp-server-time"])
///     let proxy = try Proxy(configuration: ProxyConfiguration(server: server))
///     let code = try proxy.run()        // until the client closes the stream, or stop()
///
/// A proxy runs once. Its servers are child processes in process groups of their own; none outlives
/// `run`, nor the program, even when that is killed.
public final class Proxy: Sendable {
    private let configuration: ProxyConfiguration
    private let file: ConfigurationFile?
    private let control: ControlPipe
    private let port: HTTPPort

    /// - Throws: `ConfigurationError` when a value makes no sense, `ProxyStartError` when the system
    ///   gives mcpo no pipe.
    public convenience init(configuration: ProxyConfiguration) throws {
        try self.init(configuration, file: nil)
    }

    /// A proxy that can read its configuration again: at SIGHUP in the executable, or `reload`.
    ///
    /// - Throws: `ConfigurationFileError` with everything that is wrong with the file, otherwise as
    ///   `init(configuration:)`.
    public convenience init(file: ConfigurationFile) throws {
        try self.init(file.read(), file: file)
    }

    private init(_ configuration: ProxyConfiguration, file: ConfigurationFile?) throws {
        try configuration.validate()
        self.configuration = configuration
        self.file = file
        do {
            control = try ControlPipe()
            port = HTTPPort(control)
        } catch {
            throw ProxyStartError(description: "\(error)")
        }
    }

    /// Serves one client on a pair of descriptors, and blocks the calling thread until the end.
    ///
    /// - Parameters:
    ///   - input: where the client's messages are read, one a line. Default: stdin.
    ///   - output: where messages to the client are written. Default: stdout. A pipe or socket is
    ///     made non-blocking meanwhile.
    ///   - errors: where the log goes. Default: stderr.
    /// - Returns: 0 after a normal end, 1 when the server could not be started or was lost for good.
    /// - Throws: `ProxyStartError` when the system refuses what the proxy needs, the HTTP port that
    ///   was configured included.
    public func run(
        input: Int32 = 0, output: Int32 = 1, errors: Int32 = 2
    ) throws(ProxyStartError) -> Int32 {
        let notice = try port.apply(configuration.http)
        defer { port.end() }
        do {
            var driver = try ProxyDriver(
                settings: configuration.settings, commands: configuration.serverCommands,
                input: input, output: output, control: control,
                log: configuration.makeLog(errors, notices: notice.map { [$0] } ?? []),
                reload: reloader)
            return driver.run()
        } catch {
            throw ProxyStartError(description: "\(error)")
        }
    }

    /// Asks the proxy to stop: no new requests, those in flight get `shutdownTimeout`. Asked a second
    /// time, it stops at once. From any thread.
    public func stop() {
        control.send(.stop)
    }

    /// Reads the configuration file again and takes over what has changed (SPEC §2): limits, rules
    /// and times in place; servers are started, ended or replaced where their own entry is another
    /// one, and calls under way finish. A file with a mistake changes nothing; the log tells all of
    /// it. Without a file nothing happens. From any thread; returns at once.
    public func reload() {
        control.send(.hangUp)
    }

    /// Changes how many calls run at once, at least 1, until the configuration is read again. Those
    /// under way finish. From any thread; returns at once.
    public func setConcurrencyLimit(_ maximum: Int) {
        control.send(.event(.setConcurrencyLimit(max(1, maximum))))
    }

    /// Drops the stored answers of a server, of one tool, or of all. From any thread; returns at
    /// once.
    /// - Parameters:
    ///   - server: its name; nil (the default) is all.
    ///   - tool: by the name that clients see; nil (the default) is all of the server's.
    public func clearCache(server: String? = nil, tool: String? = nil) {
        control.send(.clearCache(server: server, tool: tool) { _ in })
    }

    /// Makes SIGTERM, SIGINT and SIGHUP requests to this proxy, for the whole program.
    package func receiveSignals() {
        control.receiveSignals()
    }
}

extension Proxy {
    /// Reads the file for the loop; nil without one.
    private var reloader: (@Sendable () -> ReloadOutcome)? {
        guard let file else { return nil }
        let current = Mutex(configuration)
        let port = port
        return {
            do throws(ConfigurationFileError) {
                let next = try file.read()
                return current.withLock { held in
                    let difference = ConfigurationDifference(from: held, to: next)
                    held = next
                    // Also where nothing has changed: a port that was taken may be free now.
                    let lines = difference.lines + port.applied(next.http)
                    if difference.isEmpty, lines.isEmpty { return .same }
                    return .changed(next.settings, next.serverCommands, lines)
                }
            } catch {
                return .failed(error.problems.map(\.description))
            }
        }
    }
}

/// What the system refused.
public struct ProxyStartError: Error, Equatable, CustomStringConvertible {
    /// The system call and its error.
    public var description: String
}
