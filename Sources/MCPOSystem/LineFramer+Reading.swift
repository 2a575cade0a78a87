// Reading from a descriptor straight into a framer.

internal import MCPOCore

extension LineFramer {
    /// Reads once what is there.
    mutating func read(from descriptor: Int32) -> Transfer {
        var transfer = Transfer.wouldBlock
        _ = fill { space in
            transfer = readSome(descriptor, into: space)
            if case .bytes(let count) = transfer { return count }
            return 0
        }
        return transfer
    }
}
