// No answer comes late or twice, and no progress, notification or cancellation under a dead or
// foreign number or token reaches a peer; tokens come back verbatim.
//
// What protects it: whatever the core says without being expected to is left over, and judged here.

import MCPOCore

extension Referee {
    /// At its end mcpo keeps nothing for a client that does not read.
    var isDropping: Bool {
        phase.rawValue >= Phase.closing.rawValue && clientQueued >= settings.limits.queueBytes
    }

    /// Expects a notification or withdrawal at the client.
    func hearClient(_ expected: [UInt8], _ invariant: Invariant) {
        if isDropping {
            counters.droppedNotifications += 1
            return
        }
        if clientIsGone { return }
        guard let line = popClient() else {
            blame(invariant, "the client did not get \(text(expected))")
            return
        }
        if line != expected {
            blame(invariant, "the client got \(text(line)) instead of \(text(expected))")
        }
    }

    /// Expects word to the server that nobody waits for an answer any more.
    func expectTimeoutNotice(_ ask: Ask) {
        guard let line = popServer(), let (method, value) = Self.notice(line),
            method == "notifications/cancelled", value == digits(ask.number)
        else {
            blame(.noStrays, "the server was not told that \(ask.number) has timed out")
            return
        }
    }

    /// A notification's method, and the request it is about.
    static func notice(_ line: [UInt8]) -> (method: String, requestID: [UInt8])? {
        var envelope = Envelope()
        guard (try? Envelope.scan(line.span.bytes, into: &envelope)) != nil,
            envelope.method.kind == .string, !envelope.id.isPresent
        else { return nil }
        let method = Array(line[envelope.method.range.bounds].dropFirst().dropLast())
        return (text(method), Array(line[envelope.requestID.range.bounds]))
    }

    /// Nothing may be left of what the call led to.
    func checkNothingIsLeft() {
        if let line = popClient() { diagnoseStray(line, insteadOf: "nothing") }
        if let line = popServer() { diagnoseStrayToServer(line) }
        if let command = popCommand() { blame(.ending, "unasked for: \(command)") }
    }

    /// Says what is wrong with a line that the client should not have got, or not yet.
    func diagnoseStray(_ line: [UInt8], insteadOf expected: String) {
        let details = "the client got \(text(line)) instead of \(expected)"
        var envelope = Envelope()
        guard (try? Envelope.scan(line.span.bytes, into: &envelope)) != nil else {
            blame(.sacredBytes, details)
            return
        }
        let id = Array(line[envelope.id.range.bounds])
        guard envelope.method.kind == .string else {
            let isOver =
                endedIDs.contains(id) && asks.values.allSatisfy { $0.request.id.verbatim != id }
            blame(isOver ? .noStrays : .oneAnswer, details)
            return
        }
        switch Method.of(line.span.bytes, envelope) {
        case .cancelled: blame(.serverRequests, details)
        case .acknowledged: blame(.restoration, details)
        default: blame(envelope.id.isPresent ? .serverRequests : .noStrays, details)
        }
    }

    /// Says what is wrong with a line that the server should not have got.
    func diagnoseStrayToServer(_ line: [UInt8]) {
        let details = "the server got \(text(line)), which nobody sent it"
        var envelope = Envelope()
        guard (try? Envelope.scan(line.span.bytes, into: &envelope)) != nil else {
            blame(.sacredBytes, details)
            return
        }
        if envelope.method.kind != .string {
            blame(.serverRequests, details)
        } else if Method.of(line.span.bytes, envelope) == .initialize {
            blame(.restoration, details)
        } else {
            blame(envelope.id.isPresent ? .writtenOnce : .noStrays, details)
        }
    }
}
