// Which of the forms of a document a client would like best (RFC 9110 §12.5.1).
//
//     Accept: application/openmetrics-text;version=1.0.0;q=0.6,text/plain;q=0.3,*/*;q=0.1
//
//     offered              application/json   text/plain   application/openmetrics-text
//     its quality                0.1              0.3              0.6 (taken)
//
// The most specific range that fits an offer decides its quality. Of offers as good as each other
// the first is taken, and when none is acceptable too: an answer that can be read beats a refusal.

struct AcceptHeader {
    private struct Range {
        var type: ArraySlice<UInt8>
        var subtype: ArraySlice<UInt8>
        /// In thousandths.
        var quality: Int
    }

    private var ranges: [Range] = []

    /// - Parameter values: of the fields `Accept`. What is malformed is left out.
    init(_ values: [ArraySlice<UInt8>]) {
        for value in values {
            for element in value.split(separator: UInt8(ascii: ",")) {
                if let range = Self.range(element) { ranges.append(range) }
            }
        }
    }

    private static func range(_ element: ArraySlice<UInt8>) -> Range? {
        let parts = element.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false)
        let name = parts[0].trimmingBlanks().split(
            separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard name.count == 2, !name[0].isEmpty, !name[1].isEmpty else { return nil }
        var quality = 1_000
        for part in parts.dropFirst() {
            let parameter = part.trimmingBlanks()
            if parameter.prefix(2).equalsIgnoringCase("q=") {
                guard let value = thousandths(parameter.dropFirst(2)) else { return nil }
                quality = value
            }
        }
        return Range(type: name[0], subtype: name[1], quality: quality)
    }

    /// `0`, `1`, `0.5`, `0.123`.
    private static func thousandths(_ text: ArraySlice<UInt8>) -> Int? {
        guard let first = text.first, first == UInt8(ascii: "0") || first == UInt8(ascii: "1"),
            text.count <= 5
        else { return nil }
        let rest = text.dropFirst()
        guard rest.isEmpty || rest.first == UInt8(ascii: ".") else { return nil }
        var value = Int(first - UInt8(ascii: "0")) * 1_000
        var scale = 100
        for digit in rest.dropFirst() {
            guard isDigit(digit) else { return nil }
            value += Int(digit - UInt8(ascii: "0")) * scale
            scale /= 10
        }
        return min(value, 1_000)
    }

    /// The place of the best offer.
    /// - Parameter offers: types and subtypes in lower case, at least one.
    func best(of offers: [(type: StaticString, subtype: StaticString)]) -> Int {
        var best = 0
        var highest = -1
        for (place, offer) in offers.enumerated() {
            let quality = ranges.isEmpty ? 0 : quality(of: offer)
            if quality > highest { (best, highest) = (place, quality) }
        }
        return best
    }

    private func quality(of offer: (type: StaticString, subtype: StaticString)) -> Int {
        var (quality, precision) = (0, 0)
        for range in ranges {
            let isType = range.type.equalsIgnoringCase(offer.type)
            let fit =
                if isType, range.subtype.equalsIgnoringCase(offer.subtype) {
                    3
                } else if isType, range.subtype.equals("*") {
                    2
                } else if range.type.equals("*"), range.subtype.equals("*") {
                    1
                } else {
                    0
                }
            if fit > precision { (quality, precision) = (range.quality, fit) }
        }
        return quality
    }
}
