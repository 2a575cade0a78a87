// A request of the client in the cached world: what it asks, how, and what has become of it.

import MCPOCore

/// What a tool does, whatever it says of itself.
enum ToolKind {
    case read, write, realtime
    /// Reads or writes, as its argument says.
    case statement
}

/// A tool of the simulated server.
struct SimulatedTool {
    var name: String
    /// As in `tools/list`; empty for none.
    var hints: String
    var kind: ToolKind
    /// Whether it is about one key; otherwise its answer depends on all.
    var hasKey: Bool

    var annotations: ToolAnnotations {
        var annotations = ToolAnnotations()
        if hints.contains("readOnlyHint") { annotations.readOnly = hints.contains("Hint\":true") }
        if hints.contains("destructive") { annotations = ToolAnnotations(destructive: true) }
        return annotations
    }

    static let all: [SimulatedTool] = [
        SimulatedTool(name: "get_item", hints: "", kind: .read, hasKey: true),
        SimulatedTool(name: "search_items", hints: "", kind: .read, hasKey: false),
        SimulatedTool(
            name: "note_view", hints: #""readOnlyHint":true"#, kind: .read, hasKey: true),
        SimulatedTool(name: "item_schema", hints: "", kind: .read, hasKey: false),
        SimulatedTool(name: "query", hints: "", kind: .statement, hasKey: true),
        SimulatedTool(
            name: "current_time", hints: #""readOnlyHint":true"#, kind: .realtime, hasKey: true),
        SimulatedTool(
            name: "random_number", hints: #""readOnlyHint":true"#, kind: .realtime, hasKey: true),
        SimulatedTool(name: "set_item", hints: "", kind: .write, hasKey: true),
        SimulatedTool(
            name: "drop_note", hints: #""destructiveHint":true"#, kind: .write, hasKey: true),
        SimulatedTool(
            name: "upsert_item", hints: #""readOnlyHint":false"#, kind: .write, hasKey: true),
        SimulatedTool(name: "frobnicate", hints: "", kind: .write, hasKey: true),
    ]
}

/// What an answer depends on.
enum Matter: Equatable {
    case nothing
    /// One of the keys of the server's database.
    case key(Int)
    case everything
    /// A list, by its place in `Database.lists`.
    case list(Int)
}

/// One request of the client.
final class Question {
    let nonce: Int
    let id: Identity
    let method: Method
    var era = Era.legacy
    var token: [UInt8]?
    var tool: SimulatedTool?
    var matter = Matter.nothing
    /// Of `resources/…`.
    var uri = ""
    /// Equal for requests that one answer may serve; empty for those that it may not.
    var key = ""
    /// Whether it changes what `matter` says.
    var changes = false
    var directive = CacheDirective.none
    /// What the policy says of it when the server's tools are known and the URI is `isWatched`.
    var decision = CacheDecision(line: .notStorable, effect: .readOnly)
    var line: [UInt8] = []
    /// Whether it is a part of a batch.
    var isInBatch = false

    // What became of it: numbers of calls of the core, and times.
    var arrived = 0
    var arrivedAt = Instant(nanoseconds: 0)
    /// When its caller was answered, or cancelled it.
    var ended = Int.max
    var endedAt = Instant.never
    var isCancelled = false
    /// Executions of this very request.
    var executions: [Execution] = []
    /// Reports of progress that its caller got.
    var progress: [Execution] = []
    /// Whether the server's tools, and so this decision, were known to mcpo for certain.
    var isDecided = false

    init(nonce: Int, id: Identity, method: Method) {
        self.nonce = nonce
        self.id = id
        self.method = method
    }

    /// What it is measured under.
    var endpoint: String { tool?.name ?? "\(method.name)" }

    /// Whether it drops what is stored: the tool's decision, or an argument that is SQL.
    var mayWrite: Bool { decision.mayWrite }

    /// The oldest stored answer that will do; nil for none at all.
    var maximumAge: Int64? {
        switch directive {
        case .noStore, .noCache: nil
        case .maxAge(let age): age
        case .none, .onlyIfCached, .notUnderstood: .max
        }
    }
}

/// A change that a request of the client has made.
struct Change {
    var key: Int
    var version: Int
    var total: Int
    /// The number of the core's last call before it.
    var applied: Int
    var appliedAt: Instant
}

/// One request that mcpo has written to a process of the server.
final class Execution {
    enum Outcome {
        /// A result that is complete.
        case good
        /// A result with `isError`.
        case failure
        /// A JSON-RPC error that means nothing for the server's health, and one that does.
        case refusal, trouble
        /// A result that is for one caller.
        case inputRequired, task
    }

    let serial: Int
    let process: UInt32
    /// The number that the server knows it by.
    let number: [UInt8]
    /// Whose request it is; nil for mcpo's own.
    let question: Question?
    let method: Method
    let era: Era
    let key: String
    var matter = Matter.nothing
    var token: [UInt8]?
    /// The number of the core's call that wrote it.
    let sent: Int
    let sentAt: Instant

    var outcome = Outcome.good
    var lifetime: Int64?
    /// What it saw, or made: the version of its matter.
    var version: Int?
    /// The version of its key, and of everything, after its change; when it was made.
    var change: Change?
    var answered = Int.max
    var answeredAt = Instant.never
    var hasFinished = false
    /// Calls of the core with a report of its progress.
    var reports: [Int] = []
    /// Callers that got its answer while it was live.
    var served = 0
    /// Of mcpo's own `tools/list`: whether it asks for the last page.
    var isLastPage = true

    init(
        serial: Int, process: UInt32, number: [UInt8], question: Question?, method: Method,
        era: Era, key: String, sent: Int, sentAt: Instant
    ) {
        self.serial = serial
        self.process = process
        self.number = number
        self.question = question
        self.method = method
        self.era = era
        self.key = key
        self.sent = sent
        self.sentAt = sentAt
    }
}
