#if canImport(Darwin)
    import Darwin

    /// The type of a socket that carries a stream.
    let streamSocket = SOCK_STREAM

    // Swift code that names a function of its own `accept` or `listen` cannot call the system's.

    /// The next connection, non-blocking and closed on exec.
    func systemAccept(_ descriptor: Int32) -> Int32 {
        let number = accept(descriptor, nil, nil)
        if number >= 0 {
            _ = fcntl(number, F_SETFD, FD_CLOEXEC)
            _ = fcntl(number, F_SETFL, fcntl(number, F_GETFL) | O_NONBLOCK)
        }
        return number
    }

    func systemListen(_ descriptor: Int32, _ backlog: Int32) -> Int32 {
        listen(descriptor, backlog)
    }
#endif
