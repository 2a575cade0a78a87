// What several servers can do, as one server's capabilities.
//
//     github   {"tools":{},"resources":{"subscribe":false}}
//     files    {"resources":{"subscribe":true,"x":1},"experimental":{"e":{"v":1}}}
//     union    {"tools":{"listChanged":true},
//               "resources":{"listChanged":true,"subscribe":true,"x":1},
//               "experimental":{"e":{"v":1}}}
//
// A member that any server has is there, in the order of the servers and then of their members;
// objects are united, of booleans one that is true counts, of anything else the first. What servers
// and clients have agreed on by names of their own (`experimental`, `extensions`) is one server's as
// a whole. mcpo tells of changes of its lists itself: they come and go with whole servers.

/// Unites objects of several lines.
struct CapabilityUnion {
    /// A value of one of the lines.
    private struct Found {
        var line: Int
        var value: JSONValue
    }

    /// How a united object's members are written.
    private enum Members {
        /// `tools`, `experimental` and the like.
        case capabilities
        /// Settings of `tools`, `prompts` or `resources`, but for `listChanged`.
        case listed
        /// Settings of another one, at that depth.
        case settings(depth: Int)
        /// Each is the first server's that has it.
        case whole
    }

    /// Deeper objects are the first server's: capabilities have three levels.
    private static let deepest = 8

    private let lines: [[UInt8]]

    /// - Parameter lines: results of `initialize` or `server/discover`.
    init(_ lines: [[UInt8]]) {
        self.lines = lines
    }

    /// Writes the union.
    ///
    /// - Parameters:
    ///   - capabilities: of each of the lines, or absent.
    ///   - hasTools: whether mcpo has a tool itself.
    func write(_ capabilities: [JSONValue], hasTools: Bool, to writer: inout JSONWriter) {
        let found = capabilities.enumerated().map { Found(line: $0.offset, value: $0.element) }
        writer.object {
            let keys = members(of: found, .capabilities, to: &$0)
            guard hasTools, keys.find(Array("tools".utf8)) == nil else { return }
            $0.objectMember("tools") { $0.member("listChanged", true) }
        }
    }

    /// Writes the members that the objects have together; returns their keys.
    @discardableResult
    private func members(
        of objects: [Found], _ members: Members, to writer: inout JSONWriter
    ) -> NameIndex {
        var keys = NameIndex()
        var values: [[Found]] = []
        for object in objects {
            let text = lines[object.line]
            let line = text.span.bytes
            var walk = ObjectMembers(line, of: object.value)
            while let member = walk.next(line) {
                let found = Found(line: object.line, value: member.value)
                if let place = keys.find(line, member.key) {
                    values[place].append(found)
                    continue
                }
                var key: [UInt8] = []
                decodeJSONString(line, member.key.range, into: &key)
                // Written with very long escapes it may be there: the first one counts.
                guard keys.find(key) == nil else { continue }
                keys.add(key)
                values.append([found])
            }
        }
        for (place, values) in values.enumerated() {
            write(values, named: keys.name(place), members, to: &writer)
        }
        return keys
    }

    private func write(
        _ values: [Found], named key: [UInt8], _ members: Members, to writer: inout JSONWriter
    ) {
        let name = String(decoding: key, as: UTF8.self)
        if case .listed = members, name == "listChanged" { return }
        writer.key(key)
        switch members {
        case .capabilities: capability(values, name, to: &writer)
        case .listed: united(values, depth: 2, to: &writer)
        case .settings(let depth): united(values, depth: depth, to: &writer)
        case .whole: writer.raw(bytes(values[0]))
        }
    }

    /// Writes what the servers have under one of the capabilities' names.
    private func capability(_ values: [Found], _ name: String, to writer: inout JSONWriter) {
        switch name {
        case "tools", "prompts", "resources":
            writer.object {
                $0.member("listChanged", true)
                members(of: values, .listed, to: &$0)
            }
        case "experimental", "extensions":
            writer.object { members(of: values, .whole, to: &$0) }
        default:
            united(values, depth: 1, to: &writer)
        }
    }

    private func united(_ values: [Found], depth: Int, to writer: inout JSONWriter) {
        let objects = values.filter { $0.value.kind == .object }
        if objects.count > 1, depth < Self.deepest {
            writer.object { members(of: objects, .settings(depth: depth + 1), to: &$0) }
        } else if let object = objects.first {
            writer.raw(bytes(object))
        } else if values.contains(where: { $0.value.kind == .true }) {
            writer.value(true)
        } else {
            writer.raw(bytes(values[0]))
        }
    }

    private func bytes(_ found: Found) -> [UInt8] {
        Array(lines[found.line][found.value.range.bounds])
    }
}
