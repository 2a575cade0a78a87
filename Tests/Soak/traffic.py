"""The requests of a soak: what is asked at random, and what a right answer is."""

import asyncio
import random
import time
from typing import Any

from client import Check, Client
from world import STEADY

OUTSTANDING = 40
"""Requests without an answer at once: enough to make pools grow and calls queue."""
PAUSE = 0.002
"""Between two requests, on average: what is tested is many events, not many requests."""
OWN_ERRORS = {1001, 1003}
"""What mcpo answers by itself when a server is killed or there is too much."""


def anything(answer: dict[str, Any]) -> str | None:
    return None


def text_is(wanted: str) -> Check:
    """A tool's text, or an error of mcpo's own."""

    def check(answer: dict[str, Any]) -> str | None:
        if "error" in answer:
            return own_error(answer)
        content = answer["result"]["content"]
        return None if content[0]["text"] == wanted else f"not the text {wanted[:40]!r}"

    return check


def own_error(answer: dict[str, Any]) -> str | None:
    error = answer["error"]
    if error["code"] not in OWN_ERRORS:
        return "an error that is not mcpo's"
    return None if "mcpo" in error.get("data", {}) else "an error without data.mcpo"


def result_or_own_error(answer: dict[str, Any]) -> str | None:
    return own_error(answer) if "error" in answer else None


def code_is(code: int) -> Check:
    def check(answer: dict[str, Any]) -> str | None:
        return None if answer.get("error", {}).get("code") == code else f"not error {code}"

    return check


def lists_them(answer: dict[str, Any]) -> str | None:
    """A server that has answered once stays in the list, whatever becomes of its process."""
    if "error" in answer:
        return "tools/list fails"
    names = {tool["name"] for tool in answer["result"]["tools"]}
    missing = [name for name in STEADY if f"{name}__echo" not in names]
    return f"tools/list lacks {missing}" if missing else None


class Traffic:
    """Asks until a time has come, with at most `OUTSTANDING` requests waiting."""

    def __init__(self, client: Client, dice: random.Random) -> None:
        self.client, self.dice = client, dice
        self.kinds = [
            (self._echo, 20), (self._add, 10), (self._sleep, 15), (self._progress, 8), (self._big, 3),
            (self._ask, 2), (self._list, 2), (self._prompt, 2), (self._read, 2), (self._ping, 3),
            (self._unknown, 1), (self._die, 0.2), (self._stderr, 1), (self._garbage, 0.3),
        ]  # fmt: skip

    async def run(self, until: float) -> None:
        choices, weights = zip(*self.kinds, strict=True)
        while time.monotonic() < until and self.client.process.returncode is None:
            if not await self.client.answered_below(OUTSTANDING, 60):
                self.client.fault("all requests wait for a minute")
                return
            self.dice.choices(choices, weights)[0]()
            try:
                await self.client.process.stdin.drain()
            except ConnectionError:
                self.client.fault("mcpo reads no more")
                return
            await asyncio.sleep(self.dice.expovariate(1 / PAUSE))

    def _call(self, tool: str, arguments: dict[str, Any], check: Check, with_progress: bool = False) -> str:
        name = f"{self.dice.choice(STEADY)}__{tool}"
        return self.client.request(
            "tools/call", {"name": name, "arguments": arguments}, check, name, with_progress)

    def _echo(self) -> None:
        text = f"text {self.dice.randrange(500)}"
        self._call("echo", {"text": text}, text_is(text))

    def _add(self) -> None:
        a, b = self.dice.randrange(1000), self.dice.randrange(1000)
        self._call("add", {"a": a, "b": b}, text_is(f"{a + b}.0"))

    def _sleep(self) -> None:
        key = self._call("sleep", {"ms": self.dice.randrange(300), "n": self.dice.random()}, text_is("slept"))
        if self.dice.random() < 0.2:
            asyncio.get_running_loop().call_later(self.dice.random() * 0.3, self.client.cancel, key)

    def _progress(self) -> None:
        arguments = {"steps": self.dice.randint(1, 8), "ms": self.dice.randrange(40)}
        key = self._call("progress", arguments, text_is("done"), with_progress=True)
        if self.dice.random() < 0.1:
            asyncio.get_running_loop().call_later(self.dice.random() * 0.2, self.client.cancel, key)

    def _big(self) -> None:
        size = self.dice.choice([10_000, 200_000, 1_000_000])
        self._call("big", {"bytes": size}, text_is("x" * size))

    def _ask(self) -> None:
        self._call("ask", {"kind": "roots"}, result_or_own_error)

    def _stderr(self) -> None:
        self._call("stderr", {"text": "a word on stderr", "times": 3}, text_is("complained"))

    def _garbage(self) -> None:
        self._call("garbage", {"lines": 2}, text_is("sorry"))

    def _die(self) -> None:
        self._call("die", {"signal": 9}, own_error_only)

    def _list(self) -> None:
        self.client.request("tools/list", {}, lists_them)

    def _prompt(self) -> None:
        name = f"{self.dice.choice(STEADY)}__greet"
        self.client.request("prompts/get", {"name": name, "arguments": {"name": "Ada"}}, result_or_own_error)

    def _read(self) -> None:
        self.client.request("resources/read", {"uri": "stub://notes"}, result_or_own_error)

    def _ping(self) -> None:
        self.client.request("ping", {}, result_or_own_error)

    def _unknown(self) -> None:
        self._call("no_such_tool", {}, code_is(-32602))


def own_error_only(answer: dict[str, Any]) -> str | None:
    return own_error(answer) if "error" in answer else "a dead server answers"
