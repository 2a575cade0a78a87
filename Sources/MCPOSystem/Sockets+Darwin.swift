#if canImport(Darwin)
    import Darwin

    /// The type of a socket that carries a stream.
    let streamSocket = SOCK_STREAM

    // Swift code that names a function of its own `accept` or `listen` cannot call the system's.
    func systemAccept(_ descriptor: Int32) -> Int32 { accept(descriptor, nil, nil) }
    func systemListen(_ descriptor: Int32, _ backlog: Int32) -> Int32 {
        listen(descriptor, backlog)
    }
#endif
