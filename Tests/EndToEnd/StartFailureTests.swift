// A server that cannot be started: exit code 1, and a line that says what was looked for, where,
// and what would help.

import Foundation
import Testing

@Suite struct StartFailureTests {
    /// Runs mcpo with a server that cannot be started; returns its one line.
    private func complaint(
        _ command: [String], environment: [String: String] = [:]
    ) throws -> String {
        let outcome = try runMCPO(
            ["--"] + command, environment: environment,
            input: Line.request("1", "initialize", Line.initialize) + "\n")
        #expect(outcome.exit == .status(1))
        for line in outcome.output.split(separator: "\n") {
            #expect(try Message(Array(line.utf8)).errorCode == 1003)
        }
        return try #require(outcome.complaint, "one line, not: \(outcome.errors)")
    }

    @Test("A command that is nowhere: the places searched, and how to name it better")
    func notFound() throws {
        let line = try complaint(
            ["mcp-server-nowhere"], environment: ["PATH": "/usr/bin:/opt/none"])
        for word in ["mcp-server-nowhere", "/usr/bin", "/opt/none", "full path", "PATH"] {
            #expect(line.contains(word), "\(line)")
        }
    }

    @Test("A short PATH, as programs started from a desktop have it, is shown")
    func shortPath() throws {
        let directory = try TemporaryDirectory()
        let line = try complaint(["sh"], environment: ["PATH": directory.path])
        #expect(line.contains("sh") && line.contains(directory.path), "\(line)")
        #expect(line.contains("desktop"), "\(line)")
    }

    @Test("An empty PATH is said to be empty")
    func emptyPath() throws {
        let line = try complaint(["sh"], environment: ["PATH": ""])
        #expect(line.contains("nothing"), "\(line)")
    }

    @Test("A path that does not exist")
    func noSuchFile() throws {
        let line = try complaint(["/no/such/server"])
        #expect(line.contains("no such file") && line.contains("/no/such/server"), "\(line)")
    }

    @Test("A file that may not be executed: how to allow it")
    func notExecutable() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("#!/bin/sh\n", to: "server.sh")
        let line = try complaint([path])
        #expect(line.contains("chmod +x \(path)"), "\(line)")
    }

    @Test("A file in PATH that may not be executed is pointed out")
    func notExecutableInPath() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("#!/bin/sh\n", to: "my-server")
        let line = try complaint(["my-server"], environment: ["PATH": directory.path])
        #expect(line.contains(path), "\(line)")
        #expect(line.contains("executable") || line.contains("chmod"), "\(line)")
    }

    @Test("A directory is not a program")
    func directory() throws {
        let line = try complaint(["/usr"])
        #expect(line.contains("/usr") && line.contains("not a"), "\(line)")
    }

    @Test("A script whose interpreter is missing")
    func missingInterpreter() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write(
            "#!/no/such/interpreter\n", to: "server", executable: true)
        let line = try complaint([path])
        #expect(line.contains(path) && line.contains("interpreter"), "\(line)")
    }

    @Test("A file that is neither a binary nor a script")
    func notAProgram() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("just text\n", to: "server", executable: true)
        let line = try complaint([path])
        #expect(line.contains(path) && line.contains("#!"), "\(line)")
    }

    @Test("A program that dies at its start: initialize gets the reason, then mcpo ends with 1")
    func diesAtStart() throws {
        let subject = try Subject(server: ["--die-at-start", "7"])
        try subject.send(Line.request("1", "initialize", Line.initialize))
        let answer = try subject.answer("1")
        #expect(answer.errorCode == 1003)
        #expect(answer.detail?.contains("status 7") == true, "\(answer)")
        #expect(try subject.waitForExit() == .status(1))
        #expect(subject.errors.contains("dies at its start, as it was told"))
        try subject.expectNothingLeft()
    }

    @Test("A program that dies at its first start only: a later initialize is answered")
    func diesOnce() throws {
        let directory = try TemporaryDirectory()
        let subject = try Subject(
            server: ["--die-at-start", "7", "--once", directory.file("died")])
        try subject.send(Line.request("1", "initialize", Line.initialize))
        if try subject.answer("1").errorCode != nil { try subject.initialize() }
        #expect(try subject.call("2", "echo", #"{"text":"up"}"#).text == "up")
        #expect(try subject.finish() == .status(0))
    }

    @Test("A program that is no MCP server and exits at once does not keep mcpo alive")
    func exitsAtOnce() throws {
        let subject = try Subject(Setup(command: ["/bin/true"]))
        try subject.send(Line.request("1", "initialize", Line.initialize))
        let answer = try subject.answer("1")
        #expect(answer.detail?.contains("status 0") == true, "\(answer)")
        #expect(try subject.waitForExit() == .status(1))
    }
}
