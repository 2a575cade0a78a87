"""Log messages: a level set once for the connection, or carried by each request."""

from support.play import Scenario, Stage, play
from support.routes import own_server

LEVEL = "io.modelcontextprotocol/logLevel"


async def listen(stage: Stage) -> None:
    await stage.call("by default", "speak")
    await stage.step("set level", stage.client.set_logging_level("error"))
    await stage.call("after setting", "speak")
    await stage.call("asked for", "speak", meta={LEVEL: "alert"})


LOGS = Scenario(lambda directory: own_server("logs"), listen)


def levels(notifications: list[dict]) -> list[str]:
    return [notification["params"]["level"] for notification in notifications]


def test_log_messages_come_at_the_level_that_the_client_asked_for(mode, route):
    seen = play(LOGS, mode, route)
    if mode == "legacy":
        assert seen.result("set level") == {}
        loud = ["error", "critical", "alert", "emergency"]
        # A legacy server reads no level from a request, so the last call is like the one before it.
        assert levels(seen.notifications) == ["info", "notice", "warning", *loud, *loud, *loud]
    else:
        assert seen.error("set level")["code"] == -32601
        assert levels(seen.notifications) == ["alert", "emergency"]


def test_log_messages_arrive_whole(mode, route):
    last = play(LOGS, mode, route).notifications[-1]
    assert last["method"] == "notifications/message"
    assert last["params"]["logger"] == "logs.emergency"
    assert last["params"]["data"] == {"level": "emergency", "list": [1, 2.5, None], "text": "ünï\ncode"}
