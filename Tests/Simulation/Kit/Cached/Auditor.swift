// The auditor of the cached world: keeps the history of a run and judges each answer by it.
//
// It predicts no bytes. It knows when each request came, each was executed, each change was made
// and each notification received, in numbers of calls of the core, and asks of an answer: is what it
// shows as new as it has to be, and may it come from where it comes from? `Audits/` has the checks.

import MCPOCore

/// A promise of the cached proxy that the auditor watches over.
package enum CachePromise: String, CaseIterable, Sendable {
    /// Each request gets one answer, under its own id, unless it was cancelled.
    case oneAnswer
    /// The answer is to this request, or to an equal one.
    case rightAnswer
    /// What is read after a change was answered is never older than the change.
    case freshness
    /// What the server has said to be out of date is not given to anybody who asks later.
    case notices
    /// A stored answer is given as long as the settings, the server and the request allow.
    case lifetime
    /// Only what may be stored is.
    case storable
    /// What may write is executed for each request on its own, once.
    case runsOnce
    /// Equal requests in flight are merged, within the rules.
    case merging
    /// What could have been answered from the cache is.
    case usefulness
    /// Progress goes to those who wait, each under its own token, and to nobody else.
    case progress
    /// When nothing is under way, nothing is left.
    case idle
    /// The figures of `mcpo_metrics` are what has happened.
    case figures
    /// The cache keeps its bounds.
    case bounds
}

/// What runs of the cached world have to come through.
package enum CacheFeature: Int, CaseIterable, Sendable {
    case hit, listHit, resourceHit, namedCacheHit, hitInBatch, hitByAge, remainingTime
    case staleServed, revalidated, fellBack, missRefused
    case joined, leaderCancelled, lastWaiterCancelled, leaderDied, inputForOne
    case overtaken, toolsUnknown, quarantine, lateChange, keptByRule
    case evicted, expired, invalidated, restarted, duplicateKeys, sharedProgress
}

/// Judges one run of the cached world.
final class Auditor {
    let scenario: CachedScenario
    var coverage = Coverage<CacheFeature>()
    private(set) var violation: Violation<CachePromise>?

    /// How often the core has been called: the clock of all orders.
    private(set) var calls = 0
    private(set) var now = Instant(nanoseconds: 0)

    // Requests
    var waiting: [[UInt8]: Question] = [:]
    var byNonce: [Int: Question] = [:]
    var byToken: [[UInt8]: Question] = [:]
    var cancelledInBatch: [[UInt8]: Question] = [:]
    /// The client's `initialize` was answered in this call.
    var hasAgreed = false

    // Executions
    var executions: [Execution] = []
    var byNumber: [UInt32: [[UInt8]: Execution]] = [:]
    /// By key, the one that was written last, and the one that was answered well last.
    var lastWritten: [String: Execution] = [:]
    var lastGood: [String: Execution] = [:]

    // What is known to have changed
    var changers: [Execution] = []
    /// By key and by list: in which call mcpo learned of which version.
    var updates: [[(call: Int, version: Int, isSubscription: Bool)]] = [[], [], []]
    var listChanges: [[(call: Int, version: Int)]] = [[], [], [], []]
    /// Keys whose resource mcpo may take for watched.
    var watched: Set<Int> = []

    // What mcpo knows
    /// Whether mcpo has read the server's list of tools, and it still holds.
    var knowsTools = false
    var lastToolsChange = 0
    /// The last call in which something may have dropped what is stored.
    var lastDisturbance = 0
    /// Writes that were given up may happen until then.
    var quarantineEnd = Instant(nanoseconds: 0)

    var tally = Tally()

    init(_ scenario: CachedScenario) {
        self.scenario = scenario
    }

    var caching: CachingSettings { scenario.caching }
    var isQuiet: Bool { waiting.isEmpty }

    /// Notes the first broken promise.
    func blame(_ promise: CachePromise, _ details: @autoclosure () -> String) {
        if violation == nil { violation = Violation(invariant: promise, details: details()) }
    }

    /// A call of the core begins.
    func begin(at time: Instant) {
        calls += 1
        now = time
    }

    func noteDisturbance() { lastDisturbance = calls }

    // MARK: The client's side

    func isWaiting(_ question: Question) -> Bool { waiting[question.id.verbatim] === question }

    func noteArrival(of question: Question, at time: Instant) {
        question.arrived = calls
        question.arrivedAt = time
        question.isDecided = question.tool == nil || knowsTools
        if question.method == .readResource, case .key(let key) = question.matter {
            question.decision = caching.policy.judge(
                .readResource, server: question.era, isWatched: watched.contains(key))
        }
        if question.method == .unsubscribeResource { noteDisturbance() }
        waiting[question.id.verbatim] = question
        byNonce[question.nonce] = question
        if let token = question.token { byToken[token] = question }
        if !question.isDecided { coverage.note(.toolsUnknown) }
        if question.tool != nil, question.key.isEmpty { coverage.note(.duplicateKeys) }
        if time < quarantineEnd { coverage.note(.quarantine) }
    }

    func noteCancellation(of question: Question, at time: Instant) {
        question.isCancelled = true
        if question.isInBatch { cancelledInBatch[question.id.verbatim] = question }
        if question.executions.contains(where: { $0.answered == .max }) {
            coverage.note(.leaderCancelled)
        }
        // Too late for a part of a batch that was answered while the others were not.
        let isTask = question.executions.contains { $0.answered != .max && $0.outcome == .task }
        end(question, keepsToken: question.isInBatch && isTask)
    }

    /// A request is over, for its caller.
    /// - Parameter keepsToken: its answer was a task, which goes on.
    func end(_ question: Question, keepsToken: Bool = false) {
        waiting[question.id.verbatim] = nil
        if let token = question.token, !keepsToken { byToken[token] = nil }
        question.ended = calls
        question.endedAt = now
        guard mayWrite(question) else { return }
        noteDisturbance()
        if question.executions.contains(where: { $0.answered == .max }) {
            quarantineEnd = max(quarantineEnd, now.advanced(by: scenario.settings.timeout))
        }
    }

    /// Whether mcpo has to take a request for a write.
    func mayWrite(_ question: Question) -> Bool {
        question.mayWrite || !question.isDecided
    }

    // MARK: The server's side

    /// mcpo has written a line to a process.
    func noteWritten(_ line: [UInt8], to process: UInt32, at time: Instant) {
        var envelope = Envelope()
        let bytes = line.span.bytes
        guard (try? Envelope.scan(bytes, into: &envelope)) != nil else {
            return blame(.rightAnswer, "the server was sent what is no message")
        }
        let method = Method.of(bytes, envelope)
        if method == .cancelled {
            let number = Array(line[envelope.requestID.range.bounds])
            noteCancelled(execution(numbered: number, in: process))
        }
        guard envelope.id.isPresent else { return }
        let nonce = parseNumber(line[bytes.member("nonce", of: envelope.meta).range.bounds])
        let question = nonce.flatMap { byNonce[Int($0)] }
        let isModern = envelope.metaProtocolVersion.isPresent
        let page = envelope.cursor.isPresent ? " 2" : ""
        let era = isModern ? Era.modern : .legacy
        let execution = Execution(
            serial: executions.count, process: process,
            number: Array(line[envelope.id.range.bounds]), question: question, method: method,
            era: era, key: question?.key ?? "\(era) tools/list\(page)", sent: calls, sentAt: time)
        execution.matter = question?.matter ?? .list(0)
        execution.isLastPage = !scenario.server.hasPages || envelope.cursor.isPresent
        executions.append(execution)
        byNumber[process, default: [:]][execution.number] = execution
        audit(written: execution)
        if !execution.key.isEmpty { lastWritten[execution.key] = execution }
        question?.executions.append(execution)
        if let question, mayWrite(question) { noteDisturbance() }
    }

    private func noteCancelled(_ execution: Execution?) {
        guard let execution, let question = execution.question else { return }
        if question.ended < calls { coverage.note(.lastWaiterCancelled) }
    }

    func execution(numbered number: [UInt8], in process: UInt32) -> Execution? {
        byNumber[process]?[number]
    }

    func noteChange(by execution: Execution) {
        changers.append(execution)
        if execution.question?.ended ?? .max <= calls { coverage.note(.lateChange) }
    }

    /// mcpo is given the answer to an execution.
    func noteAnswer(to execution: Execution, at time: Instant) {
        execution.answered = calls
        execution.answeredAt = time
        let question = execution.question
        if let question, mayWrite(question) { noteDisturbance() }
        guard execution.outcome == .good else { return }
        noteGood(execution, question)
        let isWanted = question?.ended ?? .max == .max
        if isWanted, !execution.key.isEmpty { lastGood[execution.key] = execution }
        if lastDisturbance > execution.sent, question?.decision.isCacheable == true {
            coverage.note(.overtaken)
        }
    }

    private func noteGood(_ execution: Execution, _ question: Question?) {
        switch (execution.method, execution.matter) {
        case (.subscribeResource, .key(let key)):
            watched.insert(key)
            noteDisturbance()
            if question?.executions.count == 1 {
                updates[key].append((calls, execution.version ?? 0, true))
            }
        case (.unsubscribeResource, .key(let key)):
            watched.remove(key)
            noteDisturbance()
        case (.listTools, _) where question == nil:
            if execution.isLastPage, execution.sent >= lastToolsChange { knowsTools = true }
        default:
            break
        }
    }

    /// mcpo is given something else.
    func note(_ notice: Notice) {
        switch notice {
        case .progress(let execution):
            if execution.answered == .max { execution.reports.append(calls) }
            return
        case .listChanged(let place, let version):
            listChanges[place].append((calls, version))
            if place == 0 {
                lastToolsChange = calls
                knowsTools = false
            }
        case .updated(let key, let version):
            updates[key].append((calls, version, false))
        case .garbage:
            return
        }
        noteDisturbance()
    }
}
