// A call that may write is never repeated, whatever becomes of its server (SPEC §7).
//
// Each call adds a line of its own to a file, which outlives the process that wrote it: a call that was
// sent twice is there twice. The servers are killed while calls are under way; every call has one
// answer, and one that was answered with success has its line.

import Foundation
import Testing

@Suite struct WriteOnceTests {
    private static let calls = 800

    @Test("Writes to servers that are killed at random run at most once", arguments: [1, 2, 3])
    func atMostOnce(round: Int) throws {
        let directory = try TemporaryDirectory()
        let subject = try Subject(Setup(try Self.file()))
        try subject.initialize()
        let names = ServersFile.mixed(6).map(\.name)
        let path = directory.file("lines")
        var answers: [Int: Message] = [:]
        var sent = 0
        while answers.count < Self.calls {
            while sent < Self.calls, sent - answers.count < 32 {
                let tool = "\(names[sent % names.count])__append"
                let arguments = #"{"file":"\#(path)","line":"\#(sent)"}"#
                try subject.send(Line.call("\(sent)", tool, arguments))
                sent += 1
                if Int.random(in: 0..<25) == 0 { Self.killOne(of: subject) }
            }
            let message = try subject.nextMessage()
            guard message.isAnswer else { continue }
            let id = try #require(message.value("id") as? Int)
            #expect(answers.updateValue(message, forKey: id) == nil, "\(id) is answered twice")
        }
        #expect(try subject.finish() == .status(0))
        #expect(try subject.reader.rest().isEmpty, "nothing comes after the last answer")
        try subject.expectNothingLeft()
        try Self.judge(answers, lines: directory.read("lines").split(separator: "\n"))
    }

    private static func file() throws -> ServersFile {
        // More retries than anybody would ask for: none of them may concern a write.
        try ServersFile(
            servers: ServersFile.mixed(6), mcpo: #"{"retry": {"max": 5, "budget": 100}}"#)
    }

    private static func killOne(of subject: Subject) {
        let children = ProcessTable.children(of: subject.processID)
        let servers = children.filter { $0.name == "StubServer" }
        guard let victim = servers.randomElement() else { return }
        kill(victim.number, SIGKILL)
    }

    private static func judge(_ answers: [Int: Message], lines: [Substring]) throws {
        let numbers = lines.compactMap { Int($0) }
        #expect(numbers.count == lines.count)
        #expect(Set(numbers).count == numbers.count, "a line is there twice")
        let written = Set(numbers)
        for (id, answer) in answers {
            if answer.text == "appended" {
                #expect(written.contains(id), "\(id) was answered and is not there")
                continue
            }
            #expect(answer.errorCode == 1003, "\(answer)")
            let own = answer.value("error", "data", "mcpo") as? [String: Any]
            let isSafe = try #require(own?["retrySafe"] as? Bool)
            #expect(!isSafe || !written.contains(id), "it is there, and safe to repeat? \(answer)")
        }
        #expect(answers.values.count { $0.text == "appended" } > calls / 4, "most are not lost")
        #expect(answers.values.contains { $0.errorCode == 1003 }, "no kill has met a call")
    }
}
