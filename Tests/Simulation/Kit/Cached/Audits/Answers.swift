// Each answer: to whom, to what, and where it comes from.
//
//     live     the answer to an execution that was under way: its own, or one that it joined
//     stored   out of the cache: at once (a hit), or later in place of an error

import MCPOCore

extension Auditor {
    /// A line for the client.
    func hear(_ line: [UInt8], at time: Instant) {
        var envelope = Envelope()
        let bytes = line.span.bytes
        guard (try? Envelope.scan(bytes, into: &envelope)) != nil else {
            return blame(.rightAnswer, "the client was sent what is no message")
        }
        guard envelope.root.kind == .array else { return hear(line, envelope) }
        var elements = BatchElements(bytes, envelope.root)
        while let element = elements.next(bytes) {
            let part = Array(line[element.range.bounds])
            guard let inner = try? Envelope(scanning: part.span.bytes) else { continue }
            hear(part, inner)
        }
    }

    private func hear(_ part: [UInt8], _ envelope: Envelope) {
        if envelope.method.kind == .string {
            if Method.of(part.span.bytes, envelope) == .progress { hearProgress(part, envelope) }
            return
        }
        let id = Array(part[envelope.id.range.bounds])
        guard let question = waiting[id] else {
            // An answer that waits in its batch for the others is not called back.
            if let question = cancelledInBatch.removeValue(forKey: id) {
                question.isCancelled = false
                if envelope.resultTask.isPresent, let token = question.token {
                    byToken[token] = question
                }
                return judge(question, part, envelope)
            }
            return blame(.oneAnswer, "an answer to \(String(decoding: id, as: UTF8.self)), nobody")
        }
        judge(question, part, envelope)
        end(question, keepsToken: envelope.resultTask.isPresent)
    }

    private func judge(_ question: Question, _ part: [UInt8], _ envelope: Envelope) {
        if part.contains(#""data":{"mcpo":"#) { return judgeOwnError(question, part) }
        if question.method == .callTool, question.tool == nil, caching.hasMetricsTool {
            if !part.contains("structuredContent") || !question.executions.isEmpty {
                blame(.rightAnswer, "mcpo_metrics was not answered by mcpo")
            }
            tally.own += 1
            return
        }
        guard let execution = number(after: #""exec":"#, in: part).map({ executions[$0] }) else {
            return blame(.rightAnswer, "an answer without an execution")
        }
        if question.method == .initialize { hasAgreed = envelope.result.isPresent }
        let isEqual =
            question.key.isEmpty
            ? execution.question === question : execution.key == question.key
        guard isEqual else {
            return blame(.rightAnswer, "\(question.key) got the answer to \(execution.key)")
        }
        judgeMetricsTool(execution, part)
        let hasNote = part.contains(#""mcpo/cache":{"status""#)
        if hasNote, !caching.annotates { blame(.rightAnswer, "a note that nobody wants") }
        let isStored =
            hasNote || execution.answered < question.arrived
            || !question.isInBatch && execution.answered < calls
        if isStored {
            judgeStored(question, execution, part)
        } else {
            judgeLive(question, execution)
        }
        judgeFreshness(question, execution, isOwn: !isStored && execution.question === question)
    }

    /// mcpo's tool is on the last page of the list.
    private func judgeMetricsTool(_ execution: Execution, _ part: [UInt8]) {
        guard execution.method == .listTools, execution.outcome == .good else { return }
        let isWanted = caching.hasMetricsTool && execution.isLastPage
        if part.contains(#""name":"mcpo_metrics""#) != isWanted {
            blame(.rightAnswer, "mcpo_metrics is \(isWanted ? "not " : "")in the list")
        }
    }

    private func judgeOwnError(_ question: Question, _ part: [UInt8]) {
        tally.begin(question)
        if part.contains(#""code":1004"#) {
            coverage.note(.missRefused)
            if question.directive != .onlyIfCached || !question.executions.isEmpty {
                blame(.rightAnswer, "a miss was refused that could have been sent")
            }
        } else if question.executions.isEmpty, part.contains("went away") {
            coverage.note(.leaderDied)
        }
    }

    // MARK: Live answers

    private func judgeLive(_ question: Question, _ execution: Execution) {
        tally.begin(question)
        execution.served += 1
        if execution.question !== question { judgeJoined(question, execution) }
        if execution.outcome == .inputRequired, execution.served > 1 {
            blame(.merging, "what one caller is asked for was given to two")
        }
        judgeProgress(question, execution)
    }

    private func judgeJoined(_ question: Question, _ execution: Execution) {
        coverage.note(.joined)
        tally.joined += 1
        if mayWrite(question) {
            blame(.runsOnce, "\(question.endpoint) was not executed for itself")
        }
        guard let most = caching.dedupTTL, question.decision.isMergeable,
            question.directive != .noCache
        else {
            return blame(.merging, "\(question.endpoint) joined another request")
        }
        if question.arrivedAt.since(execution.sentAt) > most {
            blame(.merging, "joined a request that is \(now.since(execution.sentAt)) old")
        }
    }

    // MARK: Progress

    private func hearProgress(_ part: [UInt8], _ envelope: Envelope) {
        let token = Array(part[envelope.progressToken.range.bounds])
        guard let question = byToken[token],
            let execution = number(after: #""report":"#, in: part).map({ executions[$0] })
        else { return blame(.progress, "progress for nobody") }
        question.progress.append(execution)
    }

    /// Whoever waited for an execution has got each report since, and no other one's.
    private func judgeProgress(_ question: Question, _ execution: Execution) {
        let since = execution.question === question ? execution.sent : question.arrived
        let due = question.token == nil ? 0 : execution.reports.count { $0 > since }
        let got = question.progress.count { $0 === execution }
        let isTask = execution.outcome == .task  // Its progress goes on.
        if due != got, !isTask || got < due {
            blame(.progress, "\(got) reports of progress instead of \(due)")
        }
        if question.progress.contains(where: {
            $0 !== execution && $0.outcome != .inputRequired && $0.outcome != .task
        }) {
            blame(.progress, "progress of another request")
        }
        if got > 0, execution.question !== question { coverage.note(.sharedProgress) }
    }

    /// The number that follows `label`.
    func number(after label: String, in bytes: [UInt8]) -> Int? {
        guard let place = bytes.place(of: Array(label.utf8)) else { return nil }
        let digits = bytes[place.upperBound...].prefix { (48...57).contains($0) }
        return parseNumber(digits).map(Int.init)
    }
}
