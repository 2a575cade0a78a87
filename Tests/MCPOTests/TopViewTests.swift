// What of `mcpo top` is seen, and what keys do to it.

import MCPO
import MCPOCore
import Testing

private let now = Instant(nanoseconds: 1_000_000_000_000)

private func address() throws -> MetricsAddress { try MetricsAddress("9300") }

/// The document of a busy mcpo.
private let busy = #"""
    {"performance":{
      "github__search_issues":{"server":"github","total_requests":1500,"avg_duration":0.089,
        "min_duration":0.05,"max_duration":2.1,"p50_duration":0.08,"p90_duration":0.12,
        "p99_duration":0.4,"success_rate":99.2,"current_concurrent":5,"qps_5s":12.4,
        "cache_hits":1200,"dedup_joined":14,"total_duration":133.5,"saved_duration":96},
      "files__read":{"server":"files","total_requests":20,"p50_duration":0.002,
        "p90_duration":0.003,"p99_duration":0.0045,"success_rate":50,"current_concurrent":0,
        "qps_5s":0,"cache_hits":0,"total_duration":0.05},
      "列表":{"total_requests":3,"avg_duration":0.5}},
     "concurrency":{"max_concurrent":100,"current_concurrent":8,"queued":2,"rejected":0},
     "cache":{"default":{"hits":1200,"misses":300,"hit_rate":80.0,"current_size":250,
        "max_size":1000,"memory_bytes":2512345}},
     "connection":{"status":"degraded","ready":true,"servers":{
        "github":{"status":"healthy","connections":2,"restarts":0,"in_flight":5,"queued":0,
          "max_concurrent":20},
        "files":{"status":"unhealthy","reason":"it exited with 3","connections":0,
          "restarts":7,"in_flight":0,"queued":2}}},
     "alerts":[{"kind":"slow","endpoint":"github__search_issues","value":1.4,"threshold":1.0,
        "since":1703123456.789}],
     "saved":{"calls":1214,"duration":192},"version":"0.1.0","uptime":11580,
     "timestamp":1703123576.789}
    """#

private func model(_ text: String = busy) throws -> TopModel {
    var model = TopModel()
    model.take(try #require(MetricsReading(Array(text.utf8))), at: now)
    return model
}

private func screen(
    _ model: TopModel, _ columns: Int, _ lines: Int, _ state: TopState = TopState()
) throws -> TopScreen {
    var state = state
    return TopScreen(
        model, &state, address: try address(), columns: columns, lines: lines, clock: "14:03:22",
        at: now)
}

private func text(_ screen: TopScreen) -> String {
    screen.lines.map(\.plainText).joined(separator: "\n")
}

@Suite struct TopScreenTests {
    @Test("A document of absurd numbers has a screen", arguments: ["1e308", "1e30", "-1e30"])
    func absurd(number: String) throws {
        var model = TopModel()
        for (second, each) in ["0", number].enumerated() {
            let text = #"""
                {"performance":{"a":{"total_requests":\#(each),"avg_duration":\#(each),
                   "p50_duration":\#(each),"success_rate":\#(each),"cache_hits":\#(each)},
                  "b":{"total_requests":\#(each),"qps_5s":\#(each)}},
                 "cache":{"c":{"hits":\#(each),"current_size":\#(each),"max_size":1e-300,
                   "memory_bytes":\#(each)}},
                 "alerts":[{"kind":"slow","value":\#(each),"since":\#(each)}],
                 "concurrency":{"current_concurrent":\#(each),"queued":\#(each)},
                 "timestamp":\#(each),"connection":{"servers":{"s":{"restarts":\#(each)}}}}
                """#
            let reading = try #require(MetricsReading(Array(text.utf8)))
            model.take(reading, at: now.advanced(byNanoseconds: Int64(second) * 100_000_000))
        }
        for lines in [5, 14, 50] {
            let shown = text(try screen(model, 100, lines))
            #expect(shown.contains("last minute") || lines == 5)
        }
    }

    @Test("The screen of a busy mcpo at 100 by 14")
    func usual() throws {
        #expect(
            text(try screen(try model(), 100, 14)) == """
                mcpo 0.1.0  degraded, up 3h13m  http://127.0.0.1:9300/                                      14:03:22
                12.4 req/s   p50 79.6ms   p99 400ms   hits 80.0%   saved 1,214 calls, 3m12s   in flight 8 of 100
                queued 2
                last minute                                                              nothing yet
                ! slow  github__search_issues  takes 1.4s on average, more than 1s  for 2m00s
                SERVER  STATUS     CONNECTIONS  RESTARTS  IN FLIGHT  QUEUED
                files   unhealthy            0         7          0       2  it exited with 3
                github  healthy              2         0       5/20       0
                cache default ██████░░░░░░░░░░░░░░░ 250 of 1,000  2.51MB  80.0% hits
                TOOL                   SERVER    REQUESTS   REQ/S     P50     P99   SUCCESS    HITS   SAVED   COST▼
                github__search_issues  github       1,500    12.4    80ms   400ms     99.2%   80.0%   1m36s   2m14s
                列表                   -                3       -       -       -         -      0%       -    1.5s
                files__read            files           20       0     2ms   4.5ms     50.0%      0%       -    50ms
                q quit  h help  ←→ sort  / filter  p pause  r reverse  ↑↓ scroll                            1-3 of 3
                """)
    }

    @Test("The screen of a busy mcpo at 40 by 10")
    func small() throws {
        #expect(
            text(try screen(try model(), 40, 10)) == """
                mcpo 0.1.0  degraded, up 3h13m  http://…
                12.4 req/s   p50 79.6ms   p99 400ms
                last minute                  nothing yet
                ! slow  github__search_issues  takes 1.…
                servers 2: 1 healthy, 1 unhealthy (file…
                TOOL                    REQUESTS   COST▼
                github__search_issues      1,500   2m14s
                列表                           3    1.5s
                files__read                   20    50ms
                q quit  h help  ←→ sort         1-3 of 3
                """)
    }

    @Test("No line is wider than the terminal, and there are as many as it has")
    func everySize() throws {
        var many = TopModel()
        let names = (0..<60).map { ("tool_\($0)_列表" + String(repeating: "x", count: $0), $0) }
        many.take(try topReading(names), at: now)
        many.lose(MetricsFailure(words: "cannot reach it", advice: "start it"), at: now)
        for model in [try model(), many, TopModel()] {
            for columns in [20, 21, 40, 41, 59, 79, 80, 100, 133, 200, 300] {
                for lines in [5, 6, 10, 11, 16, 24, 50, 100] {
                    let screen = try screen(model, columns, lines)
                    #expect(screen.lines.count == lines, "\(columns)x\(lines)")
                    #expect(screen.lines.allSatisfy { $0.width <= columns }, "\(columns)x\(lines)")
                }
            }
        }
        for (columns, lines) in [(1, 1), (19, 30), (80, 4), (0, 0)] {
            let screen = try screen(try model(), columns, lines)
            #expect(screen.lines.allSatisfy { $0.width <= columns })
        }
    }

    @Test("The help fits, and any key goes back")
    func help() throws {
        var state = TopState()
        #expect(state.handle(.character("?"), TopExtent()) == .none)
        let screen = try screen(try model(), 80, 24, state)
        #expect(text(screen).contains("q, Ctrl-C        quit"))
        #expect(screen.lines.count <= 24)
        #expect(state.handle(.character("x"), TopExtent()) == .none)
        #expect(!state.showsHelp)
    }

    @Test("A mcpo that is gone is said to be, with what was known last")
    func gone() throws {
        var model = try model()
        model.lose(
            MetricsFailure(words: "cannot reach mcpo: Connection refused", advice: "is it there?"),
            at: now)
        let lines = try screen(model, 100, 30).lines.map(\.plainText)
        #expect(lines[0].hasPrefix("mcpo 0.1.0  not reachable for 0s"))
        #expect(lines.contains("! cannot reach mcpo: Connection refused; is it there?"))
        #expect(lines.contains { $0.hasPrefix("github__search_issues") })
        model.take(try #require(model.reading), at: now.advanced(by: .seconds(9)))
        #expect(try screen(model, 100, 30).lines[0].plainText.contains("degraded"))
    }

    @Test("The minute is drawn to its peak, oldest on the left, and blank where nothing is known")
    func minute() throws {
        var model = TopModel()
        var state = TopState()
        for second in 0...20 {
            let reading = try topReading([("a", second * second)], uptime: Double(second))
            model.take(reading, at: now.advanced(by: .seconds(second)))
        }
        let screen = TopScreen(
            model, &state, address: try address(), columns: 100, lines: 30, clock: "",
            at: now.advanced(by: .seconds(20)))
        let line = try #require(
            screen.lines.map(\.plainText).first { $0.hasPrefix("last minute") })
        #expect(
            line == "last minute " + String(repeating: " ", count: 40)
                + "▁▁▂▂▂▃▃▄▄▄▅▅▆▆▆▇▇██" + "█ peak 39")
    }

    @Test("The report has everything, no control sequence, and no line that is too wide")
    func report() throws {
        for columns in [40, 72, 100, 200] {
            let report = TopReport.text(
                try model(), TopState(), address: try address(), columns: columns,
                clock: "14:03:22", at: now)
            #expect(report.unicodeScalars.allSatisfy { $0.value >= 0x20 || $0 == "\n" })
            for line in report.split(separator: "\n") {
                #expect(TerminalText.width(String(line)) <= columns)
                #expect(!line.hasSuffix(" "))
            }
            #expect(report.contains("github__search"))
        }
    }
}

@Suite struct TerminalTextTests {
    @Test(
        "Text has the width that terminals give it",
        arguments: [
            ("abc", 3), ("列表", 4), ("e\u{301}", 1), ("é", 1), ("한글", 4), ("ｱ", 1), ("Ａ", 2),
            ("💻", 2), ("…", 1), ("█░▁", 3), ("", 0),
        ])
    func widths(text: String, width: Int) {
        #expect(TerminalText.width(text) == width)
        #expect(TerminalText.safe(text) == text)
    }

    @Test(
        "What a terminal would obey is written out, what terminals disagree on is made plain",
        arguments: [
            ("\u{1B}[2J", #"\u{1B}[2J"#), ("a\u{9B}31m", #"a\u{9B}31m"#), ("\r\n\t", #"\r\n\t"#),
            ("\u{202E}x", #"\u{202E}x"#), ("\u{7F}", #"\u{7F}"#), ("\u{2028}", #"\u{2028}"#),
            ("👩‍💻", "👩💻"), ("🇩🇪", "DE"), ("👍🏽", "👍"), ("❤️", "❤"),
            ("\u{301}x", "◌\u{301}x"), ("\u{E000}\u{10FFFD}", "\u{FFFD}\u{FFFD}"),
            ("z" + String(repeating: "\u{301}", count: 500), "z\u{301}\u{301}\u{301}"),
        ])
    func safe(text: String, expected: String) {
        let safe = TerminalText.safe(text)
        for scalar in safe.unicodeScalars {
            #expect(scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value))
        }
        // What `printable` writes differs in zeros between versions of Swift's library.
        #expect(safe.replacing("{00", with: "{").replacing("\\u{A}", with: "\\n") == expected)
    }

    @Test("Text is cut and filled up to an exact width")
    func fitted() {
        #expect(TerminalText.fitted("abc", 5) == "abc  ")
        #expect(TerminalText.fitted("abc", 5, .right) == "  abc")
        #expect(TerminalText.fitted("abcdef", 5) == "abcd…")
        #expect(TerminalText.fitted("列表列表", 4) == "列… ")
        #expect(TerminalText.fitted("列", 1) == "…")
        #expect(TerminalText.fitted("abc", 0) == "")
        #expect(TerminalText.fitted("e\u{301}e\u{301}e\u{301}", 2) == "e\u{301}…")
    }

    @Test("No name of a tool, server, cache or alert brings a control sequence to the screen")
    func hostile() throws {
        let evil = #"\u001b]0;x\u0007\u001b[2J\u009b31m\u202e\r\nx"#
        let text = #"""
            {"performance":{"\#(evil)":{"server":"\#(evil)","total_requests":1}},
             "cache":{"\#(evil)":{"hits":1,"misses":1}},"version":"\#(evil)",
             "connection":{"status":"\#(evil)","servers":{"\#(evil)":{"status":"\#(evil)",
               "reason":"\#(evil)"},"b":{"status":"\#(evil)"}}},
             "alerts":[{"kind":"\#(evil)","endpoint":"\#(evil)"}]}
            """#
        for lines in [10, 50] {
            let screen = try screen(try model(text), 200, lines)
            for line in screen.lines {
                let controlled = line.controlled(hasColours: true)
                // Nothing but this program's own colours.
                let rest = controlled.replacing(/\u{1B}\[[0-9;]*m/, with: "")
                #expect(
                    rest.unicodeScalars.allSatisfy {
                        $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value)
                            && $0.value != 0x202E
                    })
            }
        }
    }

    @Test("Without colours there are none, but headings are still to be seen")
    func colourless() throws {
        let screen = try screen(try model(), 100, 30)
        let text = screen.lines.map { $0.controlled(hasColours: false) }.joined()
        let codes = Set(text.matches(of: /\u{1B}\[([0-9;]*)m/).map { String($0.output.1) })
        #expect(codes == ["0", "0;1", "0;2", "0;7", "0;1;7"])
    }
}

@Suite struct TopStateTests {
    private func names(_ state: TopState) throws -> [String] {
        state.rows(of: try model()).map(\.endpoint.name)
    }

    @Test("The table is sorted by cost, by another column, and the other way around")
    func sorting() throws {
        let extent = TopExtent(rows: 3, visible: 3, columns: [.tool, .requests, .p50, .cost])
        var state = TopState()
        #expect(try names(state) == ["github__search_issues", "列表", "files__read"])
        #expect(state.handle(.character("r"), extent) == .none)
        #expect(try names(state) == ["files__read", "列表", "github__search_issues"])
        _ = state.handle(.left, extent)
        #expect(state.sort == .p50 && !state.isReversed)
        #expect(try names(state) == ["github__search_issues", "files__read", "列表"])
        // What is not known is last in both directions.
        _ = state.handle(.character("r"), extent)
        #expect(try names(state) == ["files__read", "github__search_issues", "列表"])
        _ = state.handle(.character("1"), extent)
        #expect(state.sort == .tool)
        #expect(try names(state) == ["files__read", "github__search_issues", "列表"])
        _ = state.handle(.character("1"), extent)
        #expect(try names(state) == ["列表", "github__search_issues", "files__read"])
        _ = state.handle(.character("<"), extent)
        _ = state.handle(.character("9"), extent)
        #expect(state.sort == .tool)
        _ = state.handle(.character(">"), extent)
        #expect(state.sort == .requests)
        state = TopState(sort: .success)
        #expect(try names(state) == ["files__read", "github__search_issues", "列表"])
        state = TopState(sort: .server)
        #expect(try names(state) == ["files__read", "github__search_issues", "列表"])
    }

    @Test("The column by which is sorted is always to be seen")
    func sortedColumn() throws {
        for column in TopColumn.allCases {
            for width in [40, 80, 300] {
                let screen = try screen(try model(), width, 20, TopState(sort: column))
                #expect(screen.extent.columns.contains(column) && screen.extent.columns[0] == .tool)
            }
        }
        let wide = try screen(try model(), 150, 20)
        #expect(wide.extent.columns == TopColumn.allCases)
    }

    @Test("Scrolling stops at both ends, and follows when rows go away")
    func scrolling() throws {
        let extent = TopExtent(rows: 25, visible: 10, columns: [.tool])
        var state = TopState()
        let steps: [(TerminalKey, Int)] = [
            (.up, 0), (.down, 1), (.pageDown, 11), (.pageDown, 15), (.down, 15), (.pageUp, 5),
            (.home, 0), (.end, 15), (.character("k"), 14), (.character("g"), 0),
        ]
        for (key, place) in steps {
            _ = state.handle(key, extent)
            #expect(state.scroll == place, "\(key)")
        }
        state.scroll = 20
        _ = TopScreen(
            try model(), &state, address: try address(), columns: 80, lines: 24, clock: "", at: now)
        #expect(state.scroll == 0)
    }

    @Test("A filter is typed, kept, and cleared; while it is typed, q is a letter")
    func filter() throws {
        var state = TopState()
        let extent = TopExtent(rows: 3, visible: 3, columns: [.tool])
        for key in "/FILESq".unicodeScalars {
            #expect(state.handle(.character(key), extent) == .none)
        }
        #expect(state.isTyping && state.filter == "FILESq")
        _ = state.handle(.backspace, extent)
        #expect(try names(state) == ["files__read"])
        _ = state.handle(.enter, extent)
        #expect(!state.isTyping)
        #expect(try text(screen(try model(), 80, 20, state)).contains("filter: FILES"))
        #expect(state.handle(.character("q"), extent) == .quit)
        _ = state.handle(.escape, extent)
        #expect(state.filter.isEmpty)
        state.isTyping = true
        for _ in 0..<100 { _ = state.handle(.character("列"), extent) }
        #expect(state.filter.count == TopState.longestFilter)
        #expect(state.handle(.control("c"), extent) == .quit)
        #expect(try text(screen(try model(), 80, 20, state)).contains("no tool or server has"))
    }

    @Test("Keys are read from their bytes, however they are cut")
    func keys() {
        let expected: [(String, [TerminalKey])] = [
            ("q", [.character("q")]), ("\u{3}", [.control("c")]), ("\r", [.enter]),
            ("\u{1B}[A\u{1B}OB", [.up, .down]), ("\u{1B}[5~\u{1B}[6~", [.pageUp, .pageDown]),
            ("\u{1B}[1;5C\u{1B}[D", [.right, .left]), ("\u{1B}[H\u{1B}[4~", [.home, .end]),
            ("列é", [.character("列"), .character("é")]), ("\u{7F}", [.backspace]),
            ("\u{1B}[200~x", [.character("x")]), ("\u{1B}x", [.escape, .character("x")]),
        ]
        for (text, keys) in expected {
            var whole = TerminalKeyParser()
            #expect(whole.feed(text.utf8) == keys)
            var single = TerminalKeyParser()
            #expect(text.utf8.flatMap { single.feed([$0]) } == keys)
            #expect(!single.isInSequence)
        }
        var parser = TerminalKeyParser()
        #expect(parser.feed([0x1B]).isEmpty && parser.isInSequence)
        #expect(parser.flush() == [.escape])
        #expect(parser.feed([0xFF, 0xC0, 0x80]).isEmpty && !parser.isInSequence)
        #expect(parser.feed(Array("\u{1B}[".utf8) + [UInt8](repeating: 0x30, count: 50)).count < 40)
    }
}

@Suite struct TopArgumentTests {
    @Test(
        "Addresses are read as people write them",
        arguments: [
            ("9300", "http://127.0.0.1:9300/"), ("localhost:80", "http://localhost:80/"),
            ("[::1]:9300", "http://[::1]:9300/"), ("http://host/", "http://host:80/"),
            ("http://host", "http://host:80/"), ("HTTP://host:1", "http://host:1/"),
            ("http://[::1]/a/", "http://[::1]:80/a/"), ("http://h:1/metrics", "http://h:1/"),
            ("http://h/x/metrics", "http://h:80/x/"), ("unix:/run/m.sock", "unix:/run/m.sock"),
        ])
    func addresses(text: String, expected: String) throws {
        #expect(try MetricsAddress(text).description == expected)
    }

    @Test(
        "What is no address is refused with what to write instead",
        arguments: [
            "", "x", "host", "0", "host:0", "host:65536", "::1", "https://h/", "ftp://h/",
            "http://", "http:///", "http://9300", "http://u@h/", "http://h/?a", "http://h/#a",
            "http://h:x/", "http://h/\r\nX: y", "http://h /", "unix:",
            "unix:" + String(repeating: "x", count: 200),
        ])
    func refused(text: String) {
        do {
            _ = try MetricsAddress(text)
            Issue.record("\(text) was taken")
        } catch {
            #expect(!error.words.isEmpty)
        }
    }

    @Test("Figures are as long as they need to be")
    func figures() {
        #expect(
            [0, 999, 1_234, 999_999, 12_345_678, 1e15].map { TopFigure.count($0) }
                == ["0", "999", "1,234", "999,999", "12.3M", "1000T"])
        #expect(
            [0, 0.001, 0.25, 12.34, 99.96, 1_234].map { TopFigure.rate($0) }
                == ["0", "<0.01", "0.25", "12.3", "100", "1,234"])
        #expect(
            [0, 50, 99.99, 100].map { TopFigure.percent($0) }
                == ["0%", "50.0%", "99.9%", "100%"])
        #expect(
            [0, 0.00045, 0.0894, 0.9999, 2.1, 59.99, 75, 7_384, 1e6, 1e300].map {
                TopFigure.duration($0)
            } == [
                "0s", "450µs", "89.4ms", "1s", "2.1s", "1m00s", "1m15s", "2h03m", "11d13h",
                "11,574,074d01h",
            ])
        #expect([0, 999, 2_512_345].map { TopFigure.bytes($0) } == ["0B", "999B", "2.51MB"])
        #expect(TopFigure.count(nil) == "-" && TopFigure.duration(-1) == "-")
    }
}
