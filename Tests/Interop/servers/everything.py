"""The features that both eras share: tools, resources, prompts, completion, progress and cancellation.

Everything here is deterministic: two runs of one scenario must answer with the same bytes.
"""

import anyio
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.prompts.base import AssistantMessage, Message, UserMessage
from mcp.server.mcpserver.exceptions import ToolError
from mcp.shared.exceptions import MCPError
from mcp.types import (
    AudioContent,
    Completion,
    EmbeddedResource,
    Icon,
    ImageContent,
    PromptReference,
    ResourceLink,
    TextContent,
    TextResourceContents,
    ToolAnnotations,
)
from pydantic import BaseModel

server = MCPServer(
    "everything",
    title="Everything at once",
    description="A server that has one of each",
    instructions="Ask for anything.\nTwice, if you like: «ça va» 🙂",
    website_url="https://example.com/everything",
    icons=[Icon(src="data:image/png;base64,iVBORw0KGgo=", mime_type="image/png", sizes=["1x1"])],
    version="7.0.1-β",
)

READS = ToolAnnotations(title="A reader", read_only_hint=True, open_world_hint=False)
WRITES = ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=False)


class Sum(BaseModel):
    """Gives `add` an output schema, which the client validates answers with."""

    total: int
    digits: list[str]


@server.tool(annotations=READS, meta={"example.com/shelf": 3})
def add(a: int, b: int) -> Sum:
    """Add two whole numbers of any size."""
    return Sum(total=a + b, digits=list(str(a + b)))


@server.tool(structured_output=False)
def each_kind_of_content() -> list:
    """One content block of every kind."""
    return [
        TextContent(type="text", text='line\nbreak\ttab "quote" \\ \u2028 \x7f 🙂', _meta={"n": 1}),
        ImageContent(type="image", data="iVBORw0KGgo=", mime_type="image/png"),
        AudioContent(type="audio", data="UklGRg==", mime_type="audio/wav"),
        ResourceLink(type="resource_link", uri="text://greeting", name="greeting", size=5),
        EmbeddedResource(
            type="resource", resource=TextResourceContents(uri="text://greeting", text="hello", mime_type="text/plain")
        ),
    ]


@server.tool(structured_output=False)
def long_text(length: int) -> str:
    """A text longer than any pipe's buffer."""
    return ("0123456789abcdef" * (length // 16 + 1))[:length]


@server.tool()
def fail() -> str:
    """A failure for the model to read."""
    raise ToolError("it failed on purpose")


@server.tool()
def crash() -> str:
    """An exception that nobody foresaw; the SDK keeps its text to itself."""
    raise ZeroDivisionError("a secret")


@server.tool()
def refuse() -> str:
    """A JSON-RPC error of the server's own, with data."""
    raise MCPError(code=4711, message="refused on purpose", data={"why": ["because", None, 1.5]})


@server.tool(annotations=WRITES)
async def count(to: int, ctx: Context) -> str:
    """Report progress before answering."""
    for step in range(to):
        await ctx.report_progress(step + 0.5, to, f"step {step}")
    return f"counted to {to}"


cancelled: list[str] = []
cancellations, cancellations_seen = anyio.create_memory_object_stream[str](16)


@server.tool(annotations=WRITES)
async def hang(label: str, ctx: Context) -> str:
    """Say that it has begun, then work for ever; `cancellation` tells what ended it."""
    await ctx.report_progress(1, message=f"{label} has begun")
    try:
        await anyio.sleep_forever()
    finally:
        cancellations.send_nowait(label)
    return "never"


@server.tool(annotations=WRITES)
async def cancellation() -> str:
    """The label of the next `hang` that was cancelled; waits for it."""
    return await cancellations_seen.receive()


@server.resource("text://greeting", title="A greeting", mime_type="text/plain", meta={"a": 1})
def greeting() -> str:
    """A text."""
    return "hello"


@server.resource("bytes://zeros", mime_type="application/octet-stream")
def zeros() -> bytes:
    """A blob."""
    return bytes(range(16))


@server.resource("note://{shelf}/{name}", mime_type="text/markdown")
def note(shelf: str, name: str) -> str:
    """A template with two variables."""
    return f"# {shelf}\n{name}"


@server.prompt(title="Review")
def review(code: str, language: str = "swift") -> list[Message]:
    """A prompt with a required and an optional argument."""
    return [UserMessage(f"Review this {language}:\n{code}"), AssistantMessage("With pleasure.")]


@server.completion()
async def complete(ref, argument, context):
    """Completes for prompts and for templates, using what was chosen before."""
    if isinstance(ref, PromptReference):
        words = [word for word in ("swift", "swahili", "python") if word.startswith(argument.value)]
        return Completion(values=words, total=len(words), has_more=False)
    chosen = (context.arguments or {}) if context else {}
    return Completion(values=[f"{chosen.get('shelf', 'no shelf')}/{argument.value}…"], has_more=True)


if __name__ == "__main__":
    server.run("stdio")
