// How much of a request there may be, and how long it may take.

/// The bounds of one connection; none can be configured, because what mcpo is asked for is small.
package enum HTTPLimits {
    /// Connections at once. More than the agents and scrapers of one machine ever open.
    package static let connections = 256
    /// Bytes of answers that wait to be taken, of all connections together. With a thousand tools one
    /// has half a megabyte to seven.
    package static let waitingBytes = 64 * 1024 * 1024
    /// A body up to so many bytes leaves together with its head, in one write; a longer one is shared by
    /// all who get it.
    package static let copiedBody = 16 * 1024
    /// Bytes of request line and fields. As nginx's four buffers of 8 KiB, halved: cookies of other
    /// programs on the same host are sent here too.
    package static let head = 16 * 1024
    /// Bytes of the request line, as nginx and RFC 9112 §3 (at least 8,000).
    package static let requestLine = 8 * 1024
    /// Fields in a head.
    package static let fields = 100
    /// Bytes of a request's body; the largest that mcpo takes has a few dozen.
    package static let body = 64 * 1024
    /// Bytes of a chunk's size and extensions, and of all trailers together.
    package static let chunkLine = 1024
    package static let trailers = 4 * 1024
    /// How long a request may take to arrive, from its first byte (SPEC §12).
    package static let requestTime = Duration.seconds(10)
    /// How long a connection stays without a request (SPEC §12).
    package static let idleTime = Duration.seconds(60)
    /// How long the client may take no byte of an answer, and how long the whole may take.
    package static let writePause = Duration.seconds(10)
    package static let writeTime = Duration.seconds(60)
    /// How long, and for how many bytes, a refused request is read on so that the client sees the
    /// answer: closing at once would make the kernel throw it away.
    package static let lingerTime = Duration.seconds(2)
    package static let lingerBytes = 256 * 1024
    /// How long the proxy may take to answer the port.
    package static let proxyTime = Duration.seconds(2)
}
