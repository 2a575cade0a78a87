// epoll. Regular files and /dev/null cannot be polled (EPERM): they are always ready.

#if os(Linux)
    import CSystem
    import Glibc
    internal import MCPOCore

    /// Waits for descriptors and processes, level-triggered.
    struct Poller: ~Copyable {
        /// Events taken per wait: more than mcpo has descriptors in ordinary use.
        private static let capacity = 64

        /// Waits below this are rare and exact: they are left to epoll.
        private static let shortestAlarm: Int64 = 20_000_000
        /// No `PollSource` has this word.
        private static let timerWord = UInt64.max

        private let epoll: Descriptor
        private var alarm = Alarm()
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
            let limit = isLeftToTimer(timeout) ? -1 : milliseconds(timeout)
            let count = epoll_wait(epoll.number, &buffer, Int32(Self.capacity), limit)
            for index in 0..<max(Int(count), 0) {
                let word = buffer[index].data.u64
                if word == Self.timerWord {
                    alarm.clear()
                } else if let source = PollSource(word: word) {
                    events.append(source)
                }
            }
            if !alwaysReady.isEmpty { events += alwaysReady }
        }

        /// Whether the timer ends this wait. A timeout of epoll itself costs a quarter of what a
        /// wait costs in all, each time; the timer is set once and may well fire too early, since
        /// deadlines nearly always move away.
        private mutating func isLeftToTimer(_ timeout: Int64?) -> Bool {
            guard let timeout, timeout >= Self.shortestAlarm, alwaysReady.isEmpty else {
                return false
            }
            if !alarm.isOpen {
                guard alarm.open() else { return false }
                var event = epoll_event()
                event.events = EPOLLIN.rawValue
                event.data.u64 = Self.timerWord
                if epoll_ctl(epoll.number, EPOLL_CTL_ADD, alarm.number, &event) != 0 {
                    alarm.giveUp()
                    return false
                }
            }
            return alarm.set(Clock.now.advanced(byNanoseconds: timeout))
        }

        /// epoll counts in milliseconds; rounding up keeps a deadline from coming too early.
        private func milliseconds(_ timeout: Int64?) -> Int32 {
            if !alwaysReady.isEmpty { return 0 }
            guard let timeout else { return -1 }
            return Int32(clamping: (max(timeout, 0) + 999_999) / 1_000_000)
        }
    }

    /// A timer that is a descriptor.
    private struct Alarm: ~Copyable {
        private var descriptor: Descriptor?
        private var hasFailed = false
        /// When it fires; `.never` if it is not set.
        private var time = Instant.never

        private(set) var number: Int32 = -1

        var isOpen: Bool { number >= 0 }

        mutating func open() -> Bool {
            if hasFailed { return false }
            number = mcpo_timer_create()
            hasFailed = !isOpen
            if isOpen { descriptor = Descriptor(owning: number) }
            return isOpen
        }

        mutating func giveUp() {
            descriptor = nil
            number = -1
            hasFailed = true
        }

        /// Makes it fire at `deadline` or before.
        mutating func set(_ deadline: Instant) -> Bool {
            if time <= deadline { return true }
            guard mcpo_timer_set(number, deadline.nanoseconds) == 0 else { return false }
            time = deadline
            return true
        }

        /// It has fired.
        mutating func clear() {
            var count: UInt64 = 0
            _ = read(number, &count, MemoryLayout<UInt64>.size)
            time = .never
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
