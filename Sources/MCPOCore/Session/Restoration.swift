// What a server's new process must be told again, so that the client need not know that the old one
// died (SPEC §12, *Health*): the client's own requests, kept verbatim, repeated under new numbers.
//
//     initialize ─▶ notifications/initialized ─▶ logging/setLevel ─▶ resources/subscribe …

/// The client's requests that set up state in a legacy server.
package struct Restoration: Sendable {
    /// The client's last `initialize` that was answered, as a whole line.
    package var initialize: [UInt8] = []
    /// Whether the client sent `notifications/initialized`.
    package var isInitialized = false
    /// The last `logging/setLevel` that succeeded.
    package private(set) var logLevel: [UInt8] = []
    /// Subscriptions in the order they were made.
    package private(set) var subscriptions: [(uri: [UInt8], line: [UInt8], arrival: UInt64)] = []
    /// The last request to unsubscribe, by `Exchange.arrival`: answers may come in another order
    /// than the server has worked in, so no subscription from before it is sure. Nor is one that a
    /// new process was told of by mcpo.
    private var lastDoubt: UInt64 = 0

    package init() {}

    /// Bytes kept, apart from `initialize`.
    package var byteCount: Int {
        subscriptions.reduce(logLevel.count) { $0 + $1.uri.count + $1.line.count }
    }

    private static func uri(in line: [UInt8]) -> [UInt8] {
        let bytes = line.span.bytes
        guard let envelope = try? Envelope(scanning: bytes), envelope.uri.kind == .string else {
            return []
        }
        var uri: [UInt8] = []
        decodeJSONString(bytes, envelope.uri.range, into: &uri)
        return uri
    }

    /// Subscriptions that were asked for up to here may not hold any more.
    package mutating func doubtSubscriptions(until arrival: UInt64) {
        lastDoubt = arrival
    }

    /// Whether the client is subscribed to a URI, a string of the line, for certain.
    package func hasSubscription(to uri: JSONValue, in line: RawSpan) -> Bool {
        guard !subscriptions.isEmpty, uri.kind == .string else { return false }
        var bytes: [UInt8] = []
        decodeJSONString(line, uri.range, into: &bytes)
        return subscriptions.contains { $0.uri == bytes && $0.arrival > lastDoubt }
    }

    /// Forgets what an unsubscription is about.
    package mutating func forgetSubscription(in line: [UInt8]) {
        let uri = Self.uri(in: line)
        subscriptions.removeAll { $0.uri == uri }
    }

    /// Takes note of a request that the server has answered with a result.
    /// - Parameters:
    ///   - limit: in bytes.
    ///   - arrival: `Exchange.arrival` of the request.
    /// - Returns: whether there was room.
    package mutating func note(
        _ method: Method, line: [UInt8], limit: Int, arrival: UInt64 = .max
    ) -> Bool {
        let uri = Self.uri(in: line)
        switch method {
        case .initialize:
            // `notifications/initialized` may have come before the answer.
            let (isInitialized, lastDoubt) = (isInitialized, lastDoubt)
            self = Restoration()
            self.isInitialized = isInitialized
            self.lastDoubt = lastDoubt
            initialize = line
            return true
        case .setLogLevel:
            logLevel = []
            guard byteCount + line.count <= limit else { return false }
            logLevel = line
            return true
        case .subscribeResource:
            subscriptions.removeAll { $0.uri == uri }
            guard byteCount + uri.count + line.count <= limit else { return false }
            subscriptions.append((uri, line, arrival))
            return true
        case .unsubscribeResource:
            subscriptions.removeAll { $0.uri == uri }
            return true
        default:
            return true
        }
    }
}
