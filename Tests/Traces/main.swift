// `traces`: hit rates, costs and memory of the cache, as Markdown for docs/BENCHMARKS.md.
//
//     swift run -c release traces              everything, about two minutes
//     swift run -c release traces rates        hit rates only; likewise `timings`, `memory`,
//                                              `limiter`, `monitor`

import Foundation
import MCPOCore

/// A share in percent with one digit.
func percent(_ hits: Int, of stream: KeyStream) -> String {
    String(format: "%.1f", Double(hits) * 100 / Double(stream.keys.count))
}

func hits(_ kind: (some ReplacementPolicy).Type, _ keys: [Int], _ capacity: Int, _ bound: Int)
    -> Int
{
    let policy = kind.init(capacity: capacity, keyBound: bound)
    return keys.count { policy.request($0) }
}

func printRates() {
    print("Hit rates in %, one million requests for \(KeyStream.keyCount) keys. SmartCache itself:")
    print("`lru` (`lru_ttl` is the same while nothing expires), `ttl`, `s3_fifo`; models of the")
    print("literature: SIEVE, S3-FIFO, W-TinyLFU; Belady's optimum knows the future.\n")
    print(
        "| stream | room, % of keys | lru | ttl | s3_fifo | SIEVE | S3-FIFO | W-TinyLFU | optimum |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for stream in KeyStream.all() {
        let bound = (stream.keys.max() ?? 0) + 1
        for share in [1, 5, 10] {
            let room = KeyStream.keyCount * share / 100
            var counts = [CacheStrategy.lru, .ttl, .s3FIFO].map {
                realHits(stream.keys, $0, capacity: room, bound: bound)
            }
            counts.append(hits(SievePolicy.self, stream.keys, room, bound))
            counts.append(hits(S3FIFOPolicy.self, stream.keys, room, bound))
            counts.append(hits(TinyLFUPolicy.self, stream.keys, room, bound))
            counts.append(optimalHits(stream.keys, capacity: room, keyBound: bound))
            let cells = counts.map { percent($0, of: stream) }.joined(separator: " | ")
            print("| \(stream.name) | \(share) | \(cells) |")
        }
    }
}

func printTimings() {
    print("| strategy | entries | operation | ns on average | longest, µs |")
    print("|---|---|---|---|---|")
    for entryCount in [1000, 1_000_000] {
        for strategy in [CacheStrategy.lruTTL, .ttl, .s3FIFO] {
            var timings = Timings(strategy, entryCount: entryCount)
            timings.run()
        }
    }
}

func printResidence() {
    print("Resident memory while 500,000 unique keys go through 64 MiB:\n")
    print(
        "| strategy | entries held | memory_bytes, % of bound | most resident over bound + idle, % |"
    )
    print("|---|---|---|---|")
    let idle = residentBytes()
    for strategy in [CacheStrategy.lruTTL, .ttl, .s3FIFO] { reportResidence(strategy, idle: idle) }
}

let parts = [
    "rates": printRates, "timings": printTimings, "memory": printResidence,
    "limiter": { LimiterTimings().run() }, "monitor": { MonitorTimings().run() },
]
let wanted = CommandLine.arguments.dropFirst()
let order = ["memory", "rates", "timings", "limiter", "monitor"]
for name in order where wanted.isEmpty || wanted.contains(name) {
    parts[name]?()
    print("")
}
