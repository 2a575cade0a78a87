// Orders from other threads, on a driver that finds them when it starts.

import MCPOCore
import MCPOSystem
import Synchronization
import Testing

@Suite struct ProxyDriverTests {
    /// Runs a driver that finds these orders and stops after them.
    /// - Returns: how often the configuration was read.
    private func run(_ orders: [ControlOrder]) throws -> Int {
        let client = try Pipe()
        let answers = try Pipe()
        let control = try ControlPipe()
        var settings = ProxySettings(serverName: "cat")
        settings.concurrency = ConcurrencySettings(maximum: 70)
        for order in orders { control.send(order) }
        control.send(ControlRequest.stop)
        let count = Count()
        var driver = try ProxyDriver(
            settings: settings,
            commands: ["cat": ServerCommand(arguments: ["/bin/cat"], environment: [])],
            input: client.read.number,
            output: answers.write.number, control: control,
            log: LogWriter(descriptor: 2, level: .error, format: .text),
            reload: {
                count.add()
                return .same
            })
        _ = driver.run()
        // Neither end may close before.
        withExtendedLifetime(client) {}
        withExtendedLifetime(answers) {}
        return count.value
    }

    @Test func `orders to reload that come at once are carried out at once, and all are told`()
        throws
    {
        let told = Count()
        let orders = (0..<200).map { _ in
            ControlOrder.reload { outcome in if case .same? = outcome { told.add() } }
        }
        #expect(try run(orders) == 1)
        #expect(told.value == 200)
    }

    @Test func `a limit that was set holds until the configuration is read, though it is the same`()
        throws
    {
        let limits = Limits()
        let look = ControlOrder.metrics { limits.add($0.concurrency.maximum) }
        let set = ControlOrder.event(.setConcurrencyLimit(5))
        let reload = ControlOrder.reload { _ in }
        #expect(try run([look, set, look, reload, look, set, look]) == 1)
        #expect(limits.all == [70, 5, 70, 5])
    }
}

private final class Limits: Sendable {
    private let box = Mutex<[Int?]>([])
    var all: [Int?] { box.withLock { $0 } }
    func add(_ limit: Int?) { box.withLock { $0.append(limit) } }
}

private final class Count: Sendable {
    private let number = Atomic(0)
    var value: Int { number.load(ordering: .relaxed) }
    func add() { number.add(1, ordering: .relaxed) }
}
