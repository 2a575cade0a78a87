"""Subscriptions and list changes, as each era has them.

Legacy clients call `resources/subscribe` and get `resources/updated` and `list_changed` on the connection; modern
ones hold a `subscriptions/listen` stream. `change` announces in the way of whoever called it.
"""

import anyio
from mcp import types
from mcp.server.lowlevel import NotificationOptions, Server
from mcp.server.stdio import stdio_server
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler
from mcp.shared.subscriptions import PromptsListChanged, ResourcesListChanged, ResourceUpdated, ToolsListChanged

EVENTS = {"tools": ToolsListChanged, "prompts": PromptsListChanged, "resources": ResourcesListChanged}

bus = InMemorySubscriptionBus()
listening = ListenHandler(bus)
subscribed: set[str] = set()
generation = 0


async def list_tools(ctx, params):
    names = ["change", "close_streams", *(f"grown_{n}" for n in range(generation))]
    tools = [types.Tool(name=name, input_schema={"type": "object"}) for name in names]
    return types.ListToolsResult(tools=tools, ttl_ms=0, cache_scope="private")


async def announce_to_legacy(ctx, kind: str) -> None:
    send = {
        "tools": ctx.session.send_tool_list_changed,
        "prompts": ctx.session.send_prompt_list_changed,
        "resources": ctx.session.send_resource_list_changed,
    }
    if kind in send:
        await send[kind]()
    elif kind in subscribed:
        await ctx.session.send_resource_updated(kind)


async def call_tool(ctx, params):
    """`change` with `{"what": [...]}`: names of lists, or URIs."""
    global generation
    if params.name == "close_streams":
        listening.close()
    elif params.name == "change":
        generation += 1
        for kind in params.arguments["what"]:
            if ctx.protocol_version == "2026-07-28":
                await bus.publish(EVENTS[kind]() if kind in EVENTS else ResourceUpdated(uri=kind))
            else:
                await announce_to_legacy(ctx, kind)
    return types.CallToolResult(content=[types.TextContent(type="text", text=f"generation {generation}")])


async def list_resources(ctx, params):
    resource = types.Resource(uri="live://a", name="a")
    return types.ListResourcesResult(resources=[resource], ttl_ms=0, cache_scope="private")


async def read_resource(ctx, params):
    text = types.TextResourceContents(uri=params.uri, text=f"generation {generation}")
    return types.ReadResourceResult(contents=[text], ttl_ms=0, cache_scope="private")


async def list_prompts(ctx, params):
    return types.ListPromptsResult(prompts=[], ttl_ms=0, cache_scope="private")


async def subscribe(ctx, params):
    subscribed.add(str(params.uri))
    return types.EmptyResult()


async def unsubscribe(ctx, params):
    subscribed.discard(str(params.uri))
    return types.EmptyResult()


async def main() -> None:
    server = Server(
        "changes",
        version="1",
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=list_resources,
        on_read_resource=read_resource,
        on_list_prompts=list_prompts,
        on_subscribe_resource=subscribe,
        on_unsubscribe_resource=unsubscribe,
        on_subscriptions_listen=listening,
    )
    options = server.create_initialization_options(NotificationOptions(True, True, True))
    async with stdio_server() as (read, write):
        await server.run(read, write, options)


if __name__ == "__main__":
    anyio.run(main)
