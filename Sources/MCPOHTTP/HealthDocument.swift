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
        var body = Array(#"{"status":""#.utf8)
        body += Array(connection.status.word.description.utf8)
        body += Array("\"".utf8)
        if ill > 0 {
            let all = connection.servers.count
            let verb = ill == 1 ? "is" : "are"
            append("reason", "\(ill) of \(all) servers \(verb) not healthy", to: &body)
        }
        body += Array(#","servers":{"#.utf8)
        for (place, server) in connection.servers.enumerated() {
            if place > 0 { body.append(UInt8(ascii: ",")) }
            appendJSONString(server.name, to: &body)
            body += Array(#":{"status":""#.utf8)
            body += Array(server.status.word.description.utf8)
            body += Array("\"".utf8)
            if !server.reason.isEmpty { append("reason", server.reason, to: &body) }
            body += Array("}".utf8)
        }
        body += Array("}}\n".utf8)
        return HTTPResponse(connection.status == .unhealthy ? .unavailable : .ok, .json, body)
    }

    static func unanswered(_ reason: String) -> HTTPResponse {
        var body = Array(#"{"status":"unhealthy""#.utf8)
        append("reason", reason, to: &body)
        body += Array("}\n".utf8)
        return HTTPResponse(.unavailable, .json, body)
    }

    static func readiness(_ snapshot: MetricsSnapshot) -> HTTPResponse {
        let connection = snapshot.connection
        if connection.isReady {
            return HTTPResponse(.ok, .json, Array("{\"ready\":true}\n".utf8))
        }
        var body = Array(#"{"ready":false"#.utf8)
        append("reason", connection.unreadyReason, to: &body)
        body += Array("}\n".utf8)
        return HTTPResponse(.unavailable, .json, body)
    }

    private static func append(_ key: StaticString, _ value: String, to body: inout [UInt8]) {
        body += Array(",\"\(key)\":".utf8)
        appendJSONString(value, to: &body)
    }
}
