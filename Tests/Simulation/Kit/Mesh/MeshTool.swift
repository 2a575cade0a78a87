// What the servers of the mesh world have: tools of all kinds, prompts, resources, in lists whose every
// byte is known.

import MCPOCore

/// A tool that each server has.
struct MeshTool {
    enum Kind { case read, write }

    let name: String
    let hints: String
    let kind: Kind
    /// Whether it says of itself that it may be sent twice.
    var isIdempotent = false
    /// Whether its answer depends on a key and on nothing else, so that callers may share it.
    var isShared = false

    static let all = [
        MeshTool(name: "get_item", hints: #""readOnlyHint":true"#, kind: .read, isShared: true),
        MeshTool(name: "view_echo", hints: #""readOnlyHint":true"#, kind: .read),
        MeshTool(name: "current_time", hints: #""readOnlyHint":true"#, kind: .read),
        MeshTool(
            name: "upsert_item", hints: #""readOnlyHint":false,"idempotentHint":true"#,
            kind: .write, isIdempotent: true),
        MeshTool(name: "set_item", hints: #""title":"Set""#, kind: .write),
        MeshTool(name: "drop_note", hints: #""destructiveHint":true"#, kind: .write),
        MeshTool(name: "frobnicate", hints: "", kind: .write),
    ]
}

/// The lists of a server, by version.
enum MeshLists {
    /// The entries of one version, as the server writes them.
    /// - Parameter exposed: what each is called.
    static func entries(
        _ kind: EntryList.Kind, of server: String, version: Int,
        exposed: (String) -> String = { $0 }
    ) -> [String] {
        let tail = #""by":"\#(server)","v":\#(version),"x":1.0E+2}"#
        switch kind {
        case .tools:
            return MeshTool.all.map {
                #"{"annotations":{\#($0.hints)},"name":"\#(exposed($0.name))",\#(tail)"#
            }
        case .prompts:
            return [#"{"name":"\#(exposed("greet"))",\#(tail)"#]
        case .resources:
            return (0..<MeshScenario.keys).map { #"{"uri":"\#(uri(server, $0))",\#(tail)"# }
        case .templates:
            return [#"{"uriTemplate":"mesh://\#(server)/t/{x}",\#(tail)"#]
        }
    }

    static func uri(_ server: String, _ key: Int) -> String { "mesh://\(server)/item/\(key)" }

    static func notice(_ kind: EntryList.Kind) -> String {
        switch kind {
        case .tools: "notifications/tools/list_changed"
        case .prompts: "notifications/prompts/list_changed"
        case .resources, .templates: "notifications/resources/list_changed"
        }
    }
}

extension EntryList.Kind {
    init?(meshMethod method: Method) {
        switch method {
        case .listTools: self = .tools
        case .listPrompts: self = .prompts
        case .listResources: self = .resources
        case .listResourceTemplates: self = .templates
        default: return nil
        }
    }

    var meshMethod: Method {
        switch self {
        case .tools: .listTools
        case .prompts: .listPrompts
        case .resources: .listResources
        case .templates: .listResourceTemplates
        }
    }
}
