// A real Prometheus scrapes mcpo, and understands what it gets.
//
// Debian's package `prometheus` has it. Without it the test is skipped; under CI it fails.

import Foundation
import Testing

/// The programs of the Prometheus project.
enum Prometheus {
    static func program(_ name: String) -> String? {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        return path.split(separator: ":").map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
    }

    static var isWanted: Bool {
        program("prometheus") != nil || ProcessInfo.processInfo.environment["CI"] != nil
    }

    /// A port that nobody listens on at the moment.
    static func freePort() throws -> Int {
        let subject = try Subject(options: ["--http", "0"])
        defer { _ = try? subject.finish() }
        return try subject.httpPort()
    }
}

@Suite(.enabled(if: Prometheus.isWanted, "prometheus is not installed"))
struct PrometheusTests {
    @Test("Prometheus scrapes the port, and its figures are those of the calls")
    func scrape() throws {
        let program = try #require(Prometheus.program("prometheus"), "prometheus is not installed")
        let subject = try Subject(options: ["--http", "0"])
        try subject.initialize()
        for number in 1...5 { try subject.call("\(number)", "echo", #"{"text":"\#(number)"}"#) }
        try subject.call("6", "no_such_tool")
        let directory = try TemporaryDirectory()
        let file = try directory.write(
            """
            global: {scrape_interval: 200ms, scrape_timeout: 200ms}
            scrape_configs:
              - job_name: mcpo
                static_configs: [{targets: ["127.0.0.1:\(try subject.httpPort())"]}]
            """, to: "prometheus.yml")
        let port = try Prometheus.freePort()
        let log = open(directory.file("log"), O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        let nothing = open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer { for descriptor in [log, nothing] { close(descriptor) } }
        let process = try spawnChild(
            [
                program, "--config.file=\(file)", "--web.listen-address=127.0.0.1:\(port)",
                "--storage.tsdb.path=\(directory.file("data"))",
            ], environment: Setup.environment("prometheus", [:]),
            streams: ChildStreams(input: nothing, output: log, errors: log), ownGroup: true,
            blocked: [])
        defer {
            kill(process, SIGKILL)
            var status: Int32 = 0
            waitpid(process, &status, 0)
        }
        func ask(_ path: String) throws -> [String: Any] {
            try HTTPClient(port: port).request("GET /api/v1/\(path)").json()
        }
        func values(_ query: String) throws -> [Double] {
            let data = try ask("query?query=\(query)")["data"] as? [String: Any]
            let results = data?["result"] as? [[String: Any]] ?? []
            return results.compactMap { ($0["value"] as? [Any])?.last as? String }
                .compactMap(Double.init)
        }
        try eventually("the first scrape; prometheus said: \(directory.read("log").suffix(2000))") {
            (try? values("up")) == [1]
        }
        try eventually("the calls") {
            try values(#"mcpo_requests_total{tool="echo",outcome="answered"}"#.escapedForQuery)
                == [5]
        }
        let buckets = #"mcpo_request_duration_seconds_bucket{tool="echo",le="+Inf"}"#
        #expect(try values(buckets.escapedForQuery) == [5])
        let quantile =
            #"histogram_quantile(0.5,mcpo_request_duration_seconds_bucket{tool="echo"})"#
        #expect(try values(quantile.escapedForQuery).first ?? 0 > 0)
        #expect(try values("mcpo_server_up") == [1])
        let targets = try ask("targets?state=active")["data"] as? [String: Any]
        let target = (targets?["activeTargets"] as? [[String: Any]])?.first
        #expect(target?["lastError"] as? String == "")
        #expect(try subject.finish() == .status(0))
    }
}

extension String {
    /// Escaped for a query of a URL.
    fileprivate var escapedForQuery: String {
        addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
    }
}
