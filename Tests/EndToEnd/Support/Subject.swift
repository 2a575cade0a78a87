// The mcpo under test: started as a client starts it, talked to in lines, and watched to its end.
//
//     let subject = try Subject(server: ["--era", "legacy"])
//     try subject.initialize()
//     #expect(try subject.call("2", "echo", #"{"text":"hi"}"#).text == "hi")
//     #expect(try subject.finish() == .status(0))

import Foundation
import Testing

/// How to start a `Subject`.
struct Setup {
    /// mcpo's own options.
    var options: [String] = []
    /// The server's command; the stub by default, none when the options name a file.
    var command = [Products.stub]
    /// The stub's arguments.
    var server: [String] = []
    /// Variables in addition to a plain environment.
    var environment: [String: String] = [:]
    var ownGroup = false
    /// Signals that mcpo inherits as blocked.
    var blocked: [Int32] = []
    /// Descriptors to use instead of pipes; they stay the caller's.
    var input: Int32?
    var output: Int32?
    var errors: Int32?
    /// What the options name, kept for as long as mcpo may read it.
    var file: ServersFile?

    /// The whole command line.
    var words: [String] {
        [Products.mcpo] + options + (command.isEmpty ? [] : ["--"] + command + server)
    }

    /// The environment of every process under test.
    static func environment(_ mark: String, _ more: [String: String]) -> [String: String] {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        // The runtime's crash reporter would delay the end of a crashed process by a minute.
        let plain = ["PATH": path, "MCPO_TEST_MARK": mark, "SWIFT_BACKTRACE": "enable=no"]
        return plain.merging(more) { _, new in new }
    }
}

extension Setup {
    /// All servers of a file.
    init(_ file: ServersFile) {
        self.init(options: ["--config", file.path], command: [], file: file)
    }
}

/// A running mcpo.
final class Subject {
    let processID: pid_t
    let mark = "mcpo-mark-\(UUID().uuidString)"
    let directory: TemporaryDirectory
    /// What the client reads.
    let reader: LineReader
    /// Messages read while another was looked for.
    var others: [Message] = []
    private var input: Int32
    private(set) var exit: Exit?
    private let file: ServersFile?

    convenience init(server: [String] = [], options: [String] = []) throws {
        try self.init(Setup(options: options, server: server))
    }

    init(_ setup: Setup) throws {
        directory = try TemporaryDirectory()
        file = setup.file
        let input = try makePipe()
        let output = try makePipe()
        let errors = open(
            directory.file("stderr"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        defer { for descriptor in [input[0], output[1], errors] { close(descriptor) } }
        self.input = input[1]
        reader = LineReader(output[0])
        processID = try spawnChild(
            setup.words,
            environment: Setup.environment(mark, setup.environment),
            streams: ChildStreams(
                input: setup.input ?? input[0], output: setup.output ?? output[1],
                errors: setup.errors ?? errors),
            ownGroup: setup.ownGroup, blocked: setup.blocked)
    }

    deinit {
        if exit == nil {
            kill(processID, SIGKILL)
            var status: Int32 = 0
            waitpid(processID, &status, 0)
        }
        closeInput()
        close(reader.descriptor)
    }
}

// MARK: - Talking

extension Subject {
    func send(_ line: String) throws {
        try send(bytes: Array(line.utf8) + [0x0A])
    }

    func send(bytes: [UInt8]) throws {
        try writeAll(bytes, to: input)
    }

    func closeInput() {
        if input >= 0 { close(input) }
        input = -1
    }

    func closeOutput() {
        // The descriptor itself stays, so that its number is not taken by somebody else.
        let nothing = open("/dev/null", O_RDONLY | O_CLOEXEC)
        dup2(nothing, reader.descriptor)
        close(nothing)
    }

    /// The next message, whatever it is.
    func nextMessage(within limit: Double = patience) throws -> Message {
        guard let line = try reader.nextLine(within: limit) else {
            throw Failure("mcpo closed its stdout; it said: \(errors)")
        }
        return try Message(line)
    }

    /// The next message that is wanted; those before it are kept in `others`.
    func message(_ what: String, where isWanted: (Message) -> Bool) throws -> Message {
        if let index = others.firstIndex(where: isWanted) { return others.remove(at: index) }
        let deadline = monotonicSeconds() + patience
        while monotonicSeconds() < deadline {
            let message = try nextMessage()
            if isWanted(message) { return message }
            others.append(message)
        }
        throw Failure("no \(what)")
    }

    /// The answer to the request with this id, as the client wrote the id.
    func answer(_ id: String) throws -> Message {
        try message("answer to \(id)") { $0.answers(id) }
    }

    func notification(_ method: String) throws -> Message {
        try message(method) { $0.method == method }
    }

    @discardableResult
    func request(_ id: String, _ method: String, _ params: String = "{}") throws -> Message {
        try send(Line.request(id, method, params))
        return try answer(id)
    }

    @discardableResult
    func call(_ id: String, _ tool: String, _ arguments: String = "{}") throws -> Message {
        try send(Line.call(id, tool, arguments))
        return try answer(id)
    }

    /// Opens a legacy session.
    @discardableResult
    func initialize() throws -> Message {
        let answer = try request(#""init""#, "initialize", Line.initialize)
        try send(Line.initialized)
        return answer
    }

    /// The server's process number.
    func serverProcess(_ id: String = #""pid""#) throws -> pid_t {
        guard let number = pid_t(try call(id, "pid").text ?? "") else { throw Failure("no pid") }
        return number
    }
}

// MARK: - Watching

extension Subject {
    /// What mcpo has written to stderr so far.
    var errors: String { directory.read("stderr") }

    func signal(_ number: Int32) {
        kill(processID, number)
    }

    /// Waits for the end of the process.
    func waitForExit(within limit: Double = patience) throws -> Exit {
        try eventually("the end of mcpo; it said: \(errors)", within: limit) {
            exit = exit ?? reap(processID)
            return exit != nil
        }
        return exit ?? .status(-1)
    }

    /// Closes stdin and waits for the end.
    func finish() throws -> Exit {
        closeInput()
        return try waitForExit()
    }

    /// Waits until no process that this mcpo has started is left, itself included.
    func expectNothingLeft(within limit: Double = patience) throws {
        var left: [ProcessEntry] = []
        do {
            try eventually("the end of all processes", within: limit) {
                left = ProcessTable.marked(mark)
                return left.isEmpty
            }
        } catch {
            for process in left { kill(process.number, SIGKILL) }
            throw Failure("left behind: \(left)")
        }
    }

    /// The most memory that mcpo ever had resident, in MiB.
    func peakMebibytes() throws -> Int {
        try ProcessTable.kibibytes("VmHWM", of: processID) / 1024
    }
}
