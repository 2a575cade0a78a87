// What mcpo decides on in one JSON-RPC message, as offsets into its line.
//
// For the line (offsets of every tenth byte below it)
//
//     {"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"add","_meta":{}}}
//     0         10        20        30        40        50        60        70
//
// `root` is 0..<81 (.object), `id` 22..<23 (.integer), `method` 33..<45 (.string), `params`
// 55..<80, `name` 63..<68, `meta` 77..<79, `isVersion2` is true and all others are `.absent`.
//
// The members are those of three objects only: the message itself, its `params` or `result`, and
// the `_meta` of that one. Everything else is checked against the grammar and skipped.

/// The members of a JSON-RPC message that mcpo reads; all of them `.absent` unless found.
///
/// Members of `params`, `result` and `_meta` are noted only where those are objects. A message
/// with both `params` and `result` is no JSON-RPC; its `_meta` is the one of `params`.
package struct Envelope: Equatable, Sendable {
    /// The whole text: an object, an array (a batch) or anything else.
    package var root = JSONValue()
    /// Whether `"jsonrpc": "2.0"` is there.
    package var isVersion2 = false
    package var id = JSONValue()
    package var method = JSONValue()
    package var params = JSONValue()
    package var result = JSONValue()
    package var error = JSONValue()

    // Members of `params`.
    package var name = JSONValue()
    package var uri = JSONValue()
    package var cursor = JSONValue()
    package var arguments = JSONValue()
    /// `requestId` of `notifications/cancelled`.
    package var requestID = JSONValue()
    /// `progressToken` of `notifications/progress`.
    package var progressToken = JSONValue()
    package var task = JSONValue()

    // Members of `result`.
    package var resultType = JSONValue()
    /// `result.task`.
    package var resultTask = JSONValue()
    package var resultIsError = JSONValue()
    /// `result.ttlMs`.
    package var resultTTL = JSONValue()

    /// `params._meta` or `result._meta`.
    package var meta = JSONValue()
    /// `progressToken` in `_meta`.
    package var metaProgressToken = JSONValue()
    /// `io.modelcontextprotocol/protocolVersion` in `_meta`.
    package var metaProtocolVersion = JSONValue()
    /// `io.modelcontextprotocol/subscriptionId` in `_meta`.
    package var metaSubscriptionID = JSONValue()

    @inline(__always)
    package init() {}
}
