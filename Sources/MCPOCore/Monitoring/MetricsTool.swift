// The tool `mcpo_metrics`: what `tools/list` shows of it, and what a call of it is answered with.
//
//     arguments                        content                    structuredContent
//     none, null, {"format":"text"}    the metrics as a table     the document of SPEC §8
//     {"format":"json"}                the document as JSON       the same
//     anything else                    error −32602 that says what is allowed
//
// Revisions before 2025-06-18 know no `structuredContent`, `title` or `outputSchema`, and those
// before 2025-03-26 no `annotations`; their schemas allow members that they do not know, so that the
// one definition serves all. 2026-07-28 wants `resultType` in a result (its schema, CallToolResult).

package enum MetricsTool {
    package static let name: StaticString = "mcpo_metrics"

    /// What the text of a result is.
    package enum Format: Equatable, Sendable {
        case text
        case json
    }

    /// The tool as an element of a `tools/list` result: a JSON object on one line.
    package static let definition: [UInt8] = {
        var writer = JSONWriter()
        writer.object {
            $0.member("name", name)
            $0.member("title", "mcpo metrics")
            $0.member("description", description)
            $0.key("inputSchema")
            inputSchema.write(&$0)
            $0.key("outputSchema")
            outputSchema.write(&$0)
            $0.objectMember("annotations") {
                $0.member("readOnlyHint", true)
                $0.member("destructiveHint", false)
                $0.member("idempotentHint", true)
                $0.member("openWorldHint", false)
            }
        }
        return writer.bytes
    }()

    private static let description: StaticString = """
        How the MCP proxy mcpo and the servers behind it are doing: requests, durations (seconds), \
        success rate and hit rate (percent) of every tool, how many calls and how much waiting were \
        saved, and the state of caches, concurrency limit, connections and alerts.
        """

    /// The `result` of a call of the tool: a JSON object on one line.
    package static func result(
        _ snapshot: MetricsSnapshot, _ format: Format, _ era: Era
    ) -> [UInt8] {
        let document = MetricsDocument.json(snapshot)
        var writer = JSONWriter()
        writer.object {
            if era == .modern { $0.member("resultType", "complete") }
            $0.arrayMember("content") {
                $0.object {
                    $0.member("type", "text")
                    $0.member("text", format == .json ? document : MetricsText.text(snapshot))
                }
            }
            $0.key("structuredContent")
            $0.raw(document)
        }
        return writer.bytes
    }
}

// MARK: - Arguments

extension MetricsTool {
    /// The format that a call asks for; an error with `invalidParams` if its arguments make no sense.
    package static func format(
        of line: RawSpan, _ envelope: Envelope
    ) -> Result<Format, ProxyError> {
        switch envelope.arguments.kind {
        case .absent, .null: return .success(.text)
        case .object: break
        default: return refusal("its arguments are no object")
        }
        var format: Format?
        var members = ObjectMembers(line, of: envelope.arguments)
        while let member = members.next(line) {
            guard member.isNamed("format", line) else {
                return refusal("\(excerpt(line, member.key)) is none of its arguments")
            }
            guard format == nil else { return refusal("\"format\" is there twice") }
            guard let value = Format(line, member.value) else {
                return refusal("\(excerpt(line, member.value)) is no format")
            }
            format = value
        }
        return .success(format ?? .text)
    }

    private static func refusal(_ fault: String) -> Result<Format, ProxyError> {
        let allowed = #"mcpo_metrics has one argument, "format", which is "json" or "text""#
        return .failure(ProxyError(.invalidParams, "\(fault); \(allowed)"))
    }

    /// The beginning of a value as it is in the line, enough to recognise it.
    private static func excerpt(_ line: RawSpan, _ value: JSONValue) -> String {
        let lexeme = line.extracting(value.range.bounds)
        let text = lexeme.extracting(first: min(lexeme.byteCount, 40))
            .withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        return lexeme.byteCount > 40 ? "\(text)…" : text
    }
}

extension MetricsTool.Format {
    fileprivate init?(_ line: RawSpan, _ value: JSONValue) {
        if line.stringEquals(value, "text") {
            self = .text
        } else if line.stringEquals(value, "json") {
            self = .json
        } else {
            return nil
        }
    }
}
