// What can be asked for, by path and method.
//
//     GET  /              the dashboard               nothing needed: the page has no figures in it
//     GET  /metrics       JSON, Prometheus, OpenMetrics         reading
//     GET  /health        how the servers are                   nothing needed
//     GET  /ready         whether mcpo can take requests        nothing needed
//     POST /cache/clear   {} | {"server":"…"} | {"tool":"…"}    changing
//     PUT  /concurrency   {"max":50}                            changing
//     POST /reload                                              changing

internal import MCPOCore

extension PortService {
    enum Outcome {
        case answer(HTTPResponse)
        case show(PortView)
        case ask(PortQuestion)
    }

    private struct Route {
        enum Action { case dashboard, metrics, health, readiness, clear, limit, reload }

        var path: StaticString
        var method: StaticString
        /// The field of an answer to another method.
        var allow: StaticText
        var need: AccessRules.Need
        var action: Action

        static let all = [
            Route("/", .dashboard, .nothing), Route("/metrics", .metrics, .reading),
            Route("/health", .health, .nothing), Route("/ready", .readiness, .nothing),
            Route("/cache/clear", .clear, .changing), Route("/reload", .reload, .changing),
            Route("/concurrency", .limit, .changing, method: "PUT", allow: "Allow: PUT"),
        ]

        private init(
            _ path: StaticString, _ action: Action, _ need: AccessRules.Need,
            method: StaticString? = nil, allow: StaticText? = nil
        ) {
            self.path = path
            self.action = action
            self.need = need
            let reads = need != .changing
            self.method = method ?? (reads ? "GET" : "POST")
            self.allow = allow ?? (reads ? "Allow: GET, HEAD" : "Allow: POST")
        }

        func allows(_ request: HTTPRequest) -> Bool {
            request.isMethod(method) || (need != .changing && request.isMethod("HEAD"))
        }
    }

    private static let methods: [StaticString] = [
        "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT",
    ]

    func route(_ request: HTTPRequest, _ access: AccessRules) -> Outcome {
        guard let route = Route.all.first(where: { request.isPath($0.path) }) else {
            if let refusal = access.refusal(of: request, .nothing) { return .answer(refusal) }
            return .answer(.error(.notFound, "there is /, /metrics, /health and /ready"))
        }
        if let refusal = access.refusal(of: request, .nothing) { return .answer(refusal) }
        guard route.allows(request) else {
            if Self.methods.contains(where: request.isMethod) {
                let words = "\(route.path) is asked with \(route.method)"
                return .answer(.error(.methodNotAllowed, words).with(route.allow))
            }
            return .answer(.error(.notImplemented, "this method is not known here"))
        }
        if let refusal = access.refusal(of: request, route.need) { return .answer(refusal) }
        return perform(route.action, request)
    }

    private func perform(_ action: Route.Action, _ request: HTTPRequest) -> Outcome {
        switch action {
        case .dashboard: return .answer(Dashboard.response)
        case .metrics: return metrics(request)
        case .health: return .show(.health)
        case .readiness: return .show(.readiness)
        case .reload: return .ask(.reload)
        case .clear: return clear(request)
        case .limit: return limit(request)
        }
    }

    private func metrics(_ request: HTTPRequest) -> Outcome {
        let views: [PortView] = [.metricsJSON, .metricsPrometheus, .metricsOpenMetrics]
        if let format = request.parameter("format") {
            let names: [StaticString] = ["json", "prometheus", "openmetrics"]
            guard let place = names.firstIndex(where: { format.equals($0) }) else {
                return .answer(
                    .error(.badRequest, "format must be json, prometheus or openmetrics"))
            }
            return .show(views[place])
        }
        let place = AcceptHeader(request.values(of: "accept")).best(of: [
            ("application", "json"), ("text", "plain"), ("application", "openmetrics-text"),
        ])
        return .show(views[place])
    }

    private func clear(_ request: HTTPRequest) -> Outcome {
        guard let body = RequestBody(request.body) else { return .answer(RequestBody.refusal) }
        guard let server = body.text("server"), let tool = body.text("tool"),
            body.hasOnly(["server", "tool"])
        else {
            return .answer(
                .error(.badRequest, "the body may have server and tool, which are strings"))
        }
        return .ask(.clearCache(server: server.value, tool: tool.value))
    }

    private func limit(_ request: HTTPRequest) -> Outcome {
        guard let body = RequestBody(request.body) else { return .answer(RequestBody.refusal) }
        guard let maximum = body.count("max"), body.hasOnly(["max"]),
            (1...100_000).contains(maximum)
        else {
            return .answer(.error(.badRequest, "max must be a number from 1 to 100000"))
        }
        return .ask(.setConcurrency(maximum))
    }

    /// What is said when the proxy has done what was asked.
    static func response(to reply: PortReply) -> HTTPResponse {
        switch reply {
        case .snapshot: return .error(.unavailable, "the proxy answered something else")
        case .cleared(let count?): return .json(.ok) { $0.member("cleared", count) }
        case .cleared(nil): return .error(.notFound, "there is no server or tool of that name")
        case .limited(let maximum): return .json(.ok) { $0.member("max", maximum) }
        case .reloaded(let changes):
            return .json(.ok) { $0.arrayMember("changes") { Self.write(changes, &$0) } }
        case .refused(let problems):
            return .json(.unprocessable) {
                $0.member("error", "the configuration was not loaded")
                $0.arrayMember("problems") { Self.write(problems, &$0) }
            }
        }
    }

    private static func write(_ lines: [String], _ writer: inout JSONWriter) {
        for line in lines { writer.value(line) }
    }
}
