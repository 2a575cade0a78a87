// How mcpo comes to know a server's tools: it asks by itself, as soon as it may, and again when they
// have changed, because the client may never ask.
//
//     unwanted ── initialized (legacy), first request (modern) ──▶ due
//     due      ── the server is open ──▶ asked ── last page ──▶ known
//     known    ── list_changed, a new process, ttlMs is over ──▶ due

/// What mcpo knows of a server's tools and of its own asking for them.
struct CatalogState: ~Copyable {
    var tools = ToolCatalog()
    /// Whether the list is to be asked for when that is possible.
    var isDue = false
    /// The number of mcpo's own `tools/list` under way; 0 when there is none.
    var flight: UInt32 = 0
    /// The `_meta` of mcpo's own requests to a modern server, braces included: the client's own
    /// revision, name and capabilities. Empty with a legacy client.
    var meta: [UInt8] = []
    /// The `_meta` that the server has refused last.
    var refusedMeta: [UInt8] = []
    /// How often the list was asked for since the last request of the client.
    var timesAsked = 0
    /// When the list is to be asked for again: the server's own time for it is over (`ttlMs`), or it
    /// could not be had. `.never` for neither.
    var freshUntil = Instant.never
    /// Whether the server has a tool of the name of mcpo's own, which then stays hidden.
    var hidesMetricsTool = false
    /// Whether that has been logged.
    var hasWarned = false
    /// Whether a legacy server has said that it has tools.
    var hasTools = false
}
