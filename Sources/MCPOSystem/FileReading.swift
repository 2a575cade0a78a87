// Reading a small file whole.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Why a file cannot be read, in words for a person.
package struct FileFailure: Error, Equatable {
    package var text: String
}

/// All bytes of the file; also of a pipe that the caller was given (`/dev/stdin`, the `/dev/fd/63` of
/// a process substitution), up to its end. A pipe with a name of its own is refused: opening it waits
/// for a writer, who may never come.
/// - Parameter limit: bytes at most; a longer file is a failure.
package func readFile(_ path: String, limit: Int) -> Result<[UInt8], FileFailure> {
    guard !path.isEmpty, !path.utf8.contains(0) else {
        return .failure(FileFailure(text: "this is no path of a file"))
    }
    let number = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard number >= 0 else {
        return .failure(FileFailure(text: "cannot be read: \(String(cString: strerror(errno)))"))
    }
    let descriptor = Descriptor(owning: number)
    var status = stat()
    let isPipe = fstat(number, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO
    guard !isPipe || path.hasPrefix("/dev/") || path.hasPrefix("/proc/") else {
        return .failure(FileFailure(text: "cannot be read: it is a pipe, not a file"))
    }
    _ = fcntl(number, F_SETFL, fcntl(number, F_GETFL) & ~O_NONBLOCK)
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 * 1024)
    while bytes.count <= limit {
        let count = chunk.withUnsafeMutableBytes {
            read(descriptor.number, $0.baseAddress, $0.count)
        }
        if count == 0 { return .success(bytes) }
        if count > 0 {
            bytes += chunk[..<count]
        } else if errno != EINTR {
            let words = String(cString: strerror(errno))
            return .failure(FileFailure(text: "cannot be read: \(words)"))
        }
    }
    return .failure(FileFailure(text: "is larger than \(limit >> 20) MiB: no configuration is"))
}
