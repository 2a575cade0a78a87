// Waiting: for input, for room, for the end of a process, for a time, and for what the system
// cannot wait for.

import Foundation
import MCPOCore
import Testing

// The poller is the driver's own affair.
@testable import MCPOSystem

@Suite struct PollerTests {
    private static let second: Int64 = 1_000_000_000

    /// What is ready, waiting at most so long.
    private static func ready(_ poller: inout Poller, within timeout: Int64? = 0) -> [PollSource] {
        var events: [PollSource] = []
        poller.wait(timeout: timeout, into: &events)
        return events
    }

    @Test func `a source survives its way through the kernel`() {
        for kind in (0...7).compactMap(PollSource.Kind.init) {
            for connection in [0, 1, 77, UInt32.max] {
                let source = PollSource(kind, connection: connection)
                #expect(PollSource(word: source.word) == source)
            }
        }
        #expect(PollSource(word: 0xFF) == nil)
    }

    @Test func `input is told until it is read, room while there is some`() throws {
        var poller = try Poller()
        let pipe = try MCPOSystem.Pipe()
        let (input, output) = (PollSource(.serverOutput, connection: 9), PollSource(.clientOutput))
        poller.watch(pipe.read.number, for: .reading, as: input)
        #expect(Self.ready(&poller).isEmpty)
        _ = Array("x".utf8).withUnsafeBytes { writeSome(pipe.write.number, $0) }
        #expect(Self.ready(&poller, within: nil) == [input])
        #expect(Self.ready(&poller) == [input], "told again: it has not been read")
        poller.watch(pipe.write.number, for: .writing, as: output)
        #expect(Set(Self.ready(&poller)) == [input, output])
        poller.unwatch(pipe.read.number, as: input)
        poller.unwatch(pipe.read.number, as: input)
        #expect(Self.ready(&poller) == [output])
        #expect(poller.failure == nil)
    }

    @Test func `the end of a stream is input`() throws {
        var poller = try Poller()
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        poller.watch(ends[0], for: .reading, as: PollSource(.clientInput))
        close(ends[1])
        #expect(Self.ready(&poller, within: nil) == [PollSource(.clientInput)])
        close(ends[0])
    }

    @Test func `files and the null device are always ready`() throws {
        for path in ["/dev/null", #filePath] {
            var poller = try Poller()
            let file = Descriptor(owning: open(path, O_RDONLY | O_CLOEXEC))
            poller.watch(file.number, for: .reading, as: PollSource(.clientInput))
            #expect(Self.ready(&poller, within: 60 * Self.second) == [PollSource(.clientInput)])
            poller.unwatch(file.number, as: PollSource(.clientInput))
            #expect(Self.ready(&poller).isEmpty)
        }
    }

    @Test func `a wait is never shorter than asked for`() throws {
        var poller = try Poller()
        for timeout in [1, 999_999, 1_000_001, 20_000_000] as [Int64] {
            let start = Clock.now.nanoseconds
            #expect(Self.ready(&poller, within: timeout).isEmpty)
            #expect(Clock.now.nanoseconds - start >= timeout)
        }
        #expect(Self.ready(&poller, within: -5 * Self.second).isEmpty, "a deadline that is over")
    }

    @Test func `a refusal of the system is kept`() throws {
        var poller = try Poller()
        poller.watch(-1, for: .reading, as: PollSource(.clientInput))
        #expect(poller.failure?.code == EBADF)
    }

    @Test func `the end of a process is told, and its status read once`() throws {
        var poller = try Poller()
        let held = PollSource(.serverExit, connection: 3)
        let command = ServerCommand(
            arguments: ["/bin/sh", "-c", "read line; exit 7"], environment: ["PATH=/bin"])
        switch spawn(command, watchdog: -1) {
        case .failure(let failure): Issue.record("\(failure.text)")
        case .success(let child):
            let watch = try ExitWatch(child.processID, &poller, as: held)
            #expect(Self.ready(&poller).isEmpty)
            #expect(ProcessEnd.reap(child.processID) == nil)
            _ = Array("go\n".utf8).withUnsafeBytes { writeSome(child.input.number, $0) }
            #expect(Self.ready(&poller, within: 60 * Self.second) == [held])
            #expect(ProcessEnd.reap(child.processID) == .status(7))
            watch.cancel(&poller, as: held)
        }
    }
}
