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
            case .help(let text):
                write(text, to: 1)
                return ExitCode.normal
            case .version:
                write("mcpo \(Release.version)\n", to: 1)
                return ExitCode.normal
            case .serve(let source): return serve(source)
            case .check(let source): return check(source)
            case .top(let arguments): return TopCommand.run(arguments)
            }
        } catch {
            complain(error.message)
            return ExitCode.unusable
        }
    }

    private static func serve(_ source: ConfigurationSource) -> Int32 {
        ending {
            let proxy =
                switch source {
                case .command(let configuration): try Proxy(configuration: configuration)
                case .file(let file): try Proxy(file: file)
                }
            proxy.receiveSignals()
            return try proxy.run()
        }
    }

    private static func check(_ source: ConfigurationSource) -> Int32 {
        ending {
            switch source {
            case .command(let configuration):
                let report = try ServerCheck(configuration: configuration).run()
                write(report.text, to: 1)
                return ExitCode.normal
            case .file(let file):
                let report = try ConfigurationCheck(configuration: file.read()).run()
                write(report.text(width: terminalWidth(1)), to: 1)
                return report.hasFailure ? ExitCode.failed : ExitCode.normal
            }
        }
    }

    /// Runs `body`, and puts an error of it into words and a code.
    private static func ending(_ body: () throws -> Int32) -> Int32 {
        do {
            return try body()
        } catch let error as ConfigurationFileError {
            for problem in error.problems { complain(problem.description) }
            return ExitCode.unusable
        } catch let error as ConfigurationError {
            complain(error.description)
            return ExitCode.unusable
        } catch {
            complain("\(error)")
            return ExitCode.failed
        }
    }

    /// One line on stderr, whatever was in the arguments.
    static func complain(_ message: String) {
        write("mcpo: \(printable(message))\n", to: 2)
    }

    /// Writes all of a text, whatever kind of file it goes to.
    /// - Returns: whether somebody has taken it.
    @discardableResult
    static func write(_ text: String, to descriptor: Int32) -> Bool {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let transfer = rest.withUnsafeBytes { writeSome(descriptor, $0) }
            guard case .bytes(let count) = transfer else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}
