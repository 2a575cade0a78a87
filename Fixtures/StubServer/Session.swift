// What the stub remembers of its client, and one request of it.

/// One request: its id as it was written.
struct Request {
    let id: String
    let method: String
    let params: JSON?

    var arguments: JSON? { params?["arguments"] }

    /// The progress token as it was written.
    var progressToken: String? { params?["_meta"]?["progressToken"]?.text }

    func integer(_ argument: String) -> Int? { arguments?[argument]?.integer }
    func string(_ argument: String) -> String? { arguments?[argument]?.string }
}

/// What the client has set up and said; the tool `session` shows it.
struct Session {
    /// The parameters of `initialize`, as they were written.
    var initialize = "null"
    var isInitialized = false
    var logLevel = ""
    /// Resources subscribed to by a legacy client.
    var subscriptions: [String] = []
    /// Streams of a modern client.
    var listeners: [(id: String, uris: String)] = []
    /// Ids in `notifications/cancelled`, as they were written.
    var cancelled: [String] = []
    var notifications = 0
    var bytes = 0
    var unreadable = 0

    var json: String {
        let uris = subscriptions.map(JSON.quoted).joined(separator: ",")
        return #"{"initialize":\#(initialize),"initialized":\#(isInitialized),"#
            + #""logLevel":\#(JSON.quoted(logLevel)),"subscriptions":[\#(uris)],"#
            + #""listeners":\#(listeners.count),"cancelled":[\#(cancelled.joined(separator: ","))],"#
            + #""notifications":\#(notifications),"bytes":\#(bytes),"unreadable":\#(unreadable)}"#
    }
}
