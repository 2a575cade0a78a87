// The openings that most transcripts begin with: who says hello to whom, and what is listed.
//
//     client opens 2025-06-18     time is modern with add     git is legacy with log, prompts
//     client is greeted           server#2 opens              time lists prompts: greet

import Foundation
import MCPOCore

extension TranscriptRunner {
    /// A start, and for a legacy revision the handshake of client and server.
    mutating func open(_ revision: String) throws(TranscriptError) {
        try start(.serverStarts(ProcessName()))
        if revision == "2026-07-28" { return }
        let server = Peer.server(ProcessName())
        let hello = Self.hello(revision)
        let welcome =
            #","result":{"protocolVersion":"\#(revision)","capabilities":{"tools":{}},"#
            + #""serverInfo":{"name":"s","version":"1"}}}"#
        try say(.client, #"{"jsonrpc":"2.0","id":0"# + hello)
        try hear(server, #"{"jsonrpc":"2.0","id":1"# + hello)
        try say(server, #"{"jsonrpc":"2.0","id":1"# + welcome)
        try hear(.client, #"{"jsonrpc":"2.0","id":0"# + welcome)
        try say(.client, Self.opened)
        try hear(server, Self.opened)
    }

    private static let opened = #"{"jsonrpc":"2.0","method":"notifications/initialized"}"#

    /// A client's `initialize` from behind its id.
    private static func hello(_ revision: String) -> String {
        #","method":"initialize","params":{"protocolVersion":"\#(revision)","#
            + #""capabilities":{"roots":{"listChanged":true}},"#
            + #""clientInfo":{"name":"c","version":"1"}}}"#
    }

    /// In front of several servers the client's `initialize` waits for them.
    mutating func openClient(_ revision: String) throws(TranscriptError) {
        try requireNothingLeft()
        try say(.client, #"{"jsonrpc":"2.0","id":0"# + Self.hello(revision))
    }

    mutating func greetClient() throws(TranscriptError) {
        let pattern = #"{"id":0,"result":{"serverInfo":{"name":"mcpo"}}}"#
        try perform(.readMatching(.client, pattern))
        try say(.client, Self.opened)
    }

    /// A process of a server whose era is known starts, and comes to terms with mcpo.
    mutating func open(_ name: ProcessName) throws(TranscriptError) {
        try start(.serverStarts(name))
        let peer = Peer.server(name)
        if try process(name).pipes.lines.first?.isRequest("server/discover") == true {
            let number = try question(of: peer, "server/discover")
            try say(peer, #"{"jsonrpc":"2.0","id":\#(number),"result":{}}"#)
            return
        }
        guard try process(name).pipes.lines.first?.isRequest("initialize") == true else { return }
        let number = try question(of: peer, "initialize")
        try say(peer, Self.welcome(number, capabilities[name.server] ?? ["tools"]))
        try hear(peer, Self.opened)
    }

    /// The first process of a server of which nothing is known yet.
    mutating func open(
        _ name: ProcessName, _ era: Era, _ tools: String, _ capabilities: [String]
    ) throws(TranscriptError) {
        try start(.serverStarts(name))
        self.capabilities[name.server] = capabilities
        let peer = Peer.server(name)
        var number = try question(of: peer, "server/discover")
        if era == .legacy {
            try say(
                peer,
                #"{"jsonrpc":"2.0","id":\#(number),"error":{"code":-32601,"message":"?"}}"#)
            number = try question(of: peer, "initialize")
            try say(peer, Self.welcome(number, capabilities))
            try hear(peer, Self.opened)
        } else {
            try say(
                peer,
                #"{"jsonrpc":"2.0","id":\#(number),"result":{"resultType":"complete","#
                    + #""supportedVersions":["2026-07-28"],"#
                    + #""capabilities":{\#(Self.members(capabilities))},"#
                    + #""serverInfo":{"name":"s","version":"1"},"#
                    + #""ttlMs":3600000,"cacheScope":"public"}}"#)
        }
        if era == .modern { try acknowledge(peer) }
        if capabilities.contains("tools") { try list(name, .tools, tools) }
    }

    private static func welcome(_ number: Int, _ capabilities: [String]) -> String {
        #"{"jsonrpc":"2.0","id":\#(number),"result":{"protocolVersion":"2025-06-18","#
            + #""capabilities":{\#(members(capabilities))},"#
            + #""serverInfo":{"name":"s","version":"1"}}}"#
    }

    private static func members(_ capabilities: [String]) -> String {
        capabilities.map { name in
            let rest = name == "resources" ? #"{"subscribe":true,"listChanged":true}"# : "{}"
            return #""\#(name)":\#(rest)"#
        }.joined(separator: ",")
    }

    /// mcpo's own subscription.
    private mutating func acknowledge(_ peer: Peer) throws(TranscriptError) {
        let number = try question(of: peer, "subscriptions/listen")
        try say(
            peer,
            #"{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":"#
                + #"{"_meta":{"io.modelcontextprotocol/subscriptionId":\#(number)},"#
                + #""notifications":{"toolsListChanged":true}}}"#)
    }

    /// mcpo's own question for a list, and its answer.
    mutating func list(
        _ name: ProcessName, _ kind: EntryList.Kind, _ words: String
    ) throws(TranscriptError) {
        let method =
            switch kind {
            case .tools: "tools/list"
            case .prompts: "prompts/list"
            case .resources: "resources/list"
            case .templates: "resources/templates/list"
            }
        let peer = Peer.server(name)
        let isModern = try process(name).pipes.lines.first.map { line in
            String(decoding: line, as: UTF8.self).contains("/protocolVersion")
        }
        let number = try question(of: peer, method)
        let member = kind == .templates ? "resourceTemplates" : "\(kind)"
        let modern = #","resultType":"complete","ttlMs":3600000,"cacheScope":"public""#
        try say(
            peer,
            #"{"jsonrpc":"2.0","id":\#(number),"result":{"\#(member)":["#
                + ListedEntries.list(kind, words) + "]\(isModern == true ? modern : "")}}")
    }

    /// The number of a request of mcpo's own, which must be the next thing that the peer hears.
    private mutating func question(of peer: Peer, _ method: String) throws(TranscriptError) -> Int {
        let line = try nextLine(of: peer)
        let request = (try? JSONSerialization.jsonObject(with: Data(line))) as? [String: Any]
        guard let request, request["method"] as? String == method,
            let number = request["id"] as? Int
        else { throw mismatch("mcpo's own \(method)", line) }
        return number
    }

    private mutating func say(_ peer: Peer, _ text: String) throws(TranscriptError) {
        try write(Array(text.utf8) + [UInt8(ascii: "\n")], from: peer)
    }

    private mutating func hear(_ peer: Peer, _ text: String) throws(TranscriptError) {
        try perform(.read(peer, Array(text.utf8)))
    }
}

extension [UInt8] {
    fileprivate func isRequest(_ method: String) -> Bool {
        String(decoding: self, as: UTF8.self).contains(#""method":"\#(method)""#)
    }
}
