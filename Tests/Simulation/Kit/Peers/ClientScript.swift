// Writes the client's ordinary messages: requests, notifications, cancellations, batches.

import MCPOCore

/// Makes the lines of one client.
struct ClientScript {
    let scenario: Scenario
    var ids = IdentityMaker(start: 0)
    private var nonces = 0
    /// Requests made that the client has no answer to, as far as it knows.
    private(set) var outstanding: [Request] = []
    /// Requests that have ended, whose ids may be used again.
    private var ended: [Identity] = []
    /// Numbers of servers' requests that the client has been handed, answered or not.
    var serverRequests: [UInt32] = []
    var requestsMade = 0
    var hasInitialized = false

    private static let legacyMethods: [(String, Method)] = [
        ("tools/call", .callTool), ("tools/call", .callTool), ("tools/list", .listTools),
        ("resources/read", .readResource), ("ping", .ping), ("x/unknown", .unknown),
        ("resources/subscribe", .subscribeResource), ("logging/setLevel", .setLogLevel),
        ("resources/unsubscribe", .unsubscribeResource), ("prompts/get", .getPrompt),
    ]
    private static let modernMethods: [(String, Method)] = [
        ("tools/call", .callTool), ("tools/call", .callTool), ("tools/list", .listTools),
        ("resources/read", .readResource), ("subscriptions/listen", .listen),
        ("server/discover", .discover), ("x/unknown", .unknown),
    ]

    init(_ scenario: Scenario) {
        self.scenario = scenario
    }

    mutating func request(_ dice: inout Dice) -> ClientMessage {
        let isModern =
            scenario.client == .modern || dice.percent(scenario.client == .batching ? 15 : 3)
        let (name, method) = dice.pick(isModern ? Self.modernMethods : Self.legacyMethods)
        let hasVersion = isModern ? dice.percent(97) : false
        return request(name, method, hasVersion: hasVersion, &dice)
    }

    mutating func initialize(_ dice: inout Dice) -> ClientMessage {
        request("initialize", .initialize, hasVersion: false, &dice)
    }

    private mutating func request(
        _ name: String, _ method: Method, hasVersion: Bool, _ dice: inout Dice
    ) -> ClientMessage {
        nonces += 1
        requestsMade += 1
        let id =
            dice.percent(8) && !ended.isEmpty
            ? ended.remove(at: dice.roll(ended.count)) : ids.next(&dice)
        var request = Request(
            nonce: nonces, method: method, id: id, idRange: 0..<0, token: nil, tokenRange: nil,
            hasVersion: hasVersion)
        if dice.percent(40) { request.token = ids.next(&dice).verbatim }
        let bytes = write(&request, name, &dice)
        outstanding.append(request)
        return ClientMessage(bytes: bytes, meaning: .request(request))
    }

    /// Writes the request's line, its members in one of two orders.
    private func write(_ request: inout Request, _ name: String, _ dice: inout Dice) -> [UInt8] {
        var draft = Draft()
        let isIDFirst = dice.percent(70)
        draft.add(#"{"jsonrpc":"2.0""#)
        if isIDFirst {
            draft.add(#", "id" : "#)
            request.idRange = draft.mark(request.id.verbatim)
        }
        draft.add(#","method":"\#(name)","params":{"nonce":\#(request.nonce)"#)
        if request.method == .subscribeResource || request.method == .unsubscribeResource {
            let uri = "u:\(dice.roll(4))"
            request.uri = Array(uri.utf8)
            draft.add(#","uri":"\#(uri)""#)
        }
        addMeta(&request, &draft)
        draft.add(
            #","pad":"\#(String(repeating: "é", count: dice.roll(dice.pick([2, 20, 120]))))"}"#)
        if !isIDFirst {
            draft.add(#","id":"#)
            request.idRange = draft.mark(request.id.verbatim)
        }
        draft.add(dice.percent(10) ? "} " : "}")
        return draft.bytes
    }

    private func addMeta(_ request: inout Request, _ draft: inout Draft) {
        guard request.token != nil || request.hasVersion else { return }
        draft.add(#","_meta":{"other":1.50"#)
        if let token = request.token {
            draft.add(#","progressToken":"#)
            request.tokenRange = draft.mark(token)
        }
        if request.hasVersion {
            draft.add(#","io.modelcontextprotocol/protocolVersion":"2026-07-28""#)
        }
        draft.add("}")
    }

    /// A request under an id that is in flight, as far as the client knows.
    mutating func duplicate(_ dice: inout Dice) -> ClientMessage? {
        guard !outstanding.isEmpty else { return nil }
        let known = dice.pick(outstanding).id
        let id = dice.percent(50) ? IdentityMaker.respelled(known) : known
        let method = dice.pick(Self.legacyMethods)
        nonces += 1
        var request = Request(
            nonce: nonces, method: method.1, id: id, idRange: 0..<0, token: nil,
            tokenRange: nil, hasVersion: scenario.client == .modern)
        let bytes = write(&request, method.0, &dice)
        return ClientMessage(bytes: bytes, meaning: .request(request))
    }

    mutating func cancellation(_ dice: inout Dice) -> ClientMessage {
        let isKnown = !outstanding.isEmpty && dice.percent(90)
        let known = isKnown ? outstanding.remove(at: dice.roll(outstanding.count)).id : nil
        if let known { ended.append(known) }
        var id = known ?? ids.next(&dice)
        if dice.percent(30) { id = IdentityMaker.respelled(id) }
        var draft = Draft()
        draft.add(#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"#)
        let range = draft.mark(id.verbatim)
        draft.add(dice.percent(50) ? #","reason":"bored"}}"# : "}}")
        return ClientMessage(bytes: draft.bytes, meaning: .cancel(id, range: range))
    }

    func notification(_ dice: inout Dice) -> ClientMessage {
        let name = dice.pick(["notifications/roots/list_changed", "notifications/x"])
        let text = #"{"jsonrpc":"2.0","method":"\#(name)","params":{"n":\#(dice.roll(1000))}}"#
        return ClientMessage(bytes: Array(text.utf8), meaning: .notification)
    }

    func initialized() -> ClientMessage {
        let text = #"{"jsonrpc":"2.0","method":"notifications/initialized"}"#
        return ClientMessage(bytes: Array(text.utf8), meaning: .initialized)
    }

    func progress(_ dice: inout Dice) -> ClientMessage {
        let number = aServerRequest(&dice)
        var draft = Draft()
        draft.add(#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"#)
        let range = draft.mark(digits(number))
        draft.add(#","progress":0.5}}"#)
        return ClientMessage(bytes: draft.bytes, meaning: .progress(number, range: range))
    }

    func answer(to number: UInt32, _ dice: inout Dice) -> ClientMessage {
        var draft = Draft()
        draft.add(#"{"id":"#)
        let range = draft.mark(digits(number))
        let isTask = dice.percent(15)
        let body =
            isTask
            ? #""result":{"task":{"taskId":"t"}}"#
            : dice.pick([
                #""result":{"n":\#(dice.roll(1000))}"#, #""error":{"code":-1,"message":"no"}"#,
                #""result":null,"error":{"code":-1,"message":"as old JSON-RPC has it"}"#,
            ])
        draft.add(#","jsonrpc":"2.0",\#(body)}"#)
        return ClientMessage(
            bytes: draft.bytes, meaning: .answer(number, range: range, isTask: isTask))
    }

    /// A number of a server's request, mostly one that the client has been handed.
    func aServerRequest(_ dice: inout Dice) -> UInt32 {
        serverRequests.isEmpty || dice.percent(20)
            ? UInt32(dice.between(1...60)) : dice.pick(serverRequests)
    }

    /// The client has read an answer to this id.
    mutating func noteAnswer(to id: [UInt8]) -> Request? {
        guard let index = outstanding.firstIndex(where: { $0.id.verbatim == id }) else {
            return nil
        }
        let request = outstanding.remove(at: index)
        ended.append(request.id)
        return request
    }
}

extension ClientScript {
    /// An array of a few messages, some of them bad.
    mutating func batch(_ dice: inout Dice) -> ClientMessage {
        var draft = Draft()
        var elements: [ClientMessage] = []
        draft.add("[")
        for position in 0..<dice.between(1...5) {
            if position > 0 { draft.add(dice.percent(50) ? ", " : ",") }
            var element = batchElement(&dice)
            if element.bytes.last == UInt8(ascii: " ") { element.bytes.removeLast() }
            draft.add(element.bytes)
            elements.append(element)
        }
        draft.add("]")
        guard draft.bytes.count <= scenario.settings.limits.messageBytes else {
            for case .request(let request) in elements.map(\.meaning) {
                _ = noteAnswer(to: request.id.verbatim)
            }
            return notification(&dice)
        }
        return ClientMessage(bytes: draft.bytes, meaning: .batch(elements))
    }

    private mutating func batchElement(_ dice: inout Dice) -> ClientMessage {
        switch dice.roll(10) {
        case 0: notification(&dice)
        case 1: cancellation(&dice)
        case 2: answer(to: aServerRequest(&dice), &dice)
        case 3: malformed(&dice)
        case 4: duplicate(&dice) ?? request(&dice)
        default: request(&dice)
        }
    }
}
