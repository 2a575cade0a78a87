// A terminal that mcpo has for itself: keys come as bytes, the screen is drawn on.
//
//     enter ─▶ drawing ─▶ leave            the end, however it comes
//                │  ▲
//        suspend ▼  │ resume               Ctrl-Z and `fg`
//               stopped
//
// What must be put right again, the terminal's settings and its screen, lies in globals: a signal
// handler has nothing else. Handlers of signals that are not fatal write a byte into a pipe.

import CSystem

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What a signal asks of the program that draws.
package enum TerminalEvent: UInt8, Sendable {
    /// The size may be another.
    case resized = 0x57  // W, as in SIGWINCH
    case stop = 0x54  // T, as in SIGTERM
    case suspend = 0x5A  // Z, as the key
    case resumed = 0x43  // C, as in SIGCONT
}

/// Columns and lines.
package struct TerminalSize: Equatable, Sendable {
    package var columns: Int
    package var lines: Int

    package init(columns: Int, lines: Int) {
        self.columns = columns
        self.lines = lines
    }
}

/// The program's terminal, on stdin and stdout. There is one at a time.
package final class TerminalScreen {
    private static let input: Int32 = 0
    private static let output: Int32 = 1
    private static let usualSize = TerminalSize(columns: 80, lines: 24)

    private let pipe: Pipe
    private var isActive = false

    /// Whether stdin and stdout are one that can be drawn on.
    package static var isThere: Bool {
        let kind = ProcessEnvironment.value("TERM") ?? ""
        return isatty(input) == 1 && isatty(output) == 1 && !["", "dumb"].contains(kind)
    }

    /// Takes the terminal and shows an empty screen.
    package init() throws(SystemError) {
        pipe = try Pipe()
        pipe.write.setNonBlocking()
        pipe.read.setNonBlocking()
        signalPipe = pipe.write.number
        guard tcgetattr(Self.input, &usualSettings) == 0 else { throw SystemError("tcgetattr") }
        receiveSignals()
        try enter()
    }

    deinit {
        leave()
        for number in caughtSignals + fatalSignals { signal(number, SIG_DFL) }
        signalPipe = -1
    }

    // MARK: Taking and giving back

    private func enter() throws(SystemError) {
        var settings = usualSettings
        settings.c_iflag &= ~tcflag_t(BRKINT | ICRNL | INPCK | ISTRIP | IXON)
        settings.c_lflag &= ~tcflag_t(ECHO | ICANON | IEXTEN | ISIG)
        guard tcsetattr(Self.input, TCSADRAIN, &settings) == 0 else {
            throw SystemError("tcsetattr")
        }
        isTaken = true
        isActive = true
        draw(TerminalCode.enter)
    }

    private func leave() {
        guard isActive else { return }
        isActive = false
        restoreTerminal()
    }

    /// Stops this program as Ctrl-Z does, and goes on when it is continued.
    package func suspend() throws(SystemError) {
        leave()
        signal(SIGTSTP, SIG_DFL)
        raise(SIGTSTP)
        signal(SIGTSTP) { _ in noteSignal(.suspend) }
        try enter()
    }

    /// After a stop that could not be seen coming (SIGSTOP), when anything may have become of the
    /// terminal.
    package func resume() throws(SystemError) {
        if isActive { try enter() }
    }

    // MARK: Using it

    package var size: TerminalSize {
        let columns = Int(mcpo_terminal_columns(Self.output))
        let lines = Int(mcpo_terminal_lines(Self.output))
        return columns > 0 && lines > 0
            ? TerminalSize(columns: columns, lines: lines) : Self.usualSize
    }

    /// Where keys come from, and where signals do.
    package var keys: Int32 { Self.input }
    package var signals: Int32 { pipe.read.number }

    /// Writes all of it.
    /// - Returns: whether the terminal is still there.
    @discardableResult
    package func draw(_ text: String) -> Bool {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            switch rest.withUnsafeBytes({ writeSome(Self.output, $0) }) {
            case .bytes(let count): rest = rest.dropFirst(count)
            case .wouldBlock:
                // Somebody else has made the terminal non-blocking.
                var waits = [DescriptorWait(Self.output, isForWriting: true)]
                wait(for: &waits, until: Clock.now.advanced(by: .seconds(1)))
            case .ended: return false
            }
        }
        return true
    }

    /// What signals have asked for since it was called last.
    package func takeEvents() -> [TerminalEvent] {
        var bytes = [UInt8](repeating: 0, count: 256)
        guard case .bytes(let count) = bytes.withUnsafeMutableBytes({ readSome(signals, into: $0) })
        else { return [] }
        return bytes[..<count].compactMap(TerminalEvent.init(rawValue:))
    }

    private func receiveSignals() {
        signal(SIGWINCH) { _ in noteSignal(.resized) }
        signal(SIGTSTP) { _ in noteSignal(.suspend) }
        signal(SIGCONT) { _ in noteSignal(.resumed) }
        for number in [SIGINT, SIGTERM, SIGHUP, SIGQUIT] {
            signal(number) { _ in noteSignal(.stop) }
        }
        for number in fatalSignals {
            signal(number) { number in
                restoreTerminal()
                signal(number, SIG_DFL)
                raise(number)
            }
        }
        var signals = sigset_t()
        sigemptyset(&signals)
        for number in caughtSignals { sigaddset(&signals, number) }
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    }
}

private let caughtSignals = [SIGWINCH, SIGTSTP, SIGCONT, SIGINT, SIGTERM, SIGHUP, SIGQUIT]
/// Of our own mistakes: the words of the crash should be readable.
private let fatalSignals = [SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP]

/// What the control sequences say (ECMA-48, and DEC's private modes, which every terminal has).
private enum TerminalCode {
    /// The other screen (1049), no cursor (25), lines that do not wrap (7), an empty screen.
    static let enter = "\u{1B}[?1049h\u{1B}[?25l\u{1B}[?7l\u{1B}[2J"
    static let leave: StaticString = "\u{1B}[0m\u{1B}[?7h\u{1B}[?25h\u{1B}[?1049l"
}

/// Written before the first handler is set.
nonisolated(unsafe) private var signalPipe: Int32 = -1
nonisolated(unsafe) private var usualSettings = termios()
nonisolated(unsafe) private var isTaken = false

private func noteSignal(_ event: TerminalEvent) {
    let saved = errno
    var byte = event.rawValue
    _ = write(signalPipe, &byte, 1)
    errno = saved
}

/// Calls only what a signal handler may.
private func restoreTerminal() {
    guard isTaken else { return }
    isTaken = false
    _ = write(1, TerminalCode.leave.utf8Start, TerminalCode.leave.utf8CodeUnitCount)
    tcsetattr(0, TCSANOW, &usualSettings)
}
