// Where the HTTP port listens.

/// A host and a port, or a file: written `9300`, `127.0.0.1:9300`, `[::1]:9300`, `localhost:0` or
/// `unix:/run/mcpo.sock`.
public enum ListenAddress: Equatable, Sendable, CustomStringConvertible {
    /// The host is a name or an address, without brackets; the port is from 0 to 65,535, 0 being any
    /// that is free.
    case tcp(host: String, port: Int)
    /// The path of a socket that only this user may open. What a killed mcpo left there is replaced.
    case unix(path: String)

    /// On this machine alone, as `9300` is.
    public init(port: Int) {
        self = .tcp(host: "127.0.0.1", port: port)
    }

    /// Returns nil for anything that is not written as above.
    public init?(_ text: String) {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            guard !path.isEmpty, !path.utf8.contains(0) else { return nil }
            self = .unix(path: path)
            return
        }
        let digits = text.utf8.reversed().prefix { (0x30...0x39).contains($0) }.count
        guard let port = Int(text.suffix(digits)), (0...65_535).contains(port) else { return nil }
        let rest = text.dropLast(digits)
        if rest.isEmpty {
            self.init(port: port)
            return
        }
        guard rest.utf8.last == UInt8(ascii: ":") else { return nil }
        var host = rest.dropLast()
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.utf8.contains(UInt8(ascii: ":")) {
            return nil
        }
        guard !host.isEmpty, host.utf8.allSatisfy(Self.isHostByte) else { return nil }
        self = .tcp(host: String(host), port: port)
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        ServerConfiguration.isNameByte(byte) || byte == UInt8(ascii: ":")
    }

    /// Whether only programs of this machine reach it.
    public var isLocal: Bool {
        switch self {
        case .unix: return true
        case .tcp(let host, _):
            if host == "localhost" || host == "::1" { return true }
            let parts = host.split(separator: ".", omittingEmptySubsequences: false)
            return parts.count == 4 && parts[0] == "127"
                && parts.allSatisfy { part in
                    (1...3).contains(part.utf8.count) && UInt8(part) != nil
                }
        }
    }

    /// As it is written.
    public var description: String {
        switch self {
        case .unix(let path): "unix:\(path)"
        case .tcp(let host, let port):
            host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
        }
    }
}
