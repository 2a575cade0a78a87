// Descriptors: closed once, closed on exec, never in the place of a standard stream; and what reads
// and writes make of what the system says.

import Foundation
import MCPOSystem
import Testing

@Suite struct DescriptorTests {
    private static func isOpen(_ number: Int32) -> Bool {
        fcntl(number, F_GETFD) >= 0
    }

    private static func write(_ text: String, to number: Int32) -> Transfer {
        Array(text.utf8).withUnsafeBytes { writeSome(number, $0) }
    }

    private static func read(_ number: Int32, atMost count: Int = 100) -> (Transfer, String) {
        var bytes = [UInt8](repeating: 0, count: count)
        let transfer = bytes.withUnsafeMutableBytes { readSome(number, into: $0) }
        guard case .bytes(let length) = transfer else { return (transfer, "") }
        return (transfer, String(decoding: bytes.prefix(length), as: UTF8.self))
    }

    @Test func `a pipe carries bytes, is closed on exec and lies above stderr`() throws {
        let pipe = try MCPOSystem.Pipe()
        for number in [pipe.read.number, pipe.write.number] {
            #expect(number > 2)
            #expect(fcntl(number, F_GETFD) & FD_CLOEXEC != 0)
        }
        #expect(Self.write("hello", to: pipe.write.number) == .bytes(5))
        #expect(Self.read(pipe.read.number) == (.bytes(5), "hello"))
    }

    @Test func `a descriptor is closed when its owner goes, and not before`() throws {
        // A number of its own, far from those that other tests open and close meanwhile.
        let number = fcntl(0, F_DUPFD_CLOEXEC, 200)
        try #require(number >= 200)
        do {
            let descriptor = Descriptor(owning: number)
            #expect(Self.isOpen(descriptor.number))
        }
        #expect(!Self.isOpen(number))
    }

    @Test func `the end of a pipe is an end, for the reader and for the writer`() throws {
        signal(SIGPIPE, SIG_IGN)
        let ends = try Self.rawPipe()
        close(ends[1])
        #expect(Self.read(ends[0]).0 == .ended)
        close(ends[0])
        let others = try Self.rawPipe()
        close(others[0])
        #expect(Self.write("x", to: others[1]) == .ended)
        close(others[1])
    }

    @Test func `an empty and a full non-blocking pipe ask for patience`() throws {
        let pipe = try MCPOSystem.Pipe()
        pipe.read.setNonBlocking()
        pipe.write.setNonBlocking()
        #expect(Self.read(pipe.read.number).0 == .wouldBlock)
        let block = String(repeating: "x", count: 10_000)
        var written = 0
        while case .bytes(let count) = Self.write(block, to: pipe.write.number) { written += count }
        #expect(written >= 4096)
        #expect(Self.write(block, to: pipe.write.number) == .wouldBlock)
        #expect(Self.read(pipe.read.number, atMost: 10).1 == "xxxxxxxxxx")
    }

    @Test func `a descriptor that is none is an end, not a crash`() {
        #expect(Self.read(-1).0 == .ended)
        #expect(Self.write("x", to: -1) == .ended)
    }

    private static func rawPipe() throws -> [Int32] {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        return ends
    }
}
