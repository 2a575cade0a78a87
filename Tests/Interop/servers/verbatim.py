"""A server without an SDK, to compare bytes: it answers with prepared text and can show the lines it was sent.

It speaks both eras, and writes ids and tokens back as the text they came as. Its tools: `bytes` answers with a result
that no JSON library would write that way; `mirror` shows the request's line; `progress` reports progress, then
answers; `hang` reports progress and never answers; `heard` shows the ids of all `hang` calls and the lines of all
`notifications/cancelled`; `ask` sends a request with an odd id, and shows the line of the client's answer.
With `--stubborn` it does not leave at the end of its stdin; a signal is needed.
By hand it wants PYTHONPATH=Tests/Interop.
"""

import json
import sys
import threading

from support.rawjson import members

RESULT = (
    r'{ "content":[ {"type":"text","text":"\u00e9\/\ud83d\ude42 é"} ] ,"resultType":"complete","isError":false,'
    r'"structuredContent":{"big":123456789012345678901234567890,"exp":1.0E+2,"tiny":-0.0,"z":1,"a":{"":null}},'
    r'"x-unknown":[[],{},1e400]}'
)
ERROR = r'{"code":-32602,"message":"Unknown tool: \u00e9","data":{"n":1.0, "m":[ ]},"x-unknown":1e400}'
SERVER = '"serverInfo":{"name":"verbatim","version":"1.0"}'
CAPABILITIES = r'"capabilities":{"tools":{ "listChanged":false },"experimental":{"x\/y":{"n":1.50}}}'
INITIALIZED = '{"protocolVersion":"2025-11-25",%s,%s}' % (CAPABILITIES, SERVER)
DISCOVERED = (
    '{"supportedVersions":["2026-07-28"],%s,"resultType":"complete","ttlMs":0,"cacheScope":"private",'
    '"_meta":{"io.modelcontextprotocol/%s}}' % (CAPABILITIES, SERVER[1:])
)
TOOLS = json.dumps({
    "tools": [
        {"name": name, "inputSchema": {"type": "object"}, "annotations": {"readOnlyHint": False}}
        for name in ("bytes", "mirror", "progress", "hang", "heard", "ask")
    ],
    "resultType": "complete", "ttlMs": 0, "cacheScope": "private",
})
PROGRESS = r'{"progressToken":%s,"progress":0.10000000000000000001,"x":"\u002f"}'
ASK_ID, ASK_PARAMS = r'"ask\u002fme 🙂"', '{"x":1.00}'

hanging: list[str] = []
cancellations: list[str] = []
asking: list[str] = []


def send(line: str) -> None:
    sys.stdout.buffer.write(line.encode() + b"\n")
    sys.stdout.buffer.flush()


def answer(identifier: str, result: str, member: str = "result") -> None:
    send('{"jsonrpc":"2.0","id":%s,"%s":%s}' % (identifier, member, result))


def show(identifier: str, value: str) -> None:
    answer(identifier, json.dumps({"content": [{"type": "text", "text": value}], "resultType": "complete"}))


def report_progress(params: str) -> None:
    token = members(members(params)["_meta"])["progressToken"]
    send('{"jsonrpc":"2.0","method":"notifications/progress","params":%s}' % (PROGRESS % token))


def call(identifier: str, params: str, line: str) -> None:
    match json.loads(params)["name"]:
        case "bytes":
            answer(identifier, RESULT)
        case "mirror":
            show(identifier, line)
        case "progress":
            report_progress(params)
            show(identifier, "done")
        case "hang":
            hanging.append(identifier)
            report_progress(params)
        case "heard":
            show(identifier, json.dumps({"hanging": hanging, "cancellations": cancellations}))
        case "ask":
            asking.append(identifier)
            send('{"jsonrpc":"2.0","id":%s,"method":"roots/list","params":%s}' % (ASK_ID, ASK_PARAMS))
        case _:
            answer(identifier, ERROR, "error")


def handle(line: str) -> None:
    message = members(line)
    identifier = message.get("id", "null")
    match json.loads(message.get("method", "null")):
        case None:
            show(asking.pop(0), line)
        case "notifications/cancelled":
            cancellations.append(line)
        case "initialize":
            answer(identifier, INITIALIZED)
        case "server/discover":
            answer(identifier, DISCOVERED)
        case "tools/list":
            answer(identifier, TOOLS)
        case "tools/call":
            call(identifier, message["params"], line)
        case _ if "id" in message:
            answer(identifier, '{"code":-32601,"message":"Method not found"}', "error")


if __name__ == "__main__":
    for raw in sys.stdin.buffer:
        handle(raw.decode().rstrip("\n"))
    if "--stubborn" in sys.argv:
        threading.Event().wait()
