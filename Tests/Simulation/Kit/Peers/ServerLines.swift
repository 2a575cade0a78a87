// Writes the lines of a server.

import MCPOCore

extension ServerModel {
    func answer(
        _ heard: HeardRequest, isError: Bool, _ dice: inout Dice, isListen: Bool = false
    ) -> ServerMessage {
        var draft = Draft()
        let isIDFirst = dice.percent(70)
        var answer = ServerAnswer(id: heard.number, idRange: 0..<0, body: .result)
        draft.add(#"{"jsonrpc":"2.0""#)
        if isIDFirst {
            draft.add(#","id": "#)
            answer.idRange = draft.mark(heard.number)
        }
        if isError {
            answer.body = .error
            draft.add(#","error":{"code":-32000,"message":"no","data":"#)
            draft.add(heard.nonce)
            draft.add("}")
        } else {
            addResult(of: heard, isListen: isListen, &answer, &draft, &dice)
        }
        if !isIDFirst {
            draft.add(#","id":"#)
            answer.idRange = draft.mark(heard.number)
        }
        draft.add("}")
        return ServerMessage(bytes: draft.bytes, meaning: .answer(answer))
    }

    private func addResult(
        of heard: HeardRequest, isListen: Bool, _ answer: inout ServerAnswer,
        _ draft: inout Draft, _ dice: inout Dice
    ) {
        draft.add(#","result":{"nonce":"#)
        draft.add(heard.nonce.isEmpty ? Array("0".utf8) : heard.nonce)
        if heard.method == Array("initialize".utf8) {
            draft.add(#","protocolVersion":"\#(habits.revision)""#)
            answer.allowsBatches = habits.revision == "2025-03-26"
        } else if dice.percent(20) {
            answer.body = .task
            draft.add(dice.percent(50) ? #","resultType":"task""# : #","task":{"taskId":"t9"}"#)
        }
        if isListen {
            draft.add(#","_meta":{"io.modelcontextprotocol/subscriptionId":"#)
            answer.subscriptionRange = draft.mark(heard.number)
            draft.add("}")
        }
        let length = dice.roll(dice.pick([2, 30, 200]))
        draft.add(#","pad":"\#(String(repeating: "\\n·", count: length))","n":1.0e3}"#)
    }

    /// Neither a result nor an error.
    func neither(_ heard: HeardRequest) -> ServerMessage {
        var draft = Draft()
        draft.add(#"{"jsonrpc":"2.0","id":"#)
        let range = draft.mark(heard.number)
        draft.add("}")
        let answer = ServerAnswer(id: heard.number, idRange: range, body: .neither)
        return ServerMessage(bytes: draft.bytes, meaning: .answer(answer))
    }

    func progress(_ token: [UInt8]) -> ServerMessage {
        var draft = Draft()
        draft.add(#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"#)
        let range = draft.mark(token)
        draft.add(#","progress":3}}"#)
        return ServerMessage(
            bytes: draft.bytes, meaning: .progress(parseNumber(token), range: range))
    }

    func notification(_ dice: inout Dice) -> ServerMessage {
        let name = dice.pick(["message", "tools/list_changed", "resources/updated", "x"])
        let text = #"{"jsonrpc":"2.0","method":"notifications/\#(name)","params":{"a":1E2}}"#
        return ServerMessage(bytes: Array(text.utf8), meaning: .notification)
    }

    func acknowledged(_ number: [UInt8]) -> ServerMessage {
        let message = tagged("notifications/subscriptions/acknowledged", number)
        guard case .tagged(let number, let range) = message.meaning else { return message }
        return ServerMessage(
            bytes: message.bytes, meaning: .acknowledged(number, range: range))
    }

    func tagged(_ name: String, _ number: [UInt8]) -> ServerMessage {
        var draft = Draft()
        draft.add(#"{"jsonrpc":"2.0","method":"\#(name)","params":{"_meta":{"#)
        draft.add(#""io.modelcontextprotocol/subscriptionId":"#)
        let range = draft.mark(number)
        draft.add("}}}")
        return ServerMessage(
            bytes: draft.bytes, meaning: .tagged(parseNumber(number), range: range))
    }

    func cancelled(_ id: Identity) -> ServerMessage {
        var draft = Draft()
        draft.add(#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"#)
        let range = draft.mark(id.verbatim)
        draft.add("}}")
        return ServerMessage(bytes: draft.bytes, meaning: .cancelled(id, range: range))
    }

    func request(_ id: Identity, _ token: [UInt8]?, _ dice: inout Dice) -> ServerMessage {
        var draft = Draft()
        let method = dice.pick(["sampling/createMessage", "roots/list", "ping"])
        draft.add(#"{"jsonrpc":"2.0","id":"#)
        var line = ServerRequestLine(
            id: id, idRange: draft.mark(id.verbatim), token: token, tokenRange: nil)
        draft.add(#","method":"\#(method)","params":{"a":[null]"#)
        if let token {
            draft.add(#","_meta":{"progressToken":"#)
            line.tokenRange = draft.mark(token)
            draft.add("}")
        }
        draft.add("}}")
        return ServerMessage(bytes: draft.bytes, meaning: .request(line))
    }

    func invalidRequest(_ dice: inout Dice) -> ServerMessage {
        let id = dice.pick(["null", "1.5", "[]"])
        let text = #"{"jsonrpc":"2.0","id":\#(id),"method":"ping"}"#
        let line = ServerRequestLine(
            id: Identity(plain: id), idRange: 17..<17, token: nil, tokenRange: nil,
            isIDValid: false)
        return ServerMessage(bytes: Array(text.utf8), meaning: .request(line))
    }

    func garbage(_ dice: inout Dice) -> ServerMessage {
        if dice.percent(10) { return ServerMessage(bytes: [0x20], meaning: .blank) }
        let texts = ["Listening on 8080", "{\"level\":\"info\"}", "[", "\u{1B}[31mwarn", "7"]
        return ServerMessage(bytes: Array(dice.pick(texts).utf8), meaning: .garbage)
    }

    /// Longer than the limit: an answer, or a request of the server.
    func oversized(_ number: [UInt8], _ dice: inout Dice) -> ServerMessage {
        var draft = Draft()
        let isRequest = dice.percent(20)
        let bulk = String(repeating: "y", count: limits.messageBytes + dice.roll(300))
        let isIDFirst = dice.percent(50)
        draft.add(#"{"jsonrpc":"2.0""#)
        if !isIDFirst { draft.add(#","bulk":"\#(bulk)""#) }
        if isRequest { draft.add(#","method":"ping""#) }
        draft.add(#","id":"#)
        let range = draft.mark(number)
        if isIDFirst { draft.add(#","bulk":"\#(bulk)""#) }
        draft.add(isRequest ? "}" : #","result":{}}"#)
        let id = Identity(number, canonical: number)
        // A string ends with its quote; a number only with what comes after it.
        let isQuoted = number.first == UInt8(ascii: "\"")
        let knownAfter = range.upperBound + (isQuoted ? 0 : 1)
        return ServerMessage(
            bytes: draft.bytes,
            meaning: .unread(id: id, isRequest: isRequest, knownAfter: knownAfter))
    }

    func deep(_ number: [UInt8]) -> ServerMessage {
        var draft = Draft()
        draft.add(#"{"jsonrpc":"2.0","id":"#)
        _ = draft.mark(number)
        draft.add(#","result":"#)
        let start = draft.bytes.count
        draft.add(String(repeating: "[", count: limits.depth))
        draft.add(String(repeating: "]", count: limits.depth))
        draft.add("}")
        let id = Identity(number, canonical: number)
        return ServerMessage(
            bytes: draft.bytes, meaning: .deep(id: id, deepAfter: start + limits.depth))
    }

    func batch(_ elements: [ServerMessage]) -> ServerMessage {
        var draft = Draft()
        draft.add("[")
        for (position, element) in elements.enumerated() {
            if position > 0 { draft.add(",") }
            draft.add(element.bytes)
        }
        draft.add("]")
        if draft.bytes.count > limits.messageBytes { return elements[0] }
        return ServerMessage(bytes: draft.bytes, meaning: .batch(elements))
    }
}
