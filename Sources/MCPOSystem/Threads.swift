// Several things that wait at the same time, for callers that have nothing else to do: `mcpo check`.
// The proxy has one thread.

/// Runs the jobs on threads of their own, at most so many at once, and returns what each returned.
/// - Parameter most: threads at most; a job that finds none waits for the one before it.
package func runOnThreads<Value: Sendable>(
    _ jobs: [@Sendable () -> Value], atMost most: Int
) -> [Value] {
    let count = min(jobs.count, most)
    let lanes = (0..<count).map { first in
        Lane(stride(from: first, to: jobs.count, by: count).map { (place: $0, job: jobs[$0]) })
    }
    for lane in lanes where !lane.start() {
        // No thread is left: this one does it.
        lane.run()
    }
    for lane in lanes { lane.join() }
    return lanes.flatMap(\.results).sorted { $0.place < $1.place }.map(\.value)
}

/// Jobs that run one after the other on one thread. `results` is read when the thread has ended.
private final class Lane<Value>: ThreadBody {
    private let jobs: [(place: Int, job: @Sendable () -> Value)]
    private(set) var results: [(place: Int, value: Value)] = []

    init(_ jobs: [(place: Int, job: @Sendable () -> Value)]) {
        self.jobs = jobs
    }

    package override func run() {
        results = jobs.map { ($0.place, $0.job()) }
    }
}
