// Resources, subscriptions to them, and the log level.

extension Server {
    /// Answers a request about resources or logging; returns false when it is neither.
    func answerResources(_ request: Request) -> Bool {
        switch request.method {
        case "resources/list":
            reply(cacheable(#"{"resources":\#(Documents.resources)"#), to: request)
        case "resources/templates/list":
            reply(cacheable(#"{"resourceTemplates":\#(Documents.templates)"#), to: request)
        case "resources/read": readResource(request)
        case "resources/subscribe":
            session.subscriptions.append(request.params?["uri"]?.string ?? "")
            reply("{}", to: request)
        case "resources/unsubscribe":
            session.subscriptions.removeAll { $0 == request.params?["uri"]?.string }
            reply("{}", to: request)
        case "logging/setLevel":
            session.logLevel = request.params?["level"]?.string ?? ""
            reply("{}", to: request)
        default: return false
        }
        return true
    }

    private func readResource(_ request: Request) {
        guard let uri = request.params?["uri"]?.string, uri.hasPrefix("stub://") else {
            fail(-32602, "Unknown resource", request)
            return
        }
        let text = JSON.quoted("The text of \(uri)")
        let contents = #"{"uri":\#(JSON.quoted(uri)),"mimeType":"text/plain","text":\#(text)}"#
        reply(cacheable(#"{"contents":[\#(contents)]"#), to: request)
    }

    /// Opens a stream of notifications for a modern client; it is never answered.
    func listen(_ request: Request) {
        let wanted = request.params?["notifications"]
        session.listeners.append(
            (request.id, wanted?["resourceSubscriptions"]?.text ?? "[]"))
        notify(
            "notifications/subscriptions/acknowledged",
            #"{"_meta":{"io.modelcontextprotocol/subscriptionId":\#(request.id)},"#
                + #""notifications":\#(wanted?.text ?? "{}")}"#)
    }

    /// Tells everybody who subscribed to a resource that it has changed.
    func touch(_ uri: String) {
        if session.subscriptions.contains(uri) {
            notify("notifications/resources/updated", #"{"uri":\#(JSON.quoted(uri))}"#)
        }
        for listener in session.listeners where listener.uris.contains(JSON.quoted(uri)) {
            notify(
                "notifications/resources/updated",
                #"{"_meta":{"io.modelcontextprotocol/subscriptionId":\#(listener.id)},"#
                    + #""uri":\#(JSON.quoted(uri))}"#)
        }
    }
}
