// What the simulated server knows: it lives outside of its processes and survives them.
//
//     versions  [a: 7, b: 2, c: 9]     counted up by each change, of a client or of others
//     lists     [tools: 3, …]          the same of the four lists

import MCPOCore

/// The state behind the server.
struct Database {
    var versions = [1, 1, 1]
    var lists = Array(repeating: 1, count: listMethods.count)

    /// The lists, in the order of `lists`.
    static let listMethods: [(name: String, method: Method)] = [
        ("tools/list", .listTools), ("prompts/list", .listPrompts),
        ("resources/list", .listResources), ("resources/templates/list", .listResourceTemplates),
    ]

    /// What the server says when a list has changed, by the list's place.
    static let notices = ["tools", "prompts", "resources", "resources"]

    static func uri(of key: Int) -> String { "db://item/\(key)" }

    /// The version of what an answer depends on; it only ever grows.
    func version(of matter: Matter) -> Int {
        switch matter {
        case .nothing: 0
        case .key(let key): versions[key]
        case .everything: versions.reduce(0, +)
        case .list(let place): lists[place]
        }
    }
}

/// Writes what the server answers.
struct AnswerWriter {
    let habits: CachedServerHabits

    func answer(_ execution: Execution, _ version: Int, _ dice: inout Dice) -> [UInt8] {
        let number = String(decoding: execution.number, as: UTF8.self)
        let body: String
        switch execution.outcome {
        case .refusal, .trouble:
            let code = execution.outcome == .trouble ? -32_603 : dice.pick([-32_602, -32_002])
            body =
                #""error":{"code":\#(code),"message":"no","data":{"exec":\#(execution.serial)}}"#
        default:
            body = #""result":{\#(members(execution, version, &dice).joined(separator: ","))}"#
        }
        return Array(#"{"jsonrpc":"2.0","id":\#(number),\#(body)}"#.utf8)
    }

    private func members(
        _ execution: Execution, _ version: Int, _ dice: inout Dice
    ) -> [String] {
        let isModern = execution.era == .modern
        var members = [#""exec":\#(execution.serial)"#, #""version":\#(version)"#]
        switch execution.method {
        case .initialize: members += initialization(execution)
        case .listTools: members += tools(execution)
        case .callTool: members.append(#""content":[]"#)
        default: break
        }
        if execution.outcome == .failure { members.append(#""isError":true"#) }
        if execution.outcome == .inputRequired {
            members.append(#""resultType":"input_required","requestState":"s""#)
        } else if execution.outcome == .task {
            members.append(#""task":{"taskId":"t"}"#)
        } else if isModern {
            members.append(#""resultType":"complete""#)
        }
        if let lifetime = execution.lifetime { members.append(#""ttlMs":\#(lifetime)"#) }
        switch dice.roll(5) {
        case 0: members.append(#""_meta":{}"#)
        case 1: members.append(#""_meta":{"own":1}"#)
        default: break
        }
        if habits.padding > 0 {
            let padding = String(repeating: "x", count: dice.roll(habits.padding))
            members.insert("\"pad\":\"\(padding)\"", at: dice.roll(members.count))
        }
        return members
    }

    private func initialization(_ execution: Execution) -> [String] {
        let line = execution.question?.line ?? []
        let revision = line.contains("2025-03-26") ? "2025-03-26" : "2025-11-25"
        return [
            #""protocolVersion":"\#(revision)""#,
            #""capabilities":{"tools":{"listChanged":true},"resources":{"subscribe":true}}"#,
        ]
    }

    private func tools(_ execution: Execution) -> [String] {
        let half = SimulatedTool.all.count / 2
        var tools = SimulatedTool.all[...]
        if habits.hasPages {
            tools = execution.isLastPage ? tools[half...] : tools[..<half]
        }
        let list = tools.map { #"{"name":"\#($0.name)","annotations":{\#($0.hints)}}"# }
        var members = [#""tools":[\#(list.joined(separator: ","))]"#]
        if !execution.isLastPage { members.append(#""nextCursor":"2""#) }
        return members
    }
}
