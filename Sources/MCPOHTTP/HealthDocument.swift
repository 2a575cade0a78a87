// `GET /health` and `GET /ready` (SPEC §8).
//
//     200 {"status":"degraded","reason":"1 of 2 servers is not healthy",
//          "servers":{"github":{"status":"healthy"},"time":{"status":"unhealthy","reason":"…"}}}
//
// `degraded` is 200: mcpo works, and an orchestrator that restarted it would only make it worse.

internal import MCPOCore

enum HealthDocument {
    static func health(_ snapshot: MetricsSnapshot) -> HTTPResponse {
        let connection = snapshot.connection
        let ill = connection.servers.count { $0.status != .healthy }
        return .json(connection.status == .unhealthy ? .unavailable : .ok) {
            $0.member("status", connection.status.word)
            if ill > 0 {
                let all = connection.servers.count
                $0.member(
                    "reason", "\(ill) of \(all) servers \(ill == 1 ? "is" : "are") not healthy")
            }
            $0.objectMember("servers") { writer in
                for server in connection.servers { write(server, &writer) }
            }
        }
    }

    private static func write(_ server: ServerFigures, _ writer: inout JSONWriter) {
        writer.key(Array(server.name.utf8))
        writer.object {
            $0.member("status", server.status.word)
            if !server.reason.isEmpty { $0.member("reason", server.reason) }
        }
    }

    static func unanswered(_ reason: String) -> HTTPResponse {
        .json(.unavailable) {
            $0.member("status", HealthStatus.unhealthy.word)
            $0.member("reason", reason)
        }
    }

    static func readiness(_ snapshot: MetricsSnapshot) -> HTTPResponse {
        let connection = snapshot.connection
        return .json(connection.isReady ? .ok : .unavailable) {
            $0.member("ready", connection.isReady)
            if !connection.isReady { $0.member("reason", connection.unreadyReason) }
        }
    }
}
