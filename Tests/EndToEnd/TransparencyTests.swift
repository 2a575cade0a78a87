// What passes through passes unchanged, in both eras.

import Foundation
import Testing

@Suite struct TransparencyTests {
    @Test(
        "The id of an answer is the client's, byte for byte",
        arguments: [
            "0", "-7", "9007199254740993", "123456789012345678901234567890", #""""#, #""a""#,
            #""\u0061\/b""#, #""é🙂 \ud83d\ude42""#, #""1""#,
        ])
    func idIsRestored(id: String) throws {
        let subject = try Subject()
        try subject.initialize()
        #expect(try subject.call(id, "add", #"{"a":2,"b":3}"#).text == "5.0")
        #expect(try subject.finish() == .status(0))
    }

    @Test("A legacy session sees the server's own tools, resources, prompts and completions")
    func legacySession() throws {
        let subject = try Subject()
        let opened = try subject.initialize()
        #expect(opened.value("result", "serverInfo", "name") as? String == "stub")
        let tools = try subject.request("1", "tools/list").value("result", "tools") as? [Any]
        #expect((tools?.count ?? 0) > 15)
        let read = try subject.request("2", "resources/read", #"{"uri":"stub://notes"}"#)
        #expect(read.line.contains("The text of stub://notes"))
        let prompt = try subject.request(
            "3", "prompts/get", #"{"name":"greet","arguments":{"name":"Ada"}}"#)
        #expect(prompt.line.contains("Greet Ada"))
        #expect(try subject.request("4", "completion/complete").line.contains("World"))
        #expect(try subject.request("5", "server/discover").errorCode == -32601)
        #expect(try subject.request("6", "x/unheard-of").errorCode == -32601)
        #expect(try subject.finish() == .status(0))
    }

    @Test("A subscription's notifications reach the client")
    func legacySubscription() throws {
        let subject = try Subject()
        try subject.initialize()
        try subject.request("1", "resources/subscribe", #"{"uri":"stub://notes"}"#)
        try subject.call("2", "touch", #"{"uri":"stub://notes"}"#)
        let update = try subject.notification("notifications/resources/updated")
        #expect(update.value("params", "uri") as? String == "stub://notes")
        #expect(try subject.finish() == .status(0))
    }

    @Test("Progress comes under the client's own token, in order, before the answer")
    func progressToken() throws {
        let subject = try Subject()
        try subject.initialize()
        try subject.send(
            Line.request(
                "1", "tools/call",
                #"{"name":"progress","arguments":{"steps":5},"_meta":{"progressToken":"t\u006fk"}}"#
            ))
        for step in 1...5 {
            let message = try subject.nextMessage()
            #expect(message.line.contains(#""progressToken":"t\u006fk""#))
            #expect(message.value("params", "progress") as? Int == step)
        }
        #expect(try subject.nextMessage().text == "done")
        #expect(try subject.finish() == .status(0))
    }

    @Test(
        "A legacy server's question reaches the client and the answer comes back",
        arguments: [
            ("elicitation", "elicitation/create"), ("sampling", "sampling/createMessage"),
            ("roots", "roots/list"),
        ])
    func serverRequest(kind: String, method: String) throws {
        let subject = try Subject()
        try subject.initialize()
        try subject.send(Line.call("7", "ask", #"{"kind":"\#(kind)"}"#))
        let question = try subject.notification(method)
        let id = try #require(question.value("id") as? Int)
        try subject.send(#"{"jsonrpc":"2.0","id":\#(id),"result":{"n":1.0,"roots":[ ]}}"#)
        #expect(try subject.answer("7").text == #"{"n":1.0,"roots":[ ]}"#)
        #expect(try subject.finish() == .status(0))
    }

    @Test("A modern session needs no handshake, and input_required passes both ways")
    func modernSession() throws {
        let subject = try Subject(server: ["--era", "modern"])
        let found = try subject.request(#""d""#, "server/discover", "{\(Line.modernMeta)}")
        #expect(found.value("result", "resultType") as? String == "complete")
        try subject.send(Line.modernCall("1", "ask", #"{"kind":"elicitation"}"#))
        let question = try subject.answer("1")
        #expect(question.value("result", "resultType") as? String == "input_required")
        try subject.send(
            Line.request(
                "2", "tools/call",
                #"{"name":"ask","arguments":{"kind":"elicitation"},"requestState":"state-1","#
                    + #""inputResponses":{"it":{"action":"decline"}},\#(Line.modernMeta)}"#))
        #expect(try subject.answer("2").text == #"{"it":{"action":"decline"}}"#)
        #expect(try subject.finish() == .status(0))
    }

    @Test("A modern subscription is acknowledged, fed and ended under the client's own id")
    func modernSubscription() throws {
        let subject = try Subject(server: ["--era", "modern"])
        let wanted = #""notifications":{"resourceSubscriptions":["stub://notes"]}"#
        try subject.send(
            Line.request(#""l\u0031""#, "subscriptions/listen", "{\(wanted),\(Line.modernMeta)}"))
        let key = #""io.modelcontextprotocol/subscriptionId":"l\u0031""#
        let granted = try subject.notification("notifications/subscriptions/acknowledged")
        #expect(granted.line.contains(key))
        try subject.send(Line.modernCall("2", "touch", #"{"uri":"stub://notes"}"#))
        let update = try subject.notification("notifications/resources/updated")
        #expect(update.line.contains(key))
        #expect(try subject.answer("2").text == "touched")
        #expect(try subject.finish() == .status(0))
        #expect(try subject.answer(#""l\u0031""#).line.contains(key))
    }

    @Test("A server of both eras serves a legacy and a modern request on one stream")
    func dualSession() throws {
        let subject = try Subject(server: ["--era", "dual"])
        try subject.initialize()
        #expect(try subject.call("1", "echo", #"{"text":"legacy"}"#).text == "legacy")
        try subject.send(Line.modernCall("2", "echo", #"{"text":"modern"}"#))
        #expect(try subject.answer("2").text == "modern")
        #expect(try subject.finish() == .status(0))
    }

    @Test("Calls that take long do not hold up others")
    func concurrentCalls() throws {
        let subject = try Subject()
        try subject.initialize()
        try subject.send(Line.call("1", "silent"))
        for number in 2...50 {
            #expect(
                try subject.call("\(number)", "echo", #"{"text":"\#(number)"}"#).text == "\(number)"
            )
        }
        try subject.send(
            #"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#)
        #expect(try subject.call("51", "session").text?.contains(#""cancelled":[3]"#) == true)
        #expect(try subject.finish() == .status(0))
    }

    @Test("A hundred calls at once are answered once each")
    func manyCallsAtOnce() throws {
        let subject = try Subject()
        try subject.initialize()
        for number in 0..<100 {
            try subject.send(Line.call("\(number)", "sleep", #"{"ms":\#(number * 7 % 30)}"#))
        }
        subject.closeInput()
        let lines = try subject.reader.rest().map { try Message($0) }
        let ids = lines.compactMap { $0.value("id") as? Int }
        #expect(ids.sorted() == Array(0..<100))
        #expect(lines.allSatisfy { $0.text == "slept" })
        #expect(try subject.waitForExit() == .status(0))
    }
}
