"""Pagination with opaque cursors, and the 2026-07-28 freshness hints (`ttlMs`, `cacheScope`)."""

import anyio
from mcp import types
from mcp.server.caching import CacheHint
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPError

COUNT, PAGE = 7, 3
# A cursor is the server's business: anything may be in it, and it must come back unchanged.
CURSOR = "after {0} «=/+?&%20» \\ \" 🙂"
CURSORS = {CURSOR.format(start): start for start in range(0, COUNT, PAGE)}


def page(params: types.PaginatedRequestParams | None) -> tuple[range, str | None]:
    """The numbers on the asked page and the cursor of the next."""
    cursor = params.cursor if params else None
    if cursor is not None and cursor not in CURSORS:
        raise MCPError(code=types.INVALID_PARAMS, message="no such cursor", data={"cursor": cursor})
    start = CURSORS[cursor] if cursor is not None else 0
    end = min(start + PAGE, COUNT)
    return range(start, end), CURSOR.format(end) if end < COUNT else None


async def list_tools(ctx, params):
    numbers, following = page(params)
    tools = [types.Tool(name=f"tool_{n}", input_schema={"type": "object"}) for n in numbers]
    return types.ListToolsResult(tools=tools, next_cursor=following)


async def call_tool(ctx, params):
    return types.CallToolResult(content=[types.TextContent(type="text", text=params.name)])


async def list_resources(ctx, params):
    numbers, following = page(params)
    resources = [types.Resource(uri=f"page://{n}", name=str(n)) for n in numbers]
    return types.ListResourcesResult(resources=resources, next_cursor=following)


async def list_templates(ctx, params):
    numbers, following = page(params)
    templates = [types.ResourceTemplate(uri_template=f"page{n}://{{x}}", name=str(n)) for n in numbers]
    return types.ListResourceTemplatesResult(resource_templates=templates, next_cursor=following)


async def read_resource(ctx, params):
    text = types.TextResourceContents(uri=params.uri, text="read")
    return types.ReadResourceResult(contents=[text], ttl_ms=1234, cache_scope="private")


async def list_prompts(ctx, params):
    numbers, following = page(params)
    return types.ListPromptsResult(prompts=[types.Prompt(name=f"prompt_{n}") for n in numbers], next_cursor=following)


async def main() -> None:
    server = Server(
        "pages",
        version="1",
        cache_hints={
            "server/discover": CacheHint(ttl_ms=60_000, scope="public"),
            "tools/list": CacheHint(ttl_ms=3_600_000, scope="public"),
            "resources/list": CacheHint(ttl_ms=5_000, scope="private"),
        },
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=list_resources,
        on_list_resource_templates=list_templates,
        on_read_resource=read_resource,
        on_list_prompts=list_prompts,
    )
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


if __name__ == "__main__":
    anyio.run(main)
