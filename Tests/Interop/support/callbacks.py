"""The client's answers to what a server asks: fixed, and noted in the transcript."""

from typing import Any

import anyio
from mcp.client.session import ClientRequestContext
from mcp.types import (
    CreateMessageRequestParams,
    CreateMessageResult,
    ElicitRequestParams,
    ElicitResult,
    ErrorData,
    ListRootsResult,
    Root,
    TextContent,
)

from support.transcript import Transcript, plain


def callbacks_noting_in(transcript: Transcript) -> dict[str, Any]:
    """The callback arguments of `Client`.

    The id of a legacy server's request is not noted, as mcpo gives it a fresh one; the keys of an
    `InputRequiredResult` are text of the server's, and are.
    """
    second_was_asked = anyio.Event()

    def note(kind: str, context: ClientRequestContext, params: Any) -> None:
        key = context.request_id if context.session.protocol_version == "2026-07-28" else None
        transcript.callbacks.append({"kind": kind, "key": key, "params": plain(params)})

    async def sample(
        context: ClientRequestContext, params: CreateMessageRequestParams
    ) -> CreateMessageResult | ErrorData:
        question = params.messages[0].content.text
        note("sampling", context, params)
        if question == "refuse":
            return ErrorData(code=-1, message="the user said no", data={"reason": "bad mood"})
        if question == "second":
            second_was_asked.set()
        elif question.startswith("first"):
            await second_was_asked.wait()
        answer = TextContent(type="text", text=f"answer to {question!r}")
        return CreateMessageResult(role="assistant", content=answer, model="model-1", stop_reason="endTurn")

    async def elicit(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        note("elicitation", context, params)
        if params.mode == "url":
            return ElicitResult(action="decline")
        # Not a fraction: the published schemas of an `ElicitResult` know whole numbers only.
        return ElicitResult(action="accept", content={"name": "Zoë", "age": 7, "ratio": 2.0, "sure": True})

    async def roots(context: ClientRequestContext) -> ListRootsResult:
        note("roots", context, None)
        return ListRootsResult(roots=[Root(uri="file:///home/zo%C3%AB", name="home"), Root(uri="file:///srv")])

    return {"sampling_callback": sample, "elicitation_callback": elicit, "list_roots_callback": roots}
