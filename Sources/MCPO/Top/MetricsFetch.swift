// Asking a running mcpo for its metrics: one request on a connection of its own, without blocking.
//
//     connect ─▶ send ─▶ receive ─▶ the document, or why there is none
//        └─ refused: the host's next address
//
// The caller waits for `descriptor` and calls `proceed`, until there is an outcome.

internal import MCPOCore
internal import MCPOHTTP
import MCPOSystem

/// Why there are no metrics.
package struct MetricsFailure: Error, Equatable {
    /// What has happened, a clause for people.
    package let words: String
    /// What to do about it; nil when that is unknown.
    package let advice: String?

    package init(words: String, advice: String?) {
        self.words = words
        self.advice = advice
    }
}

/// One question. It ends after `patience` at the latest.
final class MetricsFetch {
    /// How long an answer may take in all. mcpo itself gives one within 2 s, if only to say that its
    /// loop is stuck.
    static let patience = Duration.seconds(5)
    /// Bytes read at once: a document of a hundred tools.
    private static let chunk = 64 * 1024

    private enum Phase {
        case connecting, sending, receiving
    }

    private let address: MetricsAddress
    private let hasToken: Bool
    let deadline: Instant
    private var phase = Phase.connecting
    private var socket: OutgoingSocket
    private var others: ArraySlice<SocketAddress>
    private var request: ArraySlice<UInt8>
    private var parser = HTTPResponseParser()

    /// - Parameters:
    ///   - token: nil when there is none.
    ///   - addresses: those of the target, at least one.
    init(
        _ address: MetricsAddress, token: String?, addresses: [SocketAddress], at now: Instant
    ) throws(MetricsFailure) {
        self.address = address
        hasToken = token != nil
        deadline = now.advanced(by: Self.patience)
        request = Self.request(address, token)[...]
        others = addresses[...]
        socket = try Self.connect(&others, address)
    }

    /// Addresses of the target. Asks the system's resolver, which may take its time.
    static func resolve(_ address: MetricsAddress) throws(MetricsFailure) -> [SocketAddress] {
        switch address.target {
        case .unix(let path): return SocketAddress(path: path).map { [$0] } ?? []
        case .tcp(let host, let port):
            do throws(ListenFailure) {
                return try SocketAddress.all(ofHost: host, port: port)
            } catch {
                let words = if case .noSuchHost(let words) = error { words } else { "\(error)" }
                throw MetricsFailure(words: "there is no host \(host) (\(words))", advice: nil)
            }
        }
    }

    private static func request(_ address: MetricsAddress, _ token: String?) -> [UInt8] {
        var lines = [
            "GET \(address.path) HTTP/1.1", "Host: \(address.host)", "Accept: application/json",
            "User-Agent: mcpo-top/\(Release.version)", "Connection: close",
        ]
        if let token { lines.append("Authorization: Bearer \(token)") }
        return Array((lines.map { $0 + "\r\n" }.joined() + "\r\n").utf8)
    }

    // MARK: Going on

    var descriptor: DescriptorWait {
        DescriptorWait(socket.number, isForWriting: phase != .receiving)
    }

    /// Does what can be done without waiting.
    /// - Returns: the document, once it is there.
    func proceed(
        isReady: Bool, at now: Instant
    ) throws(MetricsFailure) -> [UInt8]? {
        if now >= deadline {
            throw MetricsFailure(
                words: "no answer from \(address) within \(Self.patience.text)", advice: nil)
        }
        guard isReady else { return nil }
        switch phase {
        case .connecting:
            do throws(SystemError) {
                try socket.checkConnection()
            } catch {
                guard !others.isEmpty else { throw Self.unreachable(address, error) }
                socket = try Self.connect(&others, address)
                return nil
            }
            phase = .sending
            return try send()
        case .sending: return try send()
        case .receiving: return try receive()
        }
    }

    private static func connect(
        _ addresses: inout ArraySlice<SocketAddress>, _ address: MetricsAddress
    ) throws(MetricsFailure) -> OutgoingSocket {
        var failure = SystemError("connect", code: 0)
        while let next = addresses.popFirst() {
            do throws(SystemError) {
                return try OutgoingSocket.connecting(to: next)
            } catch {
                failure = error
            }
        }
        throw unreachable(address, failure)
    }

    private static func unreachable(
        _ address: MetricsAddress, _ error: SystemError
    ) -> MetricsFailure {
        MetricsFailure(
            words: "cannot reach mcpo at \(address): \(error.words)",
            advice: "is mcpo running with \(address.option)?")
    }

    private func send() throws(MetricsFailure) -> [UInt8]? {
        let bytes = request
        let number = socket.number
        let transfer = withBrokenPipeSignalBlocked {
            bytes.withUnsafeBytes { writeSome(number, $0) }
        }
        switch transfer {
        case .bytes(let count): request = request.dropFirst(count)
        case .wouldBlock: break
        // What a server that refuses has said can still be read.
        case .ended: request = []
        }
        if request.isEmpty { phase = .receiving }
        return nil
    }

    private func receive() throws(MetricsFailure) -> [UInt8]? {
        var progress = HTTPResponseParser.Progress.needsMore
        let number = socket.number
        while progress == .needsMore {
            var isOver = false
            withUnsafeTemporaryAllocation(byteCount: Self.chunk, alignment: 1) { space in
                switch readSome(number, into: space) {
                case .bytes(let count):
                    progress = parser.append(UnsafeRawBufferPointer(rebasing: space[..<count]))
                case .wouldBlock: isOver = true
                case .ended: progress = parser.end()
                }
            }
            if isOver { return nil }
        }
        switch progress {
        case .needsMore: return nil
        case .response(let response):
            return try Self.document(response, address, hasToken: hasToken)
        case .failure(let failure):
            throw MetricsFailure(
                words: "what answers at \(address) is no mcpo: \(failure)",
                advice: "is mcpo running with \(address.option)?")
        }
    }

    // MARK: Answers

    private static func document(
        _ response: ReceivedResponse, _ address: MetricsAddress, hasToken: Bool
    ) throws(MetricsFailure) -> [UInt8] {
        switch response.status {
        case 200: return response.body
        case 401:
            throw MetricsFailure(
                words: "mcpo at \(address) wants \(hasToken ? "another" : "a") token",
                advice: "give it with --token TOKEN or MCPO_HTTP_TOKEN")
        case 404, 405:
            throw MetricsFailure(
                words: "what answers at \(address) is no mcpo: it has no \(address.path) "
                    + "(status \(response.status))",
                advice: "is mcpo running with \(address.option)?")
        default:
            throw MetricsFailure(
                words: "\(address) answered with status \(response.status)\(reason(response))",
                advice: nil)
        }
    }

    /// What mcpo's own refusals say, in `{"error": "…"}`.
    private static func reason(_ response: ReceivedResponse) -> String {
        guard let root = try? JSONCParser.parse(response.body),
            case .scalar(.string(let words))? = root.member("error")?.node.value
        else { return "" }
        return ": \(printable(String(words.prefix(200))))"
    }
}
