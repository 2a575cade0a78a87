// `mcpo top` at work: it asks, draws and listens to keys, all in one loop.
//
//     asked ─▶ document or failure ─▶ drawn ─▶ interval ─▶ asked …
//       keys, signals ─▶ drawn at once

internal import MCPOCore
import MCPOSystem

/// What somebody wants to see.
package struct TopOptions: Equatable, Sendable {
    /// How often mcpo is asked; bounded, because each time costs it a document.
    package static let intervals = Duration.milliseconds(100)...Duration.seconds(3_600)

    package var address = MetricsAddress.usual
    /// nil when there is none.
    package var token: String?
    package var interval = Duration.seconds(1)
    package var sort = TopColumn.cost
    package var hasColours = true

    package init() {}
}

/// Asking once, and waiting for it.
package enum TopQuestion {
    /// The document as it came.
    package static func ask(_ options: TopOptions) throws(MetricsFailure) -> [UInt8] {
        let addresses = try MetricsFetch.resolve(options.address)
        let fetch = try MetricsFetch(
            options.address, token: options.token, addresses: addresses, at: Clock.now)
        while true {
            var waits = [fetch.descriptor]
            wait(for: &waits, until: fetch.deadline)
            if let document = try fetch.proceed(isReady: waits[0].isReady, at: Clock.now) {
                guard MetricsReading(document) != nil else { throw Self.nonsense(options) }
                return document
            }
        }
    }

    /// The report of one document.
    package static func report(
        _ options: TopOptions, columns: Int
    ) throws(MetricsFailure) -> String {
        guard let reading = MetricsReading(try ask(options)) else { throw nonsense(options) }
        var model = TopModel()
        let now = Clock.now
        model.take(reading, at: now)
        return TopReport.text(
            model, TopState(sort: options.sort), address: options.address, columns: columns,
            clock: localTimeOfDay(), at: now)
    }

    fileprivate static func nonsense(_ options: TopOptions) -> MetricsFailure {
        MetricsFailure(
            words: "what answers at \(options.address) is no mcpo: there are no metrics in it",
            advice: "is mcpo running with \(options.address.option)?")
    }
}

/// The live view.
package struct TopSession: ~Copyable {
    /// How long the second byte of a key's sequence may take.
    private static let keyPause = Duration.milliseconds(50)
    /// The clock in the corner goes on when nothing else happens.
    private static let tick = Duration.seconds(1)

    private let options: TopOptions
    private let screen: TerminalScreen
    private var model = TopModel()
    private var state: TopState
    private var extent = TopExtent()
    private var keys = TerminalKeyParser()
    private var addresses: [SocketAddress] = []
    private var fetch: MetricsFetch?
    private var nextFetch: Instant
    private var isOver = false
    /// Whether what is on the screen is no longer so.
    private var isStale = true
    private var drawnAt = Instant.never

    /// Takes the terminal.
    package init(_ options: TopOptions) throws(SystemError) {
        self.options = options
        state = TopState(sort: options.sort)
        nextFetch = Clock.now
        screen = try TerminalScreen()
    }

    /// Until somebody quits. The terminal is given back with the session.
    package mutating func run() throws(SystemError) {
        draw()
        while !isOver {
            if fetch == nil, !state.isPaused, Clock.now >= nextFetch { ask() }
            var waits = [DescriptorWait(screen.keys), DescriptorWait(screen.signals)]
            if let question = fetch?.descriptor { waits.append(question) }
            wait(for: &waits, until: nextDeadline)
            if waits[1].isReady { try obeySignals() }
            if waits[0].isReady {
                try readKeys()
            } else if keys.isInSequence {
                try handle(keys.flush())
            }
            proceed(isReady: waits.count > 2 && waits[2].isReady)
            if !isOver, isStale || Clock.now >= drawnAt.advanced(by: Self.tick) { draw() }
        }
    }

    private var nextDeadline: Instant {
        let now = Clock.now
        if keys.isInSequence { return now.advanced(by: Self.keyPause) }
        var deadline = drawnAt.advanced(by: Self.tick)
        if let end = fetch?.deadline { deadline = min(deadline, end) }
        if fetch == nil, !state.isPaused { deadline = min(deadline, nextFetch) }
        return deadline
    }

    // MARK: Asking

    private mutating func ask() {
        nextFetch = Clock.now.advanced(by: options.interval)
        do throws(MetricsFailure) {
            if addresses.isEmpty { addresses = try MetricsFetch.resolve(options.address) }
            fetch = try MetricsFetch(
                options.address, token: options.token, addresses: addresses, at: Clock.now)
        } catch {
            lose(error)
        }
    }

    private mutating func lose(_ failure: MetricsFailure) {
        model.lose(failure, at: Clock.now)
        isStale = true
    }

    private mutating func proceed(isReady: Bool) {
        guard let fetch else { return }
        do throws(MetricsFailure) {
            guard let document = try fetch.proceed(isReady: isReady, at: Clock.now) else { return }
            self.fetch = nil
            isStale = true
            guard let reading = MetricsReading(document) else {
                throw TopQuestion.nonsense(options)
            }
            model.take(reading, at: Clock.now)
        } catch {
            self.fetch = nil
            lose(error)
        }
    }

    // MARK: Drawing

    private mutating func draw() {
        let size = screen.size
        let picture = TopScreen(
            model, &state, address: options.address, columns: size.columns, lines: size.lines,
            clock: localTimeOfDay(), at: Clock.now)
        extent = picture.extent
        let text = ScreenPicture(
            lines: picture.lines, columns: size.columns, height: size.lines
        ).controlled(hasColours: options.hasColours)
        if !screen.draw(text) { isOver = true }
        isStale = false
        drawnAt = Clock.now
    }

    // MARK: Keys and signals

    private mutating func readKeys() throws(SystemError) {
        var bytes = [UInt8](repeating: 0, count: 256)
        switch bytes.withUnsafeMutableBytes({ readSome(screen.keys, into: $0) }) {
        case .bytes(let count): try handle(keys.feed(bytes[..<count]))
        case .wouldBlock: break
        // The terminal is gone.
        case .ended: isOver = true
        }
    }

    private mutating func handle(_ pressed: [TerminalKey]) throws(SystemError) {
        for key in pressed where !isOver {
            isStale = true
            switch state.handle(key, extent) {
            case .none: break
            case .quit: isOver = true
            case .suspend: try screen.suspend()
            case .redraw: try screen.resume()
            }
        }
    }

    private mutating func obeySignals() throws(SystemError) {
        isStale = true
        for event in screen.takeEvents() {
            switch event {
            case .resized: break  // drawn again in any case
            case .stop: isOver = true
            case .suspend: try screen.suspend()
            case .resumed: try screen.resume()
            }
        }
    }
}
