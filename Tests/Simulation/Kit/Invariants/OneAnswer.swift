// Every request of the client gets exactly one answer, under its own id byte for byte, unless the
// client cancelled it or is gone; an error under `id: null` goes exactly to what deserves it.
//
// What protects it: each answer is expected by name when its time has come, and what comes without
// being expected is left over.

import MCPOCore

extension Referee {
    /// Ends a request with an error of mcpo's own.
    func fail(_ ask: Ask, _ code: ErrorCode) {
        close(ask)
        expectError(to: ask.request.id, code, ask: ask, batch: ask.batch)
    }

    /// Expects an error of mcpo's own; `id` is nil for `null`.
    func expectError(to id: Identity?, _ code: ErrorCode, ask: Ask?, batch: Int?) {
        note(code)
        let name = id?.verbatim ?? Array("null".utf8)
        if let batch {
            batches[batch]?.parts.append(.error(name, code))
            completePart(of: batch)
            return
        }
        if clientIsGone { return }
        guard let line = popClient() else {
            blame(
                code == .overloaded ? .bounds : .oneAnswer,
                "\(text(name)) did not get its error \(code)")
            return
        }
        checkError(line, to: name, code, ask: ask)
    }

    /// Checks that `line` is this error.
    func checkError(_ line: [UInt8], to name: [UInt8], _ code: ErrorCode, ask: Ask?) {
        guard let facts = ErrorFacts(line) else {
            diagnoseStray(line, insteadOf: "the error \(code) for \(text(name))")
            return
        }
        guard facts.id == name else {
            diagnoseStray(line, insteadOf: "the error \(code) for \(text(name))")
            return
        }
        if facts.code != code.rawValue {
            blame(.rightAnswer, "\(text(name)) got \(facts.code) instead of \(code)")
        }
        if let kind = code.kind, facts.kind != Array("\"\(kind)\"".utf8) {
            blame(.rightAnswer, "\(text(name)) got \(code) of another kind")
        }
        checkRetrySafety(facts, ask)
    }

    /// mcpo ends what is subscribed to with its own end, by the specification's result for that.
    func expectSubscriptionEnd(_ ask: Ask) {
        let id = ask.request.id.verbatim
        var draft = Draft()
        draft.add(#"{"jsonrpc":"2.0","id":"#)
        draft.add(id)
        draft.add(#","result":{"resultType":"complete","_meta":"#)
        draft.add(#"{"io.modelcontextprotocol/subscriptionId":"#)
        draft.add(id)
        draft.add("}}}")
        if let batch = ask.batch {
            batches[batch]?.parts.append(.exact(draft.bytes))
            completePart(of: batch)
        } else if !clientIsGone {
            guard let line = popClient() else {
                blame(.oneAnswer, "the subscription \(text(id)) was not ended")
                return
            }
            if line != draft.bytes { diagnoseStray(line, insteadOf: "the end of \(text(id))") }
        }
    }

    private func note(_ code: ErrorCode) {
        switch code {
        case .parseError: coverage.note(.parseError)
        case .invalidRequest: coverage.note(.invalidRequest)
        case .invalidParams, .methodNotFound, .unsupportedRevision, .resourceNotFound:
            coverage.note(.invalidParams)
        case .overloaded: coverage.note(.overloaded)
        case .timeout: coverage.note(.timeout)
        case .unavailable, .cacheMiss: coverage.note(.unavailable)
        }
    }
}

/// What an error of mcpo's own says.
struct ErrorFacts {
    var id: [UInt8]
    var code: Int
    var kind: [UInt8]
    var isRetrySafe: Bool?

    /// Nil when the line is no error.
    init?(_ line: [UInt8]) {
        let bytes = line.span.bytes
        var envelope = Envelope()
        guard (try? Envelope.scan(bytes, into: &envelope)) != nil, envelope.error.kind == .object,
            envelope.isVersion2, !envelope.result.isPresent
        else { return nil }
        func slice(_ value: JSONValue) -> [UInt8] { Array(line[value.range.bounds]) }
        id = slice(envelope.id)
        code = Int(text(slice(bytes.member("code", of: envelope.error)))) ?? 0
        let own = bytes.member("mcpo", of: bytes.member("data", of: envelope.error))
        kind = slice(bytes.member("kind", of: own))
        switch bytes.member("retrySafe", of: own).kind {
        case .true: isRetrySafe = true
        case .false: isRetrySafe = false
        default: isRetrySafe = nil
        }
    }
}

/// A lexeme for a message to people.
func text(_ bytes: [UInt8]) -> String {
    String(decoding: bytes.prefix(60), as: UTF8.self)
}
