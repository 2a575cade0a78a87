// Planted bugs: what mcpo could do wrong, done to what it said after it said it right.
//
// An invariant that cannot fail protects nothing. Each case here changes what flows between the
// core and its peers, or what the core tells of itself, and must be caught by the invariant named.

import MCPOCore

/// A bug that is planted between the core and the world.
package enum Sabotage: String, CaseIterable, Sendable {
    case droppedAnswer, answerToNobody
    case swappedIDs, foreignBody
    case answerTwice, lateAnswer, leakedProgress
    case repeatedWrite, leakedID
    case alteredResult, alteredParams
    case droppedWithdrawal, misdirectedAnswer
    case skippedInitialize, secondAcknowledgement
    case forgottenBounds
    case miscounted
    case neverIdle, forgottenRelease, secondExit, sleptThrough
    case foreignChance

    /// The invariant that has to catch it.
    package var caughtBy: Invariant {
        switch self {
        case .droppedAnswer, .answerToNobody: .oneAnswer
        case .swappedIDs, .foreignBody: .rightAnswer
        case .answerTwice, .lateAnswer, .leakedProgress: .noStrays
        case .repeatedWrite, .leakedID: .writtenOnce
        case .alteredResult, .alteredParams: .sacredBytes
        case .droppedWithdrawal, .misdirectedAnswer: .serverRequests
        case .skippedInitialize, .secondAcknowledgement: .restoration
        case .forgottenBounds: .bounds
        case .miscounted: .counted
        case .neverIdle, .forgottenRelease, .secondExit, .sleptThrough: .ending
        case .foreignChance: .determinism
        }
    }
}

/// Plants one kind of bug.
struct Saboteur {
    let sabotage: Sabotage
    private var earlier: [UInt8]?
    /// The client has been initialised once.
    private var hasAgreed = false

    init(_ sabotage: Sabotage) {
        self.sabotage = sabotage
    }

    /// Changes what the core said in answer to `input`.
    mutating func spoil(_ outcome: inout Outcome, input: Input) {
        hasAgreed = hasAgreed || outcome.toClient.contains { $0.contains("protocolVersion") }
        switch sabotage {
        case .droppedAnswer, .answerToNobody, .swappedIDs, .foreignBody, .answerTwice, .lateAnswer,
            .alteredResult:
            spoilAnswers(&outcome)
        case .leakedProgress:
            if !outcome.toClient.isEmpty { outcome.toClient.append(Self.progress) }
        case .repeatedWrite, .leakedID, .alteredParams, .misdirectedAnswer, .skippedInitialize:
            spoilWrites(&outcome, input)
        case .droppedWithdrawal:
            outcome.toClient.removeAll { $0.contains("the server went away\"}}") }
        case .secondAcknowledgement:
            let line = outcome.toClient.first { $0.contains("subscriptions/acknowledged") }
            if let line { outcome.toClient.append(line) }
        case .forgottenRelease:
            outcome.commands.removeAll { if case .release = $0 { true } else { false } }
        case .secondExit:
            if case .exit(let code)? = outcome.commands.last {
                outcome.commands.append(.exit(code: code))
            }
        case .forgottenBounds, .miscounted, .neverIdle, .sleptThrough, .foreignChance:
            break
        }
    }

    /// Changes what the core tells of itself.
    func spoil(_ look: inout Look) {
        if sabotage == .miscounted { look.counters.garbageLines /= 2 }
        if sabotage == .neverIdle { look.isIdle = false }
    }

    private static let progress = Array(
        #"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1}}"#.utf8)

    private mutating func spoilAnswers(_ outcome: inout Outcome) {
        let answers = outcome.toClient.indices.filter {
            outcome.toClient[$0].contains(#""nonce":"#) && outcome.toClient[$0].first != 0x5B
        }
        guard let index = answers.first, let (id, body) = Referee.split(outcome.toClient[index])
        else { return }
        let line = outcome.toClient[index]
        switch sabotage {
        case .droppedAnswer: outcome.toClient.remove(at: index)
        case .answerToNobody:
            outcome.toClient.append(line.replacingFirst(id, with: Array("99999".utf8)))
        case .answerTwice: outcome.toClient.append(line)
        case .lateAnswer:
            if let earlier, Referee.split(earlier)?.id != id { outcome.toClient.append(earlier) }
        case .foreignBody:
            if let earlier, let (_, other) = Referee.split(earlier) {
                outcome.toClient[index] = line.replacingFirst(body, with: other)
            }
        case .swappedIDs:
            outcome.toClient[index] = line.replacingFirst(id, with: Array("12345678".utf8))
        default:  // .alteredResult
            outcome.toClient[index] = line.replacingFirst(
                Array("1.0e3".utf8), with: Array("1000.".utf8))
        }
        earlier = line
    }

    private mutating func spoilWrites(_ outcome: inout Outcome, _ input: Input) {
        let requests = outcome.toServer.indices.filter {
            outcome.toServer[$0].contains(#""nonce":"#)
                && outcome.toServer[$0].contains(#""initialize""#)
                    == (sabotage == .skippedInitialize)
        }
        switch (sabotage, requests.first) {
        case (.repeatedWrite, let index?): outcome.toServer.append(outcome.toServer[index])
        case (.leakedID, let index?):
            let line = outcome.toServer[index]
            if let (id, _) = Referee.split(line.replacingFirst(Self.method, with: Self.noMethod)) {
                outcome.toServer[index] = line.replacingFirst(id, with: Array("\"x\"".utf8))
            }
        case (.alteredParams, let index?):
            outcome.toServer[index] = outcome.toServer[index].replacingFirst(
                Array(#""pad":""#.utf8), with: Array(#""paf":""#.utf8))
        case (.skippedInitialize, let index?) where hasAgreed:
            if case .event(.spawned) = input { outcome.toServer.remove(at: index) }
        case (.misdirectedAnswer, _):
            if let index = outcome.toServer.firstIndex(where: { $0.starts(with: Self.answer) }) {
                outcome.toServer[index].insert(UInt8(ascii: "9"), at: Self.answer.count)
            }
        default: break
        }
    }

    private static let method = Array(#""method":"#.utf8)
    private static let noMethod = Array(#""nothing":"#.utf8)
    private static let answer = Array(#"{"id":"#.utf8)
}

extension [UInt8] {
    func contains(_ text: String) -> Bool {
        place(of: Array(text.utf8)) != nil
    }

    func replacingFirst(_ part: [UInt8], with other: [UInt8]) -> [UInt8] {
        guard let range = place(of: part) else { return self }
        return edited(self, [(range, other)])
    }

    func place(of part: [UInt8]) -> Range<Int>? {
        guard !part.isEmpty, count >= part.count else { return nil }
        for start in 0...count - part.count where self[start] == part[0] {
            if self[start..<start + part.count].elementsEqual(part) {
                return start..<start + part.count
            }
        }
        return nil
    }
}
