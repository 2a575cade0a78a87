// How one server of the mesh world behaves, and how badly.

import MCPOCore

/// What one server is like; chances are in permille of the occasions.
struct MeshHabits {
    /// What it makes of `server/discover`, and which era it is of.
    enum Origin: CaseIterable {
        /// Legacy: answers that it does not know the method, says nothing, or dies of it.
        case refusing, silent, dying
        case modern
        /// Answers both ways of opening.
        case dual
    }

    /// Why it never comes up.
    enum Absence {
        case none, unspawnable, mute, crashing
    }

    var origin: Origin
    var isWild: Bool
    var absence = Absence.none
    /// From the start of a process until it reads.
    var start: Duration
    /// From the receipt of a call to its answer, at most.
    var latency: Duration
    /// Until it reads what mcpo has written.
    var lag = Duration.zero
    var spawnFailures = 0
    /// Deaths before it reads a line, with a line read, with the work done, and after the answer.
    var deathsUnread = 0
    var deathsRead = 0
    var deathsWorked = 0
    var deathsAnswered = 0
    /// Calls that are never answered, processes that stop doing anything, or only answer pings.
    var hangs = 0
    var freezes = 0
    var deafness = 0
    var floods = 0
    var garbage = 0
    var doubles = 0
    var strangers = 0
    /// It closes its stdout and lives on; it does not read for a while.
    var mutings = 0
    var blockages = 0
    /// Percent of processes that end neither with their stdin nor by SIGTERM.
    var stubbornness = 0
    var failures = 0
    /// Percent of ticks at which a list changes; and then many times at once.
    var changes: Int
    var storms = 0
    var hasPages: Bool
    var hasPrompts: Bool
    var hasResources: Bool

    init(_ dice: inout Dice, isWild: Bool, timeout: Duration) {
        self.isWild = isWild
        origin = dice.pick(Origin.allCases)
        start = .milliseconds(dice.pick([0, 0, 5, 80]))
        latency = .milliseconds(dice.pick([1, 20, 300, 700]))
        changes = dice.pick([0, 10, 40])
        hasPages = dice.percent(40)
        hasPrompts = dice.percent(60)
        hasResources = dice.percent(60)
        guard isWild else { return }
        if dice.percent(15) { absence = dice.pick([.unspawnable, .mute, .crashing]) }
        if dice.percent(20) { start = .milliseconds(dice.pick([900, 4_000])) }
        lag = .milliseconds(dice.pick([0, 3, 40]))
        func rarely(_ chances: [Int]) -> Int { dice.percent(40) ? dice.pick(chances) : 0 }
        spawnFailures = rarely([50, 300])
        deathsUnread = rarely([10, 60])
        deathsRead = rarely([10, 60])
        deathsWorked = rarely([10, 60])
        deathsAnswered = rarely([10, 60])
        hangs = rarely([10, 100])
        freezes = rarely([5, 30])
        deafness = rarely([100, 400])
        floods = rarely([20, 200])
        garbage = rarely([20, 200])
        doubles = rarely([20, 200])
        strangers = rarely([20, 200])
        mutings = rarely([5, 20])
        blockages = rarely([10, 60])
        stubbornness = rarely([20, 60])
        failures = rarely([50, 300])
        storms = rarely([100, 500])
    }

    /// Nothing goes wrong in it any more.
    mutating func pacify() {
        var dice = Dice(seed: 0)
        var calm = MeshHabits(&dice, isWild: false, timeout: .zero)
        calm.origin = origin
        calm.latency = latency
        self = calm
    }

    /// Whether it says of itself that it has such a list.
    func has(_ kind: EntryList.Kind) -> Bool {
        switch kind {
        case .tools: true
        case .prompts: hasPrompts
        case .resources, .templates: hasResources
        }
    }

    /// Whether mcpo can come to terms with it at all.
    var comesUp: Bool { absence == .none }
}
