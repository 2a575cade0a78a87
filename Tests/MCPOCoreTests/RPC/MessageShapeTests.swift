// What a message of the client is, by the members it has.

import MCPOCore
import Testing

@Suite struct MessageShapeTests {
    private static func shape(_ text: String) throws -> String {
        let line = Array(text.utf8)
        switch MessageShape(try Envelope(scanning: line.span.bytes)) {
        case .request: return "request"
        case .notification: return "notification"
        case .answer: return "answer"
        case .invalid: return "invalid"
        }
    }

    @Test(arguments: [
        ("request", [#""id":1,"method":"m""#, #""id":"","method":"","params":{}"#]),
        ("request", [#""id":-5,"method":"m","params":[1]"#, #""id":1,"method":"m","result":1"#]),
        ("notification", [#""method":"m""#, #""method":"m","params":null"#]),
        ("answer", [#""id":1,"result":{}"#, #""id":"a","error":{}"#, #""id":1,"result":null"#]),
        // An error without an id is how a peer says that it could not read a message.
        ("answer", [#""id":null,"error":{}"#, #""error":{}"#]),
        ("invalid", ["", #""id":1"#, #""params":{}"#]),
        (
            "invalid",
            [#""id":null,"method":"m""#, #""id":1.0,"method":"m""#, #""id":1e1,"method":"m""#]
        ),
        (
            "invalid",
            [#""id":{},"method":"m""#, #""id":[],"method":"m""#, #""id":true,"method":"m""#]
        ),
        ("invalid", [#""id":1,"method":null"#, #""id":1,"method":1"#, #""method":["m"]"#]),
        (
            "invalid",
            [#""result":{}"#, #""id":null,"result":{}"#]
        ),
        ("invalid", [#""id":1,"method":7,"result":{}"#]),
    ])
    func `a message is what its members make it`(expected: String, members: [String]) throws {
        for text in members {
            let rest = text.isEmpty ? "" : "," + text
            #expect(try Self.shape(#"{"jsonrpc":"2.0"\#(rest)}"#) == expected, "\(text)")
            #expect(try Self.shape("{\(text)}") == "invalid", "without a version: \(text)")
            #expect(try Self.shape(#"{"jsonrpc":"1.0"\#(rest)}"#) == "invalid")
            #expect(try Self.shape(#"{"jsonrpc":2.0\#(rest)}"#) == "invalid")
        }
    }

    @Test(arguments: ["1", "\"a\"", "null", "true", "[]", "1.5"])
    func `what is no object is no message`(text: String) throws {
        #expect(try Self.shape(text) == "invalid")
    }

    @Test func `a version written with escapes is the version`() throws {
        #expect(try Self.shape(#"{"jsonrpc":"\u0032.0","method":"m"}"#) == "notification")
    }

    @Test func `blank lines are told from others`() {
        func isBlank(_ text: String) -> Bool { Array(text.utf8).span.bytes.isBlank }
        for text in ["", " ", "\t\r", "\n"] { #expect(isBlank(text)) }
        for text in ["0", " x", "\u{B}", "\u{A0}"] { #expect(!isBlank(text)) }
    }
}
