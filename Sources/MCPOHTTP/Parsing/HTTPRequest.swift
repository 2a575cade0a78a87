// A request as it was parsed, and what its fields say (RFC 9110, RFC 9112).
//
// The head stays as the bytes that came; a field is two ranges in it.

/// Why a request is refused before anybody looks at what it asks for. The connection is closed then:
/// where the next request would begin is not certain.
package struct HTTPFailure: Error, Equatable, Sendable {
    package var status: HTTPStatus
    /// What is wrong, for people.
    package var words: StaticString

    package init(_ status: HTTPStatus, _ words: StaticString) {
        self.status = status
        self.words = words
    }

    package static func == (left: HTTPFailure, right: HTTPFailure) -> Bool {
        left.status == right.status && left.words.description == right.words.description
    }
}

/// One request of a client, whole.
package struct HTTPRequest: Equatable, Sendable {
    struct Field: Equatable, Sendable {
        var name: Range<Int>
        var value: Range<Int>
    }

    /// The request line and the fields, without the empty line at the end.
    var head: [UInt8]
    var methodRange: Range<Int>
    /// The target's path, beginning with `/`; `*` for the one of `OPTIONS *`.
    var pathRange: Range<Int>
    /// What follows `?`.
    var queryRange: Range<Int>
    /// The host of a target in absolute form, which replaces the field `Host` (RFC 9112 §3.2.2).
    var targetHost: Range<Int>?
    var fields: [Field] = []
    /// 0 or 1: HTTP/1.0 or HTTP/1.1.
    package var minorVersion = 1
    /// Without its framing; at most `HTTPLimits.body` bytes.
    package var body: [UInt8] = []

    package var method: [UInt8] { Array(head[methodRange]) }
    package var path: [UInt8] { Array(head[pathRange]) }

    func isMethod(_ name: StaticString) -> Bool { head[methodRange].equals(name) }
    func isPath(_ path: StaticString) -> Bool { head[pathRange].equals(path) }

    /// The values of all fields of that name, in their order.
    func values(of name: StaticString) -> [ArraySlice<UInt8>] {
        var values: [ArraySlice<UInt8>] = []
        for field in fields where head[field.name].equalsIgnoringCase(name) {
            values.append(head[field.value])
        }
        return values
    }

    func value(of name: StaticString) -> ArraySlice<UInt8>? {
        for field in fields where head[field.name].equalsIgnoringCase(name) {
            return head[field.value]
        }
        return nil
    }

    /// The value of a parameter of the query, as it is written; nil when there is none.
    func parameter(_ name: StaticString) -> ArraySlice<UInt8>? {
        for part in head[queryRange].split(separator: UInt8(ascii: "&")) {
            let key = part.prefix { $0 != UInt8(ascii: "=") }
            if key.equals(name) { return part.dropFirst(key.count + 1) }
        }
        return nil
    }

    /// Host and port that the client means: of the target or the field `Host`.
    var host: ArraySlice<UInt8>? {
        if let targetHost { return head[targetHost] }
        return value(of: "host")
    }

    /// Whether the connection stays open after the answer (RFC 9112 §9.3).
    var keepsConnection: Bool {
        let options = values(of: "connection")
        if options.contains(where: { $0.hasListElement("close") }) { return false }
        return minorVersion >= 1 || options.contains { $0.hasListElement("keep-alive") }
    }
}

extension Collection<UInt8> where SubSequence: Collection<UInt8> {
    func equals(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        return text.withUTF8Buffer { elementsEqual($0) }
    }

    /// Compares with a text in lower case, as HTTP compares the names of fields.
    func equalsIgnoringCase(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        return text.withUTF8Buffer { expected in
            elementsEqual(expected) { asciiLowercase($0) == $1 }
        }
    }

    /// Whether a comma-separated list has that element, in lower case.
    func hasListElement(_ text: StaticString) -> Bool {
        split(separator: UInt8(ascii: ",")).contains {
            $0.trimmingBlanks().equalsIgnoringCase(text)
        }
    }
}

extension Collection<UInt8> where SubSequence: BidirectionalCollection<UInt8> {
    /// Without the blanks and tabs at both ends.
    func trimmingBlanks() -> SubSequence.SubSequence {
        let rest = drop(while: isBlank)
        var end = rest.endIndex
        while end > rest.startIndex, isBlank(rest[rest.index(before: end)]) {
            end = rest.index(before: end)
        }
        return rest[..<end]
    }
}

func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

func asciiLowercase(_ byte: UInt8) -> UInt8 {
    (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
}
