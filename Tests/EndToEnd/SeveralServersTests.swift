// A file of servers served as one: what a client sees of twenty real processes (SPEC §1 to §3).

import Foundation
import Testing

extension Subject {
    /// The names of all tools, in their order.
    func toolNames(_ id: String = #""tools""#) throws -> [String] {
        let answer = try request(id, "tools/list")
        let tools = try #require(answer.value("result", "tools") as? [[String: Any]])
        return tools.compactMap { $0["name"] as? String }
    }

    /// The number of the process that answers for a server of the file.
    func process(of server: String, _ id: String) throws -> pid_t {
        try #require(pid_t(try call(id, "\(server)__pid").text ?? ""))
    }
}

@Suite struct SeveralServersTests {
    @Test("The tools of twenty servers are one list in the file's order, and each can be called")
    func twenty() throws {
        let servers = ServersFile.mixed(20)
        let subject = try Subject(Setup(try ServersFile(servers: servers)))
        let hello = try subject.initialize()
        #expect(hello.value("result", "serverInfo", "name") as? String == "mcpo")
        let names = try subject.toolNames()
        var echoes = names.filter { $0.hasSuffix("__echo") }
        #expect(echoes == servers.map { "\($0.name)__echo" })
        #expect(names.count == 20 * 22 + 1)
        echoes.shuffle()
        for (number, name) in echoes.enumerated() {
            try subject.send(Line.call("\(number)", name, #"{"text":"to \#(name)"}"#))
        }
        for (number, name) in echoes.enumerated() {
            #expect(try subject.answer("\(number)").text == "to \(name)")
        }
        let processes = try servers.map { try subject.process(of: $0.name, #""\#($0.name)""#) }
        #expect(Set(processes).count == 20)
        #expect(try subject.finish() == .status(0))
        try subject.expectNothingLeft()
    }

    @Test("A modern client is served by the same twenty servers")
    func modernClient() throws {
        let servers = ServersFile.mixed(20)
        let subject = try Subject(Setup(try ServersFile(servers: servers)))
        let list = try subject.request("1", "tools/list", "{\(Line.modernMeta)}")
        let tools = try #require(list.value("result", "tools") as? [[String: Any]])
        #expect(tools.count == 20 * 22 + 1)
        #expect(list.value("result", "resultType") as? String == "complete")
        for (number, server) in servers.enumerated() {
            let id = "\(100 + number)"
            try subject.send(Line.modernCall(id, "\(server.name)__add", #"{"a":\#(number),"b":1}"#))
            let answer = try subject.answer(id)
            #expect(answer.text == "\(number + 1).0", "\(answer)")
            #expect(answer.value("result", "resultType") as? String == "complete")
        }
        #expect(try subject.finish() == .status(0))
    }

    @Test("A server that is killed leaves the others alone, stays in the list and comes back")
    func killed() throws {
        let subject = try Subject(Setup(try ServersFile(servers: ServersFile.mixed(20))))
        try subject.initialize()
        let names = try subject.toolNames()
        let others = try ["s00", "s04"].map { try subject.process(of: $0, #""\#($0)""#) }
        let victim = try subject.process(of: "s01", "1")
        try subject.send(Line.call("2", "s00__sleep", #"{"ms":300}"#))
        try subject.send(Line.call("3", "s01__silent"))
        try subject.call("4", "s02__echo", #"{"text":"both calls before it are under way"}"#)
        kill(victim, SIGKILL)
        let lost = try subject.answer("3")
        #expect(lost.errorCode == 1003)
        let own = lost.value("error", "data", "mcpo") as? [String: Any]
        #expect(own?["server"] as? String == "s01")
        #expect(try subject.toolNames(#""while it is down""#) == names)
        #expect(try subject.answer("2").text == "slept")
        #expect(try subject.process(of: "s01", "5") != victim)
        let now = try ["s00", "s04"].map { try subject.process(of: $0, #""again \#($0)""#) }
        #expect(now == others)
        #expect(try subject.finish() == .status(0))
        try subject.expectNothingLeft()
    }

    @Test("Deaths of any of twenty servers cost no descriptor and leave no zombie")
    func manyDeaths() throws {
        let subject = try Subject(Setup(try ServersFile(servers: ServersFile.mixed(20))))
        try subject.initialize()
        var id = 0
        func allAnswer() throws {
            for (server, _) in ServersFile.mixed(20) {
                try eventually("an answer of \(server)") {
                    id += 1
                    return try subject.call("\(id)", "\(server)__echo").text != nil
                }
            }
        }
        // A process that has just died is a zombie until mcpo has looked after it.
        func census() throws -> (processes: Int, zombies: Int, descriptors: Int) {
            let children = ProcessTable.children(of: subject.processID)
            return (
                children.filter { $0.name == "StubServer" }.count,
                children.filter { $0.state == "Z" }.count,
                try ProcessTable.openDescriptors(of: subject.processID)
            )
        }
        try allAnswer()
        // The five legacy servers with a pool have two processes.
        try eventually("25 processes") { try census().processes == 25 }
        // An answer comes when the start of the last is behind mcpo.
        try allAnswer()
        let before = try census()
        #expect(before.processes == 25 && before.zombies == 0)
        for _ in 0..<3 {
            for child in ProcessTable.children(of: subject.processID)
            where child.name == "StubServer" { kill(child.number, SIGKILL) }
            try allAnswer()
        }
        try eventually("25 processes again") { try census() == before }
        #expect(try subject.finish() == .status(0))
        try subject.expectNothingLeft()
    }

    @Test("A pool comes back to its minimum without a call")
    func minimum() throws {
        let pool = #", "mcpo": {"pool": {"min": 3, "max": 3}}"#
        let file = try ServersFile(servers: [
            ("a", ServersFile.stub([], pool)), ("b", ServersFile.stub(["--era", "modern"], pool)),
        ])
        let subject = try Subject(Setup(file))
        func servers() -> [pid_t] {
            let children = ProcessTable.children(of: subject.processID)
            return children.filter { $0.name == "StubServer" }.map(\.number).sorted()
        }
        try subject.initialize()
        _ = try subject.toolNames()
        try eventually("six processes") { servers().count == 6 }
        for _ in 0..<2 {
            let before = servers()
            // All but the first of each: nothing else makes mcpo look at the pools.
            let first = try [subject.process(of: "a", "1"), subject.process(of: "b", "2")]
            for process in before where !first.contains(process) { kill(process, SIGKILL) }
            try eventually("six others") { servers().count == 6 && servers() != before }
        }
        #expect(try subject.finish() == .status(0))
        try subject.expectNothingLeft()
    }

    @Test("A server that never starts is left out and told of; the others are served")
    func neverStarts() throws {
        var servers = ServersFile.mixed(4)
        servers.insert(("dead", ServersFile.stub(["--die-at-start", "7"])), at: 1)
        servers.insert(("nowhere", #"{"command": "mcp-server-nowhere"}"#), at: 3)
        servers.append(("asleep", ServersFile.stub([], #", "disabled": true"#)))
        let subject = try Subject(Setup(try ServersFile(servers: servers)))
        try subject.initialize()
        #expect(try subject.toolNames().count == 4 * 22 + 1)
        #expect(try subject.call("1", "s03__echo", #"{"text":"up"}"#).text == "up")
        for name in ["dead", "nowhere", "asleep"] {
            let refused = try subject.call(#""\#(name)""#, "\(name)__echo")
            #expect(refused.errorCode == -32602)
            #expect(refused.errorMessage?.contains("\(name)__echo") == true)
        }
        #expect(try subject.finish() == .status(0))
        #expect(subject.errors.contains("[dead] StubServer: dies at its start, as it was told"))
        #expect(subject.errors.contains("error nowhere: command not found"))
        #expect(!subject.errors.contains("asleep"))
        try subject.expectNothingLeft()
    }

    @Test("Without any server that starts mcpo ends with 1")
    func noneStarts() throws {
        let dead = ServersFile.stub(["--die-at-start", "7"])
        let file = try ServersFile(servers: [("a", dead), ("b", dead)])
        let subject = try Subject(Setup(file))
        let refused = try subject.request("1", "initialize", Line.initialize)
        #expect(refused.errorCode == 1003, "\(refused)")
        #expect(try subject.waitForExit() == .status(1), "\(subject.errors)")
        try subject.expectNothingLeft()
    }

    @Test("A call waits for a server that is lost before it has told what it has")
    func lostBeforeItsList() throws {
        func once(_ list: String) -> String {
            "[ -e \"$folder/\(list)\" ] || { touch \"$folder/\(list)\"; exit 3; }; "
        }
        let prompts = #"answer '{"prompts":[{"name":"p"}]}'"#
        let script = try ScriptedServer([
            ("*server/discover*", ScriptedServer.unknownMethod),
            ScriptedServer.initialize(#"{"tools":{},"prompts":{}}"#),
            ("*tools/list*", once("tools") + ScriptedServer.tools(["t"])),
            ("*prompts/list*", once("prompts") + prompts),
            ("*prompts/get*", #"answer '{"messages":[]}'"#),
            ("*tools/call*", #"answer '{"content":[]}'"#),
        ])
        let words = script.command.map { "\"\($0)\"" }
        let file = try ServersFile(servers: [
            ("a", #"{"command": \#(words[0]), "args": [\#(words[1])]}"#), ("b", ServersFile.stub()),
        ])
        let subject = try Subject(Setup(file))
        try subject.initialize()
        #expect(try subject.call("1", "a__t").value("result", "content") != nil)
        let prompt = try subject.request("2", "prompts/get", #"{"name":"a__p"}"#)
        #expect(prompt.value("result", "messages") != nil, "\(prompt)")
        #expect(try subject.finish() == .status(0))
    }

    @Test("Hidden tools are neither listed nor called, and renamed ones have their new name")
    func hiddenAndRenamed() throws {
        let rules = #", "mcpo": {"tools": {"echo": {"name": "say"}, "d*": {"hide": true}}}"#
        let file = try ServersFile(servers: [
            ("a", ServersFile.stub([], rules)), ("b", ServersFile.stub(["--era", "modern"])),
        ])
        let subject = try Subject(Setup(file))
        try subject.initialize()
        let names = try subject.toolNames()
        #expect(!names.contains("a__die") && !names.contains("a__deaf") && names.contains("b__die"))
        #expect(names.contains("say") && !names.contains("a__echo") && names.contains("b__echo"))
        #expect(try subject.call("1", "say", #"{"text":"hello"}"#).text == "hello")
        for name in ["a__die", "a__echo"] {
            #expect(try subject.call(#""\#(name)""#, name).errorCode == -32602)
        }
        #expect(try subject.call("2", "a__add", #"{"a":1,"b":2}"#).text == "3.0")
        #expect(try subject.finish() == .status(0))
    }

    @Test("One name of two servers ends mcpo with 2 where names have no prefix")
    func clash() throws {
        let file = try ServersFile(
            servers: [("a", ServersFile.stub()), ("b", ServersFile.stub())],
            mcpo: #"{"naming": {"mode": "none"}}"#)
        let subject = try Subject(Setup(file))
        try subject.send(Line.request("1", "initialize", Line.initialize))
        try subject.send(Line.initialized)
        try subject.send(Line.request("2", "tools/list"))
        #expect(try subject.waitForExit() == .status(2))
        #expect(subject.errors.contains("the tool echo of b has the name of one of a"))
        try subject.expectNothingLeft()
    }

    @Test("Each line of a server's stderr carries the server's name")
    func stderrNames() throws {
        let servers = ServersFile.mixed(20)
        let subject = try Subject(Setup(try ServersFile(servers: servers)))
        try subject.initialize()
        for (number, server) in servers.enumerated() {
            let arguments = #"{"text":"I am \#(server.name)","times":3}"#
            try subject.send(Line.call("\(number)", "\(server.name)__stderr", arguments))
        }
        for number in servers.indices { _ = try subject.answer("\(number)") }
        #expect(try subject.finish() == .status(0))
        let lines = subject.errors.split(separator: "\n").filter { $0.contains("I am ") }
        #expect(lines.count == 60)
        for line in lines {
            let name = line.suffix(3)
            #expect(line.hasSuffix("[\(name)] I am \(name)"), "\(line)")
        }
    }

    @Test("Twenty servers start at the same time: the first list takes as long as the slowest")
    func parallelStart() throws {
        // One after the other would take 20 s.
        try promptly(5) {
            let servers = ServersFile.mixed(20, ["--start-delay", "1000"])
            let subject = try Subject(Setup(try ServersFile(servers: servers)))
            let time = try seconds {
                try subject.initialize()
                #expect(try subject.toolNames().count == 20 * 22 + 1)
            }
            #expect(try subject.finish() == .status(0))
            return time
        }
    }
}
