// The proxy for programs: the same that the executable runs.

internal import MCPOCore
import MCPOSystem

/// A transparent MCP proxy in front of one stdio server.
///
///     let server = ServerConfiguration(command: "uvx", arguments: ["mcp-server-time"])
///     let proxy = try Proxy(configuration: ProxyConfiguration(server: server))
///     let code = try proxy.run()        // until the client closes the stream, or stop()
///
/// A proxy runs once. Its server is a child process in a process group of its own; neither outlives
/// `run`, nor the program, even when that is killed.
public final class Proxy: Sendable {
    private let configuration: ProxyConfiguration
    private let control: ControlPipe

    /// - Throws: `ConfigurationError` when a value makes no sense, `ProxyStartError` when the system
    ///   gives mcpo no pipe.
    public init(configuration: ProxyConfiguration) throws {
        try configuration.validate()
        self.configuration = configuration
        do {
            control = try ControlPipe()
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
    /// - Throws: `ProxyStartError` when the system refuses what the proxy needs.
    public func run(
        input: Int32 = 0, output: Int32 = 1, errors: Int32 = 2
    ) throws(ProxyStartError) -> Int32 {
        do {
            var driver = try ProxyDriver(
                settings: configuration.settings, commands: configuration.serverCommands,
                input: input, output: output, control: control,
                log: configuration.makeLogWithWarnings(errors))
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

    /// Makes SIGTERM, SIGINT and SIGHUP requests to this proxy, for the whole program.
    package func receiveSignals() {
        control.receiveSignals()
    }
}

/// What the system refused.
public struct ProxyStartError: Error, Equatable, CustomStringConvertible {
    /// The system call and its error.
    public var description: String
}
