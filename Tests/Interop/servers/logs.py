"""Logging: `logging/setLevel` for legacy clients, a level in each request's `_meta` for modern ones."""

import anyio
from mcp import types
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

LEVELS = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"]
threshold = "info"


async def set_level(ctx, params):
    global threshold
    threshold = params.level
    return types.EmptyResult()


async def list_tools(ctx, params):
    return types.ListToolsResult(tools=[types.Tool(name="speak", input_schema={"type": "object"})])


async def call_tool(ctx, params):
    """One message at every level that the client wants; at a modern client the SDK itself decides."""
    modern = ctx.protocol_version == "2026-07-28"
    for level in LEVELS if modern else LEVELS[LEVELS.index(threshold) :]:
        data = {"level": level, "list": [1, 2.5, None], "text": "ünï\ncode"}
        await ctx.session.send_log_message(level, data, logger=f"logs.{level}", related_request_id=ctx.request_id)
    return types.CallToolResult(content=[types.TextContent(type="text", text="spoken")])


async def main() -> None:
    server = Server(
        "logs", version="1", on_list_tools=list_tools, on_call_tool=call_tool, on_set_logging_level=set_level
    )
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


if __name__ == "__main__":
    anyio.run(main)
