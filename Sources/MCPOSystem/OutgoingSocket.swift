// A connection that mcpo makes itself, non-blocking, and waiting for a few descriptors without a
// loop: what a short errand needs.

package import MCPOCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A socket on its way to an address, or connected to it.
package struct OutgoingSocket: ~Copyable {
    private let descriptor: Descriptor

    package var number: Int32 { descriptor.number }

    private init(_ descriptor: consuming Descriptor) {
        self.descriptor = descriptor
    }

    /// Begins to connect. Whether it has worked shows when the socket can be written to.
    package static func connecting(
        to address: SocketAddress
    ) throws(SystemError) -> OutgoingSocket {
        let descriptor = try address.makeSocket()
        descriptor.closeOnExec()
        descriptor.setNonBlocking()
        let code = address.withPointer { connect(descriptor.number, $0, $1) == 0 ? 0 : errno }
        guard [0, EINPROGRESS, EINTR].contains(code) else {
            throw SystemError("connect", code: code)
        }
        return OutgoingSocket(descriptor)
    }

    /// What became of the connection, once the socket can be written to.
    package func checkConnection() throws(SystemError) {
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(number, SOL_SOCKET, SO_ERROR, &code, &length) == 0 else {
            throw SystemError("getsockopt")
        }
        if code != 0 { throw SystemError("connect", code: code) }
    }
}

extension SocketAddress {
    /// The addresses of a host with their port, in the order in which to try them.
    package static func all(
        ofHost host: String, port: Int
    ) throws(ListenFailure) -> [SocketAddress] {
        try all(ofHost: host).map { $0.with(port: port) }
    }
}

/// A descriptor to wait for.
package struct DescriptorWait: Equatable, Sendable {
    package var descriptor: Int32
    package var isForWriting: Bool
    /// Whether it is ready, or broken, which a read or write then tells.
    package fileprivate(set) var isReady = false

    package init(_ descriptor: Int32, isForWriting: Bool = false) {
        self.descriptor = descriptor
        self.isForWriting = isForWriting
    }
}

/// Waits until one of `waits` is ready, a signal arrives, or `deadline` has come.
package func wait(for waits: inout [DescriptorWait], until deadline: Instant) {
    var entries = waits.map { wait in
        pollfd(
            fd: wait.descriptor, events: Int16(wait.isForWriting ? POLLOUT : POLLIN), revents: 0)
    }
    let left = max(0, deadline.since(Clock.now).wholeNanoseconds)
    // Rounded up, lest the last millisecond before the deadline is spent turning.
    let milliseconds = min(left / 1_000_000 + (left % 1_000_000 > 0 ? 1 : 0), 60_000)
    let count = poll(&entries, nfds_t(entries.count), Int32(milliseconds))
    for index in waits.indices { waits[index].isReady = count > 0 && entries[index].revents != 0 }
}
