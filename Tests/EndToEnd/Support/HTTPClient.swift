// A client of mcpo's HTTP port that says exactly what the test says, byte for byte.

import Foundation

/// One connection to a port or a socket's file.
final class HTTPClient {
    let descriptor: Int32
    private var buffer: [UInt8] = []

    /// - Parameter port: on 127.0.0.1.
    init(port: Int) throws {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        descriptor = try Self.connected(AF_INET, &address, "port \(port)")
    }

    init(path: String) throws {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        descriptor = try Self.connected(AF_UNIX, &address, path)
    }

    deinit { close(descriptor) }

    private static func connected<Address>(
        _ family: Int32, _ address: inout Address, _ place: String
    ) throws -> Int32 {
        #if os(Linux)
            let type = Int32(SOCK_STREAM.rawValue)
        #else
            let type = SOCK_STREAM
        #endif
        let descriptor = socket(family, type, 0)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        let length = socklen_t(MemoryLayout<Address>.size)
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, length)
            }
        }
        guard code == 0 else {
            defer { close(descriptor) }
            throw Failure("no connection to \(place): errno \(errno)")
        }
        return descriptor
    }

    func send(_ text: String) throws {
        try writeAll(Array(text.utf8), to: descriptor)
    }

    func endOutput() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// An answer with its head as text.
    struct Answer {
        var status: Int
        var head: String
        var body: String

        /// The body as JSON.
        func json() throws -> [String: Any] {
            let object = try JSONSerialization.jsonObject(with: Data(body.utf8))
            guard let members = object as? [String: Any] else {
                throw Failure("no object: \(body)")
            }
            return members
        }
    }

    /// The next answer, by its length.
    func answer() throws -> Answer {
        let end = Array("\r\n\r\n".utf8)
        while true {
            if let range = buffer.firstRange(of: end) {
                let head = String(decoding: buffer[..<range.lowerBound], as: UTF8.self)
                let length = head.split(separator: "\r\n")
                    .first { $0.hasPrefix("Content-Length: ") }
                    .flatMap { Int($0.dropFirst(16)) }
                guard let length else { throw Failure("no length: \(head)") }
                let total = range.upperBound + length
                if buffer.count >= total {
                    let body = String(decoding: buffer[range.upperBound..<total], as: UTF8.self)
                    buffer.removeFirst(total)
                    return Answer(
                        status: Int(head.dropFirst(9).prefix(3)) ?? 0, head: head, body: body)
                }
            }
            guard try receive() else {
                throw Failure("closed after \(String(decoding: buffer, as: UTF8.self))")
            }
        }
    }

    /// Waits for the end of the connection and returns what came before it.
    func rest() throws -> String {
        while try receive() {}
        return String(decoding: buffer, as: UTF8.self)
    }

    /// - Returns: whether there is more to come.
    private func receive() throws -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&entry, 1, Int32(patience * 1000)) > 0 else { throw Failure("no answer") }
        var space: [UInt8] = Array(repeating: 0, count: 65_536)
        let count = read(descriptor, &space, space.count)
        if count > 0 { buffer += space.prefix(count) }
        return count > 0
    }

    /// Asks for one thing.
    func request(
        _ line: String, token: String? = nil, body: String = "", host: String = "localhost"
    ) throws -> Answer {
        let authorization = token.map { "Authorization: Bearer \($0)\r\n" } ?? ""
        try send(
            "\(line) HTTP/1.1\r\nHost: \(host)\r\nContent-Length: \(body.utf8.count)\r\n"
                + "\(authorization)\r\n\(body)")
        return try answer()
    }
}

extension Subject {
    /// The port that mcpo says it listens on.
    func httpPort() throws -> Int {
        var port: Int?
        try eventually("the port's line; mcpo said: \(errors)") {
            let mark = "dashboard at http://127.0.0.1:"
            guard let range = errors.range(of: mark, options: .backwards) else { return false }
            port = Int(errors[range.upperBound...].prefix { $0.isNumber })
            return port != nil
        }
        return port ?? 0
    }

    func http() throws -> HTTPClient {
        try HTTPClient(port: httpPort())
    }
}
