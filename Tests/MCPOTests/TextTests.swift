// Values as people write them: durations, sizes, words with a slip.

import MCPO
import Testing

@Suite struct TextTests {
    @Test(arguments: [
        ("90", 90_000), ("0.5", 500), ("250ms", 250), ("30s", 30_000), ("5m", 300_000),
        ("1h", 3_600_000), ("1.5h", 5_400_000), ("0", 0),
    ])
    func `durations are read`(text: String, milliseconds: Int64) {
        #expect(Duration(text: text) == .milliseconds(milliseconds))
    }

    @Test(arguments: [
        "", "s", "-1", "+1", "1d", "1 s", " 1", "1s ", ".5", "5.", "1.2.3", "1e3", "0x10", "١",
        "999999999999h", "nan", "inf", "1_000",
    ])
    func `what is no duration is none`(text: String) {
        #expect(Duration(text: text) == nil)
    }

    @Test(arguments: ["0ms", "1ms", "250ms", "1500ms", "1s", "90s", "1m", "5m", "1h", "36h"])
    func `durations are written as they are read`(text: String) throws {
        #expect(try #require(Duration(text: text)).text == text)
    }

    @Test(arguments: [
        ("0", 0), ("65536", 65_536), ("64KiB", 65_536), ("64MiB", 64 << 20), ("2GiB", 2 << 30),
        ("1.5MiB", 3 << 19), ("10MB", 10_000_000), ("10KB", 10_000), ("10kB", 10_000),
        ("1GB", 1_000_000_000), ("12B", 12), ("0.0005KB", 0),
    ])
    func `sizes are read`(text: String, bytes: Int) {
        #expect(ByteCount.parse(text) == bytes)
    }

    @Test(arguments: [
        "", "B", "MiB", "-1", "+1", "1.5", "1.5B", "64mib", "64M", "64 MiB", "1e6", "0x10", "٦",
        ".5MiB", "5.MiB", "1.2.3MiB", "99999999999999999999", "9007199254740993GiB", "1_000",
    ])
    func `what is no size is none`(text: String) {
        #expect(ByteCount.parse(text) == nil)
    }

    @Test(arguments: [
        (64 << 20, "64 MiB"), (1 << 30, "1 GiB"), (1024, "1 KiB"), (1000, "1000 bytes"),
        (0, "0 bytes"),
    ])
    func `sizes are written in whole units`(bytes: Int, text: String) {
        #expect(ByteCount.text(bytes) == text)
    }

    @Test(arguments: [
        ("lru-ttl", "lru_ttl"), ("LRU", "lru"), ("s3fifo", "s3_fifo"), ("tll", "ttl"),
        ("lru_tll", "lru_ttl"), ("s3_f", "s3_fifo"),
    ])
    func `a slip is understood`(word: String, meant: String) {
        #expect(Spelling.nearest(to: word, in: ["lru", "ttl", "lru_ttl", "s3_fifo"]) == meant)
    }

    @Test(arguments: ["", "x", "random", "least recently used"])
    func `what resembles nothing is not guessed`(word: String) {
        #expect(Spelling.nearest(to: word, in: ["lru", "ttl", "lru_ttl", "s3_fifo"]) == nil)
    }

    @Test func `alternatives are a phrase`() {
        #expect(Spelling.alternatives([]) == "")
        #expect(Spelling.alternatives(["a"]) == "a")
        #expect(Spelling.alternatives(["a", "b", "c"]) == "a, b or c")
    }

    @Test func `what would disturb a terminal is escaped`() {
        #expect(printable("a\u{1B}[31mb\nc\u{202E}d é 日本") == #"a\u{1B}[31mb\nc\u{202E}d é 日本"#)
    }
}
