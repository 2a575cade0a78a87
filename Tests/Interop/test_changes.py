"""Subscriptions and list changes: on the connection (legacy) or on a `subscriptions/listen` stream (2026-07-28)."""

import dataclasses

import pytest

from support.play import Scenario, Stage, play
from support.routes import own_server

EVERYTHING = {"what": ["tools", "live://a", "prompts", "live://b", "resources"]}


async def subscribe(stage: Stage) -> None:
    """What works for legacy clients and is refused to modern ones."""
    client = stage.client
    await stage.step("before", client.read_resource("live://a", cache_mode="bypass"))
    await stage.step("subscribe", client.subscribe_resource("live://a"))
    await stage.call("change", "change", EVERYTHING)
    if not stage.modern:
        await stage.transcript.notified(4)
    await stage.step("after", client.read_resource("live://a", cache_mode="bypass"))
    await stage.step("unsubscribe", client.unsubscribe_resource("live://a"))
    await stage.call("change again", "change", {"what": ["live://a", "tools"]})
    await stage.step("tools after", client.list_tools(cache_mode="bypass"))


async def listen(stage: Stage) -> None:
    """What works for modern clients and is refused to legacy ones."""
    client = stage.client
    if not stage.modern:
        await stage.step("listen", client.listen(tools_list_changed=True).__aenter__())
        return
    lists = client.listen(tools_list_changed=True, prompts_list_changed=True, resources_list_changed=True)
    async with lists as lists, client.listen(resource_subscriptions=["live://a"]) as uris:
        await stage.step("lists honoured", answered(lists.honored))
        await stage.step("uris honoured", answered(uris.honored))
        await stage.call("change", "change", EVERYTHING)
        await stage.step("list events", events(lists, 3))
        await stage.step("uri events", events(uris, 1))
        await stage.step("tools", client.list_tools(cache_mode="bypass"))
    async with client.listen(tools_list_changed=True) as ended:
        await stage.call("close", "close_streams")
        await stage.step("events until the end", all_events(ended))
    await stage.call("change unheard", "change", EVERYTHING)


async def answered(value: object) -> object:
    return value


async def events(stream, count: int) -> list[dict]:
    return [described(await anext(stream)) for _ in range(count)]


async def all_events(stream) -> list[dict]:
    return [described(event) async for event in stream]


def described(event) -> dict:
    return {"event": type(event).__name__, **dataclasses.asdict(event)}


SUBSCRIBE = Scenario(lambda directory: own_server("changes"), subscribe)
LISTEN = Scenario(lambda directory: own_server("changes"), listen)


def test_a_legacy_client_hears_of_subscribed_resources_and_changed_lists(mode, route):
    seen = play(SUBSCRIBE, mode, route)
    if mode != "legacy":
        assert seen.error("subscribe")["code"] == seen.error("unsubscribe")["code"] == -32601
        assert seen.notifications == []
        return
    assert seen.methods() == [
        "notifications/tools/list_changed",
        "notifications/resources/updated",
        "notifications/prompts/list_changed",
        "notifications/resources/list_changed",
        "notifications/tools/list_changed",
    ]
    assert seen.notifications[1]["params"] == {"uri": "live://a"}


def test_what_is_read_after_a_change_is_new(mode, route):
    seen = play(SUBSCRIBE, mode, route)
    assert seen.result("before")["contents"][0]["text"] == "generation 0"
    assert seen.result("after")["contents"][0]["text"] == "generation 1"
    names = [tool["name"] for tool in seen.result("tools after")["tools"]]
    assert names == ["change", "close_streams", "grown_0", "grown_1"]


def test_a_modern_client_holds_two_streams_and_each_gets_its_own_events(mode, route):
    seen = play(LISTEN, mode, route)
    if mode == "legacy":
        assert "ListenNotSupportedError" in seen.raised("listen")
        return
    assert seen.result("lists honoured")["toolsListChanged"] is True
    assert seen.result("uris honoured") == {"resourceSubscriptions": ["live://a"]}
    kinds = [event["event"] for event in seen.result("list events")]
    assert kinds == ["ToolsListChanged", "PromptsListChanged", "ResourcesListChanged"]
    assert seen.result("uri events") == [{"event": "ResourceUpdated", "uri": "live://a"}]
    assert "grown_0" in [tool["name"] for tool in seen.result("tools")["tools"]]


@pytest.mark.modes("auto", "2026-07-28")
def test_events_carry_the_id_of_the_stream_that_they_belong_to(mode, route):
    seen = play(LISTEN, mode, route)
    ids = {}
    for notification in seen.notifications:
        stream = notification["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"]
        ids.setdefault(stream, []).append(notification["method"])
    assert {stream: len(methods) for stream, methods in ids.items()} == {"<listen 1>": 3, "<listen 2>": 1}


@pytest.mark.modes("auto", "2026-07-28")
def test_a_stream_that_the_server_closes_ends_without_an_error_and_silence_follows(mode, route):
    seen = play(LISTEN, mode, route)
    assert seen.result("events until the end") == []
    assert seen.text("change unheard") == "generation 2"
    assert len(seen.notifications) == 4
