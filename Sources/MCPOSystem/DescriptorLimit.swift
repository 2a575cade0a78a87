// How many descriptors this process may have.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The soft limit; 1,024 when the system does not say.
package func descriptorLimit() -> Int {
    var limit = rlimit()
    #if canImport(Glibc)
        let code = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    #else
        let code = getrlimit(RLIMIT_NOFILE, &limit)
    #endif
    return code == 0 ? Int(clamping: limit.rlim_cur) : 1_024
}
