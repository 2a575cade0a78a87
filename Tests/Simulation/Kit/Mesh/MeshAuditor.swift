// The auditor of the mesh world: keeps the history of a run and judges what mcpo does by it.
//
// It predicts no bytes and knows no internals: it sees what the client and each process are sent, when,
// and what the servers have done. `Audits/` has the checks.

import MCPOCore

/// A promise of a proxy with several servers, pools, limits and retries.
package enum MeshPromise: String, CaseIterable, Sendable {
    /// Each request gets one answer, under its own id, in time, unless it was cancelled.
    case oneAnswer
    /// The answer is the right server's, to this request or an equal one; the request came there
    /// under its own name, its arguments untouched.
    case rightAnswer
    /// Where nothing is wrong nobody gets an error.
    case service
    /// An error says truly whether the call may be sent again.
    case honesty
    /// What must not be done twice is sent to one process once.
    case runsOnce
    /// What may be is, as often as allowed, within the budget, and not after an answer.
    case retries
    /// No more calls are under way, and no more wait, than allowed.
    case limits
    /// Nobody waits for a turn longer than allowed, and calls of a server go in order.
    case turns
    /// Processes: no more than the maximum, in the end the minimum; what must stay in one does.
    case pool
    /// Connections are checked when nobody uses them, and replaced if they fail.
    case health
    /// A server that misbehaves is not felt by those who call others.
    case isolation
    /// A merged list has what the servers list, in order, and nothing old.
    case lists
    /// The client hears of changes, once and in time.
    case notices
    /// The first answer comes in time, whatever servers do.
    case opening
    /// Each process is opened once, in its way, before it is asked for anything.
    case handshake
    /// What is read after a write was answered is not older than the write.
    case freshness
    /// When nothing is under way, nothing is left.
    case idle
}

/// What runs of the mesh world have to come through.
package enum MeshFeature: Int, CaseIterable, Sendable {
    case spawnFailed, blocked, froze, hung, long, garbage, stranger, double, storm, flood
    case diedUnread, diedRead, diedWorked, diedAnswered, pingMissed, replaced, checked
    case retried, retriedTwice, writeLost, safeError, timedOut, overloaded, waitedInQueue
    case unavailable, unknownTool, joined, stored, progress
    case grew, poolFull, transparentPool, writeOnFirst
    case listOfSome, listAgain, told, lateServer, notLetIn, exitedWithError
    case isolatedCall, cancelled, endedEarly, listened
}

/// Judges one run of the mesh world.
final class MeshAuditor {
    let scenario: MeshScenario
    var coverage = Coverage<MeshFeature>()
    private(set) var violation: Violation<MeshPromise>?
    private(set) var now = Instant(nanoseconds: 0)
    /// How often the core has been called.
    private(set) var calls = 0

    // Requests
    var waiting: [[UInt8]: MeshRequest] = [:]
    var byNonce: [Int: MeshRequest] = [:]
    var byToken: [[UInt8]: MeshRequest] = [:]
    var requestCount = 0
    var retryCount = 0
    /// The client was let in; it has said that it is ready; it listens.
    var hasAgreed = false
    var wasRefused = false
    var isClientReady = false
    var isListening = false
    /// From now on everything has to succeed.
    var expectsSuccess = false
    var expectsLists = false

    // Attempts
    var attempts: [MeshAttempt] = []
    /// Calls under way: all, by server, by server and tool.
    var underWay = 0
    var underWayAt: [Int]
    var underWayOf: [String: Int] = [:]
    /// By lane, the nonce that was written last.
    var lastWritten: [String: Int] = [:]

    // Servers
    /// By server and key, what answered writes have made of it.
    var floors: [[Int]]
    /// Whether mcpo was given an answer of the server, and one that tells what it is.
    var hasAnswered: [Bool]
    var hasGreeted: [Bool]
    /// The era that each has shown.
    var eras: [Era?]
    /// By server and kind: the list that mcpo has read, and in which call; when its first page was
    /// asked for, and when it was last told that the list has changed.
    var known: [[Int]]
    var began: [[Int]]
    var noticed: [[Int]]
    /// By server, whether its list of tools has been read and holds.
    var isCurrent: [Bool]
    /// By server and kind, whether it has changed and nobody was told.
    var isSilent: [[Bool]]
    /// By server and kind, the version that the client was shown.
    var shown: [[Int]]

    // What the client sees of lists
    var lastText: [EntryList.Kind: String] = [:]
    var lastTextCall: [EntryList.Kind: Int] = [:]
    var lastRead: [Int] = [0, 0, 0, 0]
    var isShown: [Bool] = [false, false, false, false]
    /// By kind: until when the client has to be told; whether there is anything to tell; when it
    /// was told last.
    var noticeDue: [Instant] = Array(repeating: .never, count: 4)
    var hasNews: [Bool] = [false, false, false, false]
    var toldAt: [Instant?] = [nil, nil, nil, nil]

    init(_ scenario: MeshScenario) {
        self.scenario = scenario
        let count = scenario.servers.count
        func table<Value>(_ value: Value, _ width: Int) -> [[Value]] {
            Array(repeating: Array(repeating: value, count: width), count: count)
        }
        underWayAt = Array(repeating: 0, count: count)
        floors = table(0, MeshScenario.keys)
        hasAnswered = Array(repeating: false, count: count)
        hasGreeted = Array(repeating: false, count: count)
        eras = scenario.servers.indices.map { scenario.era(of: $0) }
        known = table(0, 4)
        began = table(0, 4)
        noticed = table(0, 4)
        isCurrent = Array(repeating: false, count: count)
        isSilent = table(false, 4)
        shown = table(0, 4)
    }

    /// Notes the first broken promise.
    func blame(_ promise: MeshPromise, _ details: @autoclosure () -> String) {
        if violation == nil { violation = Violation(invariant: promise, details: details()) }
    }

    /// A call of the core begins.
    func begin(at time: Instant) {
        calls += 1
        checkNotices(before: time)
        now = time
    }

    func isWaiting(_ request: MeshRequest) -> Bool { waiting[request.id.verbatim] === request }

    /// Whether everything is answered that has an end of its own.
    var isQuiet: Bool { waiting.values.allSatisfy { $0.method == .listen } }

    /// Whether nothing goes wrong in a server as long as the run lasts.
    func isCalm(_ server: Int) -> Bool { !scenario.servers[server].isWild }

    // MARK: The client's side

    func noteArrival(of request: MeshRequest, _ world: MeshWorld) {
        request.arrivedAt = now
        requestCount += 1
        if let server = request.server, let key = request.key {
            request.floor = floors[server][key]
        }
        request.isExpected = isKnown(request)
        waiting[request.id.verbatim] = request
        byNonce[request.nonce] = request
        if let token = request.token { byToken[token] = request }
    }

    /// Whether mcpo knows enough to send a request at once.
    private func isKnown(_ request: MeshRequest) -> Bool {
        guard let server = request.server, hasGreeted[server], hasAgreed else { return false }
        func knows(_ kind: EntryList.Kind) -> Bool { known[server][Int(kind.rawValue)] > 0 }
        if !scenario.isGateway { return knows(.tools) }
        switch request.method {
        case .callTool: return knows(.tools)
        case .getPrompt: return knows(.prompts)
        case .readResource: return knows(.resources) && knows(.templates)
        default: return false
        }
    }

    func noteCancellation(of request: MeshRequest) {
        coverage.note(.cancelled)
        request.isCancelled = true
        if request.method == .listen { stopListening() }
        end(request)
    }

    func stopListening() {
        isListening = false
        noticeDue = Array(repeating: .never, count: 4)
    }

    /// A request is over, for its caller.
    func end(_ request: MeshRequest) {
        waiting[request.id.verbatim] = nil
        if let token = request.token { byToken[token] = nil }
        request.endedAt = now
        for attempt in request.attempts { leave(attempt) }
        if let server = request.server, let key = request.key, !request.isCancelled {
            floors[server][key] = max(floors[server][key], request.applied)
        }
    }

    // MARK: The servers' side

    /// mcpo is given the answer to an attempt.
    func noteAnswer(to attempt: MeshAttempt, _ world: MeshWorld) {
        attempt.answeredAt = now
        leave(attempt)
        let process = attempt.process
        process.usedAt = now
        let isOpening = attempt.method == .initialize || attempt.method == .discover
        // One that refuses to say what it is, and dies of the next question, has not started.
        if !isOpening || attempt.request != nil || process.hasGreeted {
            hasAnswered[process.server] = true
        }
        // What comes after the client was told that nothing did is not taken in.
        if isOpening, process.hasGreeted, attempt.request?.endedAt == nil {
            hasGreeted[process.server] = true
            if eras[process.server] == nil {
                eras[process.server] = attempt.method == .discover ? .modern : .legacy
            }
        }
        if attempt.number == process.ping {
            process.ping = []
            process.missedPings = 0
        }
        if let kind = EntryList.Kind(meshMethod: attempt.method),
            attempt.request == nil || !scenario.isGateway
        {
            noteList(kind, attempt, world)
        }
    }

    /// A process says nothing more.
    func noteSilence(of process: MeshProcess) {
        for attempt in process.attempts.values { leave(attempt) }
        if process.isFirst { isCurrent[process.server] = false }
    }

    func noteProgress(of attempt: MeshAttempt) {
        for request in waiting.values
        where attempt.request === request || !request.equality.isEmpty {
            request.progressAt = now
        }
    }

    func noteRun(_ request: MeshRequest) {
        if request.runs > 1, !request.isRepeatable {
            blame(.runsOnce, "\(request.target) was executed twice")
        }
    }

    func noteExit(_ code: Int32, _ world: MeshWorld) {
        if code == 0, world.hasEnded { return }
        coverage.note(.exitedWithError)
        if code != 1 { blame(.idle, "mcpo ends with code \(code)") }
        for server in hasAnswered.indices where hasAnswered[server] {
            blame(.idle, "mcpo gives up though \(scenario.name(server)) has answered")
        }
    }
}
