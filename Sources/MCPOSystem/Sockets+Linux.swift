#if canImport(Glibc)
    import Glibc

    /// The type of a socket that carries a stream.
    let streamSocket = Int32(SOCK_STREAM.rawValue)

    // Swift code that names a function of its own `accept` or `listen` cannot call the system's.
    func systemAccept(_ descriptor: Int32) -> Int32 { accept(descriptor, nil, nil) }
    func systemListen(_ descriptor: Int32, _ backlog: Int32) -> Int32 {
        listen(descriptor, backlog)
    }
#endif
