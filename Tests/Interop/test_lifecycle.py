"""The lives of processes: a server that dies, and a client that leaves."""

import json
import os
import signal
import time
from contextlib import suppress

import anyio
import pytest
from mcp.client.stdio import PROCESS_TERMINATION_TIMEOUT

from servers.verbatim import RESULT
from support.play import Scenario, Stage, connected
from support.processes import CAN_LOOK, gone, running
from support.routes import own_server, through
from support.transcript import PATIENCE, Transcript
from support.wire import Wire

pytestmark = pytest.mark.skipif(not CAN_LOOK, reason="this system has no /proc to find processes by")

AT_ONCE = 2
"""Seconds. A caller is told of the death itself, not by some time-out."""


VERBATIM = own_server("verbatim")
EVERYTHING = own_server("everything")


def kill_the_server(below: int, command: list[str]) -> None:
    """All of its processes: a modern server with many calls has more than one."""
    servers = running(below, command)
    assert servers
    for server in servers:
        os.kill(server, signal.SIGKILL)


def test_a_caller_is_told_at_once_that_the_server_died_and_the_next_call_works(era):
    with Wire(through("mcpo", VERBATIM), era) as wire:
        wire.open()
        for death in range(3):
            wire.call(f'"{death}"', "hang", meta='"progressToken":"t"')
            wire.notification("notifications/progress")
            kill_the_server(wire.process.pid, VERBATIM)
            error = json.loads(wire.answer(f'"{death}"', AT_ONCE)["error"])
            assert error["code"] == 1003
            assert error["data"]["mcpo"]["kind"] == "unavailable"
            assert error["data"]["mcpo"]["retrySafe"] is False
            wire.call("1", "bytes")
            assert wire.answer("1")["result"] == RESULT


def test_every_call_in_flight_is_told_and_once_only(era):
    with Wire(through("mcpo", VERBATIM), era) as wire:
        wire.open()
        for number in range(10):
            wire.call(str(number), "hang", meta='"progressToken":%d' % number)
            wire.notification("notifications/progress")
        kill_the_server(wire.process.pid, VERBATIM)
        for number in range(10):
            assert json.loads(wire.answer(str(number), AT_ONCE)["error"])["code"] == 1003
        wire.call("10", "bytes")
        wire.answer("10")
        assert wire.unclaimed == []


def test_the_sdks_client_never_reconnects_when_the_server_dies(mode, tmp_path):
    async def script(stage: Stage) -> None:
        begun = anyio.Event()

        async def kill_once_begun(*_: object) -> None:
            if not begun.is_set():
                begun.set()
                kill_the_server(os.getpid(), EVERYTHING)

        await stage.call("killed", "hang", {"label": "x"}, progress_callback=kill_once_begun)
        await stage.call("next", "add", {"a": 1, "b": 2})

    async def play() -> Transcript:
        transcript = Transcript()
        scenario = Scenario(lambda directory: EVERYTHING, script)
        command = through("mcpo", EVERYTHING)
        with anyio.fail_after(PATIENCE):
            async with connected(command, mode, transcript, tmp_path, scenario) as client:
                await script(Stage(client, transcript, tmp_path))
        return transcript

    steps = {step["step"]: step for step in anyio.run(play).steps}
    assert steps["killed"]["error"]["code"] == 1003
    assert steps["next"]["result"]["structuredContent"]["total"] == 3


def test_a_client_that_leaves_gives_two_seconds_and_nothing_is_left_after_them(era):
    """The SDK's client closes stdin, waits so long, and then sends SIGTERM to the whole process group."""
    with Wire(through("mcpo", VERBATIM), era) as wire:
        wire.open()
        servers = running(wire.process.pid, VERBATIM)
        assert len(servers) == 1
        left = time.monotonic()
        wire.process.stdin.close()
        assert wire.process.wait(PATIENCE) == 0
        assert time.monotonic() - left < PROCESS_TERMINATION_TIMEOUT
        assert gone(servers, within=1)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_no_server_outlives_mcpo_not_even_one_that_ignores_the_end_of_its_stdin(how):
    stubborn = [*VERBATIM, "--stubborn"]
    with Wire(through("mcpo", stubborn), "legacy") as wire:
        wire.open()
        servers = running(wire.process.pid, stubborn)
        assert len(servers) == 1
        wire.process.send_signal(how)
        try:
            assert wire.process.wait(PATIENCE) == (-how if how == signal.SIGKILL else 0)
            assert gone(servers, within=PATIENCE)
        finally:
            for server in servers:
                with suppress(ProcessLookupError):
                    os.kill(server, signal.SIGKILL)
