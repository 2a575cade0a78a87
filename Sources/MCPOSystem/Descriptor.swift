// File descriptors and the few calls on them that mcpo makes.

import CSystem

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A system call that failed.
package struct SystemError: Error, Equatable, CustomStringConvertible {
    package var call: String
    package var code: Int32

    package init(_ call: String, code: Int32 = errno) {
        self.call = call
        self.code = code
    }

    /// What the system says of the code.
    package var words: String { String(cString: strerror(code)) }

    /// Whether it is a matter of permissions.
    package var isDenied: Bool { code == EACCES || code == EPERM }

    package var description: String { "\(call): \(words)" }
}

/// What one read or write did.
package enum Transfer: Equatable {
    case bytes(Int)
    /// Nothing now; the poller tells when.
    case wouldBlock
    /// End of input, or the other end is gone.
    case ended
}

/// A file descriptor that its owner closes exactly once.
package struct Descriptor: ~Copyable {
    package let number: Int32

    package init(owning number: Int32) {
        self.number = number
    }

    deinit { _ = close(number) }

    /// Hands the number over to code that closes it.
    package consuming func give() -> Int32 {
        let number = number
        discard self
        return number
    }

    /// Closed on exec, and under a number that no standard stream has, even in a program that was
    /// started with one of those closed.
    fileprivate consuming func aboveStandardStreams() -> Descriptor {
        _ = mcpo_set_close_on_exec(number)
        let moved = number <= 2 ? mcpo_duplicate_above_stderr(number) : -1
        return moved < 0 ? self : Descriptor(owning: moved)
    }

    func closeOnExec() { _ = mcpo_set_close_on_exec(number) }

    package func setNonBlocking() {
        let flags = mcpo_get_status_flags(number)
        if flags >= 0 { _ = mcpo_set_status_flags(number, flags | O_NONBLOCK) }
    }
}

/// Both ends of a new pipe, closed on exec.
package struct Pipe: ~Copyable {
    package let read: Descriptor
    package let write: Descriptor

    package init() throws(SystemError) {
        var ends: [Int32] = [-1, -1]
        guard mcpo_pipe(&ends) == 0 else { throw SystemError("pipe") }
        let reading = Descriptor(owning: ends[0])
        let writing = Descriptor(owning: ends[1])
        read = reading.aboveStandardStreams()
        write = writing.aboveStandardStreams()
    }

    /// Hands both ends, reading and writing, over to code that closes them.
    consuming func give() -> [Int32] {
        [read.give(), write.give()]
    }
}

/// Reads what is there.
package func readSome(_ descriptor: Int32, into space: UnsafeMutableRawBufferPointer) -> Transfer {
    while true {
        let count = read(descriptor, space.baseAddress, space.count)
        if count > 0 { return .bytes(count) }
        if count == 0 { return .ended }
        switch errno {
        case EINTR: continue
        case EAGAIN, EWOULDBLOCK: return .wouldBlock
        default: return .ended
        }
    }
}

/// Writes as much as is taken.
package func writeSome(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Transfer {
    while true {
        let count = write(descriptor, bytes.baseAddress, bytes.count)
        if count >= 0 { return .bytes(count) }
        switch errno {
        case EINTR: continue
        case EAGAIN, EWOULDBLOCK: return .wouldBlock
        default: return .ended
        }
    }
}
