// How new an answer has to be.
//
// A change is owed to whoever asks after both: the change was made, and the caller of the request
// that made it was answered, or cancelled it. A stored or shared answer owes it unless the rule of
// the change does not name what is read. Changes by others are owed where mcpo was told of them.

import MCPOCore

extension Auditor {
    func judgeFreshness(_ question: Question, _ execution: Execution, isOwn: Bool) {
        guard let version = execution.version, execution.outcome == .good else { return }
        for changer in changers {
            guard let change = changer.change, let due = self.version(of: change, for: question),
                due > version, owes(changer, change, to: question)
            else { continue }
            if !isOwn, !reaches(changer, question) {
                coverage.note(.keptByRule)
                continue
            }
            blame(
                .freshness,
                "\(question.endpoint) sees version \(version) after \(due) was answered")
        }
        judgeNotices(question, version)
    }

    /// The version that a reader must see after a change; nil if it does not concern the reader.
    private func version(of change: Change, for question: Question) -> Int? {
        guard question.method == .readResource || question.tool != nil else { return nil }
        switch question.matter {
        case .key(change.key): return change.version
        case .everything: return change.total
        default: return nil
        }
    }

    private func owes(_ changer: Execution, _ change: Change, to question: Question) -> Bool {
        guard let cause = changer.question, mayWrite(cause), cause !== question,
            max(change.applied, cause.ended) < question.arrived
        else { return false }
        // mcpo looks out for a write that was given up as long as a call may take.
        return change.appliedAt.since(cause.endedAt) <= scenario.settings.timeout
    }

    /// Whether a change drops the stored answers to a request: what its rule says of it.
    private func reaches(_ changer: Execution, _ question: Question) -> Bool {
        let index = changer.question?.tool.flatMap { caching.policy.rules.index(for: $0.name) }
        guard let index else { return true }
        let rule = caching.policy.rules.rules[index]
        if let tool = question.tool { return rule.drops(tool.name) }
        return rule.drops(question.uri) || rule.drops("\(question.method.name)")
    }

    private func judgeNotices(_ question: Question, _ version: Int) {
        if case .list(let place) = question.matter {
            for notice in listChanges[place]
            where notice.call < question.arrived && notice.version > version {
                blame(.notices, "list version \(version) after \(notice.version) was announced")
            }
        }
        guard question.method == .readResource, case .key(let key) = question.matter else { return }
        // A modern server has said itself how long, and need not tell.
        let isByWatching = question.decision.line == .watchedResource && question.era == .legacy
        for notice in updates[key]
        where notice.call < question.arrived && notice.version > version {
            if notice.isSubscription, !isByWatching { continue }
            blame(.notices, "resource version \(version) after \(notice.version) was announced")
        }
    }
}
