// Which members of a message are found, where, and what happens to odd messages.

import MCPOCore
import Testing

@Suite("The envelope of a message")
struct EnvelopeTests {
    @Test("The members of a request are found where they stand")
    func request() throws {
        let line =
            #"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"add","arguments":{"a":[1]},"#
            + #""_meta":{"progressToken":"p","io.modelcontextprotocol/protocolVersion":"v","#
            + #""io.modelcontextprotocol/subscriptionId":3},"uri":"u","cursor":"c","task":{},"#
            + #""requestId":1.5,"progressToken":null}}"#
        let envelope = try scan(line)
        #expect(envelope.isVersion2)
        #expect(envelope.root == JSONValue(range: ByteRange(0, line.utf8.count), kind: .object))
        #expect(text(line, envelope.id) == "7" && envelope.id.kind == .integer)
        #expect(text(line, envelope.method) == "\"tools/call\"" && envelope.method.kind == .string)
        #expect(text(line, envelope.params)?.hasSuffix("null}") == true)
        #expect(text(line, envelope.name) == "\"add\"")
        #expect(
            text(line, envelope.arguments) == #"{"a":[1]}"# && envelope.arguments.kind == .object)
        #expect(
            text(line, envelope.meta)?.hasSuffix(":3}") == true && envelope.meta.kind == .object)
        #expect(text(line, envelope.metaProgressToken) == "\"p\"")
        #expect(text(line, envelope.metaProtocolVersion) == "\"v\"")
        #expect(text(line, envelope.metaSubscriptionID) == "3")
        #expect(text(line, envelope.uri) == "\"u\"" && text(line, envelope.cursor) == "\"c\"")
        #expect(text(line, envelope.task) == "{}" && envelope.task.kind == .object)
        #expect(text(line, envelope.requestID) == "1.5" && envelope.requestID.kind == .number)
        #expect(envelope.progressToken.kind == .null)
        #expect(!envelope.result.isPresent && !envelope.error.isPresent)
    }

    @Test("The members of a response are found, and those of a request's params are not")
    func response() throws {
        let line =
            #"{"id":"a","result":{"name":1,"uri":2,"resultType":"complete","task":{"x":1},"#
            + #""_meta":{"progressToken":5}}}"#
        let envelope = try scan(line)
        #expect(!envelope.isVersion2)
        #expect(text(line, envelope.id) == "\"a\"")
        #expect(text(line, envelope.resultType) == "\"complete\"")
        #expect(text(line, envelope.resultTask) == #"{"x":1}"#)
        #expect(text(line, envelope.metaProgressToken) == "5")
        #expect(!envelope.name.isPresent && !envelope.uri.isPresent && !envelope.task.isPresent)
    }

    @Test("Members of other objects are not taken for those of the message")
    func otherObjects() throws {
        let envelope = try scan(
            #"{"x":{"id":1,"method":"m"},"error":{"id":2,"_meta":{"progressToken":1}},"#
                + #""params":[{"name":"n"}],"result":"r","_meta":{"progressToken":1}}"#)
        #expect(!envelope.id.isPresent && !envelope.method.isPresent && !envelope.name.isPresent)
        #expect(!envelope.meta.isPresent && !envelope.metaProgressToken.isPresent)
        #expect(envelope.error.kind == .object && envelope.params.kind == .array)
        #expect(envelope.result.kind == .string)
    }

    @Test("`_meta` that is no object is noted as what it is")
    func oddMeta() throws {
        #expect(try scan(#"{"params":{"_meta":[1]}}"#).meta.kind == .array)
        #expect(try scan(#"{"params":{"_meta":null}}"#).meta.kind == .null)
        #expect(try scan(#"{"params":{"_meta":{}}}"#).meta.kind == .object)
    }

    @Test("Keys that are written with escapes are recognised")
    func escapedKeys() throws {
        let line =
            #"{"\u0069d":1,"met\u0068od":"m","p\u0061rams":{"n\u0061me":"n","\u005fmeta":{"progress\u0054oken":2}}}"#
        let envelope = try scan(line)
        #expect(text(line, envelope.id) == "1" && text(line, envelope.method) == "\"m\"")
        #expect(
            text(line, envelope.name) == "\"n\"" && text(line, envelope.metaProgressToken) == "2")
        #expect(envelope.params.kind == .object && envelope.meta.kind == .object)
    }

    @Test("Keys that only look alike are not taken")
    func similarKeys() throws {
        for key in [
            "ID", "id ", " id", "i", "", "idd", #"id\""#, #"id\u0022"#, #"id\u0000"#, #"\\u0069d"#,
            "methods", "paramsx", "resul", #"i\/d"#, "éid", #"\ud800id"#, #"id\"x"#,
        ] {
            let envelope = try scan("{\"\(key)\":1}")
            #expect(!envelope.id.isPresent && !envelope.method.isPresent, "\(key)")
            #expect(!envelope.params.isPresent && !envelope.result.isPresent, "\(key)")
        }
        for key in [
            "argument", "argumentz", "argumentss", "requestID", "progressToke", "progressTokens",
        ] {
            let envelope = try scan("{\"params\":{\"\(key)\":1}}")
            #expect(!envelope.arguments.isPresent && !envelope.requestID.isPresent, "\(key)")
            #expect(!envelope.progressToken.isPresent, "\(key)")
        }
    }

    @Test("`jsonrpc` is 2.0 only if it is that string, however written")
    func version() throws {
        #expect(try scan(#"{"jsonrpc":"2.0"}"#).isVersion2)
        #expect(try scan(#"{"jsonrpc" : "2\u002e0" }"#).isVersion2)
        for other in [
            #""2""#, #""2.00""#, "2.0", "2", "null", #""1.0""#, #"["2.0"]"#, #""2.0\u0000""#, "{}",
        ] {
            #expect(try !scan("{\"jsonrpc\":\(other)}").isVersion2, "\(other)")
        }
    }

    @Test("A second member of the same name is refused at its key, at every level")
    func duplicates() {
        #expect(fault(#"{"id":1,"id":1}"#) == .duplicateMember(offset: 8))
        #expect(fault(#"{"jsonrpc":"2.0","jsonrpc":"2.0"}"#) == .duplicateMember(offset: 17))
        #expect(fault(#"{"id":1,"\u0069d":2}"#) == .duplicateMember(offset: 8))
        #expect(fault(#"{"params":{},"params":{}}"#) == .duplicateMember(offset: 13))
        #expect(fault(#"{"params":{"name":1,"name":1}}"#) == .duplicateMember(offset: 20))
        #expect(fault(#"{"params":{"_meta":{},"_meta":1}}"#) == .duplicateMember(offset: 22))
        #expect(fault(#"{"result":{"task":1,"task":1}}"#) == .duplicateMember(offset: 20))
        #expect(
            fault(#"{"params":{"_meta":{"progressToken":1,"progressToken":1}}}"#)
                == .duplicateMember(offset: 38))
        for key in ["method", "result", "error"] {
            #expect(fault("{\"\(key)\":1,\"\(key)\":1}") == .duplicateMember(offset: key.count + 6))
        }
        for key in ["uri", "cursor", "arguments", "requestId", "progressToken", "task"] {
            #expect(
                fault("{\"params\":{\"\(key)\":1,\"\(key)\":1}}")
                    == .duplicateMember(offset: key.count + 16))
        }
    }

    @Test("Members of the same name in different objects are no duplicates")
    func sameNames() throws {
        let line =
            #"{"params":{"progressToken":1,"_meta":{"progressToken":2},"task":1},"#
            + #""result":{"task":2,"_meta":{"progressToken":3}}}"#
        #expect(fault(line) == nil)
        #expect(fault(#"{"x":1,"x":2,"params":{"x":1,"x":2},"y":{"id":1,"id":2}}"#) == nil)
    }

    @Test("A syntax error later in the line wins over a duplicate member")
    func syntaxWins() {
        #expect(fault(#"{"id":1,"id":1"#) == .syntax(offset: 14))
        #expect(fault(#"{"id":1,"id":1}x"#) == .syntax(offset: 15))
    }

    @Test("Of a message with params and result, `_meta` is that of params, in either order")
    func paramsWin() throws {
        let params = #""params":{"_meta":{"progressToken":1}}"#
        let result = #""result":{"_meta":{"progressToken":2},"resultType":"x"}"#
        for line in ["{\(params),\(result)}", "{\(result),\(params)}"] {
            let envelope = try scan(line)
            #expect(text(line, envelope.metaProgressToken) == "1")
            #expect(text(line, envelope.meta) == #"{"progressToken":1}"#)
            #expect(text(line, envelope.resultType) == "\"x\"")
        }
        for line in ["{\"params\":[],\(result)}", "{\(result),\"params\":{}}"] {
            #expect(try !scan(line).meta.isPresent)
        }
    }

    @Test("Anything but an object is its kind and nothing else")
    func otherRoots() throws {
        for (line, kind) in [
            (" [1] ", JSONKind.array), (" \"a\" ", .string), (" 1 ", .integer), (" 1e0 ", .number),
            (" true ", .true), (" false ", .false), (" null ", .null),
        ] {
            var expected = Envelope()
            expected.root = JSONValue(range: ByteRange(1, line.utf8.count - 1), kind: kind)
            #expect(try scan(line) == expected)
        }
    }

    @Test("What an envelope held before does not show through")
    func reuse() throws {
        var envelope = try scan(#"{"jsonrpc":"2.0","id":1,"params":{"name":"a"}}"#)
        let line = Array("{}".utf8)
        try Envelope.scan(line.span.bytes, into: &envelope)
        #expect(envelope == (try scan("{}")))
    }

    @Test("A batch's elements are found one by one")
    func batch() throws {
        func elements(_ line: String) throws -> [String] {
            let bytes = Array(line.utf8)
            let root = try scan(line).root
            var iterator = BatchElements(bytes.span.bytes, root)
            var found: [String] = []
            while let element = iterator.next(bytes.span.bytes) {
                found.append(text(line, element) ?? "")
            }
            #expect(iterator.next(bytes.span.bytes) == nil)
            return found
        }
        #expect(try elements(" [ ] ").isEmpty)
        #expect(try elements("[]").isEmpty)
        #expect(try elements("{}").isEmpty && elements("1").isEmpty)
        #expect(try elements("[1]") == ["1"])
        #expect(
            try elements(#" [ {"id":1} , [2,3],"x]" ,null ] "#) == [
                #"{"id":1}"#, "[2,3]", "\"x]\"", "null",
            ])
    }

    @Test("Walking a batch that was not validated ends")
    func brokenBatch() {
        for line in ["[1,", "[x]", "[", "", "[1 2", "[\"a", "[1,x,2]"] {
            let bytes = Array(line.utf8)
            var iterator = BatchElements(
                bytes.span.bytes, JSONValue(range: ByteRange(0, 10), kind: .array))
            var count = 0
            while iterator.next(bytes.span.bytes) != nil { count += 1 }
            #expect(count <= 2)
        }
    }
}
