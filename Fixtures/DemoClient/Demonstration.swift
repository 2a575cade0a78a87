// The script: a session as a client has it, a call, and a server that dies in the middle of one.

/// The demonstration of `make run`.
enum Demonstration {
    /// Runs the script; returns the exit code for the process.
    static func run(mcpo: String, server: [String]) -> Int32 {
        let command = [mcpo, "--log-level", "warning", "--"] + server
        print("A client starts:  \(command.joined(separator: " "))\n")
        guard let client = Client(command: command) else {
            print("mcpo could not be started")
            return 1
        }
        let isComplete = talk(client)
        print("\nThe client closes the stream.")
        let (code, milliseconds) = client.finish()
        print("mcpo and its server are gone after \(milliseconds) ms, exit code \(code).")
        return isComplete && code == 0 ? 0 : 1
    }

    private static func talk(_ client: Client) -> Bool {
        print("1. The handshake. The id is the client's own, escapes and all, both ways.")
        let opening = client.call(
            id: #""init\u002d1""#, "initialize",
            #"{"protocolVersion":"2025-11-25","capabilities":{},"#
                + #""clientInfo":{"name":"demo","version":"1"}}"#)
        guard let opening else { return false }
        client.notify("notifications/initialized")
        if opening.member("capabilities")?.member("tools") == nil {
            print("\n2. This server has no tools; a ping instead.")
            return client.call(id: "2", "ping", "{}") != nil
        }
        print("\n2. What can the server do?")
        guard let list = client.call(id: "2", "tools/list", "{}") else { return false }
        let tools = list.elements("tools").compactMap { $0.member("name")?.text }
        print("   Its tools: \(tools.joined(separator: ", "))")
        print("\n3. A call.")
        if tools.contains("echo"), tools.contains("die") { return callStub(client) }
        guard let tool = list.elements("tools").first(where: \.needsNoArgument)?.member("name")
        else {
            print("   Every tool of this server needs arguments; a ping instead.")
            return client.call(id: "3", "ping", "{}") != nil
        }
        return client.call(id: "3", "tools/call", #"{"name":\#(tool.json),"arguments":{}}"#) != nil
    }

    /// The bundled server can do what no real one should.
    private static func callStub(_ client: Client) -> Bool {
        let echo = #"{"name":"echo","arguments":{"text":"hello","odd":1.50e+007}}"#
        guard client.call(id: "3", "tools/call", echo) != nil else { return false }
        print("\n4. The same call with its arguments in another order: the cache answers.")
        let again = #"{"arguments":{"odd":1.50e+007,"text":"hello"},"name":"echo"}"#
        guard client.call(id: "4", "tools/call", again) != nil else { return false }
        print("\n5. A huge id, and a call in the middle of which the server dies.")
        let died = client.call(
            id: "12345678901234567890123", "tools/call", #"{"name":"die","arguments":{"status":1}}"#
        )
        guard died != nil else { return false }
        print("\n6. The next call. mcpo has started the server again and repeated the handshake.")
        return client.call(id: "6", "tools/call", echo) != nil
    }
}
