// What the system knows of processes: read from /proc.
//
// Every process under test carries a mark in its environment, which its descendants inherit and
// mcpo's watchdog, a fork, shares: whoever still carries it when mcpo is gone has been left behind.

import Foundation

/// One process.
struct ProcessEntry: CustomStringConvertible {
    let number: pid_t
    let parent: pid_t
    /// `Z` is a zombie.
    let state: Character
    let name: String

    var description: String { "\(number) \(name) (\(state), child of \(parent))" }

    /// Reads `/proc/NUMBER/stat`; nil when there is no such process.
    init?(_ number: pid_t) {
        guard let text = try? String(contentsOfFile: "/proc/\(number)/stat", encoding: .utf8),
            let open = text.firstIndex(of: "("), let close = text.lastIndex(of: ")")
        else { return nil }
        let fields = text[text.index(after: close)...].split(separator: " ")
        guard fields.count > 2, let state = fields[0].first, let parent = pid_t(fields[1])
        else { return nil }
        self.number = number
        self.parent = parent
        self.state = state
        name = String(text[text.index(after: open)..<close])
    }
}

/// Looks into /proc.
enum ProcessTable {
    static var numbers: [pid_t] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { pid_t($0) }
    }

    /// Processes, zombies apart, with the mark in their environment. (A zombie has none.)
    static func marked(_ mark: String) -> [ProcessEntry] {
        let wanted = Data(mark.utf8)
        return numbers.compactMap { number in
            guard let environment = FileManager.default.contents(atPath: "/proc/\(number)/environ"),
                environment.range(of: wanted) != nil
            else { return nil }
            return ProcessEntry(number)
        }
    }

    static func children(of parent: pid_t) -> [ProcessEntry] {
        numbers.compactMap { ProcessEntry($0) }.filter { $0.parent == parent }
    }

    static func openDescriptors(of process: pid_t) throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/fd").count
    }

    /// A line of `/proc/NUMBER/status` in KiB, such as `VmHWM`, the most memory ever resident.
    static func kibibytes(_ key: String, of process: pid_t) throws -> Int {
        let text = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
        for line in text.split(separator: "\n") where line.hasPrefix("\(key):") {
            let digits = line.filter(\.isNumber)
            if let number = Int(digits) { return number }
        }
        throw Failure("no \(key) in /proc/\(process)/status")
    }
}
