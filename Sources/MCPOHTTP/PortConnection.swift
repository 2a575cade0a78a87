// One connection of an HTTP client: requests in, answers out, one after the other.
//
//     reading ──request──▶ waiting ──answer──▶ writing ──taken──▶ reading   (keep-alive)
//        │                                        └──────────────▶ lingering ──▶ closed
//        └──failure, time is over──▶ writing ──────────────────────┘
//
//     phase        reads   deadline
//     reading      yes     10 s from a request's first byte, 60 s from the last answer before it
//     waiting      no      none: the proxy answers or its own time is over
//     writing      no      10 s without a byte taken, 60 s in all
//     lingering    yes     2 s or 256 KiB; what comes is thrown away
//
// While an answer waits to be taken nothing is read: a client that sends and does not read is
// stopped by its own socket, and costs no more than a request and an answer.

internal import MCPOCore

final class PortConnection {
    enum Phase {
        case reading, waiting, writing, lingering, closed
    }

    let id: UInt32
    private(set) var phase = Phase.reading
    var parser = HTTPRequestParser()
    private var output = ByteQueue()
    /// What follows `output`: the body of an answer, from `bodyPosition` on.
    private var body: [UInt8] = []
    private var bodyPosition = 0
    /// Who listened where it came in has said what it may ask for.
    let exposure: PortExposure
    /// How the answer that is next is written.
    private(set) var keepsConnection = true
    private(set) var hasBody = true
    private(set) var minorVersion = 1
    private var deadline: Instant
    private(set) var writingSince = Instant.never
    private var lingered = 0
    /// Whether a part of a request has come.
    private var hasStarted = false
    /// Since when there was no request; a connection that must go is the longest idle one.
    private(set) var idleSince: Instant

    init(id: UInt32, exposure: PortExposure, at now: Instant) {
        self.id = id
        self.exposure = exposure
        idleSince = now
        deadline = now.advanced(by: HTTPLimits.idleTime)
    }

    var wantsInput: Bool { phase == .reading || phase == .lingering }
    /// No request of it has begun to arrive.
    var isIdle: Bool { phase == .reading && !parser.isInRequest }
    var nextDeadline: Instant { phase == .waiting || phase == .closed ? .never : deadline }

    /// Since when it does what it does.
    var since: Instant { phase == .writing ? writingSince : idleSince }

    /// Takes bytes that came.
    /// - Returns: whether there may be a request among them.
    func receive(_ bytes: UnsafeRawBufferPointer, at now: Instant) -> Bool {
        switch phase {
        case .reading:
            parser.append(bytes)
            return true
        case .lingering:
            lingered += bytes.count
            if lingered > HTTPLimits.lingerBytes { phase = .closed }
            return false
        case .waiting, .writing, .closed: return false
        }
    }

    /// What has come is no whole request. Its time begins with the first byte that is part of one:
    /// empty lines are none.
    func awaitMore(at now: Instant) {
        if hasStarted || !parser.isInRequest { return }
        hasStarted = true
        idleSince = now
        deadline = now.advanced(by: HTTPLimits.requestTime)
    }

    /// A request is complete; its answer comes later.
    func begin(_ request: HTTPRequest) {
        phase = .waiting
        hasStarted = false
        keepsConnection = request.keepsConnection
        hasBody = !request.isMethod("HEAD")
        minorVersion = request.minorVersion
    }

    /// The interim answer that a client waits for before it sends a body (RFC 9110 §15.2.1).
    func sendContinue() {
        output.append("HTTP/1.1 100 Continue\r\n\r\n")
    }

    func answer(_ response: HTTPResponse, date: [UInt8], at now: Instant) {
        let context = HTTPResponseContext(
            keepsConnection: keepsConnection, minorVersion: minorVersion, date: date)
        response.writeHead(context, into: &output)
        if hasBody, response.body.count <= HTTPLimits.copiedBody {
            output.append(response.body)
        } else if hasBody {
            (body, bodyPosition) = (response.body, 0)
        }
        startWriting(at: now)
    }

    /// Answers what is no request, and ends the connection.
    func refuse(_ response: HTTPResponse, date: [UInt8], at now: Instant) {
        (keepsConnection, hasBody) = (false, true)
        answer(response, date: date, at: now)
    }

    /// Ends the connection after the next answer.
    func stopKeeping() {
        keepsConnection = false
    }

    private func startWriting(at now: Instant) {
        phase = .writing
        writingSince = now
        deadline = now.advanced(by: HTTPLimits.writePause)
    }

    func close() {
        phase = .closed
    }

    /// Shows what is to be written to `body`, which returns how much of it was taken.
    /// - Returns: whether the answer is out.
    func takeOutput(at now: Instant, _ body: (UnsafeRawBufferPointer) -> Int) -> Bool {
        var taken = 0
        if !output.isEmpty {
            output.take { bytes in
                taken = body(bytes)
                return taken
            }
        } else if bodyPosition < self.body.count {
            self.body.withUnsafeBytes { bytes in
                taken = body(UnsafeRawBufferPointer(rebasing: bytes[bodyPosition...]))
            }
            bodyPosition += taken
        }
        guard phase == .writing else { return false }
        if waitingBytes == 0 {
            noteWritten(at: now)
            return true
        }
        if taken > 0 {
            let whole = writingSince.advanced(by: HTTPLimits.writeTime)
            deadline = min(now.advanced(by: HTTPLimits.writePause), whole)
        }
        return false
    }

    /// Bytes of the answer that are not taken yet.
    var waitingBytes: Int { output.count + body.count - bodyPosition }
    var hasOutput: Bool { waitingBytes > 0 && phase != .closed }

    private func noteWritten(at now: Instant) {
        (body, bodyPosition) = ([], 0)
        guard keepsConnection else {
            phase = .lingering
            deadline = now.advanced(by: HTTPLimits.lingerTime)
            return
        }
        phase = .reading
        idleSince = now
        deadline = now.advanced(by: HTTPLimits.idleTime)
    }
}
