// Requests under way with a peer: never two under one number, never one lost.

import MCPOCore
import Testing

@Suite struct PendingTableTests {
    @Test(arguments: 0..<30)
    func `random operations agree with a dictionary`(seed: UInt64) {
        var generator = SplitMix64(state: seed)
        var table = PendingTable<Int>()
        var model: [UInt32: Int] = [:]
        let target = Int.random(in: 1..<400, using: &generator)
        for step in 0..<2000 {
            if model.count < target, Int.random(in: 0..<3, using: &generator) > 0 {
                let number = table.insert(step)
                #expect(model.updateValue(step, forKey: number) == nil, "\(number) used twice")
            } else if let number = model.keys.sorted().randomElement(using: &generator) {
                switch Int.random(in: 0..<3, using: &generator) {
                case 0:
                    table.update(number) { $0? += 1 }
                    model[number]? += 1
                default: #expect(table.remove(number) == model.removeValue(forKey: number))
                }
            }
            let other = UInt32.random(in: 0..<3000, using: &generator)
            #expect(table[other] == model[other])
            #expect(table.count == model.count)
        }
        #expect(table.numbers == model.keys.sorted())
        for (number, payload) in model { #expect(table[number] == payload) }
    }

    @Test func `numbers are handed out in sequence from 1`() {
        var table = PendingTable<Int>()
        for number in 1...500 {
            #expect(table.insert(number) == UInt32(number))
            table.remove(UInt32(number))
        }
        #expect(table.count == 0)
    }

    @Test func `a long-lived entry keeps its number and place through many rounds`() {
        var table = PendingTable<String>()
        let slow = table.insert("subscription")
        for round in 0..<10_000 {
            let number = table.insert("call \(round)")
            #expect(number != slow)
            #expect(table.remove(number) == "call \(round)")
        }
        #expect(table[slow] == "subscription")
        #expect(table.count == 1)
    }

    @Test func `many long-lived entries leave room for the others`() {
        var table = PendingTable<Int>()
        let slow = (0..<1000).map { table.insert($0) }
        for round in 0..<10_000 { table.remove(table.insert(round)) }
        #expect(slow.map { table[$0] } == (0..<1000).map { $0 })
    }

    @Test func `numbers stay below 2³¹ and begin again with 1`() {
        var table = PendingTable<Int>(firstNumber: 0x7fff_fff6)
        let numbers = (0..<20).map { table.insert($0) }
        let expected = Array(0x7fff_fff6...0x7fff_ffff) + Array(1...10)
        #expect(numbers == expected.map { UInt32($0) })
        for (index, number) in numbers.enumerated() { #expect(table[number] == index) }
    }

    @Test func `after the wrap a number still in use is not given out again`() throws {
        var table = PendingTable<Int>(firstNumber: 0x7fff_fffb)
        let old = (0..<10).map { table.insert($0) }
        try #require(old.contains(0x7fff_ffff) && old.contains(1))
        let fresh = (0..<200).map { table.insert($0) }
        #expect(Set(fresh).isDisjoint(with: old))
        #expect(table.count == 210)
        for (index, number) in old.enumerated() { #expect(table[number] == index) }
    }

    @Test func `what is not there is nil and stays so`() {
        var table = PendingTable<Int>()
        let number = table.insert(1)
        for other in [0, number + 64, number + 128, .max] {
            #expect(table[other] == nil)
            #expect(table.remove(other) == nil)
            table.update(other) { _ in Issue.record("an update of nothing") }
        }
        #expect(table.remove(number) == 1)
        #expect(table.remove(number) == nil)
    }
}
