// What the client hears of changes: `list_changed` and `resources/updated`, gathered from servers of
// both eras and told in the client's.
//
//     legacy server   notifications, as they come          legacy client   notifications
//     modern server   a subscription of mcpo's own         modern client   its subscriptions

extension ProxyCore {
    // MARK: The client's subscriptions

    /// Makes a subscription of an exchange and acknowledges it.
    mutating func beginListening(
        _ index: ExchangeIndex, _ line: RawSpan, _ envelope: Envelope, at now: Instant,
        into effects: inout Effects
    ) {
        let filter = line.member("notifications", of: envelope.params)
        var listener = Listener(
            index: index, arrival: exchanges[index].arrival, kinds: [], resources: [])
        func wants(_ name: StaticString) -> Bool { line.member(name, of: filter).kind == .true }
        if wants("toolsListChanged") { listener.kinds.insert(.tools) }
        if wants("promptsListChanged") { listener.kinds.insert(.prompts) }
        if wants("resourcesListChanged") { listener.kinds.insert(.resources) }
        // Who listens is told of whatever changes from here on.
        gateway.shown.formUnion(listener.kinds)
        if listener.kinds.contains(.resources) { gateway.shown.insert(.templates) }
        let uris = line.member("resourceSubscriptions", of: filter)
        if uris.kind == .array {
            var room = roomToWatch
            var elements = BatchElements(line, uris)
            while let uri = elements.next(line) {
                guard uri.kind == .string else { continue }
                var bytes: [UInt8] = []
                decodeJSONString(line, uri.range, into: &bytes)
                // What there is no room for is not acknowledged.
                guard room.take(bytes) else { break }
                listener.resources.append(bytes)
            }
        }
        exchanges[index].isAcknowledged = true
        gateway.listeners.append(listener)
        acknowledge(listener, into: &effects)
        if !listener.resources.isEmpty {
            // Whose they are is known when the servers have listed what they have.
            want(.resources, since: now, at: now, into: &effects)
            want(.templates, since: now, at: now, into: &effects)
        }
        watchAll(into: &effects)
    }

    /// What is left of the bounds on watched resources.
    private struct RoomToWatch {
        var count: Int
        var byteCount: Int

        /// Takes the room for one more; false if there is none.
        mutating func take(_ uri: [UInt8]) -> Bool {
            guard count >= 1, byteCount >= uri.count else { return false }
            count -= 1
            byteCount -= uri.count
            return true
        }
    }

    private var roomToWatch: RoomToWatch {
        mutating get {
            forgetEndedListeners()
            let taken = gateway.listeners.flatMap(\.resources) + gateway.watched
            return RoomToWatch(
                count: settings.limits.watchedResources - taken.count,
                byteCount: taken.reduce(settings.limits.watchedBytes) { $0 - $1.count })
        }
    }

    private mutating func acknowledge(_ listener: Listener, into effects: inout Effects) {
        var members: [String] = []
        if listener.kinds.contains(.tools) { members.append(#""toolsListChanged":true"#) }
        if listener.kinds.contains(.prompts) { members.append(#""promptsListChanged":true"#) }
        if listener.kinds.contains(.resources) { members.append(#""resourcesListChanged":true"#) }
        if !listener.resources.isEmpty {
            members.append(#""resourceSubscriptions":[\#(Self.list(listener.resources))]"#)
        }
        tell(
            listener, "notifications/subscriptions/acknowledged",
            #","notifications":{\#(members.joined(separator: ","))}"#, into: &effects)
    }

    /// Sends a notification under a subscription of the client.
    /// - Parameter members: what follows `_meta` in `params`.
    private mutating func tell(
        _ listener: Listener, _ method: StaticString, _ members: String,
        into effects: inout Effects
    ) {
        let id = String(decoding: exchanges[listener.index].id.array, as: UTF8.self)
        let notice =
            #"{"jsonrpc":"2.0","method":"\#(method)","params":{"_meta":"#
            + #"{"io.modelcontextprotocol/subscriptionId":\#(id)}\#(members)}}"#
        sendToClient(Array(notice.utf8).span.bytes, Edits(), into: &effects)
    }

    private mutating func forgetEndedListeners() {
        gateway.listeners.removeAll { exchanges.live($0.index)?.arrival != $0.arrival }
    }

    // MARK: Telling

    /// Tells the client of the lists that have changed since it was told last.
    mutating func tellChanges(into effects: inout Effects) {
        gateway.tellAt = .never
        forgetEndedListeners()
        let changed = EntryList.Kind.allCases.filter { gateway.changed.contains($0) }
        gateway.changed = []
        for kind in changed {
            if gateway.hello?.era == .legacy, client.isReady {
                let notice = #"{"jsonrpc":"2.0","method":"\#(kind.changedNotice)"}"#
                sendToClient(Array(notice.utf8).span.bytes, Edits(), into: &effects)
            }
            for listener in gateway.listeners where listener.kinds.contains(kind) {
                tell(listener, kind.changedNotice, "", into: &effects)
            }
        }
    }

    /// A resource has changed: whoever watches it is told.
    mutating func forwardUpdate(
        _ line: RawSpan, _ envelope: Envelope, into effects: inout Effects
    ) {
        forgetEndedListeners()
        guard envelope.uri.kind == .string else { return }
        var uri: [UInt8] = []
        decodeJSONString(line, envelope.uri.range, into: &uri)
        let lexeme = line.extracting(envelope.uri.range.bounds)
            .withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        if gateway.hello?.era == .legacy {
            if envelope.metaSubscriptionID.isPresent {
                let notice =
                    #"{"jsonrpc":"2.0","method":"notifications/resources/updated","#
                    + #""params":{"uri":\#(lexeme)}}"#
                sendToClient(Array(notice.utf8).span.bytes, Edits(), into: &effects)
            } else {
                sendToClient(line, Edits(), into: &effects)
            }
        }
        for listener in gateway.listeners
        where listener.resources.contains(where: { uri.starts(with: $0) }) {
            tell(
                listener, "notifications/resources/updated", #","uri":\#(lexeme)"#,
                into: &effects)
        }
    }

    // MARK: The servers' side

    /// A legacy client's subscription goes to a legacy server as it is; a modern server is listened
    /// to instead.
    mutating func watch(
        _ method: Method, _ uri: JSONValue, _ line: RawSpan, on server: ServerIndex,
        into effects: inout Effects
    ) -> GatewayDecision {
        guard servers[server].era == .modern,
            method == .subscribeResource || method == .unsubscribeResource
        else { return .forward(GatewayTarget(server: server)) }
        var bytes: [UInt8] = []
        decodeJSONString(line, uri.range, into: &bytes)
        gateway.watched.removeAll { $0 == bytes }
        if method == .subscribeResource {
            var room = roomToWatch
            guard room.take(bytes) else {
                return .refuse(
                    ProxyError(
                        .overloaded, "too many subscriptions", server: servers[server].name,
                        retrySafe: true,
                        detail: "at most \(settings.limits.watchedResources) are there, with "
                            + "\(settings.limits.watchedBytes) bytes of URIs"))
            }
            gateway.watched.append(bytes)
        }
        watchAll(into: &effects)
        return .answer(Array("{}".utf8))
    }

    /// Brings the servers' subscriptions in line with what the client watches.
    mutating func watchAll(into effects: inout Effects) {
        forgetEndedListeners()
        for server in order { listen(to: server, into: &effects) }
    }

    /// Subscribes to what mcpo and the client want to know of a server.
    mutating func listen(to server: ServerIndex, into effects: inout Effects) {
        let first = servers[server].first
        guard connections[first].isOpen else { return }
        let wanted = gateway.listeners.flatMap(\.resources) + gateway.watched
        let own = wanted.filter { uri in
            var lexeme: [UInt8] = []
            appendJSONString(String(decoding: uri, as: UTF8.self), to: &lexeme)
            let value = JSONValue(range: ByteRange(0, lexeme.count), kind: .string)
            let place = gateway.routes.server(lexeme.span.bytes, value)
            return (place.map { order[$0] } ?? onlyReader()) == server
        }
        if servers[server].era == .modern {
            listenModern(to: server, own, into: &effects)
        } else {
            subscribe(to: server, own, into: &effects)
        }
    }

    /// Asks a modern server anew, and then ends the subscription before.
    private mutating func listenModern(
        to server: ServerIndex, _ uris: [[UInt8]], into effects: inout Effects
    ) {
        let first = servers[server].first
        let part = gateway.parts[server]
        if part.listen?.connection == first, part.listenedTo == uris { return }
        var members = [#""toolsListChanged":true"#]
        if hasCapability("prompts", server) { members.append(#""promptsListChanged":true"#) }
        if hasCapability("resources", server) { members.append(#""resourcesListChanged":true"#) }
        if !uris.isEmpty {
            members.append(#""resourceSubscriptions":[\#(Self.list(uris))]"#)
        }
        let number = ask(
            first, "subscriptions/listen",
            #"{"_meta":\#(ownMetaText),"notifications":{\#(members.joined(separator: ","))}}"#,
            as: .listen, into: &effects)
        if let former = part.listen, former.connection == first {
            connections[first].flights.remove(former.number)
            cancelDownstream(former.number, of: first, into: &effects)
        }
        gateway.parts[server].listen = (first, number)
        gateway.parts[server].listenedTo = uris
    }

    /// Strings, with commas between them.
    private static func list(_ uris: [[UInt8]]) -> String {
        var text: [UInt8] = []
        for uri in uris {
            if !text.isEmpty { text.append(UInt8(ascii: ",")) }
            appendJSONString(String(decoding: uri, as: UTF8.self), to: &text)
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Subscribes to each resource of a legacy server for a modern client.
    private mutating func subscribe(
        to server: ServerIndex, _ uris: [[UInt8]], into effects: inout Effects
    ) {
        let first = servers[server].first
        guard gateway.hello?.era == .modern, hasCapability("resources", server) else { return }
        let former =
            gateway.parts[server].listen?.connection == first
            ? gateway.parts[server].listenedTo : []
        func request(_ method: StaticString, _ uri: [UInt8]) -> [UInt8] {
            Array(
                (#"{"jsonrpc":"2.0","id":0,"method":"\#(method)","#
                    + #""params":{"uri":\#(Self.list([uri]))}}"#).utf8)
        }
        for uri in uris where !former.contains(uri) {
            let number = sendAgain(
                request("resources/subscribe", uri), to: first, as: .watch, into: &effects)
            gateway.parts[server].watching.append((number, uri))
        }
        for uri in former where !uris.contains(uri) {
            sendAgain(
                request("resources/unsubscribe", uri), to: first, as: .restore, into: &effects)
        }
        gateway.parts[server].listen = (first, 0)
        gateway.parts[server].listenedTo = uris
    }

    /// A legacy server has answered a subscription of mcpo's own, or has not in time. The client was
    /// told that it has it: whose the URI is may not have been known then.
    /// - Parameter failure: what has become of it; nil if the server has agreed.
    mutating func noteWatch(
        _ number: UInt32, of server: ServerIndex, _ failure: StaticString?,
        into effects: inout Effects
    ) {
        guard let place = gateway.parts[server].watching.firstIndex(where: { $0.number == number })
        else { return }
        let uri = gateway.parts[server].watching.remove(at: place).uri
        guard let failure, gateway.parts[server].listenedTo.contains(uri) else { return }
        // It is tried again when anything else changes that is listened to.
        gateway.parts[server].listenedTo.removeAll { $0 == uri }
        let shown = String(decoding: uri.prefix(200), as: UTF8.self)
        effects.log(
            .warning, server: servers[server].name,
            "a subscription to \(shown) was \(failure): the client is not told of its changes")
    }

    // MARK: Requests of servers

    /// A modern client takes no requests: mcpo answers a legacy server in its place.
    mutating func answerForModernClient(
        _ line: RawSpan, _ envelope: Envelope, of connection: ConnectionID, _ batch: BatchID?,
        into effects: inout Effects
    ) {
        guard envelope.id.kind == .string || envelope.id.kind == .integer,
            envelope.id.range.count <= Lexeme.maximumLength,
            connections[connection].outbound.count < queueLimit
        else { return }
        let id = Lexeme(line, envelope.id.range)
        var answer = Array(#"{"jsonrpc":"2.0","id":"#.utf8) + id.array
        if line.stringEquals(envelope.method, "ping") {
            answer += Array(#","result":{}}"#.utf8)
        } else {
            counters.refusedServerRequests += 1
            answer =
                ProxyError(.methodNotFound, "the client cannot be asked for this").answer(to: id)
        }
        if let batch { batches.update(batch) { $0?.outstanding += 1 } }
        deliver(to: .server(connection), batch: batch, into: &effects) { $0.append(answer) }
    }
}
