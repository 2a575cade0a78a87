// What a server says about a tool: the hints of `tools/list`.
//
//     {"name":"write_file", …, "annotations":{"readOnlyHint":false,"destructiveHint":true}}
//
// A hint that is absent is not a hint that is false: without `readOnlyHint` the name decides. What
// is no boolean counts as absent, and so do hints that contradict each other by being there twice.

/// The hints of one tool; nil is not given.
package struct ToolAnnotations: Equatable, Sendable {
    package var readOnly: Bool?
    package var destructive: Bool?
    package var idempotent: Bool?
    package var openWorld: Bool?

    package init(
        readOnly: Bool? = nil, destructive: Bool? = nil, idempotent: Bool? = nil,
        openWorld: Bool? = nil
    ) {
        self.readOnly = readOnly
        self.destructive = destructive
        self.idempotent = idempotent
        self.openWorld = openWorld
    }

    /// Reads the `annotations` of a tool.
    init(_ line: RawSpan, _ annotations: JSONValue) {
        var seen = ToolAnnotations()
        var isTwice = false
        func note(_ member: inout Bool?) {
            isTwice = isTwice || member != nil
            member = true
        }
        var members = ObjectMembers(line, of: annotations)
        while let member = members.next(line) {
            let hint = Self.boolean(member.value)
            if member.isNamed("readOnlyHint", line) {
                readOnly = hint
                note(&seen.readOnly)
            } else if member.isNamed("destructiveHint", line) {
                destructive = hint
                note(&seen.destructive)
            } else if member.isNamed("idempotentHint", line) {
                idempotent = hint
                note(&seen.idempotent)
            } else if member.isNamed("openWorldHint", line) {
                openWorld = hint
                note(&seen.openWorld)
            }
        }
        if isTwice { self = ToolAnnotations() }
    }

    /// What holds of two tools of the same name, of which one does not know which will be called.
    func combined(with other: ToolAnnotations) -> ToolAnnotations {
        ToolAnnotations(
            readOnly: Self.both(readOnly, other.readOnly),
            destructive: Self.either(destructive, other.destructive),
            idempotent: Self.both(idempotent, other.idempotent),
            openWorld: Self.either(openWorld, other.openWorld))
    }

    private static func boolean(_ value: JSONValue) -> Bool? {
        switch value.kind {
        case .true: true
        case .false: false
        default: nil
        }
    }

    private static func both(_ left: Bool?, _ right: Bool?) -> Bool? {
        if left == false || right == false { return false }
        return left == true && right == true ? true : nil
    }

    private static func either(_ left: Bool?, _ right: Bool?) -> Bool? {
        if left == true || right == true { return true }
        return left == false && right == false ? false : nil
    }
}
