// SIGHUP on the built binary: the file is read again, and only what its change is about changes.

import Foundation
import Testing

@Suite struct ReloadTests {
    private static func entry(_ mark: String = "") -> String {
        ServersFile.stub([], #", "env": {"MARK": "\#(mark)"}"#)
    }

    /// Puts another text into the place of the file, as an editor does.
    private func replace(_ path: String, _ text: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    }

    @Test(
        "A reload replaces, adds and removes servers, finishes their calls and leaves the others alone"
    )
    func reload() throws {
        let file = try ServersFile(servers: [
            ("a", Self.entry()), ("b", Self.entry()), ("gone", Self.entry()),
        ])
        let subject = try Subject(Setup(file))
        try subject.initialize()
        _ = try subject.toolNames()
        let before = try ["a", "b", "gone"].map { try subject.process(of: $0, #""\#($0)""#) }
        try subject.send(Line.call("1", "a__sleep", #"{"ms":500}"#))
        try subject.call("2", "b__echo", #"{"text":"the call before it is under way"}"#)
        try replace(
            file.path,
            #"{"mcpServers": {"a": \#(Self.entry("other")), "new": \#(Self.entry()), "#
                + #""b": \#(Self.entry())}, "mcpo": {"concurrency": {"max": 7}}}"#)
        subject.signal(SIGHUP)
        #expect(try subject.answer("1").text == "slept", "the old process finishes its call")
        try eventually("the new list") {
            let names = try subject.toolNames()
            return names.contains("new__echo") && !names.contains("gone__echo")
        }
        #expect(try subject.process(of: "a", "3") != before[0])
        #expect(try subject.process(of: "b", "4") == before[1])
        #expect(try subject.call("5", "gone__echo").errorCode == -32602)
        for change in ["concurrency.max 100 → 7", "server added: new", "server removed: gone"] {
            #expect(subject.errors.contains(change))
        }
        try eventually("the end of what was replaced") {
            [before[0], before[2]].allSatisfy { kill($0, 0) != 0 }
        }
        #expect(try subject.finish() == .status(0))
        try subject.expectNothingLeft()
    }

    @Test("A file with mistakes changes nothing, and all of them are told")
    func mistakes() throws {
        let file = try ServersFile(servers: [("a", Self.entry()), ("b", Self.entry())])
        let subject = try Subject(Setup(file))
        try subject.initialize()
        let names = try subject.toolNames()
        let process = try subject.process(of: "a", "1")
        try replace(file.path, #"{"mcpServers": {"a": {"command": 1}}, "mcpo": {"cach": {}}}"#)
        subject.signal(SIGHUP)
        try eventually("the complaint") {
            subject.errors.contains("the configuration was not loaded: the old one holds")
        }
        #expect(subject.errors.contains("mcpServers.a.command"))
        #expect(subject.errors.contains(#"did you mean "cache"?"#))
        #expect(try subject.toolNames(#""again""#) == names)
        #expect(try subject.process(of: "a", "2") == process)
        #expect(try subject.finish() == .status(0))
    }

    @Test("The alert of a cache has its own name after another one has gone, whose alert is over")
    func alertsOfCaches() throws {
        let rules = """
            , "mcpo": {"tools": {"echo": {"cache": "used", "ttl": "1h"}, \
            "pid": {"cache": "early", "ttl": "1h"}}}
            """
        let alerts = #""monitor": {"alerts": {"hitRate": 99}}"#
        let file = try ServersFile(
            servers: [("a", ServersFile.stub([], rules))],
            mcpo: #"{"caches": {"early": {}, "used": {}}, \#(alerts)}"#)
        let subject = try Subject(Setup(file))
        try subject.initialize()
        _ = try subject.toolNames()
        for number in 0..<25 { try subject.call("1\(number)", "pid", #"{"n":\#(number)}"#) }
        try eventually("the first alert") { subject.errors.contains("alert: the cache early ") }
        let entry = ServersFile.stub(
            [], #", "mcpo": {"tools": {"echo": {"cache": "used", "ttl": "1h"}}}"#)
        try replace(
            file.path,
            #"{"mcpServers": {"a": \#(entry)}, "mcpo": {"caches": {"used": {}}, \#(alerts)}}"#)
        subject.signal(SIGHUP)
        try eventually("the end of the alert") {
            subject.errors.contains("the cache early: it is not in use any more")
        }
        for number in 0..<25 { try subject.call("2\(number)", "echo", #"{"text":"\#(number)"}"#) }
        try eventually("the second alert") { subject.errors.contains("alert: the cache used ") }
        #expect(try subject.finish() == .status(0))
    }
}
