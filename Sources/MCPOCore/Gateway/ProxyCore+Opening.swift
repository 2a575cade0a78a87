// How mcpo comes to terms with each of several servers, by itself (SPEC §3): it asks in the modern
// way, and falls back to the legacy handshake as the specification's page on stdio says.
//
//     spawned ─▶ server/discover ──▶ a result                          modern, open
//                     ├────────────▶ an error                          legacy ─▶ initialize
//                     ├────────────▶ error −32022                      modern, of no use; ended
//                     ├────────────▶ silence for probeTimeout          initialize too; who answers first
//                     └────────────▶ the process dies                  legacy at the next start
//
// `initialize` has the client's own parameters, so it waits for the client's first request. Once a
// server's era is known its later processes are not asked again.

extension ProxyCore {
    /// The revision that mcpo asks modern servers in, and the one that it offers legacy servers for
    /// a modern client.
    static let modernRevision = "\(modernRevisionText)"
    static let modernRevisionText: StaticString = "2026-07-28"
    static let latestLegacyRevision = "2025-11-25"
    /// The legacy revisions, latest first: mcpo's part in each of them is the same.
    static let legacyRevisions = [latestLegacyRevision, "2025-06-18", "2025-03-26", "2024-11-05"]

    /// A process is there that nobody has spoken to.
    mutating func beginOpening(
        _ connection: ConnectionID, at now: Instant, into effects: inout Effects
    ) {
        let server = connections[connection].server
        if servers[server].era == .modern {
            open(connection, at: now, into: &effects)
            return
        }
        let patience = servers[server].settings.pool.connectionTimeout
        connections[connection].phase = .reopening(until: now.advanced(by: patience))
        if servers[server].era == .legacy {
            introduce(connection, at: now, into: &effects)
        } else {
            gateway.parts[server].probeUntil = now.advanced(by: gateway.settings.probeTimeout)
            gateway.parts[server].isProbed = true
            ask(
                connection, "server/discover", "{\"_meta\":\(ownMetaText)}", as: .probe,
                into: &effects)
        }
    }

    /// The server's answer to `server/discover`.
    mutating func probed(
        _ connection: ConnectionID, _ line: RawSpan, _ envelope: Envelope, at now: Instant,
        into effects: inout Effects
    ) {
        guard case .reopening = connections[connection].phase else { return }
        let server = connections[connection].server
        guard connection == servers[server].first else {
            // Whatever it says, it has started.
            connections[connection].hasAnswered = true
            open(connection, at: now, into: &effects)
            return
        }
        gateway.parts[server].probeUntil = .never
        gateway.parts[server].isProbed = false
        if envelope.result.kind == .object {
            connections[connection].hasAnswered = true
            servers[server].era = .modern
            drop(.reopen, of: connection)
            servers[server].restoration.initialize = []
            servers[server].restoration.isInitialized = false
            greeted(server, line, envelope, at: now, into: &effects)
            open(connection, at: now, into: &effects)
            return
        }
        if let revisions = otherRevisions(line, envelope) {
            reject(
                connection, "speaks only revisions of MCP that mcpo does not know: \(revisions)",
                at: now, into: &effects)
            return
        }
        servers[server].era = .legacy
        introduce(connection, at: now, into: &effects)
    }

    /// The revisions of a modern server that has not the one it was asked in: such a server must not
    /// get `initialize`, unless it says itself that it has a revision with that.
    /// - Returns: for the log; nil if the server is a legacy one, or may be treated so.
    private mutating func otherRevisions(_ line: RawSpan, _ envelope: Envelope) -> String? {
        guard line.errorCode(envelope) == ErrorCode.unsupportedRevision.rawValue else { return nil }
        let list = line.member("supported", of: line.member("data", of: envelope.error))
        var names: [String] = []
        if list.kind == .array {
            var elements = BatchElements(line, list)
            while let element = elements.next(line), names.count < 10 {
                guard element.kind == .string else { continue }
                var bytes: [UInt8] = []
                decodeJSONString(line, element.range, into: &bytes)
                names.append(String(decoding: bytes.prefix(40), as: UTF8.self))
            }
        }
        if names.contains(where: Self.legacyRevisions.contains) { return nil }
        return names.isEmpty ? "it does not say which" : names.joined(separator: ", ")
    }

    /// The server is silent: it may be a legacy one that ignores what it does not know, or still be
    /// starting. It gets `initialize` as well, and its first answer tells.
    mutating func endProbe(of server: ServerIndex, at now: Instant, into effects: inout Effects) {
        gateway.parts[server].probeUntil = .never
        let first = servers[server].first
        guard case .reopening = connections[first].phase else { return }
        introduce(first, at: now, into: &effects)
    }

    /// Sends `initialize` in the client's name, once it is known who the client is.
    private mutating func introduce(
        _ connection: ConnectionID, at now: Instant, into effects: inout Effects
    ) {
        let server = connections[connection].server
        // One that was silent at first has got it, and may refuse the question about its era only now.
        if isUnderWay(.reopen, on: connection) { return }
        guard let hello = gateway.hello else {
            connections[connection].phase = .reopening(until: .never)
            return
        }
        if servers[server].restoration.initialize.isEmpty {
            servers[server].restoration.initialize = Self.initializeRequest(
                hello, gateway.settings.version)
            servers[server].restoration.isInitialized = true
            noteLogLevel(of: server)
        }
        let patience = servers[server].settings.pool.connectionTimeout
        connections[connection].phase = .reopening(until: now.advanced(by: patience))
        sendAgain(
            servers[server].restoration.initialize, to: connection, as: .reopen, into: &effects)
    }

    /// Whether a question of mcpo's own has no answer yet.
    mutating func isUnderWay(_ purpose: Flight.Purpose, on connection: ConnectionID) -> Bool {
        connections[connection].flights.numbers.contains {
            connections[connection].flights[$0]?.purpose == purpose
        }
    }

    /// A question of mcpo's own was answered by the answer to another one, and is no load.
    mutating func drop(_ purpose: Flight.Purpose, of connection: ConnectionID) {
        for number in connections[connection].flights.numbers
        where connections[connection].flights[number]?.purpose == purpose {
            connections[connection].flights.remove(number)
        }
    }

    private static func initializeRequest(_ hello: ClientHello, _ version: String) -> [UInt8] {
        let isLegacy = hello.era == .legacy
        var line = Array(#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"#.utf8)
        line += Array(#""protocolVersion":"#.utf8)
        let hasRevision = isLegacy && hello.revision.first == UInt8(ascii: "\"")
        line += hasRevision ? hello.revision : Array("\"\(latestLegacyRevision)\"".utf8)
        line += Array(#","capabilities":"#.utf8)
        // A modern client takes no requests: it is not promised that it does.
        line += isLegacy && !hello.capabilities.isEmpty ? hello.capabilities : Array("{}".utf8)
        line += Array(#","clientInfo":"#.utf8)
        line += hello.info.isEmpty ? Array(ownInfo(version).utf8) : hello.info
        return line + Array("}}".utf8)
    }

    private static func ownInfo(_ version: String) -> String {
        var text: [UInt8] = []
        appendJSONString(version, to: &text)
        return #"{"name":"mcpo","version":\#(String(decoding: text, as: UTF8.self))}"#
    }

    /// What mcpo's own requests to modern servers say of whom they are from.
    var ownMetaText: String {
        #"{"io.modelcontextprotocol/protocolVersion":"\#(Self.modernRevision)","#
            + #""io.modelcontextprotocol/clientInfo":\#(Self.ownInfo(gateway.settings.version)),"#
            + #""io.modelcontextprotocol/clientCapabilities":{}}"#
    }

    /// Sends a request of mcpo's own.
    /// - Parameter params: an object.
    /// - Returns: its number.
    @discardableResult
    mutating func ask(
        _ connection: ConnectionID, _ method: String, _ params: String,
        as purpose: Flight.Purpose, into effects: inout Effects
    ) -> UInt32 {
        let line = Array(
            #"{"jsonrpc":"2.0","id":0,"method":"\#(method)","params":\#(params)}"#.utf8)
        return sendAgain(line, to: connection, as: purpose, into: &effects)
    }
}

// MARK: - Greetings

extension ProxyCore {
    /// A server has said what it is and what it has.
    mutating func greeted(
        _ server: ServerIndex, _ line: RawSpan, _ envelope: Envelope, at now: Instant,
        into effects: inout Effects
    ) {
        let result = line.extracting(envelope.result.range.bounds).array
        gateway.parts[server].greeting = result
        gateway.parts[server].greetedAt = now
        gateway.isNewsThere = true
        let capabilities = line.member("capabilities", of: envelope.result)
        for kind in EntryList.Kind.allCases {
            let isThere = line.member(kind.capability, of: capabilities).isPresent
            gateway.parts[server][kind].isAbsent = !isThere
            gateway.parts[server][kind].isDue = isThere
            gateway.parts[server][kind].waitUntil = now.advanced(by: gateway.settings.startupWait)
            if !isThere { forgetList(kind, of: server, at: now, into: &effects) }
        }
        guard caching.isOn else { return }
        caching.familiar.forget()
        caching.noteWrite(server)
        let revision = line.member("protocolVersion", of: envelope.result)
        caching.parts[server].keys.agree(
            revision: line.extracting(revision.range.bounds).array,
            capabilities: gateway.hello?.capabilities ?? [])
    }

    /// A server has no list of a kind, though a former process of it may have had one.
    private mutating func forgetList(
        _ kind: EntryList.Kind, of server: ServerIndex, at now: Instant,
        into effects: inout Effects
    ) {
        let hadEntries = !gateway.parts[server][kind].list.content.entries.isEmpty
        gateway.parts[server][kind].list.removeAll()
        guard hadEntries else { return }
        // Names lead to entries: they must not outlive them.
        gateway.parts[server][kind].lastTold = nil
        nameAll(kind, into: &effects)
        noteChanged(kind, at: now)
    }

    /// A process was lost before its server had said what it is.
    mutating func noteLoss(of server: ServerIndex) {
        guard isGateway else { return }
        if gateway.parts[server].isProbed, servers[server].era == nil {
            // It may have died of a question that it does not know, however late it has read it.
            servers[server].era = .legacy
        } else if gateway.parts[server].greeting == nil {
            servers[server].era = nil
            servers[server].restoration.initialize = []
        }
        gateway.parts[server].probeUntil = .never
        gateway.parts[server].isProbed = false
        gateway.parts[server].listen = nil
        gateway.parts[server].watching = []
        for kind in EntryList.Kind.allCases { gateway.parts[server][kind].flight = 0 }
        gateway.parts[server].losses += 1
        gateway.isNewsThere = true
    }

    /// Learns from the client's first request who it is.
    mutating func noteHello(
        _ line: RawSpan, _ envelope: Envelope, _ method: Method, at now: Instant,
        into effects: inout Effects
    ) {
        let isModern = envelope.metaProtocolVersion.isPresent
        guard method == .initialize || gateway.hello == nil && isModern else { return }
        func object(_ name: StaticString, of parent: JSONValue) -> [UInt8] {
            let value = line.member(name, of: parent)
            return value.kind == .object ? line.extracting(value.range.bounds).array : []
        }
        let hello: ClientHello
        if method == .initialize {
            let revision = line.member("protocolVersion", of: envelope.params)
            hello = ClientHello(
                era: .legacy, revision: line.extracting(revision.range.bounds).array,
                info: object("clientInfo", of: envelope.params),
                capabilities: object("capabilities", of: envelope.params))
            gateway.meta = ModernMeta(
                revision: Self.modernRevision, clientInfo: hello.info, clientCapabilities: [])
        } else {
            hello = ClientHello(
                era: .modern, revision: [],
                info: object("io.modelcontextprotocol/clientInfo", of: envelope.meta),
                capabilities: object(
                    "io.modelcontextprotocol/clientCapabilities", of: envelope.meta))
        }
        let isFirst = gateway.hello == nil
        gateway.hello = hello
        guard isFirst else { return }
        for server in order where servers[server].era != .modern {
            for connection in servers[server].pool
            where connections[connection].phase == .reopening(until: .never) {
                introduce(connection, at: now, into: &effects)
            }
        }
    }
}
