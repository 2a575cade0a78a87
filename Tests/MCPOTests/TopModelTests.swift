// What `mcpo top` makes of documents: rates, restarts, and what is missing in them.

import MCPO
import MCPOCore
import Testing

/// A document with one tool for each pair of a name and a number of requests.
func topReading(
    _ totals: [(String, Int)] = [], uptime: Double? = nil, started: Double = 1_703_123_456.789,
    more: String = "", each: String = ""
) throws -> MetricsReading {
    let tools = totals.map { #""\#($0.0)":{"total_requests":\#($0.1)\#(each)}"# }
    let up = uptime.map { #","uptime":\#($0),"timestamp":\#(started + $0)"# } ?? ""
    let text =
        #"{"performance":{\#(tools.joined(separator: ","))},"connection":{"status":"healthy"}"#
        + "\(up)\(more)}"
    return try #require(MetricsReading(Array(text.utf8)))
}

private func moment(_ seconds: Double) -> Instant {
    Instant(nanoseconds: 1_000_000_000_000 + Int64(seconds * 1e9))
}

private func rates(_ model: TopModel) -> [Double?] { model.rows.map(\.rate) }

@Suite struct TopModelTests {
    @Test("The rate is what came between two documents, on the clock of mcpo itself")
    func rate() throws {
        var model = TopModel()
        model.take(try topReading([("a", 100), ("b", 10)], uptime: 50), at: moment(0))
        #expect(model.rate == nil && model.history.isEmpty)
        model.take(try topReading([("a", 150), ("b", 10), ("c", 4)], uptime: 52), at: moment(2.5))
        #expect(rates(model) == [25, 0, 2])
        #expect(model.rate == 27)
        #expect(model.history.map(\.rate) == [27])
        // An older mcpo does not tell how long it is up.
        model = TopModel()
        model.take(try topReading([("a", 100)]), at: moment(0))
        model.take(try topReading([("a", 150)]), at: moment(2.5))
        #expect(rates(model) == [20])
    }

    @Test("Of the first document the rate is what mcpo says of the last five seconds")
    func first() throws {
        var model = TopModel()
        let each = #","qps_1s":9,"qps_5s":2.5"#
        model.take(try topReading([("a", 1), ("b", 2)], each: each), at: moment(0))
        #expect(model.rate == 5)
    }

    @Test(
        "A restart is recognised, and gives no rate",
        arguments: [(50.0, 1.0, 1.0), (1, 3, 30), (1, 1.5, 10), (0.25, 0.5, 0.125)])
    func restart(before: Double, after: Double, elapsed: Double) throws {
        let again = 1_703_123_456.789 + before + elapsed - after
        var model = TopModel()
        model.take(try topReading([("a", 100)], uptime: before), at: moment(0))
        model.take(try topReading([("a", 3)], uptime: after, started: again), at: moment(elapsed))
        #expect(model.rate == nil && model.history.isEmpty)
        #expect(model.isNews(at: moment(elapsed + 9)))
        #expect(!model.isNews(at: moment(elapsed + 11)))
        model.take(
            try topReading([("a", 5)], uptime: after + 1, started: again), at: moment(elapsed + 1))
        #expect(rates(model) == [2])
    }

    @Test("A restart shows in the counts when mcpo does not tell how long it is up")
    func silentRestart() throws {
        var model = TopModel()
        model.take(try topReading([("a", 100)]), at: moment(0))
        model.take(try topReading([("a", 3)]), at: moment(1))
        #expect(model.rate == nil && model.isNews(at: moment(1)))
    }

    @Test("A number that no figure can be is taken as missing, and every rate is finite")
    func absurd() throws {
        for number in ["1e308", "-1e308", "1e999", "1e30"] {
            var model = TopModel()
            for (second, total) in ["0", number, "0"].enumerated() {
                let tools = ["a", "b"].map { #""\#($0)":{"total_requests":\#(total)}"# }
                let text = #"{"performance":{\#(tools.joined(separator: ","))},"connection":{}}"#
                let reading = try #require(MetricsReading(Array(text.utf8)))
                model.take(reading, at: moment(Double(second) / 10))
                #expect(model.rate?.isFinite ?? true)
                #expect(!model.history.contains { !$0.rate.isFinite })
            }
        }
    }

    @Test("A slow answer is no restart, and a count that shrinks gives no negative rate")
    func noRestart() throws {
        var model = TopModel()
        model.take(try topReading([("a", 100), ("b", 0)], uptime: 10), at: moment(0))
        model.take(try topReading([("a", 3), ("b", 9)], uptime: 11), at: moment(5))
        #expect(!model.isNews(at: moment(5)))
        #expect(rates(model) == [0, 9])
    }

    @Test("The history is a minute, however long the view has been open")
    func history() throws {
        var model = TopModel()
        for second in 0..<200 {
            let reading = try topReading([("a", second * 3)], uptime: Double(second))
            model.take(reading, at: moment(Double(second)))
        }
        #expect(model.history.count == 60)
        #expect(model.history.allSatisfy { $0.rate == 3 })
        var quick = TopModel()
        for tick in 0..<2_000 {
            let time = Double(tick) / 50
            quick.take(try topReading([("a", tick)], uptime: time), at: moment(time))
        }
        #expect(quick.history.count == 600)
    }

    @Test("An empty document is enough; what is no document of mcpo is none")
    func shapes() throws {
        let reading = try topReading()
        #expect(reading.status == "healthy" && reading.quantile(0.5) == nil)
        for text in [
            "", "{}", "[]", "null", "<html>", #"{"performance":{}}"#, #"{"connection":{}}"#,
        ] {
            #expect(MetricsReading(Array(text.utf8)) == nil)
        }
        // Members of another type than they should have are as good as missing.
        let odd = #"{"performance":{"a":7,"b":{"total_requests":"x"}},"connection":[],"alerts":{}}"#
        #expect(MetricsReading(Array(odd.utf8)) != nil)
        let deep = String(repeating: "[", count: 100_000)
        #expect(MetricsReading(Array(#"{"performance":\#(deep)"#.utf8)) == nil)
    }

    @Test("The median of all lies among those of the endpoints, by their weight")
    func quantiles() throws {
        let reading = try #require(
            MetricsReading(
                Array(
                    #"""
                    {"performance":{
                      "fast":{"total_requests":900,"min_duration":0.001,"p50_duration":0.002,
                        "p90_duration":0.003,"p99_duration":0.004,"max_duration":0.005},
                      "slow":{"total_requests":100,"min_duration":1,"p50_duration":2,
                        "p90_duration":3,"p99_duration":4,"max_duration":5}},
                     "connection":{}}
                    """#.utf8)))
        let median = try #require(reading.quantile(0.5))
        #expect((0.002...0.003).contains(median))
        let tail = try #require(reading.quantile(0.99))
        #expect(abs(tail - 3) < 0.001)
    }
}
