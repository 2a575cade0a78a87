"""Plays a scenario with the SDK's client on both routes, and asserts that the client could not tell them apart."""

import functools
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from types import MappingProxyType
from typing import Any

import anyio
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.shared.exceptions import MCPError
from mcp.types import Implementation

from support.callbacks import callbacks_noting_in
from support.routes import ROUTES, through
from support.transcript import PATIENCE, Played, Transcript, lanes, plain

Script = Callable[["Stage"], Awaitable[None]]


@dataclass
class Stage:
    """What a script is given: the connected client, where to note, and the run's own directory."""

    client: Client
    transcript: Transcript
    directory: Path

    async def step(self, name: str, outcome: Awaitable[Any]) -> Any:
        return await self.transcript.step(name, outcome)

    async def call(self, name: str, tool: str, arguments: dict[str, Any] | None = None, **options: Any) -> Any:
        """Calls a tool as the step `name`, noting its progress."""
        options.setdefault("progress_callback", self.transcript.progress(name))
        return await self.step(name, self.client.call_tool(tool, arguments or {}, **options))

    @property
    def modern(self) -> bool:
        return self.client.protocol_version == "2026-07-28"


@dataclass(frozen=True, eq=False)
class Scenario:
    """A server and what a client does with it.

    `command` is given the run's own empty directory, which `prepare` may fill first; `client` holds further
    arguments of the SDK's client.
    """

    command: Callable[[Path], list[str]]
    script: Script
    prepare: Callable[[Path], None] = lambda directory: None
    environment: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    client: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


@asynccontextmanager
async def connected(
    command: list[str], mode: str, transcript: Transcript, directory: Path, scenario: Scenario
) -> AsyncIterator[Client]:
    """The SDK's client on a new process of `command`, whose stderr is shown if anything goes wrong."""
    environment = {"PYTHONDONTWRITEBYTECODE": "1", **scenario.environment}
    with tempfile.TemporaryFile("w+") as stderr:
        parameters = StdioServerParameters(command=command[0], args=command[1:], env=environment, cwd=directory)
        client = Client(
            stdio_client(parameters, errlog=stderr),
            mode=mode,
            client_info=Implementation(name="interop", version="1"),
            read_timeout_seconds=PATIENCE,
            message_handler=transcript.notification,
            **callbacks_noting_in(transcript),
            **scenario.client,
        )
        try:
            async with client:
                yield client
        except BaseException:
            stderr.seek(0)
            print(f"stderr of {command}:\n{stderr.read()}", file=sys.stderr)
            raise


async def negotiated(stage: Stage) -> None:
    """Notes what the handshake told the client, whole."""
    session = stage.client.session
    stage.transcript.steps.append({
        "step": "handshake",
        "result": {
            "version": stage.client.protocol_version,
            "initialized": plain(session.initialize_result),
            "discovered": plain(session.discover_result),
        },
    })


def as_it_is(command: list[str]) -> list[str]:
    return command


async def run(
    scenario: Scenario, mode: str, route: str, wrap: Callable[[list[str]], list[str]] = as_it_is
) -> dict[str, Any]:
    """One run, from the start of the server to its end. `wrap` may put a recorder before what the client starts."""
    transcript = Transcript()
    with tempfile.TemporaryDirectory(prefix="mcpo-interop-") as name:
        directory = Path(name).resolve()
        transcript.replacements[str(directory)] = "<directory>"
        scenario.prepare(directory)
        command = wrap(through(route, scenario.command(directory)))
        try:
            async with connected(command, mode, transcript, directory, scenario) as client:
                stage = Stage(client, transcript, directory)
                await negotiated(stage)
                await scenario.script(stage)
        except MCPError as error:
            transcript.steps.append({"step": "connection", "error": plain(error.error)})
        return transcript.comparable()


@functools.cache
def both_routes(scenario: Scenario, mode: str) -> dict[str, dict[str, Any] | Exception]:
    """What became of both routes. They run at the same time, and once however many tests look at them."""
    outcomes: dict[str, dict[str, Any] | Exception] = {}

    async def one(route: str) -> None:
        try:
            with anyio.fail_after(4 * PATIENCE):
                outcomes[route] = await run(scenario, mode, route)
        except Exception as error:  # kept for every test of this scenario, which would else all wait for it again
            outcomes[route] = error

    async def both() -> None:
        async with anyio.create_task_group() as group:
            for route in ROUTES:
                group.start_soon(one, route)

    anyio.run(both)
    return outcomes


def play(scenario: Scenario, mode: str, route: str) -> Played:
    """The transcript of one route; for mcpo's, after asserting that it equals the direct one."""
    outcomes = both_routes(scenario, mode)
    for outcome in (outcomes["direct"], outcomes[route]):
        if isinstance(outcome, Exception):
            raise outcome
    if route == "mcpo":
        assert_same(outcomes["mcpo"], outcomes["direct"])
    return Played(outcomes[route])


def assert_same(mcpo: dict[str, Any], direct: dict[str, Any]) -> None:
    """Compares step by step, so that a failure names the first difference."""
    for of_mcpo, of_direct in zip_longest(mcpo["steps"], direct["steps"]):
        assert of_mcpo == of_direct, "a step went otherwise through mcpo"
    assert mcpo["callbacks"] == direct["callbacks"], "the client was asked otherwise through mcpo"
    assert lanes(mcpo["notifications"]) == lanes(direct["notifications"]), "mcpo changed notifications"
