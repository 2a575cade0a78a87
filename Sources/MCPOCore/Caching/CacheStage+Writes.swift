// What makes stored answers old: writes from their sending to their answer and beyond, notifications.
//
//     sent ─▶ under way ─▶ answered                    both ends drop what is stored; between them
//                 └─────▶ given up ─▶ answered late    nothing is, nor while one that was given up
//                             └─────▶ time over        may still happen
//
// See the head of CacheStage.swift for what this is good for.

extension CacheStage {
    /// A call that may write is sent to a server.
    /// - Parameter rule: the place of its rule, or -1.
    mutating func writeBegins(_ server: ServerIndex, rule: Int32) {
        parts[server].writesUnderWay += 1
        if rule >= 0 { parts[server].ruleWrites[Int(rule)] += 1 }
        noteWrite(server, rule: rule)
    }

    /// It was answered, or nobody waits for it any more.
    mutating func writeEnds(_ server: ServerIndex, rule: Int32) {
        parts[server].writesUnderWay -= 1
        if rule >= 0 { parts[server].ruleWrites[Int(rule)] -= 1 }
        noteWrite(server, rule: rule)
    }

    /// Whether a write under way may change what a flight has answered just now.
    func isOverlapped(_ terms: FlightTerms) -> Bool {
        let server = terms.group.server
        return parts[server].writesUnderWay > 0 && isHit(terms, server)
    }

    @inline(never)
    private func isHit(_ terms: FlightTerms, _ server: ServerIndex) -> Bool {
        let writes = parts[server].ruleWrites
        if parts[server].writesUnderWay > writes.reduce(0, +) { return true }
        let place = parts[server].groups.firstIndex(of: terms.group) ?? 0
        let name = String(decoding: parts[server].groupNames.name(place), as: UTF8.self)
        for number in writes.indices where writes[number] > 0 {
            let rule = parts[server].policy.rules.rules[number]
            guard let patterns = rule.invalidates else { return true }
            if !patterns.isEmpty, place == 0 || rule.drops(name) { return true }
            if terms.resource != 0, patterns.contains(where: Self.canNameResource) { return true }
        }
        return false
    }

    /// Something may have changed what the server answers.
    /// - Parameter rule: the place of its rule, or -1.
    mutating func noteWrite(_ server: ServerIndex, rule: Int32 = -1) {
        if rule < 0 { caches.drop(server: server) } else { noteWrite(server, by: rule) }
    }

    @inline(never)
    private mutating func noteWrite(_ server: ServerIndex, by rule: Int32) {
        let tool = parts[server].policy.rules.rules[Int(rule)]
        guard let patterns = tool.invalidates else {
            caches.drop(server: server)
            return
        }
        guard !patterns.isEmpty else { return }
        var known = parts[server].ruleGroups[Int(rule)]
        while known.looked < parts[server].groupNames.count {
            let name = parts[server].groupNames.name(known.looked)
            if known.looked == 0 || tool.drops(String(decoding: name, as: UTF8.self)) {
                known.groups.append(parts[server].groups[known.looked])
            }
            known.looked += 1
        }
        parts[server].ruleGroups[Int(rule)] = known
        for group in known.groups { caches.drop(group) }
        if patterns.contains(where: Self.canNameResource) { drop(.readResource, of: server) }
    }

    /// Whether a pattern can match a URI, which begins with a scheme: letters, digits, `+`, `-`, `.`
    /// and then a colon (RFC 3986 §3.1).
    private static func canNameResource(_ pattern: String) -> Bool {
        for byte in pattern.utf8 {
            switch byte {
            case UInt8(ascii: ":"), UInt8(ascii: "*"), UInt8(ascii: "?"): return true
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2B, 0x2D, 0x2E: continue
            default: return false
            }
        }
        return false
    }

    /// A write was given up before it was answered; it may happen until then, or until `limit`.
    mutating func abandonWrite(_ server: ServerIndex, until limit: Instant) {
        parts[server].abandonedWrites += 1
        parts[server].unsafeUntil = max(parts[server].unsafeUntil, limit)
    }

    /// A write that was given up has been answered after all, or its time is over.
    mutating func abandonedWriteEnded(_ server: ServerIndex) {
        parts[server].abandonedWrites -= 1
        if parts[server].abandonedWrites == 0 {
            parts[server].unsafeUntil = parts[server].forgottenUntil
        }
    }

    /// The answer to a write that was given up is not looked out for any more: it may happen all
    /// the same.
    mutating func forgetAbandonedWrite(_ server: ServerIndex) {
        parts[server].abandonedWrites -= 1
        parts[server].forgottenUntil = parts[server].unsafeUntil
    }

    /// The process that writes go to is gone, and with it every write that was given up.
    mutating func writersAreGone(_ server: ServerIndex) {
        parts[server].abandonedWrites = 0
        parts[server].forgottenUntil = Instant(nanoseconds: .min)
        parts[server].unsafeUntil = parts[server].forgottenUntil
    }

    /// Drops what was read of a URI, a string of the line; without one, all that was read.
    mutating func dropResource(_ uri: JSONValue, _ line: RawSpan, of server: ServerIndex) {
        let resource = resource(uri, line)
        if resource == 0 {
            drop(.readResource, of: server)
        } else {
            caches.drop(resource: resource)
        }
    }

    /// Drops what is stored of a method's answers.
    mutating func drop(_ method: Method, of server: ServerIndex) {
        if method != .listen { caches.drop(place(server, of: method).group) }
    }
}
