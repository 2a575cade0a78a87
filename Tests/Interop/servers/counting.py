"""A server that says how often it has run a tool for each key; the tool takes half a second."""

from collections import Counter

import anyio
from mcp.server.mcpserver import MCPServer
from mcp.types import ToolAnnotations

server = MCPServer("counting")
executions: Counter[str] = Counter()


@server.tool(annotations=ToolAnnotations(read_only_hint=True))
async def slow_lookup(key: str) -> str:
    executions[key] += 1
    told = f"execution {executions[key]} of {key}"
    await anyio.sleep(0.5)
    return told


server.run()
