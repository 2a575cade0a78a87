// What the client of the mesh world asks for: calls of every kind, to every server.

import MCPOCore

/// Makes the client's requests.
struct MeshScript {
    let scenario: MeshScenario
    private(set) var made = 0
    private var identities = IdentityMaker(start: 100)

    init(_ scenario: MeshScenario) {
        self.scenario = scenario
    }

    private var isModern: Bool { scenario.client == .modern }

    /// The next request.
    mutating func next(_ dice: inout Dice) -> MeshRequest {
        let server = dice.roll(scenario.servers.count)
        switch dice.roll(100) {
        case 0..<66: return call(server, dice.pick(MeshTool.all), &dice)
        case 66..<76: return list(dice.pick(EntryList.Kind.allCases), &dice)
        case 76..<82 where scenario.servers[server].hasPrompts: return prompt(server, &dice)
        case 82..<90 where scenario.servers[server].hasResources: return read(server, &dice)
        case 90..<93 where scenario.servers[server].hasResources && !isModern:
            return subscribe(server, &dice)
        case 93..<94 where scenario.isGateway && scenario.servers.count > 1:
            return unknown(&dice)
        case 94..<95 where !isModern: return ping(&dice)
        default: return call(server, MeshTool.all[0], &dice)
        }
    }

    mutating func call(
        _ server: Int, _ tool: MeshTool, _ dice: inout Dice
    ) -> MeshRequest {
        let request = make(.callTool, server, &dice)
        request.tool = tool
        request.target = tool.name
        let key = dice.roll(MeshScenario.keys)
        let odd = dice.pick(["1.0E+2", "12345678901234567890.5", #""\u00e9\/""#])
        if tool.isShared {
            request.equality = "\(server) \(tool.name) \(key)"
            request.arguments = Array(#"{"key":\#(key),"x":1.0E+2}"#.utf8)
        } else {
            request.arguments = Array(
                #"{"key":\#(key), "x":\#(odd),"n":\#(request.nonce)}"#.utf8)
        }
        request.key = key
        request.isLong = dice.percent(scenario.longCalls)
        let arguments = String(decoding: request.arguments, as: UTF8.self)
        let name = scenario.exposed(tool.name, of: server)
        finish(request, [#""name":"\#(name)""#, #""arguments":\#(arguments)"#], &dice)
        return request
    }

    mutating func list(_ kind: EntryList.Kind, _ dice: inout Dice) -> MeshRequest {
        let request = make(kind.meshMethod, scenario.isGateway ? nil : 0, &dice)
        request.equality = "\(kind)"
        finish(request, [], &dice)
        return request
    }

    private mutating func prompt(_ server: Int, _ dice: inout Dice) -> MeshRequest {
        let request = make(.getPrompt, server, &dice)
        request.target = "greet"
        request.arguments = Array(#"{"n":"\#(request.nonce)"}"#.utf8)
        let arguments = String(decoding: request.arguments, as: UTF8.self)
        let name = scenario.exposed("greet", of: server)
        finish(request, [#""name":"\#(name)""#, #""arguments":\#(arguments)"#], &dice)
        return request
    }

    mutating func read(_ server: Int, _ dice: inout Dice) -> MeshRequest {
        let request = make(.readResource, server, &dice)
        if dice.percent(20) {
            request.target = "mesh://\(scenario.name(server))/t/\(request.nonce)"
        } else {
            let key = dice.roll(MeshScenario.keys)
            request.key = key
            request.target = MeshLists.uri(scenario.name(server), key)
            request.equality = request.target
        }
        finish(request, [#""uri":"\#(request.target)""#], &dice)
        return request
    }

    private mutating func subscribe(_ server: Int, _ dice: inout Dice) -> MeshRequest {
        let method = dice.percent(70) ? Method.subscribeResource : .unsubscribeResource
        let request = make(method, server, &dice)
        let key = dice.roll(MeshScenario.keys)
        request.target = MeshLists.uri(scenario.name(server), key)
        finish(request, [#""uri":"\#(request.target)""#], &dice)
        return request
    }

    private mutating func unknown(_ dice: inout Dice) -> MeshRequest {
        let request = make(.callTool, nil, &dice)
        request.isUnknown = true
        if request.nonce % 2 == 0 {
            request.supposedServer = request.nonce / 2 % scenario.servers.count
        }
        let prefix = request.supposedServer.map(scenario.name) ?? "nobody"
        let name = "\(prefix)__has_\(request.nonce)"
        finish(request, [#""name":"\#(name)""#, #""arguments":{}"#], &dice)
        return request
    }

    private mutating func ping(_ dice: inout Dice) -> MeshRequest {
        let request = make(.ping, scenario.isGateway ? nil : 0, &dice)
        finish(request, [], &dice)
        return request
    }

    /// The client's first words.
    mutating func opening(_ dice: inout Dice) -> MeshRequest {
        let server = scenario.isGateway ? nil : 0
        if isModern {
            let request = make(.discover, server, &dice)
            finish(request, [], &dice)
            return request
        }
        let request = make(.initialize, server, &dice)
        finish(
            request,
            [
                #""protocolVersion":"2025-11-25","capabilities":{"roots":{}}"#,
                #""clientInfo":{"name":"sim","version":"1"}"#,
            ], &dice)
        return request
    }

    /// A modern client's wish to hear of changes.
    mutating func listen(_ dice: inout Dice) -> MeshRequest {
        let request = make(.listen, scenario.isGateway ? nil : 0, &dice)
        finish(
            request,
            [
                #""notifications":{"toolsListChanged":true,"promptsListChanged":true,"#
                    + #""resourcesListChanged":true}"#
            ], &dice)
        return request
    }

    private mutating func make(
        _ method: Method, _ server: Int?, _ dice: inout Dice
    ) -> MeshRequest {
        made += 1
        return MeshRequest(
            nonce: 1_000 + made, id: identities.next(&dice), method: method, server: server)
    }

    /// Writes the request's line.
    private func finish(_ request: MeshRequest, _ members: [String], _ dice: inout Dice) {
        var meta = [#""nonce":\#(request.nonce)"#]
        if isModern {
            meta.append(#""io.modelcontextprotocol/protocolVersion":"2026-07-28""#)
            meta.append(#""io.modelcontextprotocol/clientInfo":{"name":"sim","version":"1"}"#)
            meta.append(#""io.modelcontextprotocol/clientCapabilities":{}"#)
        }
        if request.isCall, dice.percent(scenario.tokens) {
            request.token = Array("\"t\(request.nonce)\"".utf8)
            meta.append(#""progressToken":"t\#(request.nonce)""#)
        }
        let all = members + [#""_meta":{\#(meta.joined(separator: ","))}"#]
        let id = String(decoding: request.id.verbatim, as: UTF8.self)
        request.line = Array(
            (#"{"jsonrpc":"2.0","id":\#(id),"method":"\#(request.method.name)","#
                + #""params":{\#(all.joined(separator: ","))}}"#).utf8)
    }
}
