// What mcpo says to people: everything on stderr, nothing of what passes through (SPEC §10).

import Foundation
import Testing

@Suite struct LoggingTests {
    private static let secret = "s3cr3t-7f1c"

    /// Runs a session that gives every level something to say.
    private func talk(_ options: [String], environment: [String: String] = [:]) throws -> String {
        let subject = try Subject(Setup(options: options, environment: environment))
        try subject.initialize()
        try subject.call("1", "echo", #"{"text":"\#(Self.secret)"}"#)
        try subject.call("2", "stderr", #"{"text":"from the server"}"#)
        try subject.call("3", "garbage")
        try subject.call("4", "twice", #"{"text":"\#(Self.secret)"}"#)
        try subject.request("5", "x/\(Self.secret)", #"{"k":"\#(Self.secret)"}"#)
        try subject.send(#"{"broken":"\#(Self.secret)"#)
        _ = try subject.message("refusal") { $0.errorCode == -32700 }
        try subject.call("\"\(Self.secret)\"", "die", #"{"status":9,"x":"\#(Self.secret)"}"#)
        try subject.call("7", "surroundings", #"{"variable":"MCPO_TEST_SECRET"}"#)
        subject.signal(SIGHUP)
        try eventually("SIGHUP") { options.contains("error") || subject.errors.contains("SIGHUP") }
        #expect(try subject.finish() == .status(0))
        return subject.errors
    }

    @Test("Text lines have a time, a level and the server's name")
    func text() throws {
        let log = try talk(["--log-level", "debug", "--name", "talker"])
        let pattern = /mcpo [0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3} (error|warning|info|debug) .+/
        for line in log.split(separator: "\n") where !line.hasPrefix("[talker] ") {
            #expect(line.wholeMatch(of: pattern) != nil, "\(line)")
        }
        #expect(log.contains("[talker] from the server\n"))
        #expect(log.contains("warning talker: exited with status 9"))
        for level in [" warning ", " info ", " debug "] { #expect(log.contains(level)) }
    }

    @Test("JSON lines are objects with time, level and message, and name the server")
    func json() throws {
        let log = try talk(["--log-level=debug", "--log-format=json", "--name", "talker"])
        var levels: Set<String> = []
        var isServerHeard = false
        for line in log.split(separator: "\n") {
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
            let members = try #require(object as? [String: Any])
            let time = try #require(members["time"] as? String)
            #expect(
                try Date.ISO8601FormatStyle(includingFractionalSeconds: true).parse(time) < .now)
            levels.insert(try #require(members["level"] as? String))
            let message = try #require(members["message"] as? String)
            if message == "from the server" {
                isServerHeard = true
                #expect(members["server"] as? String == "talker")
                #expect(members["stream"] as? String == "stderr")
            }
        }
        #expect(isServerHeard)
        #expect(levels == ["warning", "info", "debug"])
    }

    @Test(
        "A level leaves out what matters less",
        arguments: [
            ("error", [String]()), ("warning", ["warning"]), ("info", ["warning", "info"]),
            ("debug", ["warning", "info", "debug"]),
        ])
    func levels(level: String, expected: [String]) throws {
        let log = try talk(["--log-level", level])
        let own = log.split(separator: "\n").filter { $0.hasPrefix("mcpo ") }
        let found = Set(
            own.compactMap { $0.split(separator: " ").dropFirst(2).first.map(String.init) })
        #expect(found == Set(expected))
        #expect(log.contains("[StubServer] from the server"), "a server is heard at every level")
    }

    @Test("Nothing of arguments, results, names, ids or environment is in the log at debug")
    func secrets() throws {
        let variables = ["MCPO_TEST_SECRET": Self.secret]
        for format in ["text", "json"] {
            let log = try talk(
                ["--log-level", "debug", "--log-format", format], environment: variables)
            #expect(!log.contains(Self.secret), "\(log)")
        }
    }

    @Test("A server that cannot be started is an error line in JSON too")
    func failureInJSON() throws {
        let outcome = try runMCPO(["--log-format", "json", "--", "/no/such\"server"])
        #expect(outcome.exit == .status(1))
        let line = try #require(outcome.complaint)
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        #expect(object?["level"] as? String == "error")
        #expect((object?["message"] as? String)?.contains("/no/such\"server") == true)
    }

    @Test("stderr text that is no UTF-8, or very long, is made harmless")
    func strangeErrors() throws {
        let subject = try Subject(
            Setup(
                options: ["--log-format", "json"],
                command: [
                    "/bin/sh", "-c",
                    #"printf 'bad \377\n' >&2; head -c 200000 /dev/zero | tr '\0' 'x' >&2; "#
                        + #"echo >&2; echo after >&2; exec "$0""#, Products.stub,
                ]))
        try subject.initialize()
        try eventually("the line after") { subject.errors.contains(#""message":"after""#) }
        #expect(try subject.finish() == .status(0))
        for line in subject.errors.split(separator: "\n") {
            #expect(try JSONSerialization.jsonObject(with: Data(line.utf8)) is [String: Any])
            #expect(line.utf8.count < 70_000)
        }
    }
}
