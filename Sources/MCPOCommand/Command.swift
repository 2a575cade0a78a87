// What the executable does for a command line, and the code it ends with (SPEC §1).

import MCPO
import MCPOSystem

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The command `mcpo`.
enum Command {
    static let version = "0.1.0"

    /// Exit codes (SPEC §1).
    enum ExitCode {
        static let normal: Int32 = 0
        static let unusable: Int32 = 2
        static let failed: Int32 = 1
    }

    static func run(_ arguments: [String]) -> Int32 {
        OwnProcess.prepare()
        do throws(UsageError) {
            switch try CommandLineArguments.parse(
                arguments, environment: ProcessEnvironment.value(_:))
            {
            case .help:
                write(usage, to: 1)
                return ExitCode.normal
            case .version:
                write("mcpo \(version)\n", to: 1)
                return ExitCode.normal
            case .serve(let configuration):
                return serve(configuration)
            }
        } catch {
            complain(error.message)
            return ExitCode.unusable
        }
    }

    private static func serve(_ configuration: ProxyConfiguration) -> Int32 {
        do {
            let proxy = try Proxy(configuration: configuration)
            proxy.receiveSignals()
            return try proxy.run()
        } catch let error as ConfigurationError {
            complain(error.description)
            return ExitCode.unusable
        } catch {
            complain("\(error)")
            return ExitCode.failed
        }
    }

    /// One line on stderr, whatever was in the arguments.
    private static func complain(_ message: String) {
        var line = "mcpo: "
        for scalar in message.unicodeScalars {
            let isControl = scalar.properties.generalCategory == .control
            line += isControl ? scalar.escaped(asASCII: true) : String(scalar)
        }
        write(line + "\n", to: 2)
    }

    /// Writes all of a short text, whatever kind of file it goes to.
    private static func write(_ text: String, to descriptor: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let transfer = rest.withUnsafeBytes { writeSome(descriptor, $0) }
            guard case .bytes(let count) = transfer else { return }
            rest = rest.dropFirst(count)
        }
    }

    static let usage = """
        mcpo stands in front of an MCP server: a client starts mcpo instead of the server,
        and mcpo starts the server and passes every message through unchanged.

        Usage: mcpo [options] -- COMMAND [ARG...]

        Options:
          --name NAME           the server's name in logs and errors (default: from COMMAND)
          --timeout DURATION    how long a call may go without an answer or progress (default: 5m)
          --log-level LEVEL     error, warning, info, debug or trace (default: info)
          --log-format FORMAT   text or json (default: text)
          --version             print the version
          --help                print this help

        A DURATION is a number of seconds, or a number with a unit: 250ms, 30s, 5m, 1h.
        --option value and --option=value both work; everything after -- belongs to the server.
        MCPO_LOG_LEVEL in the environment sets the log level; an option wins over it.

        Example, in a client's configuration:
          { "mcpServers": { "time": {
              "command": "mcpo", "args": ["--", "uvx", "mcp-server-time"] } } }

        Exit codes: 0 normal; 1 the server could not be started or was lost for good;
        2 unusable arguments.

        """
}
