// No process outlives mcpo in front of twenty servers with pools, however it ends (SPEC §10).

import Foundation
import Testing

@Suite struct SeveralOrphansTests {
    /// As in `OrphanTests`, and some more for the number of processes.
    private static let limit = 20.0

    private static func file(_ arguments: [String]) throws -> ServersFile {
        try ServersFile(
            servers: ServersFile.mixed(20, arguments),
            mcpo: #"{"pool": {"maxInFlight": 1}}"#)
    }

    @Test("kill -9 of mcpo at any moment leaves none of the processes", arguments: 0..<12)
    func killedAtRandom(round: Int) throws {
        let file = try Self.file(round % 2 == 0 ? ["--ignore-eof", "--ignore-sigterm"] : [])
        let subject = try Subject(Setup(file))
        if round % 4 > 1 {
            try subject.initialize()
            // Pools grow: each of these takes a connection of its own.
            for number in 0..<60 {
                let server = ["s00", "s03", "s06"][number % 3]
                try subject.send(Line.call("\(number)", "\(server)__silent"))
            }
            try subject.call(#""spawn""#, "s01__spawn", #"{"count":2}"#)
        }
        usleep(UInt32.random(in: 0...60_000))
        subject.signal(SIGKILL)
        #expect(try subject.waitForExit() == .signal(SIGKILL))
        try subject.expectNothingLeft(within: Self.limit)
    }

    @Test("The end of stdin ends all of them, also those that do not listen")
    func orderly() throws {
        // They are waited for at the same time.
        try promptly(12) {
            let subject = try Subject(Setup(try Self.file(["--ignore-eof", "--ignore-sigterm"])))
            try subject.initialize()
            for number in 0..<30 {
                let arguments = #"{"ms":200,"n":\#(number)}"#
                try subject.send(Line.call("\(number)", "s00__sleep", arguments))
            }
            let time = try seconds { () throws in
                #expect(try subject.finish() == .status(0))
            }
            for number in 0..<30 { #expect(try subject.answer("\(number)").text == "slept") }
            try subject.expectNothingLeft()
            return time
        }
    }

    @Test("kill -9 while all servers die and are started again leaves none", arguments: 0..<4)
    func killedDuringRestarts(round: Int) throws {
        let subject = try Subject(Setup(try Self.file(["--ignore-eof", "--ignore-sigterm"])))
        try subject.initialize()
        for (name, _) in ServersFile.mixed(20) {
            try subject.send(Line.call("\"\(name)\"", "\(name)__die", #"{"signal":9}"#))
        }
        usleep(UInt32.random(in: 0...300_000))
        subject.signal(SIGKILL)
        #expect(try subject.waitForExit() == .signal(SIGKILL))
        try subject.expectNothingLeft(within: Self.limit)
    }
}
