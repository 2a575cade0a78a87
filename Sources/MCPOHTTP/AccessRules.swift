// Who may ask, and for what (SPEC §8, §10).
//
//     listens on           reads without the token   `Host` must be
//     loopback             yes                       localhost or a loopback address
//     a Unix socket        yes                       anything: whoever opens the file may ask
//     any other address    no (health: yes)          anything: a page in a browser has no token
//
// What changes something needs the token wherever mcpo listens, and there is none without a
// configured one. `Host` is what a page in a browser cannot choose: after DNS rebinding its requests
// reach this port with the page's own host name, and are refused. `Origin` says that a page sent the
// request: only one that this port itself has served may.

/// Where the port listens, as far as access goes by it.
package enum PortExposure: Sendable {
    case loopback, unixSocket, network
}

struct AccessRules: Sendable {
    let exposure: PortExposure
    /// nil when there is none.
    private let token: [UInt8]?

    /// - Parameter token: an empty one is none.
    init(exposure: PortExposure, token: String?) {
        self.exposure = exposure
        self.token = token.flatMap { $0.isEmpty ? nil : Array($0.utf8) }
    }

    /// Why a request may not go on; nil when it may.
    func refusal(of request: HTTPRequest, _ need: Need) -> HTTPResponse? {
        if exposure == .loopback, let host = request.host, !Self.isLoopback(host) {
            return .error(
                .misdirected,
                "the Host is none of this machine: use 127.0.0.1 or localhost, or configure "
                    + "http.listen with an address of the network and a token")
        }
        if let origin = request.value(of: "origin"), !isOwn(origin, of: request) {
            return .error(.forbidden, "pages of another origin may not ask here")
        }
        switch need {
        case .nothing: return nil
        case .reading:
            if exposure != .network || hasToken(request) { return nil }
            return .error(.unauthorized, "this needs the token: Authorization: Bearer TOKEN")
                .with("WWW-Authenticate: Bearer realm=\"mcpo\"")
        case .changing:
            if token == nil {
                return .error(
                    .forbidden, "nothing can be changed here: mcpo runs without http.token")
            }
            if hasToken(request) { return nil }
            return .error(.forbidden, "this needs the token: Authorization: Bearer TOKEN")
        }
    }

    /// What a request wants to do.
    enum Need {
        case nothing, reading, changing
    }

    private func hasToken(_ request: HTTPRequest) -> Bool {
        guard let token, let value = request.value(of: "authorization"),
            value.prefix(7).equalsIgnoringCase("bearer ")
        else { return false }
        return Self.isSame(value.dropFirst(7).trimmingBlanks(), token)
    }

    /// Compares in a time that depends on the lengths alone, not on where a difference is.
    static func isSame(_ given: ArraySlice<UInt8>, _ token: [UInt8]) -> Bool {
        var difference = given.count ^ token.count
        for (place, byte) in given.enumerated() {
            difference |= Int(byte ^ token[place % token.count])
        }
        return difference == 0
    }

    /// `http://` and the request's own host, as browsers write it for a page of this port.
    private func isOwn(_ origin: ArraySlice<UInt8>, of request: HTTPRequest) -> Bool {
        guard let host = request.host else { return false }
        for scheme in ["http://", "https://"] as [StaticString]
        where origin.prefix(scheme.utf8CodeUnitCount).equalsIgnoringCase(scheme) {
            let rest = origin.dropFirst(scheme.utf8CodeUnitCount)
            return rest.count == host.count
                && zip(rest, host).allSatisfy { asciiLowercase($0) == asciiLowercase($1) }
        }
        return false
    }

    /// Whether a host, perhaps with a port, is this machine: `localhost`, 127.0.0.0/8 or `[::1]`.
    static func isLoopback(_ host: ArraySlice<UInt8>) -> Bool {
        var name = host
        if let colon = host.lastIndex(of: UInt8(ascii: ":")), host.last != UInt8(ascii: "]") {
            guard host[(colon + 1)...].allSatisfy(isDigit) else { return false }
            name = host[..<colon]
        }
        if name.equalsIgnoringCase("localhost") || name.equals("[::1]") { return true }
        let parts = name.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0].equals("127")
            && parts.allSatisfy { part in
                (1...3).contains(part.count) && part.allSatisfy(isDigit)
                    && part.reduce(0) { 10 * $0 + Int($1 - UInt8(ascii: "0")) } <= 255
            }
    }
}
