"""The file of servers that mcpo is given, and the small changes that it gets while mcpo runs."""

import json
import random
from pathlib import Path
from typing import Any

LEGACY = ["ann", "bob", "cy", "dee"]
MODERN = ["eve", "flo", "gus", "hal"]
STEADY = [*LEGACY, *MODERN, "ivy"]
"""The servers that are always in the file; `ivy` speaks both eras."""


class World:
    """The servers and options, as they stand in the file."""

    def __init__(self, path: Path, stub: str, dice: random.Random) -> None:
        self.path, self.stub, self.dice = path, stub, dice
        self.servers: dict[str, Any] = {}
        for name in LEGACY:
            self.servers[name] = self._server("legacy")
        for name in MODERN:
            self.servers[name] = self._server("modern", pool={"min": 1, "max": 4, "maxIdleTime": 5})
        self.servers["bob"]["mcpo"]["pool"] = {"min": 2, "max": 3, "maxIdleTime": 5}
        self.servers["ivy"] = self._server("dual", pool={"min": 2, "max": 2})
        self.servers["stillborn"] = {"command": stub, "args": ["--die-at-start", "7"]}
        self.servers["asleep"] = {"command": stub, "disabled": True}
        self.options: dict[str, Any] = {
            "concurrency": {"max": 50},
            "pool": {"healthCheckInterval": 2, "maxInFlight": 4},
            "log": {"level": "info"},
            "retry": {"max": 2},
        }
        self.write()

    def _server(self, era: str, **rest: Any) -> dict[str, Any]:
        return {"command": self.stub, "args": ["--era", era], "mcpo": rest}

    def write(self) -> None:
        """Replaces the file as an editor does: a reader sees the old one or the new one."""
        new = self.path.with_suffix(".new")
        new.write_text(json.dumps({"mcpServers": self.servers, "mcpo": self.options}, indent=2))
        new.rename(self.path)

    def change(self) -> str:
        """One small change, written to the file; returns what it was."""
        change = self.dice.choice(
            [self._limit, self._lifetime, self._guest, self._guest, self._awake, self._argument, self._nothing])
        what = change()
        self.write()
        return what

    def spoil(self) -> str:
        """Makes the file one that cannot be read."""
        self.path.write_text('{"mcpServers": {"ann": {"command": 7}}, "mcpo": {"cache": {"polcy": 1}}}')
        return "a bad file"

    def _limit(self) -> str:
        self.options["concurrency"]["max"] = self.dice.choice([20, 50, 100])
        return f"concurrency.max {self.options['concurrency']['max']}"

    def _lifetime(self) -> str:
        name = self.dice.choice(STEADY)
        seconds = self.dice.randint(1, 60)
        self.servers[name]["mcpo"]["tools"] = {"echo": {"ttl": seconds}}
        return f"ttl {seconds} of {name}"

    def _guest(self) -> str:
        if self.servers.pop("guest", None) is None:
            self.servers["guest"] = self._server(self.dice.choice(["legacy", "modern"]))
            return "guest comes"
        return "guest goes"

    def _awake(self) -> str:
        self.servers["asleep"]["disabled"] = not self.servers["asleep"]["disabled"]
        return "asleep is disabled" if self.servers["asleep"]["disabled"] else "asleep is enabled"

    def _argument(self) -> str:
        """Another command is another server: its processes are replaced."""
        name = self.dice.choice(LEGACY)
        arguments = self.servers[name]["args"]
        arguments[2:] = [] if arguments[2:] else ["--start-delay", "50"]
        return f"{name} is started otherwise"

    def _nothing(self) -> str:
        return "nothing"
