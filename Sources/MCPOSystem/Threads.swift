// Several things that wait at the same time, for callers that have nothing else to do: `mcpo check`.
// The proxy has one thread.

import CSystem

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Runs the jobs on threads of their own, at most so many at once, and returns what each returned.
/// - Parameter most: threads at most; a job that finds none waits for the one before it.
package func runOnThreads<Value: Sendable>(
    _ jobs: [@Sendable () -> Value], atMost most: Int
) -> [Value] {
    let count = min(jobs.count, most)
    let lanes = (0..<count).map { first in
        Lane(stride(from: first, to: jobs.count, by: count).map { (place: $0, job: jobs[$0]) })
    }
    for lane in lanes { lane.start() }
    for lane in lanes { lane.finish() }
    return lanes.flatMap(\.results).sorted { $0.place < $1.place }.map(\.value)
}

/// Jobs that run one after the other on one thread. `results` is read when the thread has ended.
private final class Lane<Value>: LaneBody {
    private let jobs: [(place: Int, job: @Sendable () -> Value)]
    private(set) var results: [(place: Int, value: Value)] = []

    init(_ jobs: [(place: Int, job: @Sendable () -> Value)]) {
        self.jobs = jobs
    }

    override func run() {
        results = jobs.map { ($0.place, $0.job()) }
    }
}

/// What a thread runs, without the type that its jobs return.
private class LaneBody {
    private var thread: pthread_t?

    func run() {}

    func start() {
        let argument = Unmanaged.passRetained(self).toOpaque()
        #if canImport(Darwin)
            var started: pthread_t?
        #else
            var started = pthread_t()
        #endif
        let code = pthread_create(&started, nil, runLane, argument)
        if code == 0 {
            thread = started
        } else {
            // No thread is left: the caller's does it.
            Unmanaged<LaneBody>.fromOpaque(argument).release()
            run()
        }
    }

    func finish() {
        if let thread { pthread_join(thread, nil) }
    }
}

#if canImport(Darwin)
    private func runLane(_ argument: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
        Unmanaged<LaneBody>.fromOpaque(argument).takeRetainedValue().run()
        return nil
    }
#else
    private func runLane(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        if let argument { Unmanaged<LaneBody>.fromOpaque(argument).takeRetainedValue().run() }
        return nil
    }
#endif
