// Planted bugs of the mesh world: what flows between the core and its peers is changed, or the core is
// given other settings than the auditor judges by. Each must be caught by its promise.

import MCPOCore

/// A bug that is planted around the core.
package enum MeshSabotage: String, CaseIterable, Sendable {
    /// An answer is lost, or comes twice.
    case lostAnswer, doubledAnswer
    /// The client gets an earlier answer; a server gets other arguments.
    case swappedAnswer, changedArguments
    /// An answer becomes an error.
    case refusal
    /// An error says that nothing was done.
    case falsePromise
    /// A write reaches a process twice; reads are sent again too often.
    case repeatedWrite, eagerRetries
    case ignoredLimits
    /// Calls wait too long.
    case longQueue
    case largePool
    case noChecks
    /// Answers of calm servers are held back while another one is in trouble.
    case contagion
    case hiddenEntries
    case lostNotice
    case slowOpening
    case openedTwice
    /// What is read is from before the last change.
    case staleRead
    /// Nobody ends a process.
    case immortality

    /// The promise that has to catch it.
    package var caughtBy: MeshPromise {
        switch self {
        case .lostAnswer, .doubledAnswer: .oneAnswer
        case .swappedAnswer, .changedArguments: .rightAnswer
        case .refusal: .service
        case .falsePromise: .honesty
        case .repeatedWrite: .runsOnce
        case .eagerRetries: .retries
        case .ignoredLimits: .limits
        case .longQueue: .turns
        case .largePool: .pool
        case .noChecks: .health
        case .contagion: .isolation
        case .hiddenEntries: .lists
        case .lostNotice: .notices
        case .slowOpening: .opening
        case .openedTwice: .handshake
        case .staleRead: .freshness
        case .immortality: .idle
        }
    }
}

extension MeshSabotage {
    /// Makes a run in which the bug can show itself.
    func prepare(_ scenario: inout MeshScenario) {
        switch self {
        case .refusal, .longQueue:
            scenario.calmDown()
        case .contagion:
            scenario.isolate()
        default: return
        }
    }

    /// Gives the core other settings.
    func alter(_ settings: inout ProxySettings) {
        switch self {
        case .eagerRetries:
            settings.retry.maximum += 3
            settings.retry.budgetPercent = 100
        case .ignoredLimits:
            settings.concurrency = nil
        case .longQueue:
            settings.concurrency?.queueTimeout = 1_000_000_000_000
        case .largePool:
            for server in settings.servers.indices {
                settings.servers[server].pool.maximum = 12
                settings.servers[server].pool.maximumInFlight = 1
            }
        case .noChecks:
            for server in settings.servers.indices {
                settings.servers[server].pool.healthCheckInterval = .zero
            }
        case .slowOpening:
            settings.gateway?.startupWait = .seconds(60)
        default: return
        }
    }
}

/// Plants one kind of bug.
struct MeshSaboteur {
    let sabotage: MeshSabotage
    /// The number of an attempt that was answered earlier.
    private var earlier: Int?

    init(_ sabotage: MeshSabotage) {
        self.sabotage = sabotage
    }

    /// Changes what the core says to the client.
    mutating func spoil(_ lines: inout [[UInt8]], _ world: MeshWorld) {
        let line = lines[0]
        switch sabotage {
        case .hiddenEntries where world.scenario.isGateway:
            lines[0] = line.replacingFirst(Array(#""v":1,"#.utf8), with: Array(#""v":0,"#.utf8))
        case .lostNotice:
            if line.contains("list_changed") { lines = [] }
        case .falsePromise:
            lines[0] = line.replacingFirst(
                Array(#""retrySafe":false"#.utf8), with: Array(#""retrySafe":true"#.utf8))
        default: spoilAnswer(&lines, world)
        }
    }

    private mutating func spoilAnswer(_ lines: inout [[UInt8]], _ world: MeshWorld) {
        let line = lines[0]
        guard let run = world.auditor.number(after: #""run":"#, in: line),
            line.contains(MeshAnswers.odd)
        else { return }
        switch sabotage {
        case .lostAnswer: lines = []
        case .doubledAnswer: lines.append(line)
        case .swappedAnswer:
            if let earlier {
                lines[0] = line.replacingFirst(
                    Array(#""run":\#(run),"#.utf8), with: Array(#""run":\#(earlier),"#.utf8))
            }
        case .refusal:
            guard let (id, _) = Referee.split(line) else { return }
            let name = String(decoding: id, as: UTF8.self)
            lines[0] = Array(
                #"{"jsonrpc":"2.0","id":\#(name),"error":{"code":1003,"message":"no"}}"#.utf8)
        default: return
        }
        earlier = run
    }

    /// Changes what the core says to a process.
    mutating func spoilWritten(
        _ lines: inout [[UInt8]], _ process: MeshProcess, _ world: MeshWorld
    ) {
        let line = lines[0]
        switch sabotage {
        case .changedArguments:
            lines[0] = line.replacingFirst(Array("1.0E+2".utf8), with: Array("100.0".utf8))
        case .repeatedWrite:
            if line.contains(#""name":"set_item""#) { lines.append(line) }
        case .openedTwice:
            if line.contains(#""method":"initialize""#) { lines.append(line) }
        default: return
        }
    }

    /// How much later than the auditor knows a process answers.
    func delay(of attempt: MeshAttempt) -> Duration {
        sabotage == .contagion && attempt.request != nil ? .milliseconds(500) : .zero
    }

    /// How old what a request reads is, in versions.
    func age(of request: MeshRequest) -> Int {
        sabotage == .staleRead && !request.isWrite ? 1 : 0
    }
}
