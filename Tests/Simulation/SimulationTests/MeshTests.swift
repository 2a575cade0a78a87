// What the mesh world has to say: no seed breaks a promise, the seeds together come through all that
// matters, and each promise can be broken.

import SimulationKit
import Testing

@Suite struct MeshTests {
    /// The rarest feature comes every few hundred seeds; `make sim` runs as many as one likes.
    private static let seeds: UInt64 = 600
    /// Enough for each sabotage to find what it needs.
    private static let sabotagedSeeds: UInt64 = 100

    /// Seeds that once failed, with what they found.
    private static let regressionSeeds: [UInt64] = [
        3,  // a silent legacy server kept its probe under way, and was never checked
        4,  // a stop while a server was down kept the driver awake
        10,  // a slow server that died of the era question was asked it for ever
        39,  // a list that could not be had was not asked for again of a new process
        69,  // nothing was due when the wait for servers was over
        73,  // a modern server that was asked too early was initialised at each restart
        76,  // each list was asked for twice
        118,  // a call that waited for its server had the time of another one
        125,  // a resource of a server that was away was read from another one
        1_170,  // a resource of a server that had not told its list yet was unknown
        1_506,  // the judge forgot that mcpo's end answers who waits for an unknown tool
        3_088,  // servers that came up and were lost in turn kept a list waiting beyond its time
        3_520,  // the same with a server that was slow to tell
        3_647,  // a modern server lost at first could not be asked whether it is well
        7_000,  // the judge blamed a transparent proxy for what the server said too early
        14_340,  // the judge took a refused question about the era for a start
        19_120,  // the judge wanted a silent server replaced that could not be asked
        19_144,  // the judge took an answer to a list that was given up for known
        24_918,  // the judge wanted a second process of a server that had not said what it is
        68_253_944, 99_120_831,  // the judge blamed calls that wait for one that has not said so
        31_006_317,  // the judge put calls in the order of rules that held later
        52_464_426_381,  // a call that came back unwritten paid twice into the retry budget
        88_127_330,  // a list was put together of pages from before and after it changed
    ]

    @Test func `six hundred runs with several servers keep every promise`() async {
        let coverage = await runSeeds(Self.seeds) { simulateMesh(seed: $0) }
        #expect(coverage.missing.isEmpty, "a simulation that never gets there shows nothing of it")
    }

    @Test(arguments: regressionSeeds)
    func `a seed with several servers that once failed keeps every promise`(seed: UInt64) {
        let report = simulateMesh(seed: seed)
        #expect(report.violation == nil, "\(report.complaint)")
    }

    @Test(arguments: 0..<10 as Range<UInt64>)
    func `a seed with several servers stands for one run, event by event`(seed: UInt64) {
        #expect(simulateMesh(seed: seed).hash == simulateMesh(seed: seed).hash)
    }

    @Test(arguments: MeshSabotage.allCases)
    func `a bug planted around several servers is caught by its promise`(sabotage: MeshSabotage) {
        for seed in 0..<Self.sabotagedSeeds {
            guard let violation = simulateMesh(seed: seed, sabotage: sabotage).violation else {
                continue
            }
            #expect(violation.invariant == sabotage.caughtBy, "seed \(seed): \(violation)")
            return
        }
        Issue.record("\(sabotage) goes unnoticed")
    }

    @Test func `every promise of several servers has a bug that it is shown to catch`() {
        #expect(Set(MeshSabotage.allCases.map(\.caughtBy)) == Set(MeshPromise.allCases))
    }
}
