// What the cache keeps for whoever writes a stored answer out again, and does not look at itself.
//
//     {"content":[…],"ttlMs":60000}      insertion 1: a member of one's own goes behind the `{`
//                     └ ttl ┘            ttl: what to write the remaining time over

/// Where a stored result is changed when it is handed out: plain data, found once, when it came.
package struct AnswerLayout: Equatable, Sendable {
    /// An offset into the stored bytes.
    package var insertion: UInt32 = 0
    /// Whatever else there is to remember; the writer's own bits.
    package var flags: UInt32 = 0
    /// The number of `ttlMs` in the stored bytes, or `.none`.
    package var ttl = ByteRange.none

    package init() {}
}
