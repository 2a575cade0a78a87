"""Progress, cancellation and time-outs: what happens while a call is under way."""

import anyio

from support.play import Scenario, Stage, play
from support.routes import own_server


async def progress(stage: Stage) -> None:
    await stage.call("count", "count", {"to": 50})
    async with anyio.create_task_group() as group:
        for to in (3, 5):
            group.start_soon(stage.call, f"count to {to} beside others", "count", {"to": to})
    await stage.call("unheard", "count", {"to": 3}, progress_callback=None)


async def cancellation(stage: Stage) -> None:
    """The client's own way to cancel is to leave the call's scope."""
    begun = anyio.Event()

    async def heard(*_: object) -> None:
        begun.set()

    async with anyio.create_task_group() as group:
        group.start_soon(lambda: stage.client.call_tool("hang", {"label": "left"}, progress_callback=heard))
        with anyio.fail_after(15):
            await begun.wait()
        group.cancel_scope.cancel()
    await stage.call("after leaving", "cancellation")
    await stage.call("timed out", "hang", {"label": "late"}, read_timeout_seconds=0.5)
    await stage.call("after the time-out", "cancellation")
    await stage.call("still alive", "add", {"a": 1, "b": 2})


PROGRESS = Scenario(lambda directory: own_server("everything"), progress)
CANCELLATION = Scenario(lambda directory: own_server("everything"), cancellation)


def by_token(notifications: list[dict]) -> dict[int, list[float]]:
    """The progress values under each token, in order of arrival."""
    values: dict[int, list[float]] = {}
    for notification in notifications:
        assert notification["method"] == "notifications/progress"
        values.setdefault(notification["params"]["progressToken"], []).append(notification["params"]["progress"])
    return values


def test_progress_arrives_whole_and_in_order(mode, route):
    seen = play(PROGRESS, mode, route)
    assert seen.text("count") == "counted to 50"
    assert seen.progress("count") == [[step + 0.5, 50.0, f"step {step}"] for step in range(50)]


def test_progress_of_calls_beside_each_other_goes_to_the_right_one(mode, route):
    seen = play(PROGRESS, mode, route)
    for to in (3, 5):
        expected = [[step + 0.5, to, f"step {step}"] for step in range(to)]
        assert seen.progress(f"count to {to} beside others") == expected


def test_progress_notifications_carry_the_token_of_the_client_and_only_on_demand(mode, route):
    seen = play(PROGRESS, mode, route)
    assert seen.text("unheard") == "counted to 3"
    assert [len(values) for values in by_token(seen.notifications).values()] == [50, 3, 5]


def test_a_call_that_its_caller_leaves_is_cancelled_at_the_server(mode, route):
    seen = play(CANCELLATION, mode, route)
    assert seen.text("after leaving") == "left"


def test_a_call_that_times_out_at_the_client_is_cancelled_at_the_server(mode, route):
    seen = play(CANCELLATION, mode, route)
    assert seen.error("timed out")["code"] == -32001
    assert seen.text("after the time-out") == "late"
    assert seen.result("still alive")["structuredContent"]["total"] == 3
