// A request is written to servers at most once over all processes (subscriptions and what sets a
// server up apart, see `restoration`), under a number of mcpo's own that nothing else in flight
// has; and mcpo calls a retry safe only if that cannot repeat a side effect.
//
// What protects it: a request is expected at a server once; the number is read where the client's
// id stood; for errors it is known how far the request got.

import MCPOCore

extension Referee {
    private static let largestNumber: UInt32 = 0x7FFF_FFFF

    /// Expects a request at the server.
    func write(_ ask: Ask) {
        let position = server.appended
        guard let number = expectNumbered(ask, .writtenOnce) else { return }
        server.flights[number] = .ask(ask.serial)
        asks[ask.serial]?.stage = .sent
        asks[ask.serial]?.number = number
        asks[ask.serial]?.position = position
        if asks[ask.serial]?.isKept == true, !ask.request.setsUpState {
            asks[ask.serial]?.isKept = false
            keptBytes -= ask.line.count
        }
    }

    /// Expects the line of a request with a number for its id and token; returns the number.
    func expectNumbered(_ ask: Ask, _ invariant: Invariant) -> UInt32? {
        let request = ask.request
        guard let line = popServer() else {
            blame(
                invariant == .restoration ? invariant : .oneAnswer,
                "\(text(ask.line)) did not get to the server")
            return nil
        }
        let start = request.idRange.lowerBound + tokenShift(line, request)
        let rest = line.dropFirst(start)
        let lexeme = Array(rest.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") })
        guard let number = parseNumber(lexeme), number > 0, number <= Self.largestNumber else {
            blame(invariant, "no number of mcpo's own in \(text(line))")
            return nil
        }
        var edits = [(range: request.idRange, value: lexeme)]
        if let range = request.tokenRange { edits.append((range, lexeme)) }
        if line != edited(ask.line, edits) { diagnoseWrite(line, ask, invariant) }
        if server.flights[number] != nil { blame(.writtenOnce, "\(number) is in use already") }
        return number
    }

    /// How far the id has moved because a token in front of it was replaced by a number. The id and
    /// the token become the same number, so the length of the line tells.
    private func tokenShift(_ line: [UInt8], _ request: Request) -> Int {
        guard let token = request.tokenRange, token.lowerBound < request.idRange.lowerBound else {
            return 0
        }
        let digits = line.dropFirst(token.lowerBound).prefix {
            $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9")
        }
        return digits.count - token.count
    }

    private func diagnoseWrite(_ line: [UInt8], _ ask: Ask, _ invariant: Invariant) {
        var envelope = Envelope()
        let isRequest =
            (try? Envelope.scan(line.span.bytes, into: &envelope)) != nil && envelope.id.isPresent
        guard invariant != .restoration, isRequest else {
            blame(
                invariant == .restoration ? invariant : .sacredBytes,
                "the server got \(text(line)) instead of \(text(ask.line))")
            return
        }
        let nonce = line.span.bytes.member("nonce", of: envelope.params)
        let isSame = text(Array(line[nonce.range.bounds])) == "\(ask.request.nonce)"
        blame(
            isSame ? .sacredBytes : .writtenOnce,
            "the server got \(text(line)) instead of \(text(ask.line))")
    }

    /// A call that may have reached a server is not safe to repeat.
    func checkRetrySafety(_ facts: ErrorFacts, _ ask: Ask?) {
        guard facts.isRetrySafe == true, let ask, !ask.request.isReadOnly, ask.stage == .sent,
            let taken = look?.takenByServer, ask.position < taken
        else { return }
        blame(.writtenOnce, "\(text(facts.id)) is called safe to retry, and was written")
    }
}
