// A request of a server reaches the client under a number of mcpo's own and is answered at most
// once, to the process that asked, under its own id; it is withdrawn when that process dies.
//
// What protects it: the books of what the client was asked; an answer is expected only once.

import MCPOCore

extension Referee {
    /// Expects a server's request at the client.
    func expectServerRequest(_ request: ServerRequestLine, _ line: [UInt8], batch: Int?) {
        guard let got = popClient() else {
            blame(.serverRequests, "the client was not asked \(text(line))")
            return
        }
        let lexeme = Array(
            got.dropFirst(request.idRange.lowerBound)
                .prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") })
        var edits = [(range: request.idRange, value: lexeme)]
        if let range = request.tokenRange { edits.append((range, lexeme)) }
        guard let number = parseNumber(lexeme), got == edited(line, edits) else {
            blame(.serverRequests, "the client was asked \(text(got)) instead of \(text(line))")
            return
        }
        if serverAsks[number] != nil { blame(.serverRequests, "\(number) is in use already") }
        serverAsks[number] = ServerAsk(id: request.id, token: request.token, batch: batch)
    }

    /// Expects the client's answer at the server.
    func expectAnswerToServer(_ expected: [UInt8]) {
        guard server.canHear else { return }
        coverage.note(.serverRequestAnswered)
        guard let line = popServer(), line == expected else {
            blame(.serverRequests, "the server did not get its answer \(text(expected))")
            return
        }
    }

    /// Expects an error of mcpo's own at the server.
    func expectErrorToServer(_ id: Identity?, _ code: ErrorCode) {
        let name = id?.verbatim ?? Array("null".utf8)
        guard let line = popServer(), let facts = ErrorFacts(line), facts.id == name,
            facts.code == code.rawValue
        else {
            blame(.serverRequests, "the server's request \(text(name)) was not refused")
            return
        }
    }

    /// The client need not answer a process that is gone.
    func withdrawServerAsks() {
        for number in serverAsks.keys.sorted() {
            serverAsks[number] = nil
            coverage.note(.serverRequestWithdrawn)
            if isDropping {
                counters.droppedNotifications += 1
                continue
            }
            if clientIsGone { continue }
            guard let line = popClient(), let (method, value) = Self.notice(line),
                method == "notifications/cancelled", value == digits(number)
            else {
                blame(.serverRequests, "the request \(number) was not withdrawn")
                return
            }
        }
        batches = batches.filter { $0.value.server == nil }
    }
}
