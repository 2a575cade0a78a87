// kqueue. Not run by the project's tests, which know Linux only: kept to the plain calls.

#if canImport(Darwin)
    import Darwin

    /// Waits for descriptors and processes, level-triggered.
    struct Poller: ~Copyable {
        /// Events taken per wait: more than mcpo has descriptors in ordinary use.
        private static let capacity = 64

        private let queue: Descriptor
        /// The first refusal of the system to watch something: the loop cannot go on then.
        private(set) var failure: SystemError?
        private var buffer = [kevent64_s](repeating: kevent64_s(), count: capacity)

        init() throws(SystemError) {
            let number = kqueue()
            guard number >= 0 else { throw SystemError("kqueue") }
            queue = Descriptor(owning: number)
        }

        /// Starts to wait on a descriptor that is not being waited on.
        mutating func watch(
            _ descriptor: Int32, for interest: PollInterest, as source: PollSource
        ) {
            change(descriptor, interest, EV_ADD, source)
        }

        /// Stops waiting on a descriptor; does nothing when it is not being waited on.
        mutating func unwatch(_ descriptor: Int32, as source: PollSource) {
            change(descriptor, .reading, EV_DELETE, source)
            change(descriptor, .writing, EV_DELETE, source)
        }

        private func change(
            _ descriptor: Int32, _ interest: PollInterest, _ flags: Int32, _ source: PollSource
        ) {
            let isDone = submit(
                ident: UInt64(descriptor), interest == .reading ? EVFILT_READ : EVFILT_WRITE,
                flags, 0, source)
            if !isDone, flags == EV_ADD, failure == nil { failure = SystemError("kevent64") }
        }

        @discardableResult
        fileprivate func submit(
            ident: UInt64, _ filter: Int32, _ flags: Int32, _ notes: UInt32, _ source: PollSource
        ) -> Bool {
            var event = kevent64_s()
            event.ident = ident
            event.filter = Int16(filter)
            event.flags = UInt16(flags)
            event.fflags = notes
            event.udata = source.word
            return kevent64(queue.number, &event, 1, nil, 0, 0, nil) == 0
        }

        /// Appends what is ready to `events`, waiting at most `timeout` nanoseconds (nil: for ever).
        mutating func wait(timeout: Int64?, into events: inout [PollSource]) {
            var limit = timespec()
            if let timeout {
                limit.tv_sec = Int(max(timeout, 0) / 1_000_000_000)
                limit.tv_nsec = Int(max(timeout, 0) % 1_000_000_000)
            }
            let count = kevent64(
                queue.number, nil, 0, &buffer, Int32(Self.capacity), 0,
                timeout == nil ? nil : &limit)
            for index in 0..<max(Int(count), 0) {
                if let source = PollSource(word: buffer[index].udata) { events.append(source) }
            }
        }
    }

    /// Tells when a process ends.
    struct ExitWatch: ~Copyable {
        private let process: pid_t

        init(
            _ process: pid_t, _ poller: inout Poller, as source: PollSource
        ) throws(SystemError) {
            self.process = process
            let isWatched = poller.submit(
                ident: UInt64(process), EVFILT_PROC, EV_ADD, NOTE_EXIT, source)
            guard isWatched else { throw SystemError("kevent64") }
        }

        func cancel(_ poller: inout Poller, as source: PollSource) {
            poller.submit(ident: UInt64(process), EVFILT_PROC, EV_DELETE, NOTE_EXIT, source)
        }
    }
#endif
