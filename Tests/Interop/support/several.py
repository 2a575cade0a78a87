"""All scenarios in one session with `mcpo --config`: each sees its own server only, under that server's own names.

A scenario written for one server calls `add`; here its client calls `everything__add`, and of merged lists it gets the
part that is its server's. What it notes must be what it notes without mcpo, less what `without_the_merging` names.
"""

import functools
import json
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.types import Implementation, PromptReference

from support.callbacks import callbacks_noting_in
from support.play import Scenario, Stage, negotiated, run
from support.routes import mcpo_binary
from support.transcript import PATIENCE, Transcript

NAME = "io.modelcontextprotocol/serverInfo"
START_PATIENCE = 4 * PATIENCE
LISTS = ("tools", "prompts", "resources", "resourceTemplates")


class OneServer:
    """A client of several servers, as a client of one of them."""

    def __init__(self, client: Client, name: str, schemes: tuple[str, ...]) -> None:
        self._client, self._prefix, self._schemes = client, f"{name}__", schemes

    def __getattr__(self, attribute: str) -> Any:
        return getattr(self._client, attribute)

    async def list_tools(self, **options: Any) -> Any:
        return self._own("tools", await self._client.list_tools(**options))

    async def list_prompts(self, **options: Any) -> Any:
        return self._own("prompts", await self._client.list_prompts(**options))

    async def list_resources(self, **options: Any) -> Any:
        found = await self._client.list_resources(**options)
        return found.model_copy(update={"resources": [one for one in found.resources if self._is_own(one.uri)]})

    async def list_resource_templates(self, **options: Any) -> Any:
        found = await self._client.list_resource_templates(**options)
        own = [one for one in found.resource_templates if self._is_own(one.uri_template)]
        return found.model_copy(update={"resource_templates": own})

    async def call_tool(self, tool: str, *arguments: Any, **options: Any) -> Any:
        return await self._client.call_tool(self._prefix + tool, *arguments, **options)

    async def get_prompt(self, prompt: str, *arguments: Any, **options: Any) -> Any:
        return await self._client.get_prompt(self._prefix + prompt, *arguments, **options)

    async def complete(self, ref: Any, *arguments: Any, **options: Any) -> Any:
        if isinstance(ref, PromptReference):
            ref = ref.model_copy(update={"name": self._prefix + ref.name})
        return await self._client.complete(ref, *arguments, **options)

    def _is_own(self, uri: Any) -> bool:
        return str(uri).startswith(self._schemes)

    def _own(self, member: str, found: Any) -> Any:
        """The entries with this server's prefix, without it."""
        entries = [
            entry.model_copy(update={"name": entry.name.removeprefix(self._prefix)})
            for entry in getattr(found, member)
            if entry.name.startswith(self._prefix)
        ]
        return found.model_copy(update={member: entries})


class Switch:
    """Where the client's callbacks and notifications go: to the transcript of the scenario that is played now."""

    def __init__(self) -> None:
        self.current = Transcript()

    @property
    def callbacks(self) -> list[dict[str, Any]]:
        return self.current.callbacks

    async def notification(self, message: Any) -> None:
        await self.current.notification(message)


@asynccontextmanager
async def all_in_one(
    scenarios: dict[str, Scenario], mode: str, switch: Switch, directories: dict[str, Path], place: Path
) -> AsyncIterator[Client]:
    """The SDK's client in front of one mcpo with the servers of all scenarios."""
    servers: dict[str, Any] = {}
    for name, scenario in scenarios.items():
        command = scenario.command(directories[name])
        environment = {"PYTHONDONTWRITEBYTECODE": "1", **scenario.environment}
        servers[name] = {
            "command": command[0], "args": command[1:], "cwd": str(directories[name]), "env": environment,
        }  # fmt: skip
    file = place / "servers.json"
    file.write_text(json.dumps({"mcpServers": servers}))
    with (place / "stderr").open("w+") as stderr:
        parameters = StdioServerParameters(command=str(mcpo_binary()), args=["--config", str(file)], cwd=place)
        client = Client(
            stdio_client(parameters, errlog=stderr),
            mode=mode,
            client_info=Implementation(name="interop", version="1"),
            read_timeout_seconds=2 * START_PATIENCE,
            message_handler=switch.notification,
            input_required_max_rounds=4,
            **callbacks_noting_in(switch),
        )
        try:
            async with client:
                yield client
        except BaseException:
            stderr.seek(0)
            print(f"stderr of mcpo:\n{stderr.read()}")
            raise


async def all_there(client: Client, names: list[str]) -> None:
    """Busy machines start nine Python servers in more than the five seconds that mcpo waits. Then their tools come with
    `list_changed`, of which clients are told in another way in each era: this looks again."""
    with anyio.fail_after(START_PATIENCE):
        while True:
            tools = (await client.list_tools(cache_mode="bypass")).tools
            if set(names) <= {tool.name.partition("__")[0] for tool in tools}:
                return
            await anyio.sleep(0.1)


Part = tuple[str, Scenario]
"""The name of a server, and what is played with it."""


async def play_all(
    parts: dict[str, Part], schemes: dict[str, tuple[str, ...]], mode: str
) -> dict[str, dict[str, Any]]:
    """What each scenario noted, one after the other in one session. Scenarios of one server share its process."""
    scenarios: dict[str, Scenario] = {}
    for server, scenario in parts.values():
        scenarios.setdefault(server, scenario)
    seen: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory(prefix="mcpo-interop-") as name:
        place = Path(name).resolve()
        directories = {one: place / one for one in scenarios}
        for one, scenario in scenarios.items():
            directories[one].mkdir()
            scenario.prepare(directories[one])
        switch = Switch()
        async with all_in_one(scenarios, mode, switch, directories, place) as client:
            await all_there(client, list(scenarios))
            for label, (server, scenario) in parts.items():
                switch.current = Transcript()
                switch.current.replacements[str(directories[server])] = "<directory>"
                own = OneServer(client, server, schemes.get(server, ("none:",)))
                stage = Stage(own, switch.current, directories[server])
                await negotiated(stage)
                await scenario.script(stage)
                seen[label] = switch.current.comparable()
    return seen


def without_the_merging(transcript: dict[str, Any]) -> dict[str, Any]:
    """What is mcpo's own by intent in front of several servers (SPEC §3): the handshake, and of a list how long it is
    good and for whom, which is the smallest of all servers'. Where client and server are of different eras, a modern
    server's name stays in each of its results, and a legacy server's results are marked as complete."""
    steps = [without_the_list(step) for step in transcript["steps"] if step["step"] != "handshake"]
    return {**transcript, "steps": [without_the_bridge(step) for step in steps]}


def without_the_list(step: dict[str, Any]) -> dict[str, Any]:
    result = step.get("result")
    members = [one for one in LISTS if isinstance(result, dict) and one in result]
    return {**step, "result": {members[0]: result[members[0]]}} if members else step


def without_the_bridge(step: dict[str, Any]) -> dict[str, Any]:
    result = step.get("result")
    if not isinstance(result, dict):
        return step
    meta = {key: value for key, value in (result.get("_meta") or {}).items() if key != NAME}
    rest = {key: value for key, value in result.items() if key != "_meta"}
    if rest.get("resultType") == "complete":
        del rest["resultType"]
    return {**step, "result": {**rest, "_meta": meta} if meta else rest}


@functools.cache
def directly(scenario: Scenario, mode: str) -> dict[str, Any]:
    return anyio.run(run, scenario, mode, "direct")
