// The HTTP port of the built binary, in front of real servers, with clients of every kind.

import Foundation
import Testing

@Suite struct HTTPPortTests {
    private static let token = ["MCPO_HTTP_TOKEN": "secret"]
    private static let cached = #", "mcpo": {"tools": {"echo": {"cache": true}}}"#

    @Test("The figures of calls are there as soon as they are answered, in every form")
    func figures() throws {
        let subject = try Subject(options: ["--http", "0"])
        try subject.initialize()
        for number in 1...3 { try subject.call("\(number)", "echo", #"{"text":"\#(number)"}"#) }
        let client = try subject.http()
        let document = try client.request("GET /metrics").json()
        let performance = try #require(document["performance"] as? [String: Any])
        let echo = try #require(performance["echo"] as? [String: Any])
        #expect(echo["total_requests"] as? Int == 3)
        let text = try client.request("GET /metrics?format=prometheus").body
        #expect(text.contains("mcpo_requests_total{"))
        #expect(text.contains("\n# TYPE mcpo_request_duration_seconds histogram\n"))
        let health = try client.request("GET /health")
        #expect(health.status == 200)
        #expect(try health.json()["status"] as? String == "healthy")
        #expect(try client.request("GET /ready").status == 200)
        let page = try client.request("GET /")
        #expect(page.status == 200 && page.body.contains("<title>mcpo"))
        #expect(try subject.finish() == .status(0))
        try subject.expectNothingLeft()
    }

    @Test("Health tells that a server is down, and ready that none has answered")
    func health() throws {
        let file = try ServersFile(servers: [
            ("good", ServersFile.stub()), ("bad", #"{"command": "/nonexistent/server"}"#),
        ])
        var setup = Setup(file)
        setup.options += ["--http", "0"]
        let subject = try Subject(setup)
        let client = try subject.http()
        try subject.initialize()
        try eventually("degraded health") {
            let health = try client.request("GET /health")
            let servers = try health.json()["servers"] as? [String: [String: Any]]
            return health.status == 200 && servers?["good"]?["status"] as? String == "healthy"
                && servers?["bad"]?["status"] as? String == "unhealthy"
                && (servers?["bad"]?["reason"] as? String)?.isEmpty == false
        }
        #expect(try client.request("GET /ready").status == 200)
        #expect(try subject.finish() == .status(0))
    }

    @Test("With the token the cache is cleared, the limit set and the file read again")
    func changes() throws {
        let file = try ServersFile(
            servers: ["a", "b"].map { ($0, ServersFile.stub([], Self.cached)) },
            mcpo: #"{"http": {"listen": "127.0.0.1:0", "token": "secret"}}"#)
        let subject = try Subject(Setup(file))
        try subject.initialize()
        let client = try subject.http()
        #expect(try client.request("POST /reload").status == 403)
        #expect(try client.request("POST /reload", token: "wrong").status == 403)
        func entries() throws -> Int {
            let caches = try client.request("GET /metrics").json()["cache"] as? [String: Any]
            let cache = caches?["default"] as? [String: Any]
            return cache?["current_size"] as? Int ?? -1
        }
        _ = try subject.toolNames()
        for name in ["a", "b"] {
            for number in 1...2 {
                let text = #"{"text":"\#(number)"}"#
                try subject.call(#""\#(name)\#(number)""#, "\(name)__echo", text)
            }
        }
        let full = try entries()
        try #require(full >= 4)
        func cleared(_ body: String) throws -> Int {
            let answer = try client.request("POST /cache/clear", token: "secret", body: body)
            return try answer.json()["cleared"] as? Int ?? -answer.status
        }
        #expect(try cleared(#"{"tool": "a__echo"}"#) == 2)
        #expect(try cleared(#"{"tool": "nobody"}"#) == -404)
        #expect(try cleared(#"{"server": "nobody"}"#) == -404)
        #expect(try cleared(#"{"server": "b"}"#) >= 2)
        _ = try cleared("")
        #expect(try entries() == 0)
        let limited = try client.request("PUT /concurrency", token: "secret", body: #"{"max": 7}"#)
        #expect(limited.status == 200)
        let limits = try client.request("GET /metrics").json()["concurrency"] as? [String: Any]
        #expect(limits?["max_concurrent"] as? Int == 7)
        let same = try client.request("POST /reload", token: "secret")
        #expect(same.status == 200 && same.body == #"{"changes":[]}"# + "\n")
        try Data("{".utf8).write(to: URL(fileURLWithPath: file.path), options: .atomic)
        let refused = try client.request("POST /reload", token: "secret")
        #expect(refused.status == 422 && refused.body.contains("servers.json"))
        #expect(try subject.finish() == .status(0))
    }

    @Test("A reload without a file is refused")
    func reloadWithoutFile() throws {
        let subject = try Subject(
            Setup(options: ["--http", "0"], environment: Self.token))
        try subject.initialize()
        let answer = try subject.http().request("POST /reload", token: "secret")
        #expect(answer.status == 422 && answer.body.contains("--config"))
        #expect(try subject.finish() == .status(0))
    }
}

// MARK: - Where it listens

extension HTTPPortTests {
    @Test("A port in use is an error that names the flag, and no server is started")
    func portInUse() throws {
        let first = try Subject(options: ["--http", "0"])
        let port = try first.httpPort()
        let second = try Subject(options: ["--http", "\(port)"])
        #expect(try second.waitForExit() == .status(1))
        #expect(
            second.errors.contains(
                "http: cannot listen on 127.0.0.1:\(port): the port is already in use; "
                    + "choose another with --http PORT"))
        #expect(!second.errors.contains("started"))
        #expect(try first.finish() == .status(0))
        let third = try Subject(options: ["--http", "\(port)"])
        #expect(try third.httpPort() == port, "a port is free as soon as its mcpo has ended")
        #expect(try third.finish() == .status(0))
    }

    @Test("A socket's file is for its user alone, is replaced when stale and deleted at the end")
    func unixSocket() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("mcpo.sock")
        func started() throws -> Subject {
            let subject = try Subject(options: ["--http", "unix:\(path)"])
            try subject.initialize()
            return subject
        }
        var subject = try started()
        var status = stat()
        #expect(lstat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
        #expect(try HTTPClient(path: path).request("GET /health", host: "x").status == 200)
        let other = try Subject(options: ["--http", "unix:\(path)"])
        #expect(try other.waitForExit() == .status(1))
        #expect(other.errors.contains("another program listens there"))
        subject.signal(SIGKILL)
        _ = try subject.waitForExit()
        #expect(lstat(path, &status) == 0, "a killed mcpo leaves its file")
        subject = try started()
        #expect(try HTTPClient(path: path).request("GET /ready").status == 200)
        #expect(try subject.finish() == .status(0))
        #expect(lstat(path, &status) != 0)
        try Data("precious".utf8).write(to: URL(fileURLWithPath: path))
        let refused = try Subject(options: ["--http", "unix:\(path)"])
        #expect(try refused.waitForExit() == .status(1))
        #expect(directory.read("mcpo.sock") == "precious")
    }

    @Test("An address of the network needs a token, and then so do its metrics")
    func network() throws {
        let refused = try Subject(options: ["--http", "0.0.0.0:0"])
        #expect(try refused.waitForExit() == .status(2))
        #expect(refused.errors.contains("http.token"))
        let subject = try Subject(
            Setup(options: ["--http", "0.0.0.0:0"], environment: Self.token))
        try subject.initialize()
        var port: Int?
        try eventually("the port") {
            port = subject.errors.firstMatch(of: /dashboard at http:\/\/0\.0\.0\.0:(\d+)/).flatMap {
                Int($0.1)
            }
            return port != nil
        }
        let client = try HTTPClient(port: port ?? 0)
        #expect(try client.request("GET /metrics").status == 401)
        #expect(try client.request("GET /metrics", token: "secret").status == 200)
        #expect(try client.request("GET /health").status == 200)
        #expect(try subject.finish() == .status(0))
        #expect(!subject.errors.contains("secret"))
    }

    @Test("A reload opens the port, moves it, changes its token and closes it")
    func reload() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("servers.json")
        func write(_ http: String) throws {
            let text = #"{"mcpServers": {"a": \#(ServersFile.stub())}, "mcpo": {\#(http)}}"#
            try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        }
        try write("")
        let subject = try Subject(Setup(options: ["--config", path], command: []))
        try subject.initialize()
        try write(#""http": {"listen": "0", "token": "old"}"#)
        subject.signal(SIGHUP)
        let client = try subject.http()
        #expect(try client.request("POST /cache/clear", token: "old").status == 200)
        try write(#""http": {"listen": "0", "token": "new"}"#)
        subject.signal(SIGHUP)
        try eventually("the new token") {
            try client.request("POST /cache/clear", token: "new").status == 200
        }
        let file = directory.file("s")
        try write(#""http": {"listen": "unix:\#(file)", "token": "new"}"#)
        #expect(try client.request("POST /reload", token: "new").status == 200)
        try eventually("the file") { access(file, F_OK) == 0 }
        #expect(try HTTPClient(path: file).request("GET /health").status == 200)
        #expect(throws: Failure.self) { try subject.http() }
        #expect(try client.request("GET /health").status == 200, "who is there stays")
        try write("")
        subject.signal(SIGHUP)
        #expect(try client.rest().isEmpty)
        #expect(access(file, F_OK) != 0)
        #expect(try subject.finish() == .status(0))
    }
}

extension HTTPPortTests {
    @Test("A reload that cannot have the port changes the token, says so, and tries again")
    func busyPort() throws {
        let other = try Subject(options: ["--http", "0"])
        let port = try other.httpPort()
        let file = try ServersFile(
            servers: [("a", ServersFile.stub())],
            mcpo: #"{"http": {"listen": "127.0.0.1:0", "token": "old"}}"#)
        let subject = try Subject(Setup(file))
        try subject.initialize()
        let client = try subject.http()
        let text = try String(contentsOfFile: file.path, encoding: .utf8)
        func write(_ listen: String) throws {
            let next = text.replacing("127.0.0.1:0", with: listen).replacing("old", with: "new")
            try Data(next.utf8).write(to: URL(fileURLWithPath: file.path), options: .atomic)
        }
        try write("127.0.0.1:\(port)")
        #expect(try client.request("POST /reload", token: "old").status == 200)
        #expect(try client.request("POST /reload", token: "old").status == 403)
        try eventually("the reason in the log") {
            subject.errors.contains("error http: cannot listen on 127.0.0.1:\(port)")
        }
        #expect(try other.finish() == .status(0))
        #expect(try client.request("POST /reload", token: "new").body.contains(":\(port)/"))
        #expect(try HTTPClient(port: port).request("GET /health").status == 200)
        // The port that it has, at another address: its own socket is in the way.
        try write("0.0.0.0:\(port)")
        #expect(try client.request("POST /reload", token: "new").body.contains("0.0.0.0:\(port)"))
        #expect(try HTTPClient(port: port).request("GET /metrics").status == 401)
        #expect(try client.request("GET /metrics").status == 200, "who came in before may")
        #expect(try subject.finish() == .status(0))
    }
}

// MARK: - Clients that mean no good

extension HTTPPortTests {
    @Test("Two hundred hostile connections neither stop the port nor the proxy, and are let go")
    func hostile() throws {
        let subject = try Subject(options: ["--http", "0"])
        try subject.initialize()
        let port = try subject.httpPort()
        let friend = try HTTPClient(port: port)
        #expect(try friend.request("GET /health").status == 200)
        try subject.call(#""first""#, "echo", #"{"text":"all is open that ever will be"}"#)
        let before = try ProcessTable.openDescriptors(of: subject.processID)
        let beginnings = [
            "", "GET /he", "GET /health HTTP/1.1\r\nHost: localhost\r\nA: ",
            "POST /reload HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            "GET /" + String(repeating: "a", count: 9000),
            String(repeating: "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n", count: 50),
            "\u{16}\u{3}\u{1}\n", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        ]
        var clients: [HTTPClient] = []
        for number in 0..<200 {
            let client = try HTTPClient(port: port)
            try client.send(beginnings[number % beginnings.count])
            if number % 3 == 0 { client.endOutput() }
            clients.append(client)
        }
        for number in 0..<20 {
            #expect(try friend.request("GET /health").status == 200)
            #expect(try subject.call("\(number)", "echo", #"{"text":"on"}"#).text == "on")
        }
        clients = []
        try eventually("the descriptors of those that are gone") {
            try ProcessTable.openDescriptors(of: subject.processID) <= before
        }
        #expect(try friend.request("GET /ready").status == 200)
        #expect(try subject.finish() == .status(0))
        try subject.expectNothingLeft()
    }

    @Test("More connections than there may be: the newest get in")
    func tooMany() throws {
        let subject = try Subject(options: ["--http", "0"])
        try subject.initialize()
        let port = try subject.httpPort()
        let idle = try (0..<300).map { _ in try HTTPClient(port: port) }
        #expect(try HTTPClient(port: port).request("GET /health").status == 200)
        #expect(try idle[0].rest().isEmpty, "the first has gone")
        #expect(try idle[299].request("GET /health").status == 200)
        #expect(try subject.finish() == .status(0))
    }

    @Test("At the end of mcpo connections end, whatever they are at")
    func end() throws {
        try promptly(3) {
            let subject = try Subject(options: ["--http", "0"])
            try subject.initialize()
            let client = try subject.http()
            try client.send("GET /health HTTP/1.1\r\nHost: local")
            let time = try seconds { () throws in #expect(try subject.finish() == .status(0)) }
            #expect(try client.rest().isEmpty)
            return time
        }
    }
}
