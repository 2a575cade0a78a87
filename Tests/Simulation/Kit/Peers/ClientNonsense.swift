// What a client says that it should not say: the rows of SPEC §9 that are about the client.

import MCPOCore

extension ClientScript {
    /// Anything bad that is a line of its own.
    mutating func nonsense(_ dice: inout Dice) -> ClientMessage {
        switch dice.roll(9) {
        case 0: unreadable(&dice)
        case 1: tooLong(&dice)
        case 2: tooDeep(&dice)
        case 3: duplicate(&dice) ?? malformed(&dice)
        case 4: longLexeme(&dice)
        case 5: emptyBatch()
        default: malformed(&dice)
        }
    }

    /// No JSON, or not in UTF-8, or nothing at all.
    private func unreadable(_ dice: inout Dice) -> ClientMessage {
        if dice.percent(20) { return ClientMessage(bytes: Array(" \t".utf8), meaning: .blank) }
        let broken = [
            "hello", #"{"jsonrpc":"2.0","id":1,"method":"ping""#, "{}x", "'{}'", "[1,2",
            #"{"id":01}"#, "\u{FEFF}{}", "nul",
        ]
        var bytes = Array(dice.pick(broken).utf8)
        if dice.percent(30) {
            bytes = Array(#"{"jsonrpc":"2.0","id":1,"method":"p"#.utf8) + [0xC3, 0x28, 0x22, 0x7D]
        }
        return ClientMessage(bytes: bytes, meaning: .refused(.parseError, nil))
    }

    /// JSON that is no message; an id that can be made out is answered to.
    mutating func malformed(_ dice: inout Dice) -> ClientMessage {
        let id =
            outstanding.isEmpty || dice.percent(70) ? ids.next(&dice) : dice.pick(outstanding).id
        let named = String(decoding: id.verbatim, as: UTF8.self)
        let cases: [(String, Identity?)] = [
            (#"{"jsonrpc":"1.0","id":\#(named),"method":"ping"}"#, id),
            (#"{"id":\#(named),"method":"ping"}"#, id),
            (#"{"jsonrpc":"2.0","id":\#(named),"method":7}"#, id),
            (#"{"jsonrpc":"2.0","id":\#(named)}"#, id),
            (#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, nil),
            (#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, nil),
            (#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, nil),
            (#"{"jsonrpc":"2.0","id":3,"id":4,"method":"ping"}"#, nil),
            ("true", nil), (#""text""#, nil), ("{}", nil),
            (#"{"jsonrpc":"2.0","result":{}}"#, nil),
        ]
        let (text, identity) = dice.pick(cases)
        return ClientMessage(
            bytes: Array(text.utf8), meaning: .refused(.invalidRequest, identity))
    }

    /// Longer than the limit; the id stands in front of the bulk or behind it.
    private mutating func tooLong(_ dice: inout Dice) -> ClientMessage {
        let id =
            outstanding.isEmpty || dice.percent(60) ? ids.next(&dice) : dice.pick(outstanding).id
        let limit = scenario.settings.limits.messageBytes
        let bulk = String(repeating: "x", count: limit + dice.roll(500))
        let named = String(decoding: id.verbatim, as: UTF8.self)
        let (text, identity): (String, Identity?) =
            switch dice.roll(4) {
            case 0: (#"{"jsonrpc":"2.0","id":\#(named),"method":"m","params":["\#(bulk)"]}"#, id)
            case 1: (#"{"params":{"a":"\#(bulk)"},"method":"m","id":\#(named)}"#, id)
            case 2: (#"{"jsonrpc":"2.0","method":"m","params":["\#(bulk)"]}"#, nil)
            default: ("", nil)
            }
        if text.isEmpty { return tooLongAnswer(bulk, &dice) }
        return ClientMessage(
            bytes: Array(text.utf8), meaning: .refused(.invalidRequest, identity))
    }

    private func tooLongAnswer(_ bulk: String, _ dice: inout Dice) -> ClientMessage {
        let number = aServerRequest(&dice)
        let text = #"{"jsonrpc":"2.0","id":\#(number),"result":["\#(bulk)"]}"#
        return ClientMessage(bytes: Array(text.utf8), meaning: .unreadAnswer(number))
    }

    private mutating func tooDeep(_ dice: inout Dice) -> ClientMessage {
        let id = ids.next(&dice)
        let depth = scenario.settings.limits.depth + dice.roll(3)
        let nest = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        let named = String(decoding: id.verbatim, as: UTF8.self)
        let text = #"{"jsonrpc":"2.0","id":\#(named),"method":"m","params":\#(nest)}"#
        return ClientMessage(
            bytes: Array(text.utf8), meaning: .refused(.invalidRequest, id))
    }

    /// An id or a token that is longer than any sensible one. What is refused for its token needs
    /// an era as any other request does, so the code is the same.
    private mutating func longLexeme(_ dice: inout Dice) -> ClientMessage {
        let long = "\"\(String(repeating: "i", count: 1_030))\""
        guard dice.percent(50) else {
            let text = #"{"jsonrpc":"2.0","id":\#(long),"method":"ping"}"#
            return ClientMessage(
                bytes: Array(text.utf8), meaning: .refused(.invalidRequest, Identity(plain: long)))
        }
        let id = ids.next(&dice)
        let named = String(decoding: id.verbatim, as: UTF8.self)
        let text =
            #"{"jsonrpc":"2.0","id":\#(named),"method":"tools/list","params":{"_meta":"#
            + #"{"progressToken":\#(long)}}}"#
        return ClientMessage(bytes: Array(text.utf8), meaning: .refused(.invalidParams, id))
    }

    private func emptyBatch() -> ClientMessage {
        ClientMessage(bytes: Array("[ ]".utf8), meaning: .refused(.invalidRequest, nil))
    }
}
