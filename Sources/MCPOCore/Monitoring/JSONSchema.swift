// As much of JSON Schema as the schemas of mcpo's own tool need.
//
//     .object([("joined", .integer)])
//
//     {"type":"object","properties":{"joined":{"type":"integer"}},"required":["joined"]}
//
// In Swift and not as text, so that what is required cannot be forgotten and the text is on one line.

indirect enum JSONSchema: Sendable {
    case integer
    case number
    case string
    case boolean
    /// A string that is one of these.
    case word([StaticString])
    /// An object that has all of these members, and perhaps those.
    case object([(StaticString, JSONSchema)], optional: [(StaticString, JSONSchema)] = [])
    /// An object that has no other members than these, and perhaps not those.
    case options([(StaticString, JSONSchema)])
    /// An object with any keys, whose values are alike.
    case map(JSONSchema)
    case array(JSONSchema)

    func write(_ writer: inout JSONWriter) {
        writer.object {
            $0.member("type", type)
            switch self {
            case .integer, .number, .string, .boolean: break
            case .word(let words):
                $0.arrayMember("enum") { writer in
                    for word in words { writer.value(word) }
                }
            case .object(let members, let optional):
                Self.writeProperties(members + optional, &$0)
                $0.arrayMember("required") { writer in
                    for (name, _) in members { writer.value(name) }
                }
            case .options(let members):
                Self.writeProperties(members, &$0)
                $0.member("additionalProperties", false)
            case .map(let value):
                $0.key("additionalProperties")
                value.write(&$0)
            case .array(let element):
                $0.key("items")
                element.write(&$0)
            }
        }
    }

    private var type: StaticString {
        switch self {
        case .integer: "integer"
        case .number: "number"
        case .string, .word: "string"
        case .boolean: "boolean"
        case .object, .options, .map: "object"
        case .array: "array"
        }
    }

    private static func writeProperties(
        _ members: [(StaticString, JSONSchema)], _ writer: inout JSONWriter
    ) {
        writer.objectMember("properties") { writer in
            for (name, schema) in members {
                writer.key(name)
                schema.write(&writer)
            }
        }
    }
}
