// What mcpo forwards keeps every byte but ids and tokens, in order.
//
// What protects it: each forwarded line is compared whole with the line it came from, the known
// ranges replaced.

extension Referee {
    /// Expects a message of the client at the server, if the server can still be told.
    func hearServer(_ expected: [UInt8]) {
        guard server.canHear else { return }
        guard let line = popServer() else {
            blame(.sacredBytes, "the server did not get \(text(expected))")
            return
        }
        if line != expected {
            blame(.sacredBytes, "the server got \(text(line)) instead of \(text(expected))")
        }
    }
}
