// epoll. Regular files and /dev/null cannot be polled (EPERM): they are always ready.

#if os(Linux)
    import CSystem
    import Glibc

    /// Waits for descriptors and processes, level-triggered.
    struct Poller: ~Copyable {
        /// Events taken per wait: more than mcpo has descriptors in ordinary use.
        private static let capacity = 64

        private let epoll: Descriptor
        private var buffer = [epoll_event](repeating: epoll_event(), count: capacity)
        private var alwaysReady: [PollSource] = []
        /// The first refusal of the system to watch something: the loop cannot go on then.
        private(set) var failure: SystemError?

        init() throws(SystemError) {
            let number = epoll_create1(Int32(EPOLL_CLOEXEC))
            guard number >= 0 else { throw SystemError("epoll_create1") }
            epoll = Descriptor(owning: number)
        }

        /// Starts to wait on a descriptor that is not being waited on.
        mutating func watch(
            _ descriptor: Int32, for interest: PollInterest, as source: PollSource
        ) {
            var event = epoll_event()
            event.events = (interest == .reading ? EPOLLIN : EPOLLOUT).rawValue
            event.data.u64 = source.word
            if epoll_ctl(epoll.number, EPOLL_CTL_ADD, descriptor, &event) == 0 { return }
            if errno == EPERM {
                alwaysReady.append(source)
            } else if failure == nil {
                failure = SystemError("epoll_ctl")
            }
        }

        /// Stops waiting on a descriptor; does nothing when it is not being waited on.
        mutating func unwatch(_ descriptor: Int32, as source: PollSource) {
            var unused = epoll_event()
            epoll_ctl(epoll.number, EPOLL_CTL_DEL, descriptor, &unused)
            alwaysReady.removeAll { $0 == source }
        }

        /// Appends what is ready to `events`, waiting at most `timeout` nanoseconds (nil: for ever).
        mutating func wait(timeout: Int64?, into events: inout [PollSource]) {
            let count = epoll_wait(
                epoll.number, &buffer, Int32(Self.capacity), milliseconds(timeout))
            for index in 0..<max(Int(count), 0) {
                if let source = PollSource(word: buffer[index].data.u64) { events.append(source) }
            }
            events += alwaysReady
        }

        /// epoll counts in milliseconds; rounding up keeps a deadline from coming too early.
        private func milliseconds(_ timeout: Int64?) -> Int32 {
            if !alwaysReady.isEmpty { return 0 }
            guard let timeout else { return -1 }
            return Int32(clamping: (max(timeout, 0) + 999_999) / 1_000_000)
        }
    }

    /// Tells when a process ends, through a descriptor of its own.
    struct ExitWatch: ~Copyable {
        private let descriptor: Descriptor

        init(
            _ process: pid_t, _ poller: inout Poller, as source: PollSource
        ) throws(SystemError) {
            let number = mcpo_pidfd_open(process)
            guard number >= 0 else { throw SystemError("pidfd_open") }
            _ = mcpo_set_close_on_exec(number)
            descriptor = Descriptor(owning: number)
            poller.watch(number, for: .reading, as: source)
        }

        func cancel(_ poller: inout Poller, as source: PollSource) {
            poller.unwatch(descriptor.number, as: source)
        }
    }
#endif
