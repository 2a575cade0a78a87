// The log: what lines look like, what levels let through, and that a full stderr stops nothing.

import Foundation
import MCPOCore
import Testing

// The wall clock's calendar is nobody's business outside its module.
@testable import MCPOSystem

@Suite struct LogWriterTests {
    /// What a writer writes into a pipe.
    private static func written(
        _ level: LogLevel, _ format: LogFormat, _ write: (inout LogWriter) -> Void
    ) throws -> [String] {
        let pipe = try MCPOSystem.Pipe()
        var log = LogWriter(descriptor: pipe.write.number, level: level, format: format)
        write(&log)
        log.flush()
        var bytes = [UInt8](repeating: 0, count: 64 * 1024)
        let transfer = bytes.withUnsafeMutableBytes { readSome(pipe.read.number, into: $0) }
        guard case .bytes(let count) = transfer else { return [] }
        let text = String(decoding: bytes.prefix(count), as: UTF8.self)
        return text.split(separator: "\n").map(String.init)
    }

    @Test func `text lines have the time, the level and the server`() throws {
        let lines = try Self.written(.info, .text) { log in
            log.write(LogRecord(level: .warning, server: "time", message: "gone"))
            log.write(LogRecord(level: .info, server: nil, message: "here"))
            log.write(Array("from stderr".utf8).span.bytes, ofServer: "time")
        }
        try #require(lines.count == 3)
        #expect(lines[0].wholeMatch(of: #/mcpo \d\d:\d\d:\d\d\.\d{3} warning time: gone/#) != nil)
        #expect(lines[1].wholeMatch(of: #/mcpo \d\d:\d\d:\d\d\.\d{3} info here/#) != nil)
        #expect(lines[2] == "[time] from stderr")
    }

    @Test func `JSON lines are JSON, whatever is in them`() throws {
        let odd = "quote \" backslash \\ control \u{1} newline \n é 😀"
        let lines = try Self.written(.trace, .json) { log in
            log.write(LogRecord(level: .trace, server: odd, message: odd))
            log.write(Array(odd.utf8).span.bytes, ofServer: "s")
            log.write(([0xFF, 0x41] as [UInt8]).span.bytes, ofServer: "s")
        }
        try #require(lines.count == 3)
        let objects = try lines.map {
            try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: String]
        }
        #expect(objects[0]?["message"] == odd && objects[0]?["server"] == odd)
        #expect(objects[0]?["level"] == "trace")
        #expect(objects[1]?["message"] == odd && objects[1]?["stream"] == "stderr")
        #expect(objects[2]?["message"] == "\u{FFFD}A")
    }

    @Test(arguments: LogLevel.allCases)
    func `a level lets through itself and what matters more`(level: LogLevel) throws {
        let lines = try Self.written(level, .text) { log in
            for each in LogLevel.allCases {
                log.write(LogRecord(level: each, server: nil, message: "x"))
            }
        }
        #expect(lines.count == level.rawValue + 1)
    }

    @Test func `a pipe that nobody reads costs lines, not time or memory`() throws {
        let pipe = try MCPOSystem.Pipe()
        var log = LogWriter(descriptor: pipe.write.number, level: .info, format: .text)
        let record = LogRecord(
            level: .info, server: nil, message: String(repeating: "x", count: 1000))
        for _ in 0..<2000 {
            log.write(record)
            log.flush()
        }
        let isFull = log.hasOutput
        #expect(isFull)
        var text = ""
        var bytes = [UInt8](repeating: 0, count: 64 * 1024)
        while log.hasOutput {
            let transfer = bytes.withUnsafeMutableBytes { readSome(pipe.read.number, into: $0) }
            guard case .bytes(let count) = transfer else { break }
            text += String(decoding: bytes.prefix(count), as: UTF8.self)
            log.flush()
        }
        #expect(text.utf8.count < 400 * 1024, "the queue holds 256 KiB and the pipe 64")
        log.write(record)
        log.flush()
        let transfer = bytes.withUnsafeMutableBytes { readSome(pipe.read.number, into: $0) }
        guard case .bytes(let count) = transfer else { return }
        text += String(decoding: bytes.prefix(count), as: UTF8.self)
        #expect(text.contains("log lines dropped"))
    }

    @Test func `times are what Foundation makes of them`() {
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
        var generator = SplitMix64(state: 1)
        let random = (0..<2000).map { _ in Int64(generator.next() % 32_503_680_000_000) }
        // The epoch, leap days, ends of centuries and of years.
        let edges: [Int64] = [
            0, 951_782_400_000, 951_868_799_999, 4_107_542_400_000, 1_735_689_599_999,
        ]
        for milliseconds in edges + random {
            let date = Date(timeIntervalSince1970: Double(milliseconds) / 1000)
            #expect(
                Timestamp(milliseconds: milliseconds).iso8601 == formatter.string(from: date),
                "\(milliseconds)")
        }
    }
}
