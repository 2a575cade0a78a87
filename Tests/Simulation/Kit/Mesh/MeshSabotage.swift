// Planted bugs of the mesh world: what flows between the core and its peers is changed, or the core is
// given other settings than the auditor judges by. Each must be caught by its promise.

import MCPOCore

/// A bug that is planted around the core.
package enum MeshSabotage: String, CaseIterable, Sendable {
    /// An answer is lost, or comes twice.
    case lostAnswer, doubledAnswer
    /// The client gets an earlier answer; a server gets other arguments.
    case swappedAnswer, changedArguments
    /// The core gives up far too early.
    case impatience
    /// An error says that nothing was done.
    case falsePromise
    /// A write reaches a process twice; reads are sent again too often.
    case repeatedWrite, eagerRetries
    case ignoredLimits
    /// Calls wait too long, or overtake.
    case longQueue, overtaking
    case largePool
    case noChecks
    /// Answers of calm servers are held back while another one is in trouble.
    case contagion
    case hiddenEntries
    case lostNotice
    case slowOpening
    case openedTwice
    /// A write takes effect only after its answer.
    case lateChange
    case deafToSignals

    /// The promise that has to catch it.
    package var caughtBy: MeshPromise {
        switch self {
        case .lostAnswer, .doubledAnswer: .oneAnswer
        case .swappedAnswer, .changedArguments: .rightAnswer
        case .impatience: .service
        case .falsePromise: .honesty
        case .repeatedWrite: .runsOnce
        case .eagerRetries: .retries
        case .ignoredLimits: .limits
        case .longQueue, .overtaking: .turns
        case .largePool: .pool
        case .noChecks: .health
        case .contagion: .isolation
        case .hiddenEntries: .lists
        case .lostNotice: .notices
        case .slowOpening: .opening
        case .openedTwice: .handshake
        case .lateChange: .freshness
        case .deafToSignals: .idle
        }
    }
}

extension MeshSabotage {
    /// Makes a run in which the bug can show itself.
    func prepare(_ scenario: inout MeshScenario) {}

    /// Gives the core other settings.
    func alter(_ settings: inout ProxySettings) {}
}

/// Plants one kind of bug.
struct MeshSaboteur {
    let sabotage: MeshSabotage

    init(_ sabotage: MeshSabotage) {
        self.sabotage = sabotage
    }

    mutating func spoil(_ lines: inout [[UInt8]], _ world: MeshWorld) {}
    mutating func spoilWritten(
        _ lines: inout [[UInt8]], _ process: MeshProcess, _ world: MeshWorld
    ) {}
    func delays(_ attempt: MeshAttempt, _ world: MeshWorld) -> Bool { false }
    func leaveSomething(_ world: MeshWorld) {}
}
