// Reading lines and waiting for timers, on one thread.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Writes all of a text, waiting for room as long as it takes.
func writeAll(_ text: String, to descriptor: Int32) {
    writeAll(Array(text.utf8), to: descriptor)
}

func writeAll(_ bytes: [UInt8], to descriptor: Int32) {
    var written = 0
    bytes.withUnsafeBytes { bytes in
        while written < bytes.count {
            let part = UnsafeRawBufferPointer(rebasing: bytes[written...])
            let count = write(descriptor, part.baseAddress, part.count)
            if count < 0 && errno != EINTR { return }
            written += max(count, 0)
        }
    }
}

/// Milliseconds of a clock that only goes forward.
func monotonicMilliseconds() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
}

/// The server's life: what it reads, and what it does later.
struct Loop {
    private let server: Server
    private var buffer: [UInt8] = []
    private var hasEnded = false

    init(_ server: Server) {
        self.server = server
    }

    /// Runs to the end of stdin, and of what is under way then; returns the exit status.
    mutating func run() -> Int32 {
        while true {
            server.runTimers()
            if hasEnded && !server.options.ignoresEnd && !server.hasTimers { return 0 }
            let isListening = !hasEnded && !server.isDeaf
            var entry = pollfd(fd: isListening ? 0 : -1, events: Int16(POLLIN), revents: 0)
            if poll(&entry, 1, server.patience) > 0 { readSome() }
        }
    }

    private mutating func readSome() {
        let block = [UInt8](unsafeUninitializedCapacity: 256 * 1024) { space, count in
            count = max(read(0, space.baseAddress, space.count), 0)
        }
        if block.isEmpty {
            hasEnded = true
            return
        }
        var rest = block[...]
        while let newline = rest.position(of: UInt8(ascii: "\n")) {
            buffer += rest[..<newline]
            rest = rest[(newline + 1)...]
            let line = buffer
            buffer = []
            server.receive(line)
        }
        buffer += rest
    }
}
