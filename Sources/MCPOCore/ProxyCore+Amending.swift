// The few answers of a server that mcpo changes: those that tell which tools there are, when mcpo
// has one of its own (SPEC §8).
//
//     initialize, server/discover   capabilities.tools, if the server has none
//     tools/list, last page         mcpo_metrics, behind the server's tools
//     tools/list, error −32601      mcpo_metrics alone: a server without tools need not know it

extension ProxyCore {
    /// The answer to put in the place of the server's own; nil leaves it as it is.
    mutating func amended(
        _ method: Method, of server: ServerIndex, _ line: RawSpan, _ envelope: Envelope,
        into effects: inout Effects
    ) -> [UInt8]? {
        guard caching.hasMetricsTool else { return nil }
        switch method {
        case .initialize, .discover: return withTools(line, envelope)
        case .listTools: return withMetricsTool(of: server, line, envelope, into: &effects)
        default: return nil
        }
    }

    /// A server without tools has one with mcpo in front of it.
    private mutating func withTools(_ line: RawSpan, _ envelope: Envelope) -> [UInt8]? {
        let capabilities = line.member("capabilities", of: envelope.result)
        guard capabilities.kind == .object,
            !line.member("tools", of: capabilities).isPresent
        else { return nil }
        let start = Int(capabilities.range.lower) + 1
        let isEmpty = line.isObjectEmpty(capabilities)
        return line.inserting(Array((isEmpty ? #""tools":{}"# : #""tools":{},"#).utf8), at: start)
    }

    private mutating func withMetricsTool(
        of server: ServerIndex, _ line: RawSpan, _ envelope: Envelope, into effects: inout Effects
    ) -> [UInt8]? {
        if envelope.error.isPresent { return loneTool(line, envelope) }
        let tools = line.member("tools", of: envelope.result)
        guard tools.kind == .array else { return nil }
        var elements = BatchElements(line, tools)
        var isEmpty = true
        while let element = elements.next(line) {
            isEmpty = false
            let name = line.member("name", of: element)
            if line.stringEquals(name, MetricsTool.name) {
                caching.parts[server].catalog.hidesMetricsTool = true
            }
        }
        if caching.parts[server].catalog.hidesMetricsTool {
            warnOfMetricsTool(of: server, into: &effects)
            return nil
        }
        let cursor = line.member("nextCursor", of: envelope.result)
        if cursor.kind == .string { return nil }
        let tool = isEmpty ? MetricsTool.definition : [UInt8(ascii: ",")] + MetricsTool.definition
        return line.inserting(tool, at: Int(tools.range.upper) - 1)
    }

    /// The list of a server that does not know the method.
    private mutating func loneTool(_ line: RawSpan, _ envelope: Envelope) -> [UInt8]? {
        guard isMethodUnknown(line, envelope) else { return nil }
        let id = line.extracting(envelope.id.range.bounds).array
        return loneToolAnswer(to: id)
    }

    /// - Parameter id: the lexeme of the request's id.
    private mutating func loneToolAnswer(to id: [UInt8]) -> [UInt8] {
        var answer = Array(#"{"jsonrpc":"2.0","id":"#.utf8)
        answer += id
        answer += Array(#","result":{"tools":["#.utf8)
        answer += MetricsTool.definition
        answer += Array("]".utf8)
        if case .none = client.handshake {
            answer += Array(#","resultType":"complete","ttlMs":60000,"cacheScope":"public""#.utf8)
        }
        return answer + Array("}}".utf8)
    }

    /// Whether a legacy server has said that it has no tools: it need not answer what they are.
    mutating func isForLoneTool(_ plan: RequestPlan) -> Bool {
        guard plan.method == .listTools, plan.era == .legacy, caching.hasMetricsTool,
            case .agreed = client.handshake
        else { return false }
        return !caching.parts[plan.server].catalog.hasTools
    }

    mutating func answerLoneTool(
        _ id: Lexeme, _ batch: BatchID?, into effects: inout Effects
    ) {
        if let batch { batches.update(batch) { $0?.outstanding += 1 } }
        let answer = loneToolAnswer(to: id.array)
        deliver(to: .client, batch: batch, into: &effects) { $0.append(answer) }
    }
}

extension RawSpan {
    /// The bytes with others put in at `offset`.
    func inserting(_ bytes: [UInt8], at offset: Int) -> [UInt8] {
        extracting(0..<offset).array + bytes + extracting(offset..<byteCount).array
    }
}
