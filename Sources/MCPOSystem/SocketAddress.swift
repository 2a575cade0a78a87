// Addresses of sockets, as bytes in the system's own form.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// An IPv4 or IPv6 address with its port, or the path of a Unix socket.
package struct SocketAddress {
    /// Bytes that a path may have: the field's size without the zero at the end.
    static let longestPath = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1

    private var storage = sockaddr_storage()
    private let length: socklen_t

    private init(_ pointer: UnsafePointer<sockaddr>, _ length: socklen_t) {
        self.length = length
        withUnsafeMutableBytes(of: &storage) { target in
            target.copyMemory(
                from: UnsafeRawBufferPointer(
                    start: pointer, count: min(Int(length), target.count)))
        }
    }

    /// nil when the path is empty or too long.
    package init?(path: String) {
        let bytes = Array(path.utf8)
        guard !bytes.isEmpty, bytes.count <= Self.longestPath, !bytes.contains(0) else {
            return nil
        }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let length = socklen_t(MemoryLayout<sockaddr_un>.size)
        self = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                SocketAddress($0, length)
            }
        }
    }

    /// The addresses of a host, IPv4 first: what people write without thinking of it is 127.0.0.1.
    package static func all(ofHost host: String) throws(ListenFailure) -> [SocketAddress] {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = streamSocket
        hints.ai_flags = AI_PASSIVE
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, nil, &hints, &list)
        guard code == 0 else { throw .noSuchHost(String(cString: gai_strerror(code))) }
        defer { freeaddrinfo(list) }
        var addresses: [SocketAddress] = []
        var entry = list
        while let info = entry?.pointee {
            if let pointer = info.ai_addr {
                addresses.append(SocketAddress(UnsafePointer(pointer), info.ai_addrlen))
            }
            entry = info.ai_next
        }
        return addresses.filter { !$0.isIPv6 } + addresses.filter(\.isIPv6)
    }

    var family: Int32 { Int32(storage.ss_family) }
    var isIPv6: Bool { family == AF_INET6 }

    /// Whether only programs of this machine reach it: 127.0.0.0/8 and ::1.
    var isLoopback: Bool {
        withUnsafeBytes(of: storage) { bytes in
            // Behind family and port; in IPv6 there is the flow too.
            if family == AF_INET { return bytes[4] == 127 }
            guard family == AF_INET6 else { return false }
            return bytes[8..<23].allSatisfy { $0 == 0 } && bytes[23] == 1
        }
    }

    package func with(port: Int) -> SocketAddress {
        var address = self
        let wire = UInt16(truncatingIfNeeded: port).bigEndian
        // The port is behind the family (and on Darwin the length, which shares its two bytes).
        withUnsafeMutableBytes(of: &address.storage) {
            $0.storeBytes(of: wire, toByteOffset: 2, as: UInt16.self)
        }
        return address
    }

    package func withPointer<Result>(
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        withUnsafePointer(to: storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }

    package func makeSocket() throws(SystemError) -> Descriptor {
        let number = socket(family, streamSocket, 0)
        guard number >= 0 else { throw SystemError("socket") }
        return Descriptor(owning: number)
    }

    /// The port that a socket is bound to.
    static func port(of descriptor: Int32) -> Int {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        withUnsafeMutablePointer(to: &storage) { pointer in
            _ = pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getsockname(descriptor, $0, &length)
            }
        }
        return withUnsafeBytes(of: &storage) {
            Int(UInt16(bigEndian: $0.loadUnaligned(fromByteOffset: 2, as: UInt16.self)))
        }
    }
}
