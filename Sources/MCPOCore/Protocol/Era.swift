// Eras of MCP, in the specification's words: *legacy* revisions open with `initialize`, *modern* ones
// (2026-07-28 and later) carry version and capabilities in each request.

/// Which kind of protocol a message or a peer speaks.
package enum Era: Sendable {
    case legacy
    case modern
}
