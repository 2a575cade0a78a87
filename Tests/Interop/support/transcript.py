"""What one client saw in one run, in a form that two runs can be compared by."""

import itertools
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
from mcp.shared.exceptions import MCPError
from pydantic import BaseModel, ValidationError

PATIENCE = 15
"""Seconds that anything awaited may take. Far above what is normal: a test waits for events, never for time."""


def plain(value: Any) -> Any:
    """A model as the JSON it came from: members that were not on the wire stay out, unknown ones stay in."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True, exclude_unset=True)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


def without_mcpo(value: Any) -> Any:
    """`value` less what mcpo adds by intent (SPEC §5, §8): its metrics tool, and a hit's mark and remaining time.

    This list is the whole difference that a client may ever see. A hit's `ttlMs` is what remains of the server's, which
    is whole minutes in these tests.
    """
    if isinstance(value, list):
        return [without_mcpo(item) for item in value if not is_metrics_tool(item)]
    if not isinstance(value, dict):
        return value
    kept = {key: without_mcpo(item) for key, item in value.items() if key != "mcpo/cache"}
    if kept.get("_meta") == {} and value["_meta"] != {}:
        del kept["_meta"]
    is_hit = isinstance(value.get("_meta"), dict) and "mcpo/cache" in value["_meta"]
    if is_hit and isinstance(kept.get("ttlMs"), int):
        kept["ttlMs"] = -(-kept["ttlMs"] // 60_000) * 60_000
    return kept


def is_metrics_tool(item: Any) -> bool:
    return isinstance(item, dict) and item.get("name") == "mcpo_metrics" and "inputSchema" in item


class Transcript:
    """Steps with their outcome and progress, notifications in order of arrival, and what the server asked for."""

    def __init__(self) -> None:
        self.steps: list[dict[str, Any]] = []
        self.notifications: list[dict[str, Any]] = []
        self.callbacks: list[dict[str, Any]] = []
        self.replacements: dict[str, str] = {}
        """Texts that differ from run to run, such as a temporary directory, and what to read for them."""
        self._arrival = anyio.Event()

    async def step(self, name: str, outcome: Awaitable[Any]) -> Any:
        """Awaits a request and notes what came of it; a failure is noted, not raised."""
        entry: dict[str, Any] = {"step": name}
        self.steps.append(entry)
        try:
            with anyio.fail_after(PATIENCE):
                result = await outcome
        except MCPError as error:
            entry["error"] = plain(error.error)
        except (RuntimeError, ValidationError) as error:
            entry["raised"] = f"{type(error).__name__}: {error}"
        else:
            entry["result"] = plain(result)
            return result

    def progress(self, name: str) -> Callable[..., Awaitable[None]]:
        """A progress callback that notes under its step's name."""
        heard: list[list[Any]] = []
        self.steps.append({"step": f"progress of {name}", "result": heard})

        async def note(progress: float, total: float | None, message: str | None) -> None:
            heard.append([progress, total, message])
            self.arrived()

        return note

    async def notification(self, message: Any) -> None:
        """The client's message handler."""
        self.notifications.append(plain(message) if isinstance(message, BaseModel) else {"fault": repr(message)})
        self.arrived()

    def arrived(self) -> None:
        self._arrival.set()
        self._arrival = anyio.Event()

    async def until(self, happened: Callable[[], bool]) -> None:
        """Waits until `happened`, looking again whenever something arrives."""
        with anyio.fail_after(PATIENCE):
            while not happened():
                await self._arrival.wait()

    async def notified(self, count: int) -> None:
        """Waits until that many notifications have arrived in all."""
        await self.until(lambda: len(self.notifications) >= count)

    def comparable(self) -> dict[str, Any]:
        """All of it, with what differs from run to run replaced."""
        everything = {"steps": self.steps, "notifications": self.notifications, "callbacks": self.callbacks}
        text = json.dumps(without_mcpo(everything))
        for found, replacement in self.replacements.items():
            text = text.replace(json.dumps(found)[1:-1], replacement)
        return json.loads(with_streams_renumbered(text))


def with_streams_renumbered(text: str) -> str:
    """The SDK numbers its listen streams through the whole process, so in every run other than the one before."""
    names: dict[str, str] = {}
    numbers = itertools.count(1)
    return re.sub(r'"listen-\d+"', lambda found: names.setdefault(found[0], f'"<listen {next(numbers)}>"'), text)


def lanes(notifications: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Notifications by what they belong to: a call, a stream or the connection. Only within one is there an order."""
    by_lane: dict[str, list[dict[str, Any]]] = {}
    for notification in notifications:
        parameters = notification.get("params") or {}
        stream = (parameters.get("_meta") or {}).get("io.modelcontextprotocol/subscriptionId")
        by_lane.setdefault(f"call {parameters.get('progressToken')}, stream {stream}", []).append(notification)
    return by_lane


class Played:
    """A finished transcript, with what the tests ask of it."""

    def __init__(self, content: dict[str, Any]) -> None:
        self.content = content
        self.notifications: list[dict[str, Any]] = content["notifications"]
        self.callbacks: list[dict[str, Any]] = content["callbacks"]

    def _step(self, name: str) -> dict[str, Any]:
        found = [step for step in self.content["steps"] if step["step"] == name]
        assert len(found) == 1, f"{len(found)} steps are named {name!r}"
        return found[0]

    def result(self, name: str) -> Any:
        step = self._step(name)
        assert "result" in step, f"{name!r} failed: {step}"
        return step["result"]

    def error(self, name: str) -> dict[str, Any]:
        step = self._step(name)
        assert "error" in step, f"{name!r} did not fail with a JSON-RPC error: {step}"
        return step["error"]

    def raised(self, name: str) -> str:
        return self._step(name)["raised"]

    def text(self, name: str) -> str:
        """The text of a tool's only content block."""
        (block,) = self.result(name)["content"]
        return block["text"]

    def progress(self, name: str) -> list[list[Any]]:
        return self.result(f"progress of {name}")

    def methods(self) -> list[str]:
        return [notification["method"] for notification in self.notifications]
