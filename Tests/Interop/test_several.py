"""Several servers in one file: real ones and our own, compared with what the SDK's client gets from each directly."""

import functools
from typing import Any

import anyio
import pytest

from support.play import Scenario, Stage
from support.routes import own_server
from support.several import directly, play_all, without_the_merging
from test_callbacks import INPUT_REQUIRED, REQUESTS
from test_changes import events
from test_features import RESOURCES, TOOLS
from test_first_generation import SDK1
from test_logging import LOGS
from test_progress import CANCELLATION, PROGRESS
from test_reference_servers import FETCH, REPOSITORY, SQLITE, TIME

CHANGES = {"what": ["tools", "live://a"]}


async def news(stage: Stage) -> None:
    """Changes that are some: mcpo does not tell of a list that has changed and is as before."""
    client = stage.client
    await stage.step("before", client.list_tools(cache_mode="bypass"))
    if stage.modern:
        lists, uris = client.listen(tools_list_changed=True), client.listen(resource_subscriptions=["live://a"])
        async with lists as lists, uris as uris:
            await stage.call("change", "change", CHANGES)
            await stage.step("list event", events(lists, 1))
            await stage.step("uri event", events(uris, 1))
    else:
        await stage.step("subscribe", client.subscribe_resource("live://a"))
        await stage.call("change", "change", CHANGES)
        await stage.transcript.notified(2)
    await stage.step("after", client.list_tools(cache_mode="bypass"))
    await stage.step("read after", client.read_resource("live://a", cache_mode="bypass"))


NEWS = Scenario(lambda directory: own_server("changes"), news)

PARTS = {
    "time": ("time", TIME),
    "git": ("git", REPOSITORY),
    "sqlite": ("sqlite", SQLITE),
    "fetch": ("fetch", FETCH),
    "tools": ("everything", TOOLS),
    "resources": ("everything", RESOURCES),
    "progress": ("everything", PROGRESS),
    "cancellation": ("everything", CANCELLATION),
    "requests": ("callbacks", REQUESTS),
    "rounds": ("callbacks", INPUT_REQUIRED),
    "logs": ("logs", LOGS),
    "first generation": ("sdk1", SDK1),
    "news": ("changes", NEWS),
}
"""What is played, in this order, each with the server of this name in the file."""

SCHEMES = {
    "sqlite": ("memo:",), "everything": ("text:", "bytes:", "note:"), "callbacks": ("asked:",), "changes": ("live:",),
}  # fmt: skip
"""Whose resources are whose."""

UNKNOWN_HERE = ("unknown", "unknown tool", "unknown prompt")
"""Names that no server has: mcpo says so itself."""

OF_THE_SERVERS_ERA = ("argument missing", "set level")
"""Whose errors differ between the eras of the server: that it is one is all that can be compared."""

UNBRIDGED = {
    ("legacy", "requests"): "a server of both eras is spoken to in the modern way, and can ask a legacy client nothing",
    ("legacy", "rounds"): "what a modern server asks for is not asked of a legacy client",
    ("legacy", "logs"): "the level of a legacy client is not told to a modern server",
    ("auto", "first generation"): "what a legacy server asks for is not asked of a modern client",
}


@functools.cache
def played(mode: str) -> dict[str, dict[str, Any]] | Exception:
    try:
        return anyio.run(play_all, PARTS, SCHEMES, mode)
    except Exception as error:  # kept, as every test would else wait for it again
        return error


def seen_in(mode: str) -> dict[str, dict[str, Any]]:
    outcome = played(mode)
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


@pytest.mark.parametrize("name", PARTS)
@pytest.mark.modes("legacy", "auto")
def test_each_server_of_a_file_is_what_it_is_directly(mode, name):
    if (mode, name) in UNBRIDGED:
        pytest.xfail(UNBRIDGED[mode, name])
    mine = without_the_merging(seen_in(mode)[name])
    its = without_the_merging(directly(PARTS[name][1], mode))
    assert [step["step"] for step in mine["steps"]] == [step["step"] for step in its["steps"]]
    for of_mcpo, of_direct in zip(mine["steps"], its["steps"], strict=True):
        if of_mcpo["step"] in UNKNOWN_HERE:
            assert of_mcpo["error"]["code"] in ((-32602, -32002) if mode == "legacy" else (-32602,))
        elif of_mcpo["step"] in OF_THE_SERVERS_ERA:
            assert ("error" in of_mcpo) == ("error" in of_direct)
        else:
            assert of_mcpo == of_direct
    assert mine["callbacks"] == its["callbacks"]


@pytest.mark.modes("legacy", "auto")
def test_progress_and_news_reach_the_client(mode):
    """In the legacy era all of it; in the modern one what the client listens to."""
    names = ["sqlite", "news", "progress"] if mode == "legacy" else ["news", "progress"]
    for name in names:
        mine, its = seen_in(mode)[name]["notifications"], directly(PARTS[name][1], mode)["notifications"]
        assert sorted(one["method"] for one in mine) == sorted(one["method"] for one in its), name
