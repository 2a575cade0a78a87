// What of a request's `_meta` concerns the cache.
//
//     {"io.modelcontextprotocol/protocolVersion":"2026-07-28","mcpo/cache":"no-store", …}
//
// One walk finds it all. Nothing else in `_meta` changes an answer: trace context, client info and
// the progress token differ from call to call.

/// The members of `params._meta` that the policy and the key need.
package struct RequestMeta: Equatable, Sendable {
    package var protocolVersion = JSONValue.absent
    package var clientCapabilities = JSONValue.absent
    /// The value of `mcpo/cache`.
    package var cacheDirective = JSONValue.absent
    /// Whether one of them is there twice: then none is to be believed.
    package var hasDuplicates = false

    /// - Parameter meta: `Envelope.meta`; absent is fine.
    package init(_ line: RawSpan, _ meta: JSONValue) {
        guard meta.kind == .object else { return }
        var members = ObjectMembers(line, of: meta)
        while let member = members.next(line) {
            if member.isNamed("io.modelcontextprotocol/protocolVersion", line) {
                if isFirst(protocolVersion) { protocolVersion = member.value }
            } else if member.isNamed("io.modelcontextprotocol/clientCapabilities", line) {
                if isFirst(clientCapabilities) { clientCapabilities = member.value }
            } else if member.isNamed("mcpo/cache", line) {
                if isFirst(cacheDirective) { cacheDirective = member.value }
            }
        }
    }

    private mutating func isFirst(_ member: JSONValue) -> Bool {
        if member.isPresent { hasDuplicates = true }
        return !member.isPresent
    }
}
