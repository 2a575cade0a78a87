// What kind of a run a seed stands for: who the peers are, how patient, how broken, and how tight
// the limits. Limits are small so that ordinary traffic reaches every one of them.

import MCPOCore

/// The circumstances of one run.
struct Scenario {
    enum ClientKind: CaseIterable {
        case legacy
        /// Revision 2025-03-26, with batches.
        case batching
        case modern
    }

    /// How the run comes to its end.
    enum Ending: CaseIterable {
        case endOfInput, stopSignal, clientVanishes, stopTwice
    }

    var client: ClientKind
    var ending: Ending
    var settings = ProxySettings(serverName: "sim")
    /// When the ending comes.
    var length: Duration
    /// Requests the client makes at most.
    var requests: Int
    /// Between two things that the client says.
    var clientPause: Duration
    /// Percent of the client's lines that are bad in some way.
    var nonsense: Int
    /// Percent of requests that are cancelled.
    var cancellations: Int
    /// Percent of the client's turns that are a storm: many messages at once.
    var storms: Int
    var clientReading: Reading
    var server = ServerHabits()

    init(_ dice: inout Dice) {
        client = dice.pick(ClientKind.allCases)
        ending = dice.pick(Ending.allCases)
        length = dice.percent(70) ? .seconds(dice.between(1...8)) : .seconds(dice.between(8...60))
        requests = dice.between(5...45)
        clientPause = .milliseconds(dice.pick([1, 20, 200, 1_500]))
        nonsense = dice.pick([0, 5, 20])
        cancellations = dice.pick([0, 10, 50])
        storms = dice.pick([0, 5, 25])
        clientReading = Reading(&dice)
        server = ServerHabits(&dice, client: client)
        settings.limits = Self.limits(&dice)
        settings.timeout = .milliseconds(dice.pick([400, 3_000, 20_000]))
        settings.maximumTimeout = settings.timeout * dice.between(1...3)
        settings.shutdownTimeout = .milliseconds(dice.pick([200, 1_000, 5_000]))
        // One process at a time; pools have a world of their own.
        settings.servers[0].pool.maximum = 1
        settings.servers[0].pool.connectionTimeout = .milliseconds(dice.pick([300, 5_000]))
        settings.logLevel = .error
    }

    private static func limits(_ dice: inout Dice) -> Limits {
        var limits = Limits()
        limits.messageBytes = dice.between(1_200...3_000)
        limits.depth = dice.between(12...40)
        limits.exchanges = dice.pick([3, 10, 40, 1_000])
        limits.serverRequests = dice.pick([1, 3, 40])
        limits.queueBytes = dice.pick([200, 800, 4_000, 1 << 20])
        limits.heldBytes = dice.pick([250, 900, 4_000, 1 << 20])
        limits.taskTokens = dice.pick([1, 2, 50])
        limits.batchMessages = dice.pick([2, 4, 50])
        limits.endedSubscriptions = dice.pick([1, 2, 50])
        return limits
    }
}

/// How a peer reads what mcpo writes.
struct Reading {
    /// Bytes that its pipe holds.
    var capacity: Int
    /// Bytes that it reads at most at once.
    var piece: Int
    /// Until it reads, after there is something to read.
    var delay: Duration
    /// Permille of its reads after which it pauses for seconds.
    var pauses: Int

    init(_ dice: inout Dice) {
        capacity = dice.pick([100, 700, 4_096, 65_536])
        piece = dice.percent(5) ? 7 : dice.pick([90, 700, 65_536])
        delay = .milliseconds(dice.pick([0, 1, 30]))
        pauses = dice.pick([0, 0, 10, 60])
    }
}

/// What the processes of a server are like.
struct ServerHabits {
    var isModern = false
    /// The revision that the server agrees on, where it is legacy.
    var revision = "2025-11-25"
    var reading: Reading
    var latency = Duration.zero
    /// Until a process is there; zero is what the real driver does.
    var spawnDelay = Duration.zero
    /// Percent of starts, the first one and later ones, that fail.
    var failsFirst = 0
    var failsLater = 0
    /// Permille of messages it says after which it dies.
    var mortality = 0
    /// Percent of its processes that die before they have answered anything.
    var stillborn = 0
    /// Percent of requests that are never answered.
    var silence = 0
    /// Percent of answers that come with something wrong.
    var faults = 0
    /// Percent of requests at which it says more than asked: progress, notifications, requests.
    var chatter = 0
    /// Percent of re-initialisations that are refused, or not answered.
    var refusals = 0
    /// Percent of processes that do not end with their stdin, and of those, not by SIGTERM.
    var stubbornness = 0
    /// Percent of dead processes that leave others of their group behind.
    var orphans = 0
}

extension ServerHabits {
    init() {
        var dice = Dice(seed: 0)
        reading = Reading(&dice)
    }

    init(_ dice: inout Dice, client: Scenario.ClientKind) {
        reading = Reading(&dice)
        isModern = client == .modern ? dice.percent(85) : dice.percent(10)
        revision = client == .batching ? "2025-03-26" : "2025-11-25"
        latency = .milliseconds(dice.pick([0, 2, 50, 2_000]))
        spawnDelay = .milliseconds(dice.pick([0, 0, 0, 5, 400]))
        failsFirst = dice.percent(3) ? 100 : 0
        failsLater = dice.pick([0, 0, 10, 50])
        mortality = dice.pick([0, 5, 30, 150])
        stillborn = dice.percent(6) ? 100 : dice.pick([0, 10, 50])
        silence = dice.pick([0, 5, 40])
        faults = dice.pick([0, 10, 40])
        chatter = dice.pick([0, 20, 80])
        refusals = dice.pick([0, 10, 60])
        stubbornness = dice.pick([0, 50, 90])
        orphans = dice.pick([0, 50])
    }
}
