// A queue gives back what it was given, in order, whatever it moves inside.

import MCPOCore
import Testing

@Suite struct ByteQueueTests {
    private static func takeAll(_ queue: inout ByteQueue, upTo limit: Int) -> [UInt8] {
        var taken: [UInt8] = []
        queue.take { waiting in
            taken = Array(waiting.prefix(limit))
            return taken.count
        }
        return taken
    }

    @Test(arguments: 0..<50)
    func `random appends and takes agree with an array`(seed: UInt64) {
        var generator = SplitMix64(state: seed)
        var queue = ByteQueue()
        var model: [UInt8] = []
        var (appended, taken): (UInt64, UInt64) = (0, 0)
        for step in 0..<200 {
            if Bool.random(using: &generator) {
                let count = Int.random(in: 0..<4000, using: &generator)
                let bytes = Array(repeating: UInt8(truncatingIfNeeded: step), count: count)
                queue.append(bytes)
                model += bytes
                appended += UInt64(count)
            } else {
                let limit = Int.random(in: 0..<8000, using: &generator)
                let bytes = Self.takeAll(&queue, upTo: limit)
                #expect(bytes == Array(model.prefix(limit)))
                model.removeFirst(bytes.count)
                taken += UInt64(bytes.count)
            }
            #expect(queue.count == model.count)
            #expect(queue.isEmpty == model.isEmpty)
            #expect(queue.takenTotal == taken)
            #expect(queue.appendedTotal == appended)
        }
        #expect(Self.takeAll(&queue, upTo: .max) == model)
    }

    @Test func `a queue that never runs empty keeps its order over megabytes`() {
        var queue = ByteQueue()
        var (next, expected): (UInt8, UInt8) = (0, 0)
        for _ in 0..<300 {
            let bytes = (0..<10_000).map { _ in
                next &+= 1
                return next
            }
            queue.append(bytes)
            for byte in Self.takeAll(&queue, upTo: 9_900) {
                expected &+= 1
                if byte != expected { Issue.record("out of order") }
            }
        }
        #expect(queue.count == 300 * 100)
    }

    @Test func `every kind of append adds its bytes`() {
        var queue = ByteQueue()
        queue.append("ab")
        queue.append(UInt8(ascii: "c"))
        queue.append(Array("de".utf8))
        queue.append(Array("xfy".utf8).dropFirst().dropLast())
        #expect(Self.takeAll(&queue, upTo: .max) == Array("abcdef".utf8))
    }

    @Test func `what is dropped does not count as taken`() {
        var queue = ByteQueue()
        queue.append("abc")
        _ = Self.takeAll(&queue, upTo: 1)
        queue.removeAll()
        #expect(queue.isEmpty == true)
        #expect(queue.takenTotal == 1)
        #expect(queue.appendedTotal == 1)
    }
}
