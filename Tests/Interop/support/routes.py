"""Where things are, and the command lines of the two routes to a server: direct, and through mcpo."""

import os
import shlex
import sys
from pathlib import Path

INTEROP = Path(__file__).resolve().parent.parent
ROOT = INTEROP.parent.parent

MODES = ["legacy", "auto", "2026-07-28"]
"""The connect modes of the SDK's client: `initialize`, probe with `server/discover`, or a version taken as given."""

ROUTES = ["direct", "mcpo"]


def mcpo_binary() -> Path:
    """The binary under test: `MCPO_BINARY`, else what the package manager built last."""
    named = os.environ.get("MCPO_BINARY")
    if named:
        return Path(named).resolve()
    built = [path for path in (ROOT / ".build" / kind / "mcpo" for kind in ("release", "debug")) if path.exists()]
    return max(built, key=lambda path: path.stat().st_mtime) if built else ROOT / ".build/debug/mcpo"


def through(route: str, command: list[str]) -> list[str]:
    """`command`, started directly or by mcpo."""
    if route == "direct":
        return command
    return [str(mcpo_binary()), *shlex.split(os.environ.get("MCPO_OPTIONS", "")), "--", *command]


def python(*arguments: str | Path) -> list[str]:
    """A command that runs with the Python and the packages of these tests."""
    return [sys.executable, *map(str, arguments)]


def own_server(name: str) -> list[str]:
    """One of the servers in `servers/`."""
    return python(INTEROP / "servers" / f"{name}.py")


def sdk1_python() -> Path:
    """The interpreter of the venv with the SDK's first generation (see run.sh)."""
    return Path(sys.prefix) / "sdk1" / "bin" / "python"


def tee(log: Path, command: list[str]) -> list[str]:
    """`command`, with every line of its stdin and stdout also written to `log`.PID."""
    return python(INTEROP / "support" / "tee.py", log, *command)
