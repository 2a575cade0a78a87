// A body in chunks (RFC 9112 §7.1).
//
//     4 CR LF            size in hexadecimal digits, then perhaps extensions, which are ignored
//     Wiki CR LF         so many bytes
//     0 CR LF            the last chunk
//     Expires: 0 CR LF   trailers, which are ignored
//     CR LF

/// What is wrong with a body in chunks.
enum ChunkFault: Error {
    case malformed, bodyTooLong, trailersTooLong
}

/// Takes the framing off, as far as the bytes go.
struct ChunkedBody {
    private enum Phase {
        case size
        case bytes(Int)
        case bytesEnd, trailers, done
    }

    /// Bytes that the body may have.
    private let limit: Int
    private var phase = Phase.size
    private var trailerBytes = 0
    private(set) var body: [UInt8] = []

    init(limit: Int) {
        self.limit = limit
    }

    /// Takes what it can of `bytes` from `position` on.
    /// - Returns: whether the body has ended; `position` is behind what was taken.
    mutating func read(_ bytes: [UInt8], from position: inout Int) throws(ChunkFault) -> Bool {
        while true {
            switch phase {
            case .size:
                guard let line = try Self.line(bytes, from: position) else { return false }
                position = line.upperBound + 2
                let size = try size(bytes[line])
                phase = size == 0 ? .trailers : .bytes(size)
            case .bytes(let missing):
                let part = bytes[position...].prefix(missing)
                body += part
                position += part.count
                phase = part.count == missing ? .bytesEnd : .bytes(missing - part.count)
                if part.count < missing { return false }
            case .bytesEnd:
                // A wrong first byte is wrong whatever follows.
                if position < bytes.count, bytes[position] != 0x0D { throw .malformed }
                guard let line = try Self.line(bytes, from: position) else { return false }
                position = line.upperBound + 2
                phase = .size
            case .trailers:
                guard let line = try Self.line(bytes, from: position) else { return false }
                position = line.upperBound + 2
                trailerBytes += line.count
                if trailerBytes > HTTPLimits.trailers { throw .trailersTooLong }
                if line.isEmpty { phase = .done }
            case .done: return true
            }
        }
    }

    /// The line that begins at `start`, without its CR LF; nil while it has not ended.
    private static func line(
        _ bytes: [UInt8], from start: Int
    ) throws(ChunkFault) -> Range<Int>? {
        let window = bytes[start...].prefix(HTTPLimits.chunkLine)
        guard let end = window.firstIndex(where: { $0 == 0x0D || $0 == 0x0A }) else {
            if window.count == HTTPLimits.chunkLine { throw .malformed }
            return nil
        }
        guard bytes[end] == 0x0D else { throw .malformed }
        guard end + 1 < bytes.count else { return nil }
        guard bytes[end + 1] == 0x0A else { throw .malformed }
        return start..<end
    }

    private func size(_ line: ArraySlice<UInt8>) throws(ChunkFault) -> Int {
        let digits = line.prefix { hexValue($0) != nil }
        let rest = line.dropFirst(digits.count).drop(while: isBlank)
        guard !digits.isEmpty, rest.isEmpty || rest.first == UInt8(ascii: ";") else {
            throw .malformed
        }
        let significant = digits.drop { $0 == UInt8(ascii: "0") }
        // Eight digits do not overflow, and more are too large whatever they are.
        guard significant.count <= 8 else { throw .bodyTooLong }
        let size = significant.reduce(0) { 16 * $0 + (hexValue($1) ?? 0) }
        guard body.count + size <= limit else { throw .bodyTooLong }
        return size
    }
}

private func hexValue(_ byte: UInt8) -> Int? {
    switch byte {
    case 0x30...0x39: Int(byte) - 0x30
    case 0x41...0x46: Int(byte) - 0x37
    case 0x61...0x66: Int(byte) - 0x57
    default: nil
    }
}
