// Pipes grow by themselves on macOS.

#if canImport(Darwin)
    func enlargePipe(_ descriptor: Int32) {}
#endif
