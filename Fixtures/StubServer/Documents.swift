// What the stub says about itself.

/// JSON that never changes.
enum Documents {
    static let info = #"{"name":"stub","version":"1.0.0"}"#

    static let capabilities =
        #"{"tools":{"listChanged":true},"resources":{"subscribe":true},"prompts":{},"#
        + #""completions":{},"logging":{}}"#

    static let discovery =
        #"{"supportedVersions":["2026-07-28"],"capabilities":\#(capabilities),"#
        + #""_meta":{"io.modelcontextprotocol/serverInfo":\#(info)},"ttlMs":0,"#
        + #""cacheScope":"private"}"#

    static let prompts =
        #"[{"name":"greet","description":"Greets somebody.","#
        + #""arguments":[{"name":"name","required":true}]}]"#

    static let resources = #"[{"uri":"stub://notes","name":"notes","mimeType":"text/plain"}]"#

    static let templates = #"[{"uriTemplate":"stub://notes/{number}","name":"note"}]"#

    static let tools =
        "["
        + [
            tool("echo", "Answers with its text.", "text", "string", isReadOnly: true),
            tool("add", "Adds a and b.", "a", "number", isReadOnly: true),
            tool("sleep", "Answers after ms milliseconds.", "ms", "integer", isReadOnly: true),
            tool("progress", "Reports progress in steps, then answers.", "steps", "integer"),
            tool("big", "Answers with so many bytes of text.", "bytes", "integer"),
            tool("ask", "Asks the client: elicitation, sampling or roots.", "kind", "string"),
            tool("die", "Dies by status or signal; after: nothing, partial or answer.", "status"),
            tool("garbage", "Prints lines that are no messages, then answers.", "lines"),
            tool("twice", "Answers twice.", "text", "string"),
            tool("unknown", "Answers a request that nobody made, then its own.", "id"),
            tool("flood", "Sends count notifications of bytes each, then answers.", "count"),
            tool("deaf", "Answers, then stops reading stdin until a file appears.", "until"),
            tool("silent", "Never answers.", "text", "string"),
            tool("stderr", "Writes its text to stderr, times over, then answers.", "text"),
            tool("spawn", "Leaves a process in its group that ignores SIGTERM.", "count"),
            tool("close", "Closes stdout and lives on.", "text"),
            tool("pid", "Answers with its process number.", "text"),
            tool("session", "Answers with what the client has set up.", "text"),
            tool("surroundings", "Answers with working directory and a variable.", "variable"),
            tool("touch", "Reports a resource as changed.", "uri", "string"),
            tool("append", "Adds a line to a file, then answers.", "line", "string"),
            tool("raw", "Sends a line as it is, in hexadecimal, then answers.", "hex", "string"),
        ].joined(separator: ",") + "]"

    private static func tool(
        _ name: String, _ description: String, _ property: String, _ type: String? = nil,
        isReadOnly: Bool = false
    ) -> String {
        let schema = type.map { #"{"type":"\#($0)"}"# } ?? "{}"
        return #"{"name":"\#(name)","description":"\#(description)","inputSchema":"#
            + #"{"type":"object","properties":{"\#(property)":\#(schema)}},"#
            + #""annotations":{"readOnlyHint":\#(isReadOnly)}}"#
    }
}
