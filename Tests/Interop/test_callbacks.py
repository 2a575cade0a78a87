"""What servers ask of clients: requests of their own (legacy), input-required results (2026-07-28)."""

import json

import pytest

from support.play import Scenario, Stage, play
from support.routes import own_server

LEGACY_ONLY = ["ask_user", "ask_user_elsewhere", "ask_roots", "ask_twice_at_once", "ask_for_life"]


async def requests_of_the_server(stage: Stage) -> None:
    await stage.call("ask_model", "ask_model", {"question": "six times seven?"})
    await stage.call("refused", "ask_model", {"question": "refuse"})
    for tool in LEGACY_ONLY:
        await stage.call(tool, tool)
    await stage.step("roots changed", stage.client.send_roots_list_changed())


async def input_required(stage: Stage) -> None:
    await stage.call("interview", "interview")
    await stage.step("prompt", stage.client.get_prompt("letter"))
    await stage.step("resource", stage.client.read_resource("asked://weather"))
    await stage.call("never satisfied", "never_satisfied")


REQUESTS = Scenario(lambda directory: own_server("callbacks"), requests_of_the_server)
INPUT_REQUIRED = Scenario(
    lambda directory: own_server("callbacks"), input_required, client={"input_required_max_rounds": 4}
)


def test_sampling_reaches_the_client_and_its_answer_the_server(mode, route):
    seen = play(REQUESTS, mode, route)
    if mode == "legacy":
        assert json.loads(seen.text("ask_model"))["content"]["text"] == "answer to 'six times seven?'"
        assert seen.callbacks[0]["params"]["modelPreferences"] == {"hints": [{"name": "small"}], "speedPriority": 1.0}
        assert seen.callbacks[0]["params"]["metadata"] == {"trace": ["x", 1]}
    else:
        assert seen.callbacks == [], "a modern server sends no requests"


def test_an_error_of_the_client_reaches_the_server(mode, route):
    seen = play(REQUESTS, mode, route)
    if mode == "legacy":
        assert seen.error("refused") == {"code": -1, "message": "the user said no", "data": {"reason": "bad mood"}}
    else:
        assert "sampling/createMessage" in seen.error("refused")["message"]


def test_elicitation_by_form_and_by_url_reaches_the_client_and_its_answer_the_server(mode, route):
    seen = play(REQUESTS, mode, route)
    if mode != "legacy":
        assert "elicitation/create" in seen.error("ask_user")["message"]
        return
    assert json.loads(seen.text("ask_user"))["data"] == {"name": "Zoë", "age": 7, "ratio": 2.0, "sure": True}
    assert json.loads(seen.text("ask_user_elsewhere")) == {"action": "decline"}
    assert "notifications/elicitation/complete" in seen.methods()
    form, url = [call["params"] for call in seen.callbacks if call["kind"] == "elicitation"]
    assert form["requestedSchema"]["properties"]["age"]["default"] == 42
    assert url["url"] == "https://example.com/sign-in?x=1&y=2"


def test_roots_and_ping_are_answered_by_the_client(mode, route):
    seen = play(REQUESTS, mode, route)
    if mode == "legacy":
        roots = json.loads(seen.text("ask_roots"))["roots"]
        assert [root["uri"] for root in roots] == ["file:///home/zo%C3%AB", "file:///srv"]
        assert seen.text("ask_for_life") == "alive"
    else:
        assert "roots/list" in seen.error("ask_roots")["message"]


@pytest.mark.modes("legacy")
def test_answers_of_the_client_in_another_order_go_to_the_right_requests(mode, route):
    answers = json.loads(play(REQUESTS, mode, route).text("ask_twice_at_once"))
    assert {question: answer["text"] for question, answer in answers.items()} == {
        "first: answer after the second": "answer to 'first: answer after the second'",
        "second": "answer to 'second'",
    }


def test_an_input_required_tool_is_answered_over_several_rounds(mode, route):
    seen = play(INPUT_REQUIRED, mode, route)
    if mode == "legacy":
        assert seen.error("interview")["code"] == -32603, "the SDK cannot say it in the legacy era"
        return
    told = json.loads(seen.text("interview"))
    assert told["state"] == "after round 1: ünï\u2028code"
    assert told["heard"]["what"]["model"] == "model-1"
    assert told["heard"]["where"]["roots"][1] == {"uri": "file:///srv"}
    assert told["why"]["content"]["name"] == "Zoë"
    assert [call["key"] for call in seen.callbacks[:4]] == ["who", "what", "where", "why"]


def test_prompts_and_resources_may_require_input_too(mode, route):
    seen = play(INPUT_REQUIRED, mode, route)
    if mode == "legacy":
        assert seen.error("prompt")["code"] == seen.error("resource")["code"] == -32603
        return
    assert "Zoë" in seen.result("prompt")["messages"][0]["content"]["text"]
    assert "answer to 'What?'" in seen.result("resource")["contents"][0]["text"]


def test_the_client_ends_a_call_that_asks_for_ever(mode, route):
    seen = play(INPUT_REQUIRED, mode, route)
    if mode == "legacy":
        assert seen.error("never satisfied")["code"] == -32603
    else:
        assert "more than 4 rounds" in seen.raised("never satisfied")
