"""A server written with the SDK's first generation: legacy only, and all that `auto` has to find that out by."""

import pytest

from support.play import Scenario, Stage, play
from support.routes import INTEROP, sdk1_python


async def use(stage: Stage) -> None:
    await stage.step("list", stage.client.list_tools())
    await stage.call("add", "add", {"a": 2, "b": 3})
    await stage.call("ask", "ask_model", {"question": "old?"})
    await stage.step("read", stage.client.read_resource("old://thing"))


SDK1 = Scenario(lambda directory: [str(sdk1_python()), str(INTEROP / "servers" / "sdk1.py")], use)


def test_a_client_that_can_shake_hands_uses_the_server_in_the_legacy_era(mode, route):
    seen = play(SDK1, mode, route)
    if mode == "2026-07-28":
        assert seen.error("list")["code"] == seen.error("add")["code"] == seen.error("read")["code"] == -32602
        return
    assert seen.result("handshake")["version"] == "2025-11-25"
    assert seen.result("handshake")["initialized"]["instructions"] == "from the first generation"
    assert seen.result("add")["structuredContent"] == {"result": 5}
    assert seen.result("read")["contents"][0]["text"] == "old"


@pytest.mark.modes("legacy", "auto")
def test_a_call_that_samples_logs_and_reports_progress_does_so_in_order(mode, route):
    seen = play(SDK1, mode, route)
    assert seen.text("ask") == "answer to 'old?'"
    assert seen.progress("ask") == [[1, 2, "asking"], [2, 2, "answered"]]
    assert seen.methods() == ["notifications/progress", "notifications/message", "notifications/progress"]
