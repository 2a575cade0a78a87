// Where a running mcpo tells its metrics, as people write it.
//
//     9300                        127.0.0.1:9300, GET /metrics
//     HOST:PORT, [::1]:9300       likewise
//     http://HOST[:PORT][/path/]  GET /path/metrics; the port is 80 unless it is written
//     unix:/run/mcpo.sock         HTTP over that socket

import MCPOSystem

/// Where to ask for the metrics.
package struct MetricsAddress: Equatable, Sendable, CustomStringConvertible {
    /// Why a text is no address, and what to write instead.
    package struct Refusal: Error, Equatable {
        package let words: String
    }

    /// Where `mcpo --http 9300` listens.
    package static let usual = MetricsAddress(target: .tcp(host: "127.0.0.1", port: 9300))

    let target: ListenTarget
    /// The target of the request.
    let path: String

    private init(target: ListenTarget, path: String = "/metrics") {
        self.target = target
        self.path = path
    }

    package init(_ text: String) throws(Refusal) {
        let scheme = text.prefix(8).lowercased()
        if scheme == "https://" {
            throw Refusal(
                words: "mcpo top speaks http only: write an http:// address, such as that of a "
                    + "tunnel (ssh -L 9300:127.0.0.1:9300 HOST)")
        }
        if scheme.hasPrefix("http://") {
            self = try Self.url(text.dropFirst(7))
            return
        }
        switch ListenAddress(text) {
        case .unix(let path):
            guard SocketAddress(path: path) != nil else {
                throw Refusal(words: "the path of the socket is too long")
            }
            self.init(target: .unix(path: path))
        case .tcp(_, port: 0):
            throw Refusal(
                words: "port 0 is any that is free: write the one that mcpo has logged at its start"
            )
        case .tcp(let host, let port): self.init(target: .tcp(host: host, port: port))
        case nil: throw Self.unreadable
        }
    }

    private static let unreadable = Refusal(
        words: "write PORT, HOST:PORT, http://HOST:PORT/ or unix:PATH")

    /// - Parameter rest: what follows `http://`.
    private static func url(_ rest: Substring) throws(Refusal) -> MetricsAddress {
        let authority = rest.prefix { !"/?#".contains($0) }
        var path = String(rest.dropFirst(authority.count))
        guard path.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), !path.contains("?"),
            !path.contains("#")
        else { throw unreadable }
        if !path.hasSuffix("/metrics") { path += path.hasSuffix("/") ? "metrics" : "/metrics" }
        let head = authority.utf8.reversed().drop { (0x30...0x39).contains($0) }
        guard let last = head.first else { throw unreadable }
        let text = last == UInt8(ascii: ":") ? String(authority) : "\(authority):80"
        guard case .tcp(let host, let port)? = ListenAddress(text), port > 0 else {
            throw unreadable
        }
        return MetricsAddress(target: .tcp(host: host, port: port), path: path)
    }

    /// The field `Host` of the request.
    var host: String {
        switch target {
        case .unix: "localhost"
        case .tcp(let host, let port): ListenAddress.tcp(host: host, port: port).description
        }
    }

    /// For people.
    package var description: String {
        switch target {
        case .unix(let path): "unix:\(path)"
        case .tcp: "http://\(host)\(path.dropLast("metrics".count))"
        }
    }

    /// What to start mcpo with so that it is there.
    var option: String {
        switch target {
        case .unix(let path): "--http unix:\(path)"
        case .tcp("127.0.0.1", let port): "--http \(port)"
        case .tcp(let host, let port): "--http \(ListenAddress.tcp(host: host, port: port))"
        }
    }
}
