// Descriptors for the process under test, and reading lines from it.

import Foundation

/// A pair of descriptors: `ours` stays in the test, `theirs` becomes a stream of the process.
struct Ends {
    var ours: Int32
    var theirs: Int32
}

/// Keeps descriptors out of processes that another thread starts meanwhile.
private func closeOnExec(_ descriptors: [Int32]) {
    for descriptor in descriptors { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
}

/// A pipe; `[0]` is read, `[1]` written.
func makePipe() throws -> [Int32] {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw Failure("pipe: errno \(errno)") }
    closeOnExec(ends)
    return ends
}

/// A pair of connected stream sockets.
func makeSocketPair() throws -> [Int32] {
    var ends: [Int32] = [-1, -1]
    #if os(Linux)
        let type = Int32(SOCK_STREAM.rawValue)
    #else
        let type = SOCK_STREAM
    #endif
    guard socketpair(AF_UNIX, type, 0, &ends) == 0 else {
        throw Failure("socketpair: errno \(errno)")
    }
    closeOnExec(ends)
    return ends
}

/// A pseudo-terminal that neither echoes nor translates: `ours` is what a terminal emulator holds.
func makeTerminal() throws -> Ends {
    // Swift's C library module has none of the calls for terminals.
    typealias OpenTerminal =
        @convention(c) (
            UnsafeMutablePointer<Int32>, UnsafeMutablePointer<Int32>, UnsafeMutablePointer<CChar>?,
            UnsafeMutablePointer<termios>?, UnsafeMutableRawPointer?
        ) -> Int32
    guard let symbol = dlsym(dlopen(nil, RTLD_NOW), "openpty") else { throw Failure("no openpty") }
    let openTerminal = unsafeBitCast(symbol, to: OpenTerminal.self)
    var ends = Ends(ours: -1, theirs: -1)
    guard openTerminal(&ends.ours, &ends.theirs, nil, nil, nil) == 0 else {
        throw Failure("openpty: errno \(errno)")
    }
    closeOnExec([ends.ours, ends.theirs])
    var settings = termios()
    tcgetattr(ends.theirs, &settings)
    cfmakeraw(&settings)
    tcsetattr(ends.theirs, TCSANOW, &settings)
    return ends
}

/// Writes all of it; a descriptor that nobody reads any more is an error.
func writeAll(_ bytes: [UInt8], to descriptor: Int32) throws {
    var written = 0
    while written < bytes.count {
        let count = bytes.withUnsafeBytes { all in
            write(descriptor, all.baseAddress?.advanced(by: written), all.count - written)
        }
        if count < 0 && errno == EINTR { continue }
        guard count >= 0 else { throw Failure("write: errno \(errno)") }
        written += count
    }
}

/// Reads lines, waiting for each at most as long as the test is patient.
final class LineReader {
    let descriptor: Int32
    private var buffer: [UInt8] = []
    private var start = 0
    private(set) var hasEnded = false

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// The next line without its newline; nil at the end of the stream.
    func nextLine(within limit: Double = patience) throws -> [UInt8]? {
        let deadline = monotonicSeconds() + limit
        var searched = start
        while true {
            if let newline = buffer[searched...].firstIndexOf(0x0A) {
                let line = Array(buffer[start..<newline])
                start = newline + 1
                return line
            }
            searched = buffer.count
            guard try fill(by: deadline) else { return nil }
            searched -= compacted
        }
    }

    /// All lines up to the end of the stream.
    func rest() throws -> [[UInt8]] {
        var lines: [[UInt8]] = []
        while let line = try nextLine() { lines.append(line) }
        return lines
    }

    /// Bytes that the last `fill` took away from the front.
    private var compacted = 0

    /// Reads once; returns false at the end of the stream.
    private func fill(by deadline: Double) throws -> Bool {
        compacted = start
        buffer.removeSubrange(..<start)
        start = 0
        guard try isReadable(descriptor, by: deadline) else {
            throw Failure("no line in time; so far: \(String(decoding: buffer, as: UTF8.self))")
        }
        let size = 256 * 1024
        let block = [UInt8](unsafeUninitializedCapacity: size) { space, count in
            count = max(read(descriptor, space.baseAddress, size), 0)
        }
        hasEnded = block.isEmpty
        buffer += block
        return !block.isEmpty
    }
}

/// Waits until there is something to read, or the end; returns false when the time is over.
func isReadable(_ descriptor: Int32, by deadline: Double) throws -> Bool {
    while true {
        let left = Int32(max(deadline - monotonicSeconds(), 0) * 1000)
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        let result = poll(&entry, 1, left)
        if result > 0 { return true }
        if result == 0 { return false }
        guard errno == EINTR else { throw Failure("poll: errno \(errno)") }
    }
}

extension ArraySlice<UInt8> {
    /// Like `firstIndex(of:)`, which is slow in a debug build.
    func firstIndexOf(_ byte: UInt8) -> Int? {
        withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress,
                let found = memchr(base, Int32(byte), bytes.count)
            else { return nil }
            return startIndex + (UnsafeRawPointer(found) - base)
        }
    }
}
