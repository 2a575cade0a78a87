// The log on stderr: lines for people, or JSON for programs; never in the way of the proxy.
//
//     text   12:31:07.042 warning time: exited with status 1
//     json   {"time":"2026-11-23T12:31:07.042Z","level":"warning","server":"time","message":"…"}
//
// Whoever holds the other end of stderr may not read it. Writing must not block then, and stderr
// may be shared with other programs, so that its flags are not mcpo's to change: a write is made
// only when poll says that there is room, and is no longer than what a pipe takes whole (PIPE_BUF).
// Lines that find the queue full are counted and dropped.

package import MCPOCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// How log lines look.
package enum LogFormat: String, CaseIterable, Sendable {
    case text, json
}

/// Writes log lines to a descriptor, as far as it takes them.
package struct LogWriter: ~Copyable {
    /// Some thousands of lines: more than a person reads, less than anybody minds.
    private static let queueLimit = 256 * 1024
    /// POSIX's least for PIPE_BUF is 512; Linux and macOS have 4096 and 512.
    private static let writeLimit = 512

    package let descriptor: Int32
    package var level: LogLevel
    private let format: LogFormat
    private var queue = ByteQueue()
    private var dropped = 0

    package init(descriptor: Int32, level: LogLevel, format: LogFormat) {
        self.descriptor = descriptor
        self.level = level
        self.format = format
    }

    package var hasOutput: Bool { !queue.isEmpty }

    package mutating func write(_ record: LogRecord) {
        guard record.level <= level else { return }
        append(line(record, at: Clock.wallMilliseconds))
    }

    /// A line that a server wrote to its stderr: passed on whatever the level, under its name.
    package mutating func write(_ line: RawSpan, ofServer server: String) {
        let text = line.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        switch format {
        case .text: append(Array("[\(server)] \(text)\n".utf8))
        case .json:
            append(
                self.line(
                    LogRecord(level: .info, server: server, message: text),
                    at: Clock.wallMilliseconds, stream: "stderr"))
        }
    }

    private mutating func append(_ line: [UInt8]) {
        guard queue.count + line.count <= Self.queueLimit else {
            dropped += 1
            return
        }
        if dropped > 0 {
            let notice = LogRecord(
                level: .warning, server: nil, message: "\(dropped) log lines dropped: nobody reads")
            dropped = 0
            queue.append(self.line(notice, at: Clock.wallMilliseconds))
        }
        queue.append(line)
    }

    /// Writes what the descriptor takes without blocking.
    /// - Parameter patience: milliseconds to wait for room, in all.
    package mutating func flush(patience: Int32 = 0) {
        while !queue.isEmpty, hasRoom(patience) {
            var isOver = false
            queue.take { bytes in
                let part = UnsafeRawBufferPointer(rebasing: bytes.prefix(Self.writeLimit))
                switch writeSome(descriptor, part) {
                case .bytes(let count): return count
                case .wouldBlock:
                    isOver = true
                    return 0
                case .ended: return bytes.count
                }
            }
            if isOver { return }
        }
    }

    private func hasRoom(_ patience: Int32) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        return poll(&entry, 1, patience) > 0
    }

    private func line(
        _ record: LogRecord, at milliseconds: Int64, stream: String? = nil
    ) -> [UInt8] {
        let time = Timestamp(milliseconds: milliseconds)
        switch format {
        case .text:
            let subject = record.server.map { "\($0): " } ?? ""
            let text = "mcpo \(time.timeOfDay) \(record.level.name) \(subject)\(record.message)\n"
            return Array(text.utf8)
        case .json:
            var line = Array(#"{"time":"\#(time.iso8601)","level":"\#(record.level.name)""#.utf8)
            if let server = record.server { Self.member("server", server, &line) }
            if let stream { Self.member("stream", stream, &line) }
            Self.member("message", record.message, &line)
            return line + Array("}\n".utf8)
        }
    }

    private static func member(_ key: String, _ value: String, _ line: inout [UInt8]) {
        line += Array(",\"\(key)\":".utf8)
        appendJSONString(value, to: &line)
    }
}

/// A time of the wall clock, written in UTC. (Foundation's formatters are not linked.)
struct Timestamp {
    let milliseconds: Int64

    var timeOfDay: String {
        let ofDay = milliseconds % 86_400_000
        let (hours, minutes) = (ofDay / 3_600_000, ofDay / 60_000 % 60)
        let (seconds, fraction) = (ofDay / 1000 % 60, ofDay % 1000)
        return "\(Self.padded(hours, 2)):\(Self.padded(minutes, 2)):\(Self.padded(seconds, 2))"
            + ".\(Self.padded(fraction, 3))"
    }

    var iso8601: String {
        let date = CivilDate(daysSince1970: milliseconds / 86_400_000)
        return "\(Self.padded(date.year, 4))-\(Self.padded(date.month, 2))"
            + "-\(Self.padded(date.day, 2))T\(timeOfDay)Z"
    }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(width - digits.count, 0)) + digits
    }
}
