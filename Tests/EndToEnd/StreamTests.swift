// Whatever stdin, stdout and stderr are: pipes, files, sockets, terminals, or nothing at all.
//
// O_NONBLOCK belongs to the open file, which mcpo shares with whoever started it: it has to come
// back as it was, and never to be set on a terminal or on stderr.

import Foundation
import Testing

@Suite struct StreamTests {
    static let session = [
        Line.request("1", "initialize", Line.initialize), Line.initialized,
        Line.call("2", "echo", #"{"text":"two"}"#), Line.call("3", "big", #"{"bytes":300000}"#), "",
    ].joined(separator: "\n")

    private func isNonBlocking(_ descriptor: Int32) -> Bool {
        fcntl(descriptor, F_GETFL) & O_NONBLOCK != 0
    }

    private func ids(_ text: String) throws -> [Int] {
        try text.split(separator: "\n").map { try Message(Array($0.utf8)) }
            .compactMap { $0.value("id") as? Int }
    }

    @Test("stdin from a file, stdout to a file: all is answered, then mcpo ends")
    func files() throws {
        let outcome = try runMCPO(["--", Products.stub], input: Self.session)
        #expect(outcome.exit == .status(0))
        #expect(try ids(outcome.output).sorted() == [1, 2, 3])
        #expect(outcome.output.utf8.count > 300_000)
    }

    @Test("stdin from /dev/null ends mcpo")
    func nothing() throws {
        let null = open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer { close(null) }
        let subject = try Subject(Setup(input: null))
        #expect(try subject.waitForExit(within: 10) == .status(0))
        try subject.expectNothingLeft()
    }

    @Test("A last line without a newline is answered")
    func lastLine() throws {
        let subject = try Subject()
        try subject.initialize()
        try subject.send(bytes: Array(Line.call("1", "echo", #"{"text":"last"}"#).utf8))
        subject.closeInput()
        #expect(try subject.answer("1").text == "last")
        #expect(try subject.waitForExit() == .status(0))
    }

    @Test("One socket as stdin and stdout: half of it closed, the answers still come")
    func socket() throws {
        let ends = try makeSocketPair()
        defer { for end in ends { close(end) } }
        let subject = try Subject(Setup(input: ends[1], output: ends[1]))
        let reader = LineReader(ends[0])
        try writeAll(Array(Self.session.utf8), to: ends[0])
        #expect(try Message(reader.nextLine() ?? []).answers("1"))
        shutdown(ends[0], Int32(SHUT_WR))
        #expect(try Message(reader.nextLine() ?? []).text == "two")
        #expect(try Message(reader.nextLine() ?? []).text?.count == 300_000)
        #expect(try subject.waitForExit() == .status(0))
        #expect(!isNonBlocking(ends[1]), "given back as it was")
    }

    @Test("A terminal as stdin and stdout is not made non-blocking")
    func terminal() throws {
        let terminal = try makeTerminal()
        defer { for end in [terminal.ours, terminal.theirs] { close(end) } }
        let subject = try Subject(Setup(input: terminal.theirs, output: terminal.theirs))
        let reader = LineReader(terminal.ours)
        try writeAll(
            Array((Line.request("1", "initialize", Line.initialize) + "\n").utf8),
            to: terminal.ours)
        #expect(try Message(reader.nextLine() ?? []).answers("1"))
        #expect(!isNonBlocking(terminal.theirs))
        try writeAll(
            Array((Line.call("2", "big", #"{"bytes":100000}"#) + "\n").utf8),
            to: terminal.ours)
        #expect(try Message(reader.nextLine() ?? []).text?.count == 100_000)
        subject.signal(SIGTERM)
        #expect(try subject.waitForExit() == .status(0))
        #expect(!isNonBlocking(terminal.theirs))
        try subject.expectNothingLeft()
    }

    @Test("A terminal that is held with ^S does not keep mcpo from ending")
    func heldTerminal() throws {
        let terminal = try makeTerminal()
        defer { for end in [terminal.ours, terminal.theirs] { close(end) } }
        let subject = try Subject(
            Setup(
                options: ["--log-level", "debug"], input: terminal.theirs, output: terminal.theirs))
        let lines =
            Line.request("1", "initialize", Line.initialize) + "\n"
            + Line.call("2", "big", #"{"bytes":1000000}"#) + "\n"
        try writeAll(Array(lines.utf8), to: terminal.ours)
        #expect(try isReadable(terminal.ours, by: monotonicSeconds() + patience))
        // A megabyte is more than the terminal's buffer takes, and nobody reads.
        subject.signal(SIGTERM)
        try eventually("the note that it stops") { subject.errors.contains("stopping") }
        subject.signal(SIGTERM)
        #expect(try subject.waitForExit(within: 15) == .status(0))
    }

    @Test(
        "A shared stdout pipe is given back blocking, however mcpo ends",
        arguments: ["end of input", "SIGTERM", "failure"])
    func pipeIsRestored(end: String) throws {
        let ends = try makePipe()
        defer { for end in ends { close(end) } }
        let command = end == "failure" ? ["/bin/false"] : [Products.stub]
        let subject = try Subject(Setup(command: command, output: ends[1]))
        switch end {
        case "SIGTERM":
            try subject.send(Line.request("1", "ping"))
            #expect(try LineReader(ends[0]).nextLine() != nil)
            subject.signal(SIGTERM)
        case "failure": break
        default: subject.closeInput()
        }
        #expect(try subject.waitForExit() == .status(end == "failure" ? 1 : 0))
        #expect(!isNonBlocking(ends[1]))
    }

    @Test("A stdin that the client has made non-blocking works")
    func nonBlockingInput() throws {
        let ends = try makePipe()
        defer { for end in ends { close(end) } }
        _ = fcntl(ends[0], F_SETFL, O_RDONLY | O_NONBLOCK)
        let subject = try Subject(Setup(input: ends[0]))
        try writeAll(Array(Self.session.utf8), to: ends[1])
        #expect(try subject.answer("3").text?.count == 300_000)
        subject.signal(SIGTERM)
        #expect(try subject.waitForExit() == .status(0))
    }

    @Test("A stderr that is full and never read does not hold up any message")
    func unreadErrors() throws {
        let ends = try makePipe()
        defer { for end in ends { close(end) } }
        let subject = try Subject(Setup(errors: ends[1]))
        try subject.initialize()
        let text = String(repeating: "e", count: 200)
        try subject.call("1", "stderr", #"{"text":"\#(text)","times":10000}"#)
        try subject.call("2", "garbage", #"{"lines":2000}"#)
        #expect(try subject.call("3", "echo", #"{"text":"alive"}"#).text == "alive")
        #expect(!isNonBlocking(ends[1]), "stderr's flags are not mcpo's to change")
        #expect(try subject.finish() == .status(0))
        try subject.expectNothingLeft()
    }

    @Test("A stderr whose reader is gone does not matter")
    func brokenErrors() throws {
        let ends = try makePipe()
        let subject = try Subject(Setup(errors: ends[1]))
        for end in ends { close(end) }
        try subject.initialize()
        try subject.call("1", "stderr", #"{"text":"nobody reads this","times":100}"#)
        #expect(try subject.call("2", "echo", #"{"text":"alive"}"#).text == "alive")
        #expect(try subject.finish() == .status(0))
    }

    @Test("A stdout that takes nothing, a full disk, ends mcpo")
    func fullDisk() throws {
        let full = open("/dev/full", O_WRONLY | O_CLOEXEC)
        defer { close(full) }
        let subject = try Subject(Setup(output: full))
        try subject.send(Line.request("1", "initialize", Line.initialize))
        _ = try subject.waitForExit()
        try subject.expectNothingLeft()
    }

    @Test(
        "Started with standard streams closed, mcpo ends or serves, and leaves nothing",
        arguments: [[0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2]])
    func closedStreams(closed: [Int]) throws {
        let mark = "mcpo-mark-\(UUID().uuidString)"
        let (input, output, errors) = (try makePipe(), try makePipe(), try makePipe())
        let all = input + output + errors
        let child = try spawnChild(
            [Products.mcpo, "--", Products.stub], environment: Setup.environment(mark, [:]),
            streams: ChildStreams(
                input: closed.contains(0) ? nil : input[0],
                output: closed.contains(1) ? nil : output[1],
                errors: closed.contains(2) ? nil : errors[1]))
        for descriptor in [input[0], output[1], errors[1]] { close(descriptor) }
        defer { for descriptor in [output[0], errors[0]] { close(descriptor) } }
        _ = all
        signal(SIGPIPE, SIG_IGN)  // mcpo may be gone before it has read
        try? writeAll(Array(Self.session.utf8), to: input[1])
        close(input[1])
        if !closed.contains(1), !closed.contains(0) {
            #expect(try Message(LineReader(output[0]).nextLine() ?? []).answers("1"))
        }
        var exit: Exit?
        do {
            try eventually("the end of mcpo", within: 15) {
                exit = reap(child)
                return exit != nil
            }
        } catch {
            for process in ProcessTable.marked(mark) { kill(process.number, SIGKILL) }
            _ = waitpid(child, nil, 0)
            throw error
        }
        try eventually("the end of all processes") { ProcessTable.marked(mark).isEmpty }
    }
}
