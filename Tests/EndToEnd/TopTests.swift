// `mcpo top` against a real mcpo: the report, the document, the view on a terminal, and what it says
// when nobody is there.

import Foundation
import Testing

/// A terminal emulator that only remembers what was written to it.
private final class Emulator {
    let ends: Ends
    private var seen: [UInt8] = []

    init(columns: UInt16, lines: UInt16) throws {
        ends = try makeTerminal()
        // As a shell has it: what is typed is shown, a line at a time.
        var settings = termios()
        tcgetattr(ends.theirs, &settings)
        settings.c_lflag |= tcflag_t(ECHO | ICANON | ISIG)
        settings.c_iflag |= tcflag_t(ICRNL)
        tcsetattr(ends.theirs, TCSANOW, &settings)
        resize(columns: columns, lines: lines)
        _ = fcntl(ends.ours, F_SETFL, O_NONBLOCK)
    }

    deinit {
        close(ends.ours)
        close(ends.theirs)
    }

    func resize(columns: UInt16, lines: UInt16) {
        var size = winsize(ws_row: lines, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(ends.ours, UInt(TIOCSWINSZ), &size)
    }

    /// What cannot be seen on the screen: echo, lines, signals.
    var settings: [tcflag_t] {
        var settings = termios()
        tcgetattr(ends.theirs, &settings)
        return [settings.c_lflag, settings.c_iflag, settings.c_oflag]
    }

    /// All that was written so far.
    var text: String {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(ends.ours, &bytes, bytes.count)
            guard count > 0 else { break }
            seen += bytes[..<count]
        }
        return String(decoding: seen, as: UTF8.self)
    }

    func forget() {
        _ = text
        seen = []
    }

    func type(_ keys: String) throws { try writeAll(Array(keys.utf8), to: ends.ours) }
}

/// `mcpo top` on a terminal.
private final class View {
    let emulator: Emulator
    let processID: pid_t
    /// The terminal's settings before mcpo was started.
    let before: [tcflag_t]
    private let directory: TemporaryDirectory
    private var exit: Exit?

    init(
        _ arguments: [String], columns: UInt16 = 100, lines: UInt16 = 20,
        environment: [String: String] = [:]
    ) throws {
        emulator = try Emulator(columns: columns, lines: lines)
        before = emulator.settings
        directory = try TemporaryDirectory()
        let errors = open(directory.file("stderr"), O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(errors) }
        processID = try spawnChild(
            [Products.mcpo, "top"] + arguments,
            environment: Setup.environment(
                "top", ["TERM": "xterm"].merging(environment) { $1 }),
            streams: ChildStreams(
                input: emulator.ends.theirs, output: emulator.ends.theirs, errors: errors),
            // Nobody could continue a stopped process of an orphaned group: it would not stop.
            ownGroup: true)
    }

    deinit {
        if exit == nil {
            kill(processID, SIGKILL)
            var status: Int32 = 0
            waitpid(processID, &status, 0)
        }
    }

    func expect(_ text: String) throws {
        var seen = ""
        do {
            try eventually("\(text)", within: 20) {
                seen = emulator.text
                return seen.contains(text)
            }
        } catch {
            throw Failure("no \(text) in \(seen.debugDescription)")
        }
    }

    func waitForExit() throws -> Exit {
        try eventually("the end of mcpo top", within: 20) {
            exit = exit ?? reap(processID)
            return exit != nil
        }
        return exit ?? .status(-1)
    }
}

/// A running mcpo with its port.
private struct Watched {
    let subject: Subject
    let port: String

    init(_ options: [String] = [], server: [String] = [Products.stub]) throws {
        let subject = try Subject(
            Setup(options: ["--http", "0"] + options, command: server))
        try subject.initialize()
        var port: String?
        try eventually("the port") {
            port = subject.errors.firstMatch(of: /http:\/\/127\.0\.0\.1:([0-9]+)\//).map {
                String($0.output.1)
            }
            return port != nil
        }
        self.subject = subject
        self.port = try #require(port)
    }
}

@Suite struct TopTests {
    @Test("--once prints a report: what there is of servers, caches and tools")
    func once() throws {
        let watched = try Watched()
        for id in 0..<5 { try watched.subject.call("\(id)", "echo", #"{"text":"x"}"#) }
        let outcome = try runMCPO(["top", "--once", watched.port])
        #expect(outcome.exit == .status(0) && outcome.errors.isEmpty)
        #expect(outcome.output.hasPrefix("mcpo "))
        #expect(outcome.output.contains("http://127.0.0.1:\(watched.port)/"))
        #expect(outcome.output.contains(#/\nStubServer +healthy +1 +0 /#))
        #expect(outcome.output.contains(#/\necho +StubServer +5 /#))
        #expect(outcome.output.contains("\ncache default "))
        #expect(outcome.output.split(separator: "\n").allSatisfy { $0.count <= 100 })
        #expect(outcome.output.unicodeScalars.allSatisfy { $0.value >= 0x20 || $0 == "\n" })
        // Without a terminal there is nothing else to do.
        let piped = try runMCPO(["top", "http://localhost:\(watched.port)/"])
        #expect(piped.exit == .status(0) && piped.output.contains(#/\necho +StubServer +5 /#))
        #expect(try watched.subject.finish() == .status(0))
    }

    @Test("--json prints the document of GET /metrics, over a Unix socket too")
    func json() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("s")
        let subject = try Subject(options: ["--http", "unix:\(path)"])
        try subject.initialize()
        try subject.call("1", "echo", #"{"text":"x"}"#)
        let outcome = try runMCPO(["top", "--json"], environment: ["MCPO_HTTP": "unix:\(path)"])
        #expect(outcome.exit == .status(0))
        let document = try #require(
            try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        let performance = try #require(document["performance"] as? [String: [String: Any]])
        #expect(performance["echo"]?["total_requests"] as? Int == 1)
        #expect(try subject.finish() == .status(0))
    }

    @Test("--json with --interval prints a document a line until mcpo is gone")
    func jsonLines() throws {
        let watched = try Watched()
        let output = try makePipe()
        let nothing = open("/dev/null", O_RDWR | O_CLOEXEC)
        let child = try spawnChild(
            [Products.mcpo, "top", "--json", "--interval", "100ms", watched.port],
            environment: Setup.environment("top", [:]),
            streams: ChildStreams(input: nothing, output: output[1], errors: nothing))
        close(output[1])
        close(nothing)
        let reader = LineReader(output[0])
        defer { close(output[0]) }
        for _ in 0..<3 {
            let line = try #require(try reader.nextLine())
            #expect(throws: Never.self) {
                try JSONSerialization.jsonObject(with: Data(line))
            }
        }
        #expect(try watched.subject.finish() == .status(0))
        var exit: Exit?
        try eventually("the end of mcpo top") {
            exit = reap(child)
            return exit != nil
        }
        #expect(exit == .status(1))
    }

    @Test("Who cannot be reached is named, with what to do")
    func unreachable() throws {
        let watched = try Watched()
        #expect(try watched.subject.finish() == .status(0))
        for form in ["--once", "--json"] {
            let outcome = try runMCPO(["top", form, watched.port])
            #expect(outcome.exit == .status(1) && outcome.output.isEmpty)
            #expect(
                outcome.complaint
                    == "mcpo: cannot reach mcpo at http://127.0.0.1:\(watched.port)/: "
                    + "Connection refused; is mcpo running with --http \(watched.port)?")
        }
        let missing = try runMCPO(["top", "--once", "unix:/nonexistent/mcpo"])
        #expect(missing.exit == .status(1))
        #expect(missing.complaint?.contains("No such file or directory") == true)
    }

    @Test("A port of the network wants the token, from the environment or the command line")
    func token() throws {
        let subject = try Subject(
            Setup(
                options: ["--http", "0.0.0.0:0"], environment: ["MCPO_HTTP_TOKEN": "secret"]))
        try subject.initialize()
        var port = ""
        try eventually("the port") {
            let line = subject.errors.firstMatch(of: /http:\/\/0\.0\.0\.0:([0-9]+)\//)
            port = line.map { String($0.output.1) } ?? ""
            return !port.isEmpty
        }
        let without = try runMCPO(["top", "--once", port])
        #expect(without.exit == .status(1))
        #expect(without.complaint?.contains("wants a token; give it with --token") == true)
        let wrong = try runMCPO(["top", "--once", "--token=wrong", port])
        #expect(wrong.complaint?.contains("wants another token") == true)
        let environment = ["MCPO_HTTP_TOKEN": "secret"]
        #expect(try runMCPO(["top", "--once", port], environment: environment).exit == .status(0))
        #expect(try runMCPO(["top", "--once", "--token", "secret", port]).exit == .status(0))
        #expect(try subject.finish() == .status(0))
    }

    @Test("What cannot be used ends with 2 and says what can be")
    func arguments() throws {
        let cases: [([String], String)] = [
            (["https://host/"], "speaks http only"),
            (["nonsense"], "write PORT, HOST:PORT, http://HOST:PORT/ or unix:PATH"),
            (["0"], "port 0 is any that is free"),
            (["1", "2"], "one URL is enough"),
            (["--interval", "1ms"], "must be a duration from 100ms to 1h"),
            (["--interval"], "--interval needs a value"),
            (["--sort", "coast"], #"did you mean "cost"?"#),
            (["--onec"], "did you mean --once?"),
            (["--once=yes"], "--once takes no value"),
            (["--token", "a b"], "has a character that no token can have"),
        ]
        for (arguments, words) in cases {
            let outcome = try runMCPO(["top"] + arguments)
            #expect(outcome.exit == .status(2) && outcome.output.isEmpty, "\(arguments)")
            #expect(outcome.complaint?.contains(words) == true, "\(outcome)")
        }
        let environment = try runMCPO(["top", "--once"], environment: ["MCPO_HTTP": "nonsense"])
        #expect(environment.exit == .status(2))
        #expect(environment.complaint?.contains("MCPO_HTTP is \"nonsense\"") == true)
    }

    @Test("--help names every option, and mcpo's own names top")
    func help() throws {
        let outcome = try runMCPO(["top", "--help"])
        #expect(outcome.exit == .status(0) && outcome.errors.isEmpty)
        for word in ["--once", "--json", "--interval", "--sort", "--token", "MCPO_HTTP", "URL"] {
            #expect(outcome.output.contains(word))
        }
        #expect(try runMCPO(["--help"]).output.contains("mcpo top"))
    }

    @Test("On a terminal it lives, obeys keys, follows the size, and q gives the terminal back")
    func live() throws {
        let watched = try Watched()
        try watched.subject.call("1", "echo", #"{"text":"x"}"#)
        let view = try View(["--interval", "100ms", watched.port])
        try view.expect("\u{1B}[?1049h")
        try view.expect("echo")
        #expect(view.emulator.settings != view.before)
        try watched.subject.call("2", "pid")
        try view.expect("pid")
        view.emulator.forget()
        try view.emulator.type("?")
        try view.expect("Ctrl-C        quit")
        try view.emulator.type("x/echo\r")
        try view.expect("filter: echo")
        view.emulator.forget()
        view.emulator.resize(columns: 60, lines: 12)
        kill(view.processID, SIGWINCH)
        try view.expect("\u{1B}[12;1H")
        view.emulator.forget()
        try view.emulator.type("q")
        #expect(try view.waitForExit() == .status(0))
        #expect(view.emulator.text.hasSuffix("\u{1B}[?25h\u{1B}[?1049l"))
        #expect(view.emulator.settings == view.before)
        #expect(try watched.subject.finish() == .status(0))
    }

    @Test(
        "Signals and Ctrl-C give the terminal back too",
        arguments: [SIGTERM, SIGINT, SIGHUP, SIGQUIT, 0])
    func signals(number: Int32) throws {
        let view = try View(["1"])
        try view.expect("cannot reach mcpo")
        if number == 0 { try view.emulator.type("\u{3}") } else { kill(view.processID, number) }
        #expect(try view.waitForExit() == .status(0))
        #expect(view.emulator.text.hasSuffix("\u{1B}[?1049l"))
        #expect(view.emulator.settings == view.before)
    }

    @Test("Stopped, it gives the terminal back, and takes it again when it goes on")
    func stopped() throws {
        let view = try View(["1"])
        try view.expect("cannot reach mcpo")
        view.emulator.forget()
        kill(view.processID, SIGTSTP)
        try view.expect("\u{1B}[?1049l")
        try eventually("the stop") {
            ProcessEntry(view.processID)?.state == "T"
        }
        #expect(view.emulator.settings == view.before)
        view.emulator.forget()
        kill(view.processID, SIGCONT)
        try view.expect("\u{1B}[?1049h")
        try view.expect("cannot reach mcpo")
        #expect(view.emulator.settings != view.before)
        try view.emulator.type("q")
        #expect(try view.waitForExit() == .status(0))
        #expect(view.emulator.settings == view.before)
    }

    @Test("It goes on by itself when mcpo comes back, and says that it was restarted")
    func restart() throws {
        let directory = try TemporaryDirectory()
        let address = "unix:\(directory.file("s"))"
        let view = try View(["--interval", "100ms", address])
        try view.expect("! cannot reach mcpo at unix:")
        view.emulator.forget()
        let first = try Subject(options: ["--http", address])
        try first.initialize()
        try view.expect("healthy")
        try first.call("1", "echo", #"{"text":"x"}"#)
        try first.call("2", "pid")
        try view.expect("pid")
        #expect(try first.finish() == .status(0))
        try view.expect("not reachable for")
        view.emulator.forget()
        let second = try Subject(options: ["--http", address])
        try second.initialize()
        try view.expect("was restarted")
        #expect(try second.finish() == .status(0))
        try view.emulator.type("q")
        #expect(try view.waitForExit() == .status(0))
    }

    @Test("NO_COLOR is obeyed")
    func colours() throws {
        let view = try View(["1"], environment: ["NO_COLOR": "1"])
        try view.expect("cannot reach mcpo")
        #expect(!view.emulator.text.contains(/\u{1B}\[[0-9;]*3[0-7]m/))
        let coloured = try View(["1"])
        try coloured.expect("cannot reach mcpo")
        #expect(coloured.emulator.text.contains(/\u{1B}\[[0-9;]*3[0-7]m/))
    }

    @Test("A name that is a control sequence does not reach the terminal as one")
    func hostile() throws {
        let name = #"evil\u001b]0;title\u0007\u009b2J"#
        let server = try ScriptedServer([
            ScriptedServer.initialize(),
            (pattern: "*'\"tools/list\"'*", action: ScriptedServer.tools([name])),
            (pattern: "*'\"tools/call\"'*", action: #"answer '{"content":[]}'"#),
        ])
        let watched = try Watched(server: server.command)
        let view = try View(["--interval", "100ms", watched.port])
        try watched.subject.request(#""list""#, "tools/list")
        try watched.subject.call("1", name)
        try view.expect(#"evil\u{1B}]0;title"#)
        let text = view.emulator.text
        #expect(!text.contains("\u{7}") && !text.contains("\u{9B}") && !text.contains("\u{1B}]"))
        try view.emulator.type("q")
        #expect(try view.waitForExit() == .status(0))
        #expect(try watched.subject.finish() == .status(0))
    }
}
