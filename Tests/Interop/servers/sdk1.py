"""A server of the SDK's first generation: it speaks 2025-11-25 and older, and knows nothing of 2026-07-28.

It runs in the venv of requirements-sdk1.txt.
"""

import warnings

from mcp.server.fastmcp import Context, FastMCP
from mcp.types import SamplingMessage, TextContent

warnings.simplefilter("ignore")
server = FastMCP("sdk1", instructions="from the first generation")


@server.tool()
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@server.tool()
async def ask_model(question: str, ctx: Context) -> str:
    """Sampling in the middle of a call, with progress and a log message around it."""
    await ctx.report_progress(1, 2, "asking")
    message = SamplingMessage(role="user", content=TextContent(type="text", text=question))
    answer = await ctx.session.create_message([message], max_tokens=10)
    await ctx.info(f"answered by {answer.model}")
    await ctx.report_progress(2, 2, "answered")
    return answer.content.text


@server.resource("old://thing")
def thing() -> str:
    """A thing."""
    return "old"


if __name__ == "__main__":
    server.run()
