// One stored answer: a single block of memory with its times, its key and its contents.
//
//     ┌ object header ┬ times, lengths ┬ key bytes ┬ payload bytes ┐
//     └──── 16 B ─────┴──── 64 B ──────┴───────────┴───────────────┘
//
// One block, because every block costs malloc's own 8 to 24 bytes and is a chance of fragmentation.
// It never changes; who holds a reference may use it after the cache has let it go. The block of one
// that nobody holds any more may become another answer of the same size.

/// The times of a stored answer and the lengths of its parts.
package struct CachedAnswerHeader {
    package let storedAt: Instant
    package let freshUntil: Instant
    package let staleWhileRevalidateUntil: Instant
    package let staleIfErrorUntil: Instant
    /// The hash of server and URI; 0 if it is no resource.
    let resource: UInt64
    package let layout: AnswerLayout
    /// 32 bits suffice: the cost of an entry, which is more, is counted in 32 (`CacheSlot`).
    private let keyLength: UInt32
    private let payloadLength: UInt32

    /// - Parameter lifetime: that of `terms`, or what the strategy makes of it.
    init(
        _ terms: CacheTerms, lifetime: CacheLifetime, keyCount: Int, payloadCount: Int, at: Instant
    ) {
        storedAt = at
        freshUntil = at.advanced(byNanoseconds: lifetime.fresh)
        staleWhileRevalidateUntil = freshUntil.advanced(
            byNanoseconds: max(0, lifetime.staleWhileRevalidate))
        staleIfErrorUntil = freshUntil.advanced(byNanoseconds: max(0, lifetime.staleIfError))
        resource = terms.resource
        layout = terms.layout
        keyLength = UInt32(keyCount)
        payloadLength = UInt32(payloadCount)
    }

    var keyCount: Int { Int(keyLength) }
    var payloadCount: Int { Int(payloadLength) }

    /// When nothing may use it any more.
    var deadline: Instant {
        max(freshUntil, max(staleWhileRevalidateUntil, staleIfErrorUntil))
    }
}

/// An answer that the cache gave out or holds.
package final class CachedAnswer: ManagedBuffer<CachedAnswerHeader, UInt8> {
    /// The object's own header in the Swift runtime: a type pointer and reference counts.
    private static var objectHeader: Int { 16 }

    /// - Parameter former: an answer that is of no use any more, to be made anew if its block has
    ///   the right size and nobody else holds it; nil then.
    static func make(
        _ header: CachedAnswerHeader, key: RawSpan, payload: RawSpan,
        reusing former: inout CachedAnswer?
    ) -> CachedAnswer {
        if let answer = takeFitting(header, &former) {
            answer.withUnsafeMutablePointerToHeader { $0.pointee = header }
            answer.fill(header, key, payload)
            return answer
        }
        let made = create(minimumCapacity: header.keyCount + header.payloadCount) { _ in header }
        let answer = unsafeDowncast(made, to: CachedAnswer.self)
        answer.fill(header, key, payload)
        return answer
    }

    private func fill(_ header: CachedAnswerHeader, _ key: RawSpan, _ payload: RawSpan) {
        withUnsafeMutablePointerToElements { bytes in
            copy(key, to: UnsafeMutableRawPointer(bytes))
            copy(payload, to: UnsafeMutableRawPointer(bytes + header.keyCount))
        }
    }

    private static func takeFitting(
        _ header: CachedAnswerHeader, _ former: inout CachedAnswer?
    ) -> CachedAnswer? {
        guard isKnownUniquelyReferenced(&former), let record = former?.record else { return nil }
        let hasSize =
            blockSize(keyCount: record.keyCount, payloadCount: record.payloadCount)
            == blockSize(keyCount: header.keyCount, payloadCount: header.payloadCount)
        // What malloc has given is at least that where sizes are rounded as `blockSize` does.
        guard hasSize, let capacity = former?.capacity,
            capacity >= header.keyCount + header.payloadCount
        else { return nil }
        return former.take()
    }

    /// What an answer of these lengths takes from malloc: glibc adds 8 bytes and rounds up to 16.
    static func blockSize(keyCount: Int, payloadCount: Int) -> Int {
        let asked = objectHeader + MemoryLayout<CachedAnswerHeader>.size + keyCount + payloadCount
        return (asked + 8 + 15) & ~15
    }

    /// Bytes of the stored result.
    package var count: Int { record.payloadCount }

    /// What `CacheTerms.layout` was when it was stored.
    package var layout: AnswerLayout { record.layout }

    /// What `header` is too, which however asks the runtime each time whether somebody changes it.
    var record: CachedAnswerHeader {
        @inline(__always) get { withUnsafeMutablePointerToHeader { $0.pointee } }
    }

    /// Shows the stored result.
    package func withPayload<Result>(_ body: (RawSpan) -> Result) -> Result {
        withUnsafeMutablePointers { header, bytes in
            let (start, count) = (header.pointee.keyCount, header.pointee.payloadCount)
            return body(UnsafeRawBufferPointer(start: bytes + start, count: count).bytes)
        }
    }

    /// Whether it is stored under this key, compared byte for byte.
    func hasKey(_ key: RawSpan) -> Bool {
        withUnsafeMutablePointers { header, bytes in
            let own = UnsafeRawBufferPointer(start: bytes, count: header.pointee.keyCount)
            return key.hasSameBytes(as: own.bytes)
        }
    }
}

private func copy(_ source: RawSpan, to target: UnsafeMutableRawPointer) {
    source.withUnsafeBytes { bytes in
        guard let start = bytes.baseAddress else { return }
        target.copyMemory(from: start, byteCount: bytes.count)
    }
}
