// Whether a line has what a pattern asks for: for mcpo's own errors, whose wording may change.
//
//     pattern   {"id":7,"error":{"code":1003,"data":{"mcpo":{"detail":"…signal…"}}}}
//     matches   any object with at least these members; `…` in a string stands for any text

import Foundation

/// A JSON value of which at least the given parts must be there.
struct JSONPattern {
    private let wanted: Any

    init(_ text: String) throws {
        wanted = try Self.parse(Data(text.utf8))
    }

    func matches(_ line: [UInt8]) -> Bool {
        guard let actual = try? Self.parse(Data(line)) else { return false }
        return Self.matches(wanted, actual)
    }

    private static func parse(_ data: Data) throws -> Any {
        try JSONSerialization.jsonObject(with: data, options: .fragmentsAllowed)
    }

    private static func matches(_ wanted: Any, _ actual: Any) -> Bool {
        switch (wanted, actual) {
        case (let wanted as [String: Any], let actual as [String: Any]):
            wanted.allSatisfy { key, value in actual[key].map { matches(value, $0) } ?? false }
        case (let wanted as [Any], let actual as [Any]):
            wanted.count == actual.count && zip(wanted, actual).allSatisfy { matches($0, $1) }
        case (let wanted as String, let actual as String):
            matches(wanted, actual)
        case (let wanted as NSNumber, let actual as NSNumber):
            wanted == actual
        default:
            wanted is NSNull && actual is NSNull
        }
    }

    private static func matches(_ wanted: String, _ actual: String) -> Bool {
        let parts = wanted.components(separatedBy: "…")
        guard parts.count > 1 else { return wanted == actual }
        guard actual.hasPrefix(parts[0]), actual.hasSuffix(parts[parts.count - 1]) else {
            return false
        }
        var rest = actual[...]
        for part in parts where !part.isEmpty {
            guard let found = rest.range(of: part) else { return false }
            rest = rest[found.upperBound...]
        }
        return true
    }
}
