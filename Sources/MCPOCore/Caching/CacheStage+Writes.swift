// What makes stored answers old: writes from their sending to their answer and beyond, notifications.
//
//     sent ─▶ under way ─▶ answered                    both ends drop what is stored; between them
//                 └─────▶ given up ─▶ answered late    nothing is, nor while one that was given up
//                             └─────▶ time over        may still happen
//
// See the head of CacheStage.swift for what this is good for.

extension CacheStage {
    /// A call that may write is sent.
    /// - Parameter rule: the place of its rule, or -1.
    mutating func writeBegins(rule: Int32) {
        writesUnderWay += 1
        if rule >= 0 { ruleWrites[Int(rule)] += 1 }
        noteWrite(rule: rule)
    }

    /// It was answered, or nobody waits for it any more.
    mutating func writeEnds(rule: Int32) {
        writesUnderWay -= 1
        if rule >= 0 { ruleWrites[Int(rule)] -= 1 }
        noteWrite(rule: rule)
    }

    /// Whether a write under way may change what a flight has answered just now.
    @inline(never)
    func isOverlapped(_ terms: FlightTerms) -> Bool {
        if writesUnderWay > ruleWrites.reduce(0, +) { return true }
        let group = terms.group.number
        let name = String(decoding: monitor.name(ofEndpoint: group), as: UTF8.self)
        for place in ruleWrites.indices where ruleWrites[place] > 0 {
            let rule = settings.policy.rules.rules[place]
            guard let patterns = rule.invalidates else { return true }
            if !patterns.isEmpty, group == 0 || rule.drops(name) { return true }
            if terms.resource != 0, patterns.contains(where: Self.canNameResource) { return true }
        }
        return false
    }

    /// The names that a rule's writes drop; nil is all.
    private func drops(_ rule: Int32) -> [String]? {
        rule < 0 ? nil : settings.policy.rules.rules[Int(rule)].invalidates
    }

    /// Something may have changed what the server answers.
    /// - Parameter rule: the place of its rule, or -1.
    mutating func noteWrite(rule: Int32) {
        guard let patterns = drops(rule) else {
            caches.drop(server: 0)
            return
        }
        guard !patterns.isEmpty else { return }
        let tool = settings.policy.rules.rules[Int(rule)]
        var known = ruleGroups[Int(rule)]
        while known.looked < monitor.endpointCount {
            let name = String(decoding: monitor.name(ofEndpoint: known.looked), as: UTF8.self)
            if known.looked == 0 || tool.drops(name) { known.groups.append(known.looked) }
            known.looked += 1
        }
        ruleGroups[Int(rule)] = known
        for group in known.groups { caches.drop(CacheGroup(server: 0, number: group)) }
        if patterns.contains(where: Self.canNameResource) { drop(.readResource) }
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
    mutating func abandonWrite(until limit: Instant) {
        abandonedWrites += 1
        unsafeUntil = max(unsafeUntil, limit)
    }

    /// A write that was given up has been answered after all, or its time is over.
    mutating func abandonedWriteEnded() {
        abandonedWrites -= 1
        if abandonedWrites == 0 { unsafeUntil = forgottenUntil }
    }

    /// The answer to a write that was given up is not looked out for any more: it may happen all
    /// the same.
    mutating func forgetAbandonedWrite() {
        abandonedWrites -= 1
        forgottenUntil = unsafeUntil
    }

    /// The process is gone, and with it every write that was given up.
    mutating func writersAreGone() {
        abandonedWrites = 0
        forgottenUntil = Instant(nanoseconds: .min)
        unsafeUntil = forgottenUntil
    }

    /// Drops what was read of a URI, a string of the line; without one, all that was read.
    mutating func dropResource(_ uri: JSONValue, _ line: RawSpan) {
        let resource = resource(uri, line)
        if resource == 0 { drop(.readResource) } else { caches.drop(resource: resource) }
    }

    /// Drops what is stored of a method's answers.
    mutating func drop(_ method: Method) {
        guard let endpoint = endpoint(of: method) else { return }
        caches.drop(CacheGroup(server: 0, number: Int(endpoint.index)))
    }
}
