// A runner that overlooks something would make every transcript worthless: these must fail.

import MCPOCore
import Testing

@Suite struct TranscriptRunnerTests {
    static let opening = "open 2025-06-18\n"

    /// What running a transcript complains of; nil when it comes true.
    private func complaint(_ text: String, _ delivery: Delivery = .whole) -> String? {
        do throws(TranscriptError) {
            let transcript = try Transcript(name: "t", path: "t", text: Self.opening + text)
            var runner = TranscriptRunner(transcript, delivery, seed: 1)
            try runner.run()
            return nil
        } catch {
            return error.description
        }
    }

    @Test(arguments: Delivery.allCases)
    func `a transcript that holds has no complaint`(delivery: Delivery) {
        let text = """
            C> {"jsonrpc":"2.0","id":1,"method":"ping"}
            S< {"jsonrpc":"2.0","id":2,"method":"ping"}
            """
        #expect(complaint(text, delivery) == nil)
    }

    @Test(arguments: [
        // Output that nobody expects, at the end and before the next thing happens.
        (#"C> {"jsonrpc":"2.0","id":1,"method":"ping"}"#, "t:3: before this, nobody expected S<"),
        ("C> 1\nC> 2\nC<~ {}", "t:5: before this, nobody expected C<"),
        ("C> 1\n@ +1ms", "t:3: before this, nobody expected C<"),
        // Output that does not come, or is another.
        ("S< {}", "t:2: the server receives nothing"),
        ("C> 1\nC< {}", "t:3: expected {}\nbut got  {\"jsonrpc\""),
        ("C> 1\nC<~ {\"error\":{\"code\":1}}", "t:3: expected something like"),
        // Effects.
        ("client ends", "t:3: before this, nobody expected closeInput"),
        ("exit 0", "t:2: nothing is asked for"),
        ("client ends\nserver gets SIGTERM", "t:3: instead: closeInput"),
        ("server exits 1", "t:3: before this, nobody expected"),
        ("server exits 1\nlog warning on fire", "t:3: expected the log line warning on fire"),
        ("server exits 1\nlog warning exited\n@ +120ms", "t:5: before this, nobody expected spawn"),
        ("server starts", "t:2: no process is asked for"),
        // State.
        ("count garbageLines 1", "t:2: garbageLines is 0, not 1"),
        ("count nothing 1", "t:2: no counter nothing"),
        ("client must wait", "t:2: mcpo does read"),
    ])
    func `a transcript that does not hold is told where`(text: String, expected: String) {
        #expect(complaint(text)?.hasPrefix(expected) == true, "\(complaint(text) ?? "it held")")
    }

    @Test(arguments: [
        "C: x", "server starst", "@ 5ms", "@ +5", "log loud x", "count x", "exit one",
        "C> «12 x»", "C> «hex zz»", "C> «3 × x", "C<~ {", "set timeout 1s",
    ])
    func `a line that is no statement is named`(text: String) {
        #expect(complaint(text)?.hasPrefix("t:2: ") == true)
    }

    @Test func `abbreviations stand for bytes`() throws {
        let transcript = try Transcript(name: "t", path: "t", text: "C> a«3 × xy»«hex ff 0d»é")
        let bytes = Array("axyxyxy".utf8) + [0xff, 0x0d] + Array("é".utf8)
        #expect(transcript.steps.first?.statement == .write(.client, bytes, hasNewline: true))
    }

    @Test(arguments: [
        (#"{"a":1}"#, #"{"a":1,"b":2}"#, true), (#"{"a":1}"#, #"{"b":2}"#, false),
        (#"{"a":null}"#, #"{"a":null}"#, true), (#"{"a":null}"#, #"{"a":0}"#, false),
        (#"[{}]"#, #"[{"a":1}]"#, true), (#"[{}]"#, #"[{},{}]"#, false),
        (#"{"a":"…x…"}"#, #"{"a":"axb"}"#, true), (#"{"a":"x…"}"#, #"{"a":"axb"}"#, false),
        (#"{"a":"…b"}"#, #"{"a":"axb"}"#, true), (#"{"a":"1"}"#, #"{"a":1}"#, false),
        (#"{}"#, "no JSON", false),
    ])
    func `a pattern matches what has its parts`(
        pattern: String, line: String, matches: Bool
    ) throws {
        #expect(try JSONPattern(pattern).matches(Array(line.utf8)) == matches)
    }
}
