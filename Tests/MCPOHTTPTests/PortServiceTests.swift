// The port as its clients see it: answers in order, times, bounds, and what is asked of the proxy.

import MCPOCore
import MCPOHTTP
import Testing

@Suite struct PortServiceTests {
    private func snapshot(_ status: HealthStatus, _ servers: [(String, HealthStatus)] = [])
        -> MetricsSnapshot
    {
        var snapshot = MetricsSnapshot(unixMilliseconds: 1_703_123_456_789)
        snapshot.connection.status = status
        snapshot.connection.servers = servers.map { name, status in
            var figures = ServerFigures(name: name)
            figures.status = status
            return figures
        }
        return snapshot
    }

    @Test func `an answer has its date, its type and its length`() {
        let port = PortUnderTest()
        let client = port.connect()
        port.send(get("/health"), on: client)
        port.answer(snapshot(.healthy, [("time", .healthy)]))
        let body = #"{"status":"healthy","servers":{"time":{"status":"healthy"}}}"# + "\n"
        #expect(
            port.takeText(client) == """
                HTTP/1.1 200 OK\r
                Date: Sun, 06 Nov 1994 08:49:37 GMT\r
                Content-Type: application/json; charset=utf-8\r
                Content-Length: \(body.utf8.count)\r
                Cache-Control: no-store\r
                X-Content-Type-Options: nosniff\r
                \r
                \(body)
                """)
    }

    @Test(arguments: [
        (HealthStatus.healthy, 200), (.degraded, 200), (.unhealthy, 503),
    ])
    func `health has its status code`(status: HealthStatus, code: Int) {
        let port = PortUnderTest()
        let client = port.connect()
        port.send(get("/health"), on: client)
        port.answer(snapshot(status, [("a", status)]))
        #expect(port.takeStatus(client) == code)
    }

    @Test func `a server's name in health is quoted`() {
        let port = PortUnderTest()
        let client = port.connect()
        port.send(get("/health"), on: client)
        port.answer(snapshot(.degraded, [("a\"b", .unhealthy), ("c", .healthy)]))
        let text = port.takeText(client)
        #expect(text.contains(#""reason":"1 of 2 servers is not healthy""#))
        #expect(text.contains(#""a\"b":{"status":"unhealthy""#))
    }

    @Test func `one snapshot answers all who wait, and those of the next moment`() {
        let port = PortUnderTest()
        let clients = (0..<5).map { _ in port.connect() }
        for client in clients { port.send(get("/metrics"), on: client) }
        #expect(port.questions.map(\.question) == [.snapshot])
        port.answer()
        for client in clients { #expect(port.takeStatus(client) == 200) }
        port.pass(.milliseconds(19))
        port.send(get("/metrics?format=prometheus"), on: clients[0])
        #expect(port.takeStatus(clients[0]) == 200 && port.questions.isEmpty)
        port.pass(.milliseconds(1))
        port.send(get("/metrics"), on: clients[0])
        #expect(port.questions.count == 1 && port.takeStatus(clients[0]) == nil)
    }

    @Test(arguments: [
        (nil, "application/json"), ("*/*", "application/json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "application/json"),
        ("text/plain", "text/plain; version=0.0.4"), ("TEXT/PLAIN", "text/plain"),
        ("text/*", "text/plain"), ("text/plain;q=0,*/*", "application/json"),
        ("application/openmetrics-text;version=1.0.0", "application/openmetrics-text"),
        (
            "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.3,"
                + "*/*;q=0.1", "application/openmetrics-text"
        ),
        ("text/plain;q=0.5, application/json;q=0.4", "text/plain"),
        ("image/png", "application/json"), ("nonsense, /, ;q=, text/plain;q=7", "application/json"),
    ])
    func `the form of the metrics is what the client likes best`(accept: String?, type: String) {
        let port = PortUnderTest()
        let client = port.connect()
        let request = accept.map { get("/metrics", "Accept: \($0)") } ?? get("/metrics")
        port.send(request, on: client)
        port.answer()
        #expect(port.takeText(client).contains("\r\nContent-Type: \(type)"))
    }

    @Test(arguments: [
        ("json", "application/json"), ("prometheus", "text/plain"),
        ("openmetrics", "application/openmetrics-text"),
    ])
    func `the form may be asked for by name`(format: String, type: String) {
        let port = PortUnderTest()
        let client = port.connect()
        port.send(get("/metrics?x=1&format=\(format)", "Accept: image/png"), on: client)
        port.answer()
        #expect(port.takeText(client).contains("\r\nContent-Type: \(type)"))
    }

    @Test func `HEAD has the fields of the answer and no body`() {
        let port = PortUnderTest()
        let client = port.connect()
        port.send("HEAD /ready HTTP/1.1\r\nHost: [::1]:9300\r\n\r\n", on: client)
        port.answer()
        let text = port.takeText(client)
        #expect(text.contains("Content-Length: ") && text.hasSuffix("\r\n\r\n"))
        port.send(get("/ready"), on: client)
        #expect(port.takeText(client).contains("\r\n\r\n{\"ready\":"))
    }

    @Test func `the page carries its policy and no figures`() {
        let port = PortUnderTest(.network, token: "secret")
        let client = port.connect()
        port.send(get("/"), on: client)
        let text = port.takeText(client)
        #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(text.contains("Content-Type: text/html; charset=utf-8\r\n"))
        #expect(text.contains("Content-Security-Policy: default-src 'none';"))
        #expect(port.questions.isEmpty)
    }
}

// MARK: - Connections

extension PortServiceTests {
    /// A second write of a few bytes would wait for the client's delayed acknowledgement: 40 ms of TCP.
    @Test func `a short answer leaves in one write`() {
        let port = PortUnderTest()
        let client = port.connect()
        port.send(get("/health"), on: client)
        port.answer()
        #expect(port.takeStatus(client) == 200)
        port.send(get("/nothing"), on: client)
        #expect(port.takeStatus(client) == 404)
        #expect(port.writes == 2)
    }

    @Test func `requests behind each other are answered one by one`() throws {
        let port = PortUnderTest()
        let client = port.connect()
        port.send(get("/health") + get("/nothing") + get("/ready"), on: client)
        #expect(port.takeText(client).isEmpty && port.questions.count == 1)
        port.answer()
        let text = port.takeText(client)
        #expect(text.components("HTTP/1.1 ") == 3)
        let places = [" 404 ", "\"ready\""].map { text.firstRange(of: $0)?.lowerBound }
        let (refused, ready) = try (#require(places[0]), #require(places[1]))
        #expect(refused < ready)
    }

    @Test(arguments: [
        ("HTTP/1.1", "", false), ("HTTP/1.1", "Connection: close\r\n", true),
        ("HTTP/1.1", "Connection: x, Close\r\n", true), ("HTTP/1.0", "", true),
        ("HTTP/1.0", "Connection: keep-alive\r\n", false),
        ("HTTP/1.0", "Connection: close, keep-alive\r\n", true),
    ])
    func `a connection stays open as the client wants`(
        version: String, field: String, closes: Bool
    ) {
        let port = PortUnderTest()
        let client = port.connect()
        port.send("GET / \(version)\r\nHost: localhost\r\n\(field)\r\n", on: client)
        #expect(port.halfClosed.contains(client) == closes)
        #expect(port.takeText(client).contains("\r\nConnection: close\r\n") == closes)
    }

    @Test func `a client that asks whether to go on is told so once`() {
        let port = PortUnderTest(token: "secret")
        let client = port.connect()
        let head =
            "POST /cache/clear HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n"
            + "Authorization: Bearer secret\r\nExpect: 100-continue\r\n\r\n"
        port.send(head, on: client)
        #expect(port.takeText(client) == "HTTP/1.1 100 Continue\r\n\r\n")
        port.send("{", on: client)
        #expect(port.takeText(client).isEmpty)
        port.send("}", on: client)
        port.answer()
        #expect(port.takeText(client).hasSuffix("{\"cleared\":3}\n"))
    }

    @Test func `a body in chunks is put together`() {
        let port = PortUnderTest(token: "secret")
        let client = port.connect()
        let head =
            "PUT /concurrency HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: Chunked\r\n"
            + "Authorization: bearer secret\r\n\r\n"
        port.send(head + "2;a=b\r\n{\"\r\n08 ;x\r\nmax\":50}\r\n0\r\nA: b\r\n\r\n", on: client)
        #expect(port.questions.map(\.question) == [.setConcurrency(50)])
        port.answer()
        #expect(port.takeText(client).hasSuffix("{\"max\":50}\n"))
    }

    @Test func `a request that takes its time is answered with 408`() {
        let port = PortUnderTest()
        let client = port.connect()
        for byte in "GET /he".utf8 {
            port.send([byte], on: client)
            port.pass(.milliseconds(1400))
        }
        #expect(port.takeStatus(client) == nil)
        port.pass(.milliseconds(300))
        #expect(port.takeStatus(client) == 408)
        #expect(port.halfClosed.contains(client))
        port.pass(.seconds(2))
        #expect(port.closed.contains(client) && port.service.connectionCount == 0)
    }

    @Test func `a connection without a request is closed after a minute`() {
        let port = PortUnderTest()
        let (silent, active) = (port.connect(), port.connect())
        port.pass(.seconds(30))
        port.send(get("/"), on: active)
        port.pass(.milliseconds(29_999))
        #expect(port.closed.isEmpty)
        port.pass(.milliseconds(1))
        #expect(port.closed == [silent])
        port.pass(.seconds(30))
        #expect(port.closed == [silent, active])
        #expect(port.takeStatus(silent) == nil)
    }

    @Test func `a client that takes nothing is let go, and one that is slow after a minute`() {
        let port = PortUnderTest()
        let (stuck, slow) = (port.connect(), port.connect())
        port.room = 0
        port.send(get("/"), on: stuck)
        port.send(get("/"), on: slow)
        port.room = 1
        for _ in 0..<6 {
            port.flush(slow)
            port.pass(.milliseconds(9_900))
        }
        #expect(port.closed == [stuck])
        #expect(port.service.hasOutput(slow))
        port.flush(slow)
        port.pass(.milliseconds(600))
        #expect(port.closed == [stuck, slow])
    }

    @Test func `nothing is read while an answer is on its way`() {
        let port = PortUnderTest()
        let client = port.connect()
        port.room = 0
        port.send(get("/"), on: client)
        #expect(!port.service.wantsInput(client) && port.service.hasOutput(client))
        port.room = .max
        port.flush(client)
        #expect(port.service.wantsInput(client) && !port.service.hasOutput(client))
    }

    @Test func `a refused client is read for a while, so that it sees why`() {
        let port = PortUnderTest()
        let client = port.connect()
        port.send("nonsense\r\n\r\n", on: client)
        #expect(port.takeStatus(client) == 400 && port.service.wantsInput(client))
        for _ in 0..<4 { port.send([UInt8](repeating: 0, count: 64 << 10), on: client) }
        #expect(!port.closed.contains(client))
        port.send([0], on: client)
        #expect(port.closed.contains(client))
    }

    @Test func `a client that stops sending gets its answer all the same`() {
        let port = PortUnderTest()
        let client = port.connect()
        port.send(get("/health"), on: client)
        port.end(client)
        port.answer()
        #expect(port.takeStatus(client) == 200)
        port.end(client)
        #expect(port.closed.contains(client))
    }

    @Test func `when there are too many, the longest idle goes, then the slowest request`() {
        let port = PortUnderTest()
        let slow = port.connect()
        port.send("GET", on: slow)
        var idle: [UInt32] = []
        for _ in 1..<256 {
            port.pass(.milliseconds(1))
            idle.append(port.connect())
        }
        let newcomer = port.connect()
        #expect(port.closed == [idle[0]] && port.service.connectionCount == 256)
        for client in idle.dropFirst() + [newcomer] {
            port.pass(.milliseconds(1))
            port.send("GET", on: client)
        }
        _ = port.connect()
        #expect(port.closed == [idle[0], slow])
    }

    @Test func `when all take their answers, the one that takes longest goes`() {
        let port = PortUnderTest()
        port.room = 0
        let slow = (0..<256).map { _ in
            port.pass(.milliseconds(1))
            let client = port.connect()
            port.send(get("/"), on: client)
            return client
        }
        port.room = .max
        let newcomer = port.connect()
        #expect(port.closed == [slow[0]])
        port.send(get("/"), on: newcomer)
        #expect(port.takeStatus(newcomer) == 200)
    }

    @Test func `answers that nobody takes are bounded together`() {
        let port = PortUnderTest()
        var large = MetricsSnapshot(unixMilliseconds: 0)
        large.version = String(repeating: "x", count: 10 << 20)
        port.room = 0
        let clients = (0..<10).map { _ in port.connect() }
        for client in clients {
            port.pass(.milliseconds(100))
            port.send(get("/metrics"), on: client)
            port.answer(large)
        }
        #expect(port.closed == Set(clients.prefix(4)), "six of ten MiB are below 64 MiB")
        port.room = .max
        for client in clients.dropFirst(4) {
            port.flush(client)
            #expect(port.takeText(client).utf8.count > 10 << 20)
        }
    }

    @Test func `empty lines are no request, and keep no connection`() {
        let port = PortUnderTest()
        let client = port.connect()
        for _ in 0..<5 {
            port.send("\r\n", on: client)
            port.pass(.milliseconds(11_900))
        }
        #expect(port.closed.isEmpty)
        port.send("\r\n", on: client)
        port.pass(.milliseconds(600))
        #expect(port.closed.contains(client) && port.takeStatus(client) == nil)
    }

    @Test func `a connection keeps what it may when the port listens elsewhere`() {
        let port = PortUnderTest(.network, token: "secret")
        let old = port.connect()
        port.service.open(.unixSocket)
        let new = port.connect()
        for client in [old, new] { port.send(get("/metrics"), on: client) }
        #expect(port.takeStatus(old) == 401)
        port.answer()
        #expect(port.takeStatus(new) == 200)
    }

    @Test func `a port that closes answers those that wait, and takes nobody in`() {
        let port = PortUnderTest(token: "secret")
        let (waiting, idle) = (port.connect(), port.connect())
        port.send(
            "POST /reload HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer secret\r\n\r\n",
            on: waiting)
        port.service.close()
        port.settle()
        #expect(port.closed == [idle])
        let late = port.connect()
        #expect(port.closed == [idle, late])
        port.answer()
        #expect(port.takeStatus(waiting) == 200 && port.halfClosed == [waiting])
    }

    @Test func `the descriptor of an idle connection is given up for others`() {
        let port = PortUnderTest()
        let busy = port.connect()
        port.send("GET", on: busy)
        let idle = port.connect()
        port.service.makeRoomForOthers()
        port.settle()
        #expect(port.closed == [idle])
        port.service.makeRoomForOthers()
        port.settle()
        #expect(port.closed == [idle], "a request under way is nobody else's room")
    }

    @Test func `those that wait for an answer are never closed for others`() {
        let port = PortUnderTest()
        let clients = (0..<256).map { _ in port.connect() }
        for client in clients { port.send(get("/health"), on: client) }
        let refused = port.connect()
        #expect(port.closed == [refused])
        port.answer()
        #expect(clients.allSatisfy { port.takeStatus($0) == 200 })
    }
}

// MARK: - The proxy

extension PortServiceTests {
    @Test func `a proxy that does not answer is unhealthy`() {
        let port = PortUnderTest()
        let (health, metrics) = (port.connect(), port.connect())
        port.send(get("/health"), on: health)
        port.send(get("/metrics"), on: metrics)
        port.pass(.milliseconds(1999))
        #expect(port.takeText(health).isEmpty)
        port.pass(.milliseconds(1))
        let text = port.takeText(health)
        #expect(text.hasPrefix("HTTP/1.1 503 "))
        #expect(text.contains(#""unhealthy","reason":"the proxy has not answered for 2 s"}"#))
        #expect(port.takeStatus(metrics) == 503)
    }

    @Test func `it is asked again when the next client comes, and late answers are taken`() {
        let port = PortUnderTest()
        let client = port.connect()
        port.send(get("/health"), on: client)
        port.pass(.seconds(2))
        _ = port.takeText(client)
        port.send(get("/health"), on: client)
        #expect(port.questions.count == 2)
        port.answer()
        #expect(port.takeStatus(client) == 200)
        #expect(port.takeText(client).isEmpty)
    }

    @Test func `a late answer is not taken for that to the next question`() {
        let port = PortUnderTest(token: "secret")
        let client = port.connect()
        let fields = "Host: localhost\r\nAuthorization: Bearer secret\r\nContent-Length: "
        port.send("POST /reload HTTP/1.1\r\n\(fields)0\r\n\r\n", on: client)
        port.pass(.seconds(2))
        #expect(port.takeStatus(client) == 503)
        port.send("PUT /concurrency HTTP/1.1\r\n\(fields)9\r\n\r\n{\"max\":5}", on: client)
        port.answer {
            if case .setConcurrency(let maximum) = $0 { .limited(maximum) } else { .refused([]) }
        }
        #expect(port.takeText(client).hasSuffix("{\"max\":5}\n"))
    }

    @Test(arguments: [
        ("POST /cache/clear", "", PortQuestion.clearCache(server: nil, tool: nil)),
        ("POST /cache/clear", "{}", .clearCache(server: nil, tool: nil)),
        (
            "POST /cache/clear", #"{"server":"git\u0068ub"}"#,
            .clearCache(server: "github", tool: nil)
        ),
        (
            "POST /cache/clear", #"{"tool":"t","server":null}"#,
            .clearCache(server: nil, tool: "t")
        ),
        ("PUT /concurrency", #"{"max":100000}"#, .setConcurrency(100_000)),
        ("POST /reload", "", .reload),
    ])
    func `changes are asked for with the token`(
        line: String, body: String, question: PortQuestion
    ) {
        let port = PortUnderTest(token: "se cret")
        let client = port.connect()
        let fields = "Host: 127.0.0.1:9300\r\nContent-Length: \(body.utf8.count)\r\n"
        port.send("\(line) HTTP/1.1\r\n\(fields)\r\n\(body)", on: client)
        #expect(port.takeStatus(client) == 403 && port.questions.isEmpty)
        port.send(
            "\(line) HTTP/1.1\r\n\(fields)Authorization: Bearer se cret\r\n\r\n\(body)", on: client)
        #expect(port.questions.map(\.question) == [question])
        port.answer()
        #expect(port.takeStatus(client) == 200)
    }

    @Test(arguments: [
        ("POST /cache/clear", "[]"), ("POST /cache/clear", "{"), ("POST /cache/clear", "x"),
        ("POST /cache/clear", #"{"server":1}"#), ("POST /cache/clear", #"{"tool":["a"]}"#),
        ("POST /cache/clear", #"{"sever":"a"}"#), ("PUT /concurrency", #"{"max":5,"min":1}"#),
        ("PUT /concurrency", ""), ("PUT /concurrency", "{}"), ("PUT /concurrency", #"{"max":0}"#),
        ("PUT /concurrency", #"{"max":100001}"#), ("PUT /concurrency", #"{"max":"5"}"#),
        ("PUT /concurrency", #"{"max":-5}"#), ("PUT /concurrency", #"{"max":1.5}"#),
        ("PUT /concurrency", #"{"max":99999999999999999999}"#),
    ])
    func `a change that makes no sense is refused`(line: String, body: String) {
        let port = PortUnderTest(token: "secret")
        let client = port.connect()
        port.send(
            "\(line) HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer secret\r\n"
                + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)", on: client)
        #expect(port.takeStatus(client) == 400 && port.questions.isEmpty)
    }

    @Test func `what the proxy refuses is told`() {
        let port = PortUnderTest(token: "secret")
        let client = port.connect()
        let fields = "Host: localhost\r\nAuthorization: Bearer secret\r\nContent-Length: 0\r\n\r\n"
        port.send("POST /reload HTTP/1.1\r\n\(fields)", on: client)
        port.answer { _ in .refused(["servers.json: \"x\" is wrong"]) }
        let text = port.takeText(client)
        #expect(text.hasPrefix("HTTP/1.1 422 "))
        #expect(
            text.hasSuffix(
                #"{"error":"the configuration was not loaded","#
                    + #""problems":["servers.json: \"x\" is wrong"]}"# + "\n"))
        port.send("POST /cache/clear HTTP/1.1\r\n\(fields)", on: client)
        port.answer { _ in .cleared(nil) }
        #expect(port.takeStatus(client) == 404)
    }
}

// MARK: - Access

extension PortServiceTests {
    @Test(arguments: [
        "localhost", "LOCALHOST:9300", "127.0.0.1", "127.255.3.4:1", "[::1]", "[::1]:9300",
    ])
    func `hosts of this machine are let in`(host: String) {
        let port = PortUnderTest()
        let client = port.connect()
        port.send("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n", on: client)
        #expect(port.takeStatus(client) == 200)
    }

    @Test(arguments: [
        "example.com", "localhost.evil.example", "127.0.0.1.nip.io", "10.0.0.1", "[::2]",
        "localhost:x", "127.0.0.256", "127.0.0", "", "::1",
    ])
    func `other hosts are not`(host: String) {
        let port = PortUnderTest()
        let client = port.connect()
        port.send("GET /metrics HTTP/1.1\r\nHost: \(host)\r\n\r\n", on: client)
        #expect(port.takeStatus(client) == 421)
    }

    @Test func `a page of this port may ask, whatever the port is called`() {
        let port = PortUnderTest()
        let client = port.connect()
        port.send(
            "GET / HTTP/1.1\r\nHost: LocalHost:9300\r\nOrigin: http://localhost:9300\r\n\r\n",
            on: client)
        #expect(port.takeStatus(client) == 200)
    }

    @Test(arguments: ["/metrics", "/metrics?format=prometheus"])
    func `in the network the metrics need the token`(path: String) {
        let port = PortUnderTest(.network, token: "secret")
        let client = port.connect()
        port.send(get(path), on: client)
        let text = port.takeText(client)
        #expect(text.hasPrefix("HTTP/1.1 401 "))
        #expect(text.contains("\r\nWWW-Authenticate: Bearer"))
        for wrong in ["Bearer", "Bearer ", "Bearer secre", "Bearer secrets", "Basic secret"] {
            port.send(get(path, "Authorization: \(wrong)"), on: client)
            #expect(port.takeStatus(client) == 401, "\(wrong)")
        }
        port.send(get(path, "Authorization: Bearer secret"), on: client)
        port.answer()
        #expect(port.takeStatus(client) == 200)
    }

    @Test func `health needs no token, and any host will do in the network and on a file`() {
        for exposure in [PortExposure.network, .unixSocket] {
            let port = PortUnderTest(exposure, token: "secret")
            let client = port.connect()
            port.send("GET /health HTTP/1.1\r\nHost: mcpo.internal\r\n\r\n", on: client)
            port.answer()
            #expect(port.takeStatus(client) == 200)
        }
    }

    @Test func `an empty token is none`() {
        let port = PortUnderTest(token: "")
        let client = port.connect()
        port.send(
            "POST /reload HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \r\n\r\n", on: client
        )
        #expect(port.takeStatus(client) == 403)
    }

    @Test func `a new token counts at once`() {
        let port = PortUnderTest(token: "old")
        let client = port.connect()
        port.service.setToken("new")
        for (token, status) in [("old", 403), ("new", nil)] {
            port.send(
                "POST /reload HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(token)\r\n\r\n",
                on: client)
            #expect(port.takeStatus(client) == status)
        }
    }
}
