// Variables in the strings of a file:
//
//     ${NAME}            the variable's value; an error when it is not set
//     ${NAME:-default}   the default when it is not set or empty, as in a shell
//     ${env:NAME}        as ${NAME}: how VS Code and Cursor write it
//     $${                a plain ${

/// What is wrong with a variable, and what would be right.
struct ExpansionFault: Error {
    var message: String
}

enum VariableExpansion {
    /// Whether the text has anything to replace.
    static func concerns(_ text: String) -> Bool {
        var isDollar = false
        for byte in text.utf8 {
            if isDollar, byte == UInt8(ascii: "{") { return true }
            isDollar = byte == UInt8(ascii: "$")
        }
        return false
    }

    static func expand(
        _ text: String, _ environment: (String) -> String?
    ) throws(ExpansionFault) -> String {
        var expanded = ""
        var rest = Substring(text)
        while let dollar = rest.utf8.firstIndex(of: UInt8(ascii: "$")) {
            expanded += rest[..<dollar]
            rest = rest[dollar...]
            if rest.hasPrefix("$${") {
                expanded += "${"
                rest = rest.dropFirst(3)
            } else if rest.hasPrefix("${") {
                guard let end = rest.utf8.firstIndex(of: UInt8(ascii: "}")) else {
                    throw ExpansionFault(
                        message: "has ${ without }: write ${NAME}, or $${ for a plain ${")
                }
                expanded += try value(rest[..<end].dropFirst(2), environment)
                rest = rest[rest.index(after: end)...]
            } else {
                expanded += "$"
                rest = rest.dropFirst()
            }
        }
        return expanded + rest
    }

    /// The value of what stands between the braces.
    private static func value(
        _ content: Substring, _ environment: (String) -> String?
    ) throws(ExpansionFault) -> String {
        if content.hasPrefix("input:") {
            throw ExpansionFault(
                message: "has ${\(content)}, which only VS Code can ask for: set an environment "
                    + "variable and write ${NAME}")
        }
        let content = content.hasPrefix("env:") ? content.dropFirst(4) : content
        let (name, fallback) = split(content)
        guard isName(name) else {
            // A default may be a secret.
            let shown = "${\(name)\(fallback == nil ? "" : ":-…")}"
            throw ExpansionFault(
                message: "has \(shown), which is no variable: write ${NAME} or ${NAME:-default}, "
                    + "or $${ for a plain ${")
        }
        let value = environment(String(name))
        if let value, fallback == nil || !value.isEmpty { return value }
        guard let fallback else {
            throw ExpansionFault(
                message: "needs the environment variable \(name), which is not set: set it, or "
                    + "write ${\(name):-default}")
        }
        return String(fallback)
    }

    private static func split(_ content: Substring) -> (name: Substring, fallback: Substring?) {
        var previous: Substring.Index?
        for index in content.utf8.indices {
            if let previous, content.utf8[previous] == UInt8(ascii: ":"),
                content.utf8[index] == UInt8(ascii: "-")
            {
                return (content[..<previous], content[content.utf8.index(after: index)...])
            }
            previous = index
        }
        return (content, nil)
    }

    private static func isName(_ name: Substring) -> Bool {
        guard let first = name.utf8.first, !(0x30...0x39).contains(first) else { return false }
        return name.utf8.allSatisfy { byte in
            byte == UInt8(ascii: "_")
                || ServerConfiguration.isNameByte(byte) && byte != UInt8(ascii: ".")
                    && byte != UInt8(ascii: "-")
        }
    }
}
