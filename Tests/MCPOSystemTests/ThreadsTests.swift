// Jobs on threads of their own.

import Foundation
import MCPOSystem
import Synchronization
import Testing

@Suite struct ThreadsTests {
    @Test(arguments: [0, 1, 2, 7, 40])
    func `every job runs once, and the results are in the jobs' order`(count: Int) {
        let jobs = (0..<count).map { number in { @Sendable in number * number } }
        #expect(runOnThreads(jobs, atMost: 7) == (0..<count).map { $0 * $0 })
    }

    @Test func `jobs run at the same time, but not more than allowed`() {
        let running = Atomic(0)
        let peak = Atomic(0)
        let jobs = (0..<12).map { _ in
            { @Sendable () -> Void in
                let now = running.add(1, ordering: .relaxed).newValue
                peak.max(now, ordering: .relaxed)
                usleep(20_000)
                running.subtract(1, ordering: .relaxed)
            }
        }
        #expect(runOnThreads(jobs, atMost: 4).count == 12)
        #expect((2...4).contains(peak.load(ordering: .relaxed)))
    }
}

@Suite struct FileReadingTests {
    private func failure(_ path: String, limit: Int) -> String? {
        guard case .failure(let failure) = readFile(path, limit: limit) else { return nil }
        return failure.text
    }

    @Test func `a file is read up to the limit`() throws {
        #expect(try readFile("/dev/null", limit: 10).get() == [])
        #expect(
            failure("/dev/zero", limit: 3 << 20) == "is larger than 3 MiB: no configuration is")
    }

    @Test func `a pipe is read that was given, and one with a name is not waited for`() throws {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        let (reading, writing) = (ends[0], ends[1])
        defer { close(reading) }
        let given = "/dev/fd/\(reading)"
        let writer = Thread {
            usleep(50_000)
            _ = write(writing, "{}", 2)
            close(writing)
        }
        writer.start()
        #expect(try readFile(given, limit: 10).get() == Array("{}".utf8))
        let path = "/tmp/mcpo-pipe-\(getpid())"
        #expect(mkfifo(path, 0o600) == 0)
        defer { unlink(path) }
        #expect(failure(path, limit: 10) == "cannot be read: it is a pipe, not a file")
    }

    @Test(arguments: ["", "a\0b"])
    func `what is no path is refused`(path: String) {
        #expect(
            failure(path, limit: 1) == "this is no path of a file")
    }
}
