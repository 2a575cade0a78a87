"""What a server may ask of a client: sampling, elicitation and roots, in the way of each era.

The `ask_*` tools send a request of their own, which only the legacy era allows. The others answer with an
`InputRequiredResult` (2026-07-28), over several rounds, for tools, prompts and resources alike.
"""

import json
from typing import Any

import anyio
from mcp.server.mcpserver import Context, MCPServer
from mcp.types import (
    CreateMessageRequest,
    CreateMessageRequestParams,
    ElicitRequest,
    ElicitRequestFormParams,
    InputRequiredResult,
    ListRootsRequest,
    ModelHint,
    ModelPreferences,
    SamplingMessage,
    TextContent,
)
from pydantic import BaseModel, Field

server = MCPServer("callbacks", version="1")

QUESTION = {"type": "object", "properties": {"name": {"type": "string", "title": "Name"}}, "required": ["name"]}


class Preferences(BaseModel):
    """The form of `ask_user`: one field of each primitive kind."""

    name: str = Field(description="how you want to be called", max_length=20)
    age: int = 42
    ratio: float = 0.5
    sure: bool = False


def user_says(text: str) -> list[SamplingMessage]:
    return [SamplingMessage(role="user", content=TextContent(type="text", text=text))]


def plain(value: Any) -> str:
    """Pydantic models inside `value`, as one line of JSON."""

    def dump(model: BaseModel) -> Any:
        return model.model_dump(mode="json", by_alias=True, exclude_none=True)

    return json.dumps(value, default=dump, ensure_ascii=False)


@server.tool()
async def ask_model(question: str, ctx: Context) -> str:
    answer = await ctx.session.create_message(
        user_says(question),
        max_tokens=100,
        system_prompt="Be brief.",
        temperature=0.25,
        stop_sequences=["\n\n"],
        model_preferences=ModelPreferences(hints=[ModelHint(name="small")], speed_priority=1.0),
        metadata={"trace": ["x", 1]},
        related_request_id=ctx.request_id,
    )
    return plain(answer)


@server.tool()
async def ask_user(ctx: Context) -> str:
    return plain(await ctx.elicit("Who are you?", Preferences))


@server.tool()
async def ask_user_elsewhere(ctx: Context) -> str:
    answer = await ctx.elicit_url("Please sign in", "https://example.com/sign-in?x=1&y=2", "elicitation-1")
    await ctx.session.send_elicit_complete("elicitation-1", related_request_id=ctx.request_id)
    return plain(answer)


@server.tool()
async def ask_roots(ctx: Context) -> str:
    return plain(await ctx.session.list_roots())


@server.tool()
async def ask_twice_at_once(ctx: Context) -> str:
    """Two requests of the server in flight together, answered in the opposite order."""
    answers: dict[str, Any] = {}

    async def ask(question: str) -> None:
        answer = await ctx.session.create_message(
            user_says(question), max_tokens=10, related_request_id=ctx.request_id
        )
        answers[question] = answer.content

    async with anyio.create_task_group() as group:
        group.start_soon(ask, "first: answer after the second")
        group.start_soon(ask, "second")
    return plain(dict(sorted(answers.items())))


@server.tool()
async def ask_for_life(ctx: Context) -> str:
    await ctx.session.send_ping()
    return "alive"


def first_round() -> InputRequiredResult:
    """One input request of each kind, and a state to be echoed."""
    return InputRequiredResult(
        input_requests={
            "who": ElicitRequest(params=ElicitRequestFormParams(message="Who?", requested_schema=QUESTION)),
            "what": CreateMessageRequest(
                params=CreateMessageRequestParams(messages=user_says("What?"), max_tokens=5)
            ),
            "where": ListRootsRequest(),
        },
        request_state="after round 1: ünï\u2028code",
    )


@server.tool()
async def interview(ctx: Context) -> str | InputRequiredResult:
    """Three rounds: everything at once, then a state alone, then a last question."""
    state = json.loads(ctx.request_state) if (ctx.request_state or "").startswith("{") else None
    if ctx.request_state is None:
        return first_round()
    if state is None:
        heard = json.loads(plain(dict(sorted((ctx.input_responses or {}).items()))))
        return InputRequiredResult(request_state=json.dumps({"state": ctx.request_state, "heard": heard}))
    if "why" not in (ctx.input_responses or {}):
        why = ElicitRequest(params=ElicitRequestFormParams(message="Why?", requested_schema=QUESTION))
        return InputRequiredResult(input_requests={"why": why}, request_state=ctx.request_state)
    return plain({**state, "why": ctx.input_responses["why"]})


@server.tool()
async def never_satisfied(ctx: Context) -> str | InputRequiredResult:
    """Asks again whatever it is told; the client gives up."""
    again = ElicitRequest(params=ElicitRequestFormParams(message="Again?", requested_schema=QUESTION))
    return InputRequiredResult(input_requests={"again": again}, request_state="again")


@server.prompt()
async def letter(ctx: Context) -> Any:
    return f"Dear {plain(ctx.input_responses['who'])}" if ctx.request_state else first_round()


@server.resource("asked://{topic}")
async def asked(topic: str, ctx: Context) -> Any:
    return f"{topic}: {plain(ctx.input_responses['what'])}" if ctx.request_state else first_round()


if __name__ == "__main__":
    server.run("stdio")
