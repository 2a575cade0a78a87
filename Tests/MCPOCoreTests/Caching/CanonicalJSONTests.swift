import MCPOCore
import Testing

@Suite("Canonical JSON")
struct CanonicalJSONTests {
    @Test(
        "Every way to write a value has one canonical form",
        arguments: [
            (#"{"a":1,"b":2}"#, #"{"a":1,"b":2}"#),
            (#"{"b":2,"a":1}"#, #"{"a":1,"b":2}"#),
            (#" { "b" : 2 , "a" : [ 1 , { } , [ ] ] } "#, #"{"a":[1,{},[]],"b":2}"#),
            (#"{"b":{"d":1,"c":2},"a":{"f":3,"e":4}}"#, #"{"a":{"e":4,"f":3},"b":{"c":2,"d":1}}"#),
            (#"[{"b":1,"a":2},{"d":1,"c":2}]"#, #"[{"a":2,"b":1},{"c":2,"d":1}]"#),
            (#"[3,1,2]"#, #"[3,1,2]"#),
            (#""caf\u00e9 \/ \u0041 \"q\" \\ \u000A \u001f""#, #""café / A \"q\" \\ \n \u001f""#),
            (#""\ud83d\ude00""#, #""😀""#),
            (#"{"\u0062":1,"a":2}"#, #"{"a":2,"b":1}"#),
            (#"{"abcdefgh2":1,"abcdefgh1":2}"#, #"{"abcdefgh1":2,"abcdefgh2":1}"#),
            (#"{"abcdefgh":1,"abcdefg":2}"#, #"{"abcdefg":2,"abcdefgh":1}"#),
            (#"{"ab":1,"a":2,"":3}"#, #"{"":3,"a":2,"ab":1}"#),
            (#"{"é":1,"z":2}"#, #"{"z":2,"é":1}"#),
            (#"1"#, #"1"#), (#"1.0"#, #"1.0"#), (#"1E2"#, #"1E2"#), (#"-0"#, #"-0"#),
            (#"123456789012345678901234567890"#, #"123456789012345678901234567890"#),
            (#" true "#, #"true"#), (#" null "#, #"null"#), (#"{}"#, #"{}"#), (#"[ ]"#, #"[]"#),
        ])
    func table(text: String, expected: String) throws {
        #expect(try canonical(text) == expected)
    }

    @Test(
        "A key that is there twice is refused, however it is written",
        arguments: [
            #"{"a":1,"a":1}"#, #"{"a":1,"\u0061":2}"#, #"{"x":{"y":[{"b":1,"a":2,"b":3}]}}"#,
            #"{"abcdefghi":1,"b":2,"abcdefghi":3}"#, #"{"":1,"":2}"#,
        ])
    func duplicates(text: String) throws {
        #expect(try canonical(text) == "duplicateKeys")
    }

    @Test("Halves of characters equal nothing but themselves")
    func loneSurrogates() throws {
        let texts = [
            #""\ud800""#, #""\ud801""#, #""\udc00""#, #""\udc00\ud800""#, #""\ud800x\udc00""#,
            #""\ud800\udc00""#, #""\ufffd""#, #""\\ud800""#,
        ]
        let forms = try texts.map { try canonical(Array($0.utf8)).text }
        #expect(Set(forms).count == texts.count)
        #expect(try canonical(Array(#""\uD800""#.utf8)).text == forms[0])
    }

    @Test("Two ways to write a value have the same form, which is its own", arguments: 0..<300)
    func sameMeaning(seed: Int) throws {
        var random = SeededRandom(seed: seed)
        let tree = Tree.random(&random)
        var writer = TreeWriter(seed: seed + 1000)
        let first = try canonical(writer.bytes(tree))
        let second = try canonical(writer.bytes(tree))
        #expect(first.outcome == .done)
        #expect(first.text == second.text)
        if let line = try? Scanned(first.text) {  // not with half a character in it
            #expect(try canonical(line.bytes).text == first.text)
        }
    }

    @Test("Another value has another form", arguments: 0..<300)
    func otherMeaning(seed: Int) throws {
        var random = SeededRandom(seed: seed)
        let tree = Tree.random(&random)
        let other = tree.changed(&random)
        var writer = TreeWriter(seed: seed)
        #expect(tree != other)
        #expect(try canonical(writer.bytes(tree)).text != canonical(writer.bytes(other)).text)
    }

    @Test("A key that is there twice anywhere is refused", arguments: 0..<300)
    func anyDuplicate(seed: Int) throws {
        var random = SeededRandom(seed: seed)
        guard let tree = Tree.random(&random).withDuplicate(&random) else { return }
        var writer = TreeWriter(seed: seed)
        #expect(try canonical(writer.bytes(tree)).outcome == .duplicateKeys)
    }

    @Test("The form is never longer than the text")
    func length() throws {
        for seed in 0..<200 {
            var random = SeededRandom(seed: seed)
            var writer = TreeWriter(seed: seed)
            let bytes = writer.bytes(Tree.random(&random))
            #expect(try canonical(bytes).text.count <= bytes.count)
        }
    }

    @Test("The deepest nesting is walked without recursion")
    func depth() throws {
        let arrays = String(repeating: "[", count: 512) + String(repeating: "]", count: 512)
        #expect(try canonical(arrays) == arrays)
        let objects =
            String(repeating: #"{"b":1,"a":"#, count: 512) + "0"
            + String(repeating: "}", count: 512)
        let sorted =
            String(repeating: #"{"a":"#, count: 512) + "0"
            + String(repeating: #","b":1}"#, count: 512)
        #expect(try canonical(objects) == sorted)
    }

    @Test("Nesting that would take quadratic time is refused")
    func tangled() throws {
        let text = #""\#(String(repeating: "x", count: 100_000))""#
        let nested =
            String(repeating: #"{"b":1,"a":"#, count: 300) + text
            + String(repeating: "}", count: 300)
        #expect(try canonical(nested) == "tooTangled")
    }

    @Test("An object with many members is sorted")
    func manyMembers() throws {
        let keys = (0..<2000).map { "key\($0 * 7919 % 2000)" }
        let text = "{" + keys.map { #""\#($0)":0"# }.joined(separator: ",") + "}"
        let sorted = "{" + keys.sorted().map { #""\#($0)":0"# }.joined(separator: ",") + "}"
        #expect(try canonical(text) == sorted)
    }

    @Test("Buffers are used again without a trace of what was in them")
    func reuse() throws {
        var json = CanonicalJSON()
        for seed in 0..<100 {
            var random = SeededRandom(seed: seed)
            var writer = TreeWriter(seed: seed)
            let bytes = writer.bytes(Tree.random(&random))
            let line = try Scanned(bytes)
            var output: [UInt8] = [1, 2, 3]
            _ = json.append(bytes.span.bytes, line.root, to: &output)
            #expect(try output == [1, 2, 3] + canonical(bytes).text)
        }
    }
}
