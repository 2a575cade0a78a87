// `mcpo top`: what it prints, and the code it ends with.

import MCPO
import MCPOSystem

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

enum TopCommand {
    /// Columns of a report that nobody reads on a terminal.
    private static let paperWidth = 100

    static func run(_ arguments: TopArguments) -> Int32 {
        let options = arguments.options
        do {
            switch arguments.form {
            case .live where TerminalScreen.isThere:
                var session = try TopSession(options)
                try session.run()
            case .live, .once:
                let columns = terminalWidth(1) ?? paperWidth
                Command.write(try TopQuestion.report(options, columns: columns), to: 1)
            case .json: Command.write(shown(try TopQuestion.ask(options)), to: 1)
            case .jsonLines: try printLines(options)
            }
            return Command.ExitCode.normal
        } catch let failure as MetricsFailure {
            Command.complain(failure.words + (failure.advice.map { "; \($0)" } ?? ""))
        } catch {
            Command.complain("\(error)")
        }
        return Command.ExitCode.failed
    }

    /// Document after document, until mcpo is gone or nobody reads any more.
    private static func printLines(_ options: TopOptions) throws {
        while true {
            // Outside of strings, where there is none, a line break is white space.
            let document = try TopQuestion.ask(options).map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 }
            guard Command.write(shown(document), to: 1) else { return }
            let parts = options.interval.components
            var pause = timespec()
            pause.tv_sec = Int(parts.seconds)
            pause.tv_nsec = Int(parts.attoseconds / 1_000_000_000)
            nanosleep(&pause, nil)
        }
    }

    /// The document as it came; on a terminal those control characters that JSON allows in strings
    /// are escaped.
    private static func shown(_ document: [UInt8]) -> String {
        let text = String(decoding: document, as: UTF8.self) + "\n"
        guard isatty(1) == 1 else { return text }
        var safe = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if (0x7F...0x9F).contains(scalar.value) {
                safe.append(contentsOf: "\\u00\(String(scalar.value, radix: 16))".unicodeScalars)
            } else {
                safe.append(scalar)
            }
        }
        return String(safe)
    }
}
