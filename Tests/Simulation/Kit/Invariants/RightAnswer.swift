// The answer that a request gets is the server's answer to that very request, or an error of
// mcpo's own that is true at that moment.
//
// What protects it: the answer is compared whole with what the server wrote under the number that
// this request went by; the codes that are true are worked out by the referee's own books.

import MCPOCore

extension Referee {
    private static let remembered = 12

    /// Expects a server's answer at its caller.
    func expectAnswer(_ expected: [UInt8], to ask: Ask) {
        if clientIsGone { return }
        guard let line = popClient() else {
            blame(.oneAnswer, "\(text(ask.request.id.verbatim)) did not get the server's answer")
            return
        }
        if line == expected { remember(expected) } else { diagnose(line, insteadOf: expected) }
    }

    /// Says what is wrong with an answer that is not the one expected.
    func diagnose(_ line: [UInt8], insteadOf expected: [UInt8]) {
        guard let (id, body) = Self.split(line), let (wantedID, wantedBody) = Self.split(expected)
        else {
            diagnoseStray(line, insteadOf: "the answer \(text(expected))")
            return
        }
        if id == wantedID {
            let isForeign = recentBodies.contains(body)
            blame(
                isForeign ? .rightAnswer : .sacredBytes,
                "\(text(id)) got \(text(line)) instead of \(text(expected))")
        } else if body == wantedBody {
            blame(.rightAnswer, "the answer to \(text(wantedID)) went to \(text(id))")
        } else {
            diagnoseStray(line, insteadOf: "the answer \(text(expected))")
        }
    }

    private func remember(_ line: [UInt8]) {
        guard let (_, body) = Self.split(line) else { return }
        if recentBodies.count == Self.remembered { recentBodies.removeFirst() }
        recentBodies.append(body)
    }

    /// An answer's id, and its result or error.
    static func split(_ line: [UInt8]) -> (id: [UInt8], body: [UInt8])? {
        var envelope = Envelope()
        guard (try? Envelope.scan(line.span.bytes, into: &envelope)) != nil,
            envelope.root.kind == .object, envelope.method.kind == .absent
        else { return nil }
        let body = envelope.result.isPresent ? envelope.result : envelope.error
        return (Array(line[envelope.id.range.bounds]), Array(line[body.range.bounds]))
    }
}
