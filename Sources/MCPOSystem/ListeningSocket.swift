// Sockets that wait for connections: TCP, or a file (a Unix socket).
//
// A name may stand for several addresses (localhost is 127.0.0.1 and ::1): all of them are listened
// on, under one port. A socket file that nobody listens on any more, which a killed program leaves
// behind, is replaced; one that somebody does is in use.

import CSystem

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Where to listen.
package enum ListenTarget: Equatable, Sendable {
    /// Port 0 is any that is free.
    case tcp(host: String, port: Int)
    case unix(path: String)
}

/// Why it cannot be listened there.
package enum ListenFailure: Error, Equatable, Sendable {
    case inUse
    /// The name or address is none of this machine, in the system's words.
    case noSuchHost(String)
    /// What is at the path is no socket, or the path is too long.
    case unusablePath(String)
    case refused(SystemError)
}

/// What came of asking for a connection.
enum Acceptance: ~Copyable {
    case connection(Descriptor)
    case nobody
    /// The system has no descriptor or memory for it; it goes on waiting.
    case exhausted
}

/// One socket that takes connections, non-blocking. A socket's file is deleted with it.
package final class ListeningSocket: Sendable {
    /// Connections that the kernel keeps until they are taken.
    private static let backlog: Int32 = 128

    private let descriptor: Descriptor
    /// What to delete at the end; the file may have been replaced by another program's meanwhile.
    private let file: SocketFile?

    package var number: Int32 { descriptor.number }

    private init(_ descriptor: consuming Descriptor, file: SocketFile? = nil) {
        self.descriptor = descriptor
        self.file = file
    }

    deinit { file?.delete() }

    /// The next connection that waits, non-blocking.
    func accept() -> Acceptance {
        while true {
            let number = systemAccept(descriptor.number)
            guard number >= 0 else {
                switch errno {
                case EINTR, ECONNABORTED: continue
                case EAGAIN, EWOULDBLOCK: return .nobody
                default: return .exhausted
                }
            }
            return .connection(Descriptor(owning: number))
        }
    }

    // MARK: TCP

    /// Listens on all addresses of a host.
    /// - Parameter isLocal: whether all of them must be of this machine alone.
    /// - Returns: the sockets, at least one, and their port.
    package static func tcp(
        host: String, port: Int, isLocal: Bool = false
    ) throws(ListenFailure) -> (sockets: [ListeningSocket], port: Int) {
        let addresses = try SocketAddress.all(ofHost: host)
        if isLocal, !addresses.allSatisfy(\.isLoopback) {
            throw .noSuchHost("it is not of this machine alone")
        }
        var sockets: [ListeningSocket] = []
        var port = port
        var failure = ListenFailure.noSuchHost("it has no address")
        for address in addresses {
            do throws(SystemError) {
                let socket = try listen(on: address.with(port: port))
                if port == 0 { port = SocketAddress.port(of: socket.number) }
                sockets.append(socket)
            } catch {
                // An address that this machine does not have, such as ::1 without IPv6, is left out.
                failure = error.code == EADDRINUSE ? .inUse : .refused(error)
                if error.code != EADDRNOTAVAIL, error.code != EAFNOSUPPORT { throw failure }
            }
        }
        if sockets.isEmpty { throw failure }
        return (sockets, port)
    }

    private static func listen(
        on address: SocketAddress
    ) throws(SystemError) -> ListeningSocket {
        let descriptor = try address.makeSocket()
        var flag: Int32 = 1
        // Without it a port stays taken for a minute after its program has ended.
        setsockopt(
            descriptor.number, SOL_SOCKET, SO_REUSEADDR, &flag, socklen_t(MemoryLayout<Int32>.size))
        // The end of an answer in two parts must not wait for the client's delayed ACK, 40 ms. What comes
        // from this socket has it from here.
        setsockopt(
            descriptor.number, Int32(IPPROTO_TCP), TCP_NODELAY, &flag,
            socklen_t(MemoryLayout<Int32>.size))
        if address.isIPv6 {
            setsockopt(
                descriptor.number, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &flag,
                socklen_t(MemoryLayout<Int32>.size))
        }
        guard address.withPointer({ bind(descriptor.number, $0, $1) }) == 0 else {
            throw SystemError("bind")
        }
        guard Self.start(descriptor) else { throw SystemError("listen") }
        return ListeningSocket(descriptor)
    }

    private static func start(_ descriptor: borrowing Descriptor) -> Bool {
        _ = mcpo_set_close_on_exec(descriptor.number)
        descriptor.setNonBlocking()
        return systemListen(descriptor.number, backlog) == 0
    }

    // MARK: Files

    /// Listens on a file that only this user may open.
    package static func unix(path: String) throws(ListenFailure) -> ListeningSocket {
        guard let address = SocketAddress(path: path) else {
            throw .unusablePath("the path has more than \(SocketAddress.longestPath) bytes")
        }
        try makeWay(for: address, path)
        do throws(SystemError) {
            let descriptor = try address.makeSocket()
            // Before the file exists where the system can (Linux), so that there is no moment in
            // which others may open it; afterwards everywhere.
            fchmod(descriptor.number, 0o600)
            guard address.withPointer({ bind(descriptor.number, $0, $1) }) == 0 else {
                throw SystemError("bind")
            }
            let file = SocketFile(path)
            chmod(path, 0o600)
            guard start(descriptor) else {
                let error = SystemError("listen")
                file?.delete()
                throw error
            }
            return ListeningSocket(descriptor, file: file)
        } catch {
            throw error.code == EADDRINUSE ? .inUse : .refused(error)
        }
    }

    /// Deletes a socket file that nobody listens on.
    private static func makeWay(for address: SocketAddress, _ path: String) throws(ListenFailure) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw .unusablePath("there is a file that is no socket")
        }
        switch connectionCode(to: address) {
        case 0, EAGAIN, EINPROGRESS: throw .inUse
        case ECONNREFUSED: unlink(path)
        case let code: throw .refused(SystemError("connect", code: code))
        }
    }

    /// What the system says to a connection; 0 when somebody takes it.
    private static func connectionCode(to address: SocketAddress) -> Int32 {
        guard let probe = try? address.makeSocket() else { return EMFILE }
        probe.setNonBlocking()
        return address.withPointer { connect(probe.number, $0, $1) == 0 ? 0 : errno }
    }
}

/// A socket's file, known by its number too.
private struct SocketFile: Sendable {
    private let path: String
    private let device: dev_t
    private let inode: ino_t

    /// nil when there is no such file.
    init?(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        self.path = path
        (device, inode) = (status.st_dev, status.st_ino)
    }

    func delete() {
        var status = stat()
        if lstat(path, &status) == 0, status.st_dev == device, status.st_ino == inode {
            unlink(path)
        }
    }
}
