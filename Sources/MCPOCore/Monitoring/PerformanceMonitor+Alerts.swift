// What the monitor reads for alerts: of the endpoints that had requests, once a second at the most.
//
// An endpoint costs some microseconds. Where many had requests they are read in parts, so that no
// message waits for more than a millisecond.

extension PerformanceMonitor {
    /// Endpoints that are read at once.
    package static let readAtOnce = 64

    /// Whether endpoints are left that were not read with the others.
    package var hasMoreToRead: Bool { nextToRead > 0 }

    /// Reads endpoints that have had requests since they were last read. If they are many, some are
    /// left for the next time.
    package mutating func read(into book: inout AlertBook, at now: Instant) -> [AlertBook.Change] {
        if nextToRead == 0 { isStirred = false }
        let rest = nextToRead..<records.count
        nextToRead = 0
        var sorter = MarkSorter()
        var changes: [AlertBook.Change] = []
        var read = 0
        for place in rest where records[place].ended != records[place].readEnded {
            if read == Self.readAtOnce {
                nextToRead = place
                break
            }
            read += 1
            let subject = AlertBook.Subject.endpoint(place)
            for reading in readings(
                ofEndpoint: place, book.thresholds, isWatched: book.isWatching(subject), &sorter)
            {
                if let change = book.note(reading, of: subject, at: now) { changes.append(change) }
            }
        }
        return changes
    }

    private mutating func readings(
        ofEndpoint place: Int, _ thresholds: AlertThresholds, isWatched: Bool,
        _ sorter: inout MarkSorter
    ) -> [AlertReading] {
        let ended = records[place].ended
        records[place].readEnded = ended
        if ended == 0 { return [] }
        var readings: [AlertReading] = []
        let measured = ended - records[place].cancelled
        if measured >= AlertReading.fewest,
            thresholds.averageDuration != nil || thresholds.successRate != nil
        {
            readings = self.readings(of: records[place].window, thresholds)
        }
        let calls = records[place].calls
        if calls.marks.count != records[place].readCalls || calls.isFull(limit: callWindow) {
            records[place].readCalls = calls.marks.count
            readings += CallShift.readings(calls.inOrder, isWatched: isWatched, &sorter)
        }
        return readings
    }

    /// The thresholds have changed: what was read says nothing any more.
    mutating func readAllAgain() {
        isStirred = true
        for place in records.indices { records[place].readEnded = -1 }
    }

    /// Averages and rates of the latest requests.
    private func readings(
        of window: DurationWindow, _ thresholds: AlertThresholds
    ) -> [AlertReading] {
        let (count, sum, failures) = window.totals(ofLatest: AlertReading.most)
        guard count > 0 else { return [] }
        var readings: [AlertReading] = []
        if let threshold = thresholds.averageDuration {
            let average = sum * 1_000 / Int64(count)
            readings.append(.slow(average, threshold: threshold))
        }
        if let threshold = thresholds.successRate {
            let rate = 100 * Double(count - failures) / Double(count)
            readings.append(.low(.failing, rate, threshold: threshold))
        }
        return readings
    }

    /// The server of an endpoint; empty if it is mcpo's own or of no one server.
    func server(ofEndpoint place: Int) -> String { servers[Int(records[place].server)] }
}

extension DurationWindow {
    /// Whether one more takes the place of the oldest.
    fileprivate func isFull(limit: Int) -> Bool { marks.count >= limit }

    /// How many there are of the latest, how many microseconds they took, how many failed.
    fileprivate func totals(ofLatest most: Int) -> (count: Int, sum: Int64, failures: Int) {
        var (sum, failures): (Int64, Int) = (0, 0)
        let latest = marks.count <= most ? marks[...] : inOrder.suffix(most)
        for bits in latest {
            sum &+= DurationMark(bits: bits).microseconds
            failures &+= Int(bits & 1)
        }
        return (latest.count, sum, failures)
    }
}
