// What a new process of a server is told again.

import MCPOCore
import Testing

@Suite struct RestorationTests {
    private static func line(_ method: String, _ params: String) -> [UInt8] {
        Array(#"{"jsonrpc":"2.0","id":1,"method":"\#(method)","params":\#(params)}"#.utf8)
    }

    private static func subscribe(_ uri: String) -> [UInt8] {
        line("resources/subscribe", #"{"uri":"\#(uri)"}"#)
    }

    @Test func `the last log level counts`() {
        var restoration = Restoration()
        let (info, debug) = (Self.line("logging/setLevel", "1"), Self.line("logging/setLevel", "2"))
        #expect(restoration.note(.setLogLevel, line: info, limit: 1000) == true)
        #expect(restoration.note(.setLogLevel, line: debug, limit: 1000) == true)
        #expect(restoration.logLevel == debug)
    }

    @Test func `subscriptions are kept in order, once each`() {
        var restoration = Restoration()
        let lines = ["a", "b", "\\u0061"].map(Self.subscribe)
        for line in lines {
            #expect(restoration.note(.subscribeResource, line: line, limit: 1000) == true)
        }
        #expect(restoration.subscriptions.map(\.line) == [lines[1], lines[2]])
        #expect(restoration.subscriptions.map(\.uri) == [Array("b".utf8), Array("a".utf8)])
    }

    @Test func `an unsubscription ends what it names, however it is written`() {
        var restoration = Restoration()
        _ = restoration.note(.subscribeResource, line: Self.subscribe("file:///a"), limit: 1000)
        _ = restoration.note(.subscribeResource, line: Self.subscribe("file:///b"), limit: 1000)
        let end = Self.line("resources/unsubscribe", #"{"uri":"file:\/\/\/a"}"#)
        #expect(restoration.note(.unsubscribeResource, line: end, limit: 1000) == true)
        #expect(restoration.subscriptions.map(\.uri) == [Array("file:///b".utf8)])
    }

    @Test func `a new initialize forgets what was before`() {
        var restoration = Restoration()
        _ = restoration.note(.setLogLevel, line: Self.line("logging/setLevel", "1"), limit: 1000)
        _ = restoration.note(.subscribeResource, line: Self.subscribe("a"), limit: 1000)
        let hello = Self.line("initialize", "{}")
        #expect(restoration.note(.initialize, line: hello, limit: 0) == true)
        #expect(restoration.initialize == hello)
        #expect(restoration.logLevel.isEmpty)
        #expect(restoration.subscriptions.isEmpty)
        #expect(restoration.byteCount == 0)
    }

    @Test func `what does not fit is not kept, and says so`() {
        var restoration = Restoration()
        var limit = 0
        for uri in ["a", "b", "c"] { limit += Self.subscribe(uri).count + 1 }
        for uri in ["a", "b", "c"] {
            #expect(
                restoration.note(.subscribeResource, line: Self.subscribe(uri), limit: limit)
                    == true)
        }
        #expect(restoration.byteCount == limit)
        #expect(
            restoration.note(.subscribeResource, line: Self.subscribe("d"), limit: limit) == false)
        let level = Self.line("logging/setLevel", "1")
        #expect(restoration.note(.setLogLevel, line: level, limit: limit) == false)
        #expect(restoration.byteCount == limit)
        // One that replaces another of its size fits.
        #expect(
            restoration.note(.subscribeResource, line: Self.subscribe("a"), limit: limit) == true)
        #expect(restoration.byteCount == limit)
    }

    @Test(arguments: 0..<20)
    func `random subscriptions agree with a list`(seed: UInt64) {
        var generator = SplitMix64(state: seed)
        var restoration = Restoration()
        var model: [String] = []
        for _ in 0..<300 {
            let uri = "u\(Int.random(in: 0..<20, using: &generator))"
            model.removeAll { $0 == uri }
            if Bool.random(using: &generator) {
                let line = Self.subscribe(uri)
                #expect(restoration.note(.subscribeResource, line: line, limit: 100_000) == true)
                model.append(uri)
            } else {
                let line = Self.line("resources/unsubscribe", #"{"uri":"\#(uri)"}"#)
                #expect(restoration.note(.unsubscribeResource, line: line, limit: 100_000) == true)
            }
        }
        #expect(restoration.subscriptions.map(\.line) == model.map(Self.subscribe))
    }

    @Test func `other requests leave nothing behind`() {
        var restoration = Restoration()
        #expect(restoration.note(.callTool, line: Self.line("tools/call", "{}"), limit: 0) == true)
        #expect(
            restoration.note(.listen, line: Self.line("subscriptions/listen", "{}"), limit: 0)
                == true)
        #expect(restoration.byteCount == 0)
    }

    @Test func `task tokens are kept up to their limit, the newest ones`() {
        var tokens = TaskTokens()
        for number in 1...10 {
            let connection = ConnectionID(rawValue: UInt32(number % 2))
            tokens.keep(Lexeme(UInt32(number)), of: UInt32(number), from: connection, limit: 3)
        }
        for number in 1...10 {
            let expected = number > 7 ? Lexeme(UInt32(number)) : nil
            #expect(tokens[UInt32(number)]?.token == expected)
        }
        tokens.forget(ConnectionID(rawValue: 1))
        #expect(tokens[9] == nil)
        #expect(tokens[10]?.token == Lexeme(10))
    }
}
