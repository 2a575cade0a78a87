// Planted bugs of the cached world: what flows between the core and its peers is changed, or the
// core is given other settings than the auditor judges by. Each must be caught by its promise.

import MCPOCore

/// A bug that is planted around the core.
package enum CacheSabotage: String, CaseIterable, Sendable {
    /// An answer is lost, or comes under an id that nobody has.
    case lostAnswer, lostFollower, foreignID
    /// The client gets an earlier answer to something else.
    case swappedAnswer
    /// A write takes effect only after its answer, as if mcpo dropped too early.
    case lateChange
    /// mcpo does not get to see a notification.
    case hiddenListChange, hiddenUpdate
    /// Entries live longer, or are given to whoever wants newer ones.
    case longLives, ignoredDirectives
    /// A failure is shown to mcpo as a good result.
    case hiddenFailure
    case repeatedWrite
    case noMerging, lateMerging
    case uselessCache
    case leakedProgress, lostProgress
    case neverQuiet
    case miscounted
    case forgottenBounds

    /// The promise that has to catch it.
    package var caughtBy: CachePromise {
        switch self {
        case .lostAnswer, .lostFollower, .foreignID: .oneAnswer
        case .swappedAnswer: .rightAnswer
        case .lateChange: .freshness
        case .hiddenListChange, .hiddenUpdate: .notices
        case .longLives, .ignoredDirectives: .lifetime
        case .hiddenFailure: .storable
        case .repeatedWrite: .runsOnce
        case .noMerging, .lateMerging: .merging
        case .uselessCache: .usefulness
        case .leakedProgress, .lostProgress: .progress
        case .neverQuiet: .idle
        case .miscounted: .figures
        case .forgottenBounds: .bounds
        }
    }
}

extension CacheSabotage {
    /// Makes a run in which the bug can show itself.
    func prepare(_ scenario: inout CachedScenario) {
        switch self {
        case .lateChange:
            scenario.server.silence = 0
            scenario.server.mortality = 0
            scenario.server.obedience = 0
        case .lateMerging:
            scenario.caching.dedupTTL = .milliseconds(40)
        case .uselessCache, .longLives:
            scenario.caching.policy.mode = .smart
        case .forgottenBounds:
            scenario.caching.cache.maxSize = 1
        default:
            return
        }
        scenario.settings.caching = scenario.caching
    }

    /// Gives the core other settings.
    func alter(_ settings: inout ProxySettings) {
        switch self {
        case .longLives: settings.caching?.policy.dynamicTTL = .seconds(40_000)
        case .noMerging: settings.caching?.dedupTTL = nil
        case .lateMerging: settings.caching?.dedupTTL = .seconds(4_000)
        case .uselessCache: settings.caching?.policy.mode = .off
        case .forgottenBounds: settings.caching?.cache.maxSize = 1_000
        default: break
        }
    }
}

/// Plants one kind of bug.
struct CacheSaboteur {
    let sabotage: CacheSabotage
    /// The number of an execution that was answered earlier.
    private var earlier: Int?

    init(_ sabotage: CacheSabotage) {
        self.sabotage = sabotage
    }

    /// Whether mcpo does not get to see what a server says.
    func hides(_ notice: Notice) -> Bool {
        switch (sabotage, notice) {
        case (.hiddenListChange, .listChanged(let place, _)): place != 0
        case (.hiddenUpdate, .updated): true
        default: false
        }
    }

    /// Whether a request is executed once more.
    func repeats(_ line: [UInt8]) -> Bool {
        sabotage == .repeatedWrite && line.contains("_note\"")
    }

    /// Changes a line on its way from the client.
    func spoil(question line: [UInt8]) -> [UInt8] {
        guard sabotage == .ignoredDirectives else { return line }
        return line.replacingFirst(
            Array(#""mcpo/cache":{"#.utf8), with: Array(#""mcpo/nothing":{"#.utf8))
    }

    /// Changes what the core says to the client.
    mutating func spoil(_ lines: inout [[UInt8]], _ auditor: Auditor) {
        let line = lines[0]
        if line.contains(#""report":"#) {
            if sabotage == .leakedProgress { lines.append(line) }
            if sabotage == .lostProgress { lines = [] }
            return
        }
        guard line.first != UInt8(ascii: "["), let (id, _) = Referee.split(line),
            let number = auditor.number(after: #""exec":"#, in: line),
            let question = auditor.waiting[id]
        else { return }
        switch sabotage {
        case .lostAnswer: lines = []
        case .lostFollower:
            let isHit = question.arrived == auditor.calls
            if question.executions.isEmpty, !isHit { lines = [] }
        case .foreignID:
            lines[0] = line.replacingFirst(id, with: Array("\"nobody\"".utf8))
        case .swappedAnswer:
            if let earlier, auditor.executions[earlier].key != auditor.executions[number].key {
                lines[0] = line.replacingFirst(
                    Array(#""exec":\#(number)"#.utf8), with: Array(#""exec":\#(earlier)"#.utf8))
            }
        default: break
        }
        earlier = number
    }
}
