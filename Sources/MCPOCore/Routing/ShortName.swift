// Names of at most 64 characters, because clients refuse longer ones.
//
// Several clients and model APIs accept tool names that match `^[a-zA-Z0-9_-]{1,64}$` only (the
// specification itself: 1 to 128 of `A-Z a-z 0-9 _ - .`). A longer name is cut, and a hash of all of
// it tells it from others with the same beginning:
//
//     name    documentation-server__search_in_all_the_documents_of_one_single_repository
//     short   documentation-server__search_in_all_the_documents_of_on_c78f2993
//             └────────────── the first 55 characters ──────────────┘ └ hash ┘
//
// People write such names into their clients' lists of allowed tools, so they may never change: the
// hash is FNV-1a, 64 bits, the halves exclusive-or-ed, and eight lower-case hexadecimal digits of
// it. Characters are Unicode scalars, and are not changed: which ones a client takes is between it
// and the server.

enum ShortName {
    /// Characters of the longest name that clients take.
    static let longest = 64
    /// `_` and eight digits.
    private static let suffixLength = 9
    /// Characters that a shortened name keeps.
    static let kept = longest - suffixLength

    /// The name, if it is too long shortened.
    static func shortened(_ name: [UInt8]) -> [UInt8] {
        guard name.count > longest, scalars(name) > longest else { return name }
        var kept = 0
        var end = 0
        while kept < Self.kept {
            end += 1
            while end < name.count, isContinuation(name[end]) { end += 1 }
            kept += 1
        }
        return name[..<end] + [UInt8(ascii: "_")] + digits(fingerprint(name))
    }

    /// A name that can be written into a message: a key may stand for half a surrogate pair, which
    /// no UTF-8 can. Only those that have such bytes change.
    static func wellFormed(_ name: [UInt8]) -> [UInt8] {
        Array(String(decoding: name, as: UTF8.self).utf8)
    }

    private static func scalars(_ name: [UInt8]) -> Int {
        name.count { !isContinuation($0) }
    }

    private static func isContinuation(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }

    /// FNV-1a (draft-eastlake-fnv), folded to 32 bits by exclusive or as it recommends.
    static func fingerprint(_ name: [UInt8]) -> UInt32 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in name { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return UInt32(truncatingIfNeeded: hash ^ (hash &>> 32))
    }

    private static func digits(_ number: UInt32) -> [UInt8] {
        stride(from: UInt32(28), through: 0, by: -4).map { shift in
            let digit = UInt8(truncatingIfNeeded: number &>> shift & 0xF)
            return digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
        }
    }
}
