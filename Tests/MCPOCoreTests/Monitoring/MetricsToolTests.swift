// The tool's definition, its arguments and its results, and that the schemas are of the documents.

import Foundation
import MCPOCore
import Testing

@Suite struct MetricsToolTests {
    /// What a call with these arguments asks for; a refusal's message.
    private static func format(_ arguments: String?) throws -> Result<
        MetricsTool.Format, ProxyError
    > {
        let member = arguments.map { #","arguments":\#($0)"# } ?? ""
        let line = try Scanned(
            #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"mcpo_metrics"\#(member)}}"#
        )
        return MetricsTool.format(of: line.bytes.span.bytes, line.envelope)
    }

    @Test(
        arguments: [
            (nil, .text), ("null", .text), ("{}", .text), (#"{"format":"text"}"#, .text),
            (#"{"format":"json"}"#, .json), (#" { "for\u006dat" : "\u006ason" } "#, .json),
        ] as [(String?, MetricsTool.Format)])
    func `arguments that make sense are understood`(
        arguments: String?, format: MetricsTool.Format
    ) throws {
        #expect(try Self.format(arguments).get() == format)
    }

    @Test(arguments: [
        (#"{"format":"xml"}"#, #""xml" is no format"#),
        (#"{"format":"JSON"}"#, #""JSON" is no format"#),
        (#"{"format":null}"#, "null is no format"), (#"{"format":1}"#, "1 is no format"),
        (#"{"format":["json"]}"#, #"["json"] is no format"#),
        (#"{"verbose":true}"#, #""verbose" is none of its arguments"#),
        (#"{"format":"json","x":1}"#, #""x" is none of its arguments"#),
        (#"{"format":"json","format":"json"}"#, #""format" is there twice"#),
        ("[]", "its arguments are no object"), (#""json""#, "its arguments are no object"),
        ("1", "its arguments are no object"), ("true", "its arguments are no object"),
    ])
    func `arguments that make no sense are refused with what is allowed`(
        arguments: String, fault: String
    ) throws {
        let allowed = #"mcpo_metrics has one argument, "format", which is "json" or "text""#
        guard case .failure(let error) = try Self.format(arguments) else {
            Issue.record("taken as a format")
            return
        }
        #expect(error.code == .invalidParams)
        #expect(error.message == "\(fault); \(allowed)")
    }

    @Test func `a long value is quoted by its beginning`() throws {
        let value = "\"" + String(repeating: "x", count: 1_000) + "\""
        guard case .failure(let error) = try Self.format(#"{"format":\#(value)}"#) else {
            Issue.record("taken as a format")
            return
        }
        #expect(
            error.message.hasPrefix("\"" + String(repeating: "x", count: 39) + "… is no format"))
    }

    @Test func `the result has the document and the text`() throws {
        for era in [Era.legacy, .modern] {
            let result = try parsed(MetricsTool.result(.example, .text, era))
            let content = try #require(result["content"] as? [[String: String]])
            let text = String(decoding: MetricsText.text(.example), as: UTF8.self)
            #expect(content == [["type": "text", "text": text]])
            let document = try parsed(MetricsDocument.json(.example))
            #expect(result["structuredContent"] as? NSDictionary == document as NSDictionary)
            #expect(result["resultType"] as? String == (era == .modern ? "complete" : nil))
        }
    }

    @Test func `with the format json the text is the document`() throws {
        let bytes = MetricsTool.result(.example, .json, .legacy)
        #expect(!bytes.contains(0x0A))
        let result = try parsed(bytes)
        let content = try #require(result["content"] as? [[String: String]])
        let document = String(decoding: MetricsDocument.json(.example), as: UTF8.self)
        #expect(content == [["type": "text", "text": document]])
        #expect(result["structuredContent"] is [String: Any])
    }

    @Test func `the definition says that the tool only reads`() throws {
        #expect(!MetricsTool.definition.contains(0x0A))
        let tool = try parsed(MetricsTool.definition)
        #expect(tool["name"] as? String == "mcpo_metrics")
        #expect(
            tool["annotations"] as? [String: Bool] == [
                "readOnlyHint": true, "destructiveHint": false, "idempotentHint": true,
                "openWorldHint": false,
            ])
        let input = try #require(tool["inputSchema"] as? [String: Any])
        #expect(input["type"] as? String == "object")
        #expect(input["additionalProperties"] as? Bool == false)
        let format = (input["properties"] as? [String: Any])?["format"] as? [String: Any]
        #expect(format?["enum"] as? [String] == ["json", "text"])
    }
}

// MARK: - The schema of the output

extension MetricsToolTests {
    @Test func `the documents and the schema of the output agree`() throws {
        let tool = try parsed(MetricsTool.definition)
        let schema = try #require(tool["outputSchema"] as? [String: Any])
        for snapshot in [MetricsSnapshot.example, .empty] {
            let document = try parsed(MetricsDocument.json(snapshot))
            Self.check(document, schema, at: "")
        }
    }

    /// As much of JSON Schema as the tool's schema uses, and stricter: no member may be unknown.
    private static func check(_ value: Any, _ schema: [String: Any], at path: String) {
        switch schema["type"] as? String {
        case "object":
            checkObject(value as? [String: Any] ?? ["": 0], schema, at: path)
        case "array":
            for element in value as? [Any] ?? [] {
                check(element, schema["items"] as? [String: Any] ?? [:], at: path + "[]")
            }
            #expect(value is [Any], "\(path)")
        case "string":
            #expect(value is String, "\(path)")
            guard let words = schema["enum"] as? [String] else { break }
            #expect(words.contains(value as? String ?? ""), "\(path)")
        case "boolean": #expect(value is Bool, "\(path)")
        case "integer": #expect(value is Int, "\(path)")
        case "number": #expect(value is NSNumber, "\(path)")
        default: Issue.record("\(path) has no type")
        }
    }

    private static func checkObject(
        _ object: [String: Any], _ schema: [String: Any], at path: String
    ) {
        guard let properties = schema["properties"] as? [String: [String: Any]] else {
            let values = schema["additionalProperties"] as? [String: Any] ?? [:]
            for (key, value) in object { check(value, values, at: "\(path).\(key)") }
            return
        }
        let required = Set(schema["required"] as? [String] ?? [])
        #expect(Set(object.keys).isSubset(of: properties.keys), "\(path)")
        #expect(required.isSubset(of: object.keys), "\(path)")
        let isOptional = properties.keys.filter { !required.contains($0) }
        #expect(isOptional == (path.hasPrefix(".connection.servers.") ? ["max_concurrent"] : []))
        for (key, value) in object { check(value, properties[key] ?? [:], at: "\(path).\(key)") }
    }
}
