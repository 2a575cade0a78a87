// A configuration file as a tree: values, where each of them begins, and the way to each of them.

/// A value of the file.
struct FileNode: Equatable, Sendable {
    enum Value: Equatable, Sendable {
        case null
        case scalar(Scalar)
        case array([FileNode])
        case object([FileMember])
    }

    var value: Value
    /// Where it begins, in bytes from the start of the file.
    var offset: Int

    /// What it is, for a person.
    /// - Parameter isSecret: whether what it says may not be shown.
    func kind(isSecret: Bool = false) -> String {
        switch value {
        case .null: "null"
        case .scalar(let scalar): isSecret ? "what is there" : scalar.shown
        case .array: "an array"
        case .object: "an object"
        }
    }

    /// The first member of this name; nil also of what is no object.
    func member(_ name: String) -> FileMember? {
        guard case .object(let members) = value else { return nil }
        return members.first { $0.name == name }
    }
}

/// A key of an object with its value.
struct FileMember: Equatable, Sendable {
    var name: String
    /// Where the key begins.
    var offset: Int
    var node: FileNode
}

/// A value without parts.
package enum Scalar: Equatable, Sendable {
    /// As the file writes it: `1e3` and `1000` differ.
    case number(String)
    case string(String)
    case bool(Bool)
    /// Text that may stand for anything: an option's value, an environment variable's, a string that
    /// had a variable in it. `shown` is what may be shown of it.
    case text(String, shown: String)

    /// As the file writes it, cut when it is long.
    var shown: String {
        switch self {
        case .number(let lexeme): Self.cut(lexeme)
        case .bool(let value): value ? "true" : "false"
        case .string(let text), .text(_, let text): "\"\(Self.cut(text))\""
        }
    }

    /// Longer than any value that has a meaning; a slip may be a whole file.
    private static let longest = 80

    fileprivate static func cut(_ text: String) -> String {
        text.utf8.count > longest ? String(text.prefix(longest)) + "…" : text
    }
}

/// A step on the way to a value.
enum PathStep: Equatable, Sendable, ExpressibleByStringLiteral {
    case key(String)
    case index(Int)

    init(stringLiteral name: String) { self = .key(name) }
}

/// The way to a value, from the outermost object.
typealias FilePath = [PathStep]

extension FilePath {
    /// `mcpServers.github.args[1]`; a key that has other characters than letters, digits and `_-*?/`
    /// stands in quotes.
    var text: String {
        var text = ""
        for step in self {
            switch step {
            case .index(let index): text += "[\(index)]"
            case .key(let name):
                if !text.isEmpty { text += "." }
                let shown = Scalar.cut(name)
                text += Self.isPlain(name) ? shown : "\"\(shown)\""
            }
        }
        return text
    }

    private static func isPlain(_ name: String) -> Bool {
        !name.isEmpty
            && name.utf8.allSatisfy { byte in
                "*?/".utf8.contains(byte)
                    || ServerConfiguration.isNameByte(byte) && byte != UInt8(ascii: ".")
            }
    }
}

/// A place as editors count: both from 1, a character of Unicode being one column.
struct FilePosition: Equatable {
    var line = 1
    var column = 1

    /// - Parameter offset: in bytes.
    init(_ offset: Int, in bytes: [UInt8]) {
        for byte in bytes.prefix(offset) {
            if byte == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
        }
        // The mark that some editors put in front is no character.
        if line == 1, offset >= 3, bytes.starts(with: JSONCParser.byteOrderMark) { column -= 1 }
    }
}
