// Requests by place and by id: the table agrees with a dictionary, also where ids collide.

import MCPOCore
import Testing

@Suite struct ExchangeTableTests {
    private static func key(_ id: String) -> IDKey {
        IDKey(Lexeme(Array(id.utf8)))
    }

    private static func find(_ id: String, in table: borrowing ExchangeTable) -> ExchangeIndex? {
        let lexeme = Lexeme(Array(id.utf8))
        return table.find(lexeme, hash: lexeme.idHash)
    }

    private static func exchange(
        _ id: String, arrival: UInt64, method: Method = .ping
    ) -> Exchange {
        Exchange(
            id: Lexeme(Array(id.utf8)), hash: key(id).hash, token: Lexeme(), method: method,
            batch: nil, arrival: arrival, deadline: .never, lastDeadline: .never)
    }

    /// Plays random insertions and removals of `ids` against a dictionary.
    private static func compare(_ ids: [String], seed: UInt64, steps: Int) {
        var generator = SplitMix64(state: seed)
        var table = ExchangeTable()
        var model: [String: (index: ExchangeIndex, arrival: UInt64)] = [:]
        for step in 1...steps {
            guard let id = ids.randomElement(using: &generator) else { return }
            if let known = model[id] {
                #expect(find(id, in: table) == known.index)
                if Bool.random(using: &generator) {
                    #expect(table.remove(known.index)?.id.array == Array(id.utf8))
                    model[id] = nil
                    #expect(find(id, in: table) == nil)
                }
            } else {
                #expect(find(id, in: table) == nil)
                let arrival = UInt64(step)
                let index = table.insert(exchange(id, arrival: arrival))
                #expect(!model.values.contains { $0.index == index }, "a place used twice")
                model[id] = (index, arrival)
            }
            #expect(table.count == model.count)
        }
        for (id, known) in model {
            #expect(find(id, in: table) == known.index)
            #expect(table.live(known.index)?.arrival == known.arrival)
        }
        let order = model.values.sorted { $0.arrival < $1.arrival }.map(\.index)
        #expect(table.indices == order)
    }

    @Test(arguments: 0..<20)
    func `random operations agree with a dictionary`(seed: UInt64) {
        let ids = (0..<150).map { $0 % 2 == 0 ? "\($0)" : "\"id-\($0)\"" }
        Self.compare(ids, seed: seed, steps: 1500)
    }

    @Test(arguments: 0..<20)
    func `deletion closes gaps among ids that collide`(seed: UInt64) {
        // All ids of three buckets that lie around the end of the first table, so that searches
        // wrap; few enough that the table does not grow.
        let ids = (0..<4000).map { "\($0)" }.filter {
            [126, 127, 0].contains(Self.key($0).hash & 127)
        }
        #expect(ids.count > 60)
        Self.compare(Array(ids.prefix(60)), seed: seed, steps: 1500)
    }

    @Test func `a table that grows keeps everything`() {
        Self.compare((0..<3000).map { "\($0)" }, seed: 1, steps: 6000)
    }

    @Test func `an id is found however it is escaped`() {
        var table = ExchangeTable()
        let index = table.insert(
            Self.exchange(#""\u0061""#, arrival: 1))
        #expect(Self.find(#""a""#, in: table) == index)
        #expect(Self.find(#""b""#, in: table) == nil)
        #expect(table[index].id.array == Array(#""\u0061""#.utf8))
    }

    @Test func `changes stay in place`() {
        var table = ExchangeTable()
        let index = table.insert(Self.exchange("1", arrival: 1))
        table.markSent(index, to: ConnectionID(rawValue: 7), as: 42)
        #expect(table.live(index)?.flight == 42)
        #expect(table.live(index)?.connection == ConnectionID(rawValue: 7))
        #expect(table.remove(index) != nil)
        #expect(table.remove(index) == nil)
        #expect(table.live(index) == nil)
        #expect(table.count == 0)
    }

    @Test func `subscriptions are counted by themselves`() {
        var table = ExchangeTable()
        var indices: [ExchangeIndex] = []
        for number in 0..<200 {
            let method = number % 4 == 0 ? Method.listen : .ping
            indices.append(
                table.insert(
                    Self.exchange("\(number)", arrival: UInt64(number), method: method)))
        }
        #expect(table.subscriptionCount == 50)
        for index in indices.prefix(100) { table.discard(index) }
        #expect(table.subscriptionCount == 25)
        #expect(table.count == 100)
    }

    @Test func `kept lines are counted until they are dropped or ended`() {
        var table = ExchangeTable()
        let line = Array("0123456789".utf8)
        let places = (1...3).map { table.insert(Self.exchange("\($0)", arrival: $0)) }
        for place in places { table.keep(line.span.bytes, in: place) }
        #expect(table.keptBytes == 30)
        #expect(table.line(of: places[1]).map { Array($0) } == line)
        table.dropLine(of: places[0])
        table.dropLine(of: places[0])
        #expect(table.keptBytes == 20)
        #expect(table.line(of: places[0]) == nil)
        table.discard(places[1])
        #expect(table.line(of: places[1]) == nil)
        table.discard(places[2])
        #expect(table.keptBytes == 0)
    }

    @Test func `a line is kept where one was before, shorter or longer`() {
        var table = ExchangeTable()
        for (number, length) in [10, 100_000, 3, 300, 0, 70_000].enumerated() {
            let place = table.insert(Self.exchange("1", arrival: UInt64(number)))
            let line = (0..<length).map { UInt8(truncatingIfNeeded: $0) }
            table.keep(line.span.bytes, in: place)
            #expect(table.line(of: place).map { Array($0) } == line)
            table.discard(place)
        }
    }

    @Test func `a queue of held messages counts the bytes of notifications`() {
        var held = HeldQueue()
        held.append(.request(0, arrival: 1))
        held.append(.notification([1, 2, 3]))
        #expect(held.byteCount == 3)
        #expect(held.takeAll().count == 2)
        #expect(held.messages.isEmpty)
        #expect(held.byteCount == 0)
    }
}
