// Writing JSON that mcpo itself is the author of, member by member.
//
//     writer.object {                      {"joined":14,"in_flight":2}
//         $0.member("joined", 14)
//         $0.member("in_flight", 2)
//     }
//
// Where a comma belongs is seen from the last byte: after an opening bracket or a colon there is
// none, and no value ends in one of those. For documents, not for messages on their way.

package struct JSONWriter {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    package mutating func object(_ members: (inout JSONWriter) -> Void) {
        container(UInt8(ascii: "{"), UInt8(ascii: "}"), members)
    }

    package mutating func array(_ elements: (inout JSONWriter) -> Void) {
        container(UInt8(ascii: "["), UInt8(ascii: "]"), elements)
    }

    private mutating func container(
        _ opening: UInt8, _ closing: UInt8, _ content: (inout JSONWriter) -> Void
    ) {
        separate()
        bytes.append(opening)
        content(&self)
        bytes.append(closing)
    }

    private mutating func separate() {
        switch bytes.last {
        case nil, UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: ":"): break
        default: bytes.append(UInt8(ascii: ","))
        }
    }
}

// MARK: - Values

extension JSONWriter {
    package mutating func value(_ number: Int) {
        separate()
        DecimalText.append(units: Int64(number), places: 0, to: &bytes)
    }

    mutating func value(_ flag: Bool) {
        raw(flag ? "true" : "false")
    }

    /// A literal that needs no escapes.
    mutating func value(_ text: StaticString) {
        separate()
        append(quoted: text)
    }

    /// UTF-8; what is none is replaced.
    mutating func value(_ text: [UInt8]) {
        separate()
        appendJSONString(text.span, to: &bytes)
    }

    package mutating func value(_ text: String) {
        separate()
        appendJSONString(text, to: &bytes)
    }

    /// `units` · 10⁻ᵖˡᵃᶜᵉˢ.
    mutating func value(units: Int64, places: Int) {
        separate()
        DecimalText.append(units: units, places: places, to: &bytes)
    }

    /// A number rounded to a thousandth: as fine as a percentage of 100,000 requests can be.
    mutating func value(_ number: Double) {
        separate()
        DecimalText.append(number, places: 3, to: &bytes)
    }

    /// A JSON text, as it is.
    mutating func raw(_ text: [UInt8]) {
        separate()
        bytes += text
    }

    private mutating func raw(_ text: StaticString) {
        separate()
        append(text)
    }

    private mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    private mutating func append(quoted text: StaticString) {
        bytes.append(UInt8(ascii: "\""))
        append(text)
        bytes.append(UInt8(ascii: "\""))
    }
}

// MARK: - Members

extension JSONWriter {
    /// A key; its value is what is written next.
    mutating func key(_ name: StaticString) {
        separate()
        append(quoted: name)
        bytes.append(UInt8(ascii: ":"))
    }

    package mutating func key(_ name: [UInt8]) {
        value(name)
        bytes.append(UInt8(ascii: ":"))
    }

    package mutating func member(_ name: StaticString, _ number: Int) {
        key(name)
        value(number)
    }

    mutating func member(_ name: StaticString, _ number: Double) {
        key(name)
        value(number)
    }

    package mutating func member(_ name: StaticString, _ flag: Bool) {
        key(name)
        value(flag)
    }

    package mutating func member(_ name: StaticString, _ text: StaticString) {
        key(name)
        value(text)
    }

    mutating func member(_ name: StaticString, _ text: [UInt8]) {
        key(name)
        value(text)
    }

    package mutating func member(_ name: StaticString, _ text: String) {
        key(name)
        value(text)
    }

    package mutating func objectMember(_ name: StaticString, _ members: (inout JSONWriter) -> Void)
    {
        key(name)
        object(members)
    }

    package mutating func arrayMember(_ name: StaticString, _ elements: (inout JSONWriter) -> Void)
    {
        key(name)
        array(elements)
    }

    /// A duration, which is shown in seconds.
    mutating func member(_ name: StaticString, nanoseconds: Int64) {
        key(name)
        value(units: microseconds(nanoseconds), places: 6)
    }

    /// A moment, which is shown in seconds since 1970.
    mutating func member(_ name: StaticString, unixMilliseconds: Int64) {
        key(name)
        value(units: unixMilliseconds, places: 3)
    }

    private func microseconds(_ nanoseconds: Int64) -> Int64 {
        nanoseconds / 1_000 + (nanoseconds % 1_000 >= 500 ? 1 : 0)
    }
}
