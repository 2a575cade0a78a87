"""What the system says of mcpo and the processes below it, read from /proc.

Every process under test carries a mark in its environment, which its descendants inherit: whoever still carries it when
mcpo is gone has been left behind.
"""

import os
import signal
from dataclasses import dataclass
from pathlib import Path

MARK = "MCPO_SOAK_MARK"


@dataclass(frozen=True)
class Process:
    number: int
    parent: int
    state: str
    command: str


def processes(mark: str) -> list[Process]:
    """All that carry the mark, zombies apart: a zombie has no environment."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if f"{MARK}={mark}\0".encode() in (entry / "environ").read_bytes():
                found.append(_process(int(entry.name)))
        except (OSError, IndexError):  # it has just ended
            continue
    return found


def _process(number: int) -> Process:
    fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    command = Path(f"/proc/{number}/cmdline").read_bytes().decode(errors="replace").replace("\0", " ").strip()
    return Process(number, int(fields[1]), fields[0], command)


def children(parent: int) -> list[Process]:
    """The children of a process, zombies included."""
    found = []
    for listing in Path(f"/proc/{parent}/task").glob("*/children"):
        for number in listing.read_text().split():
            try:
                found.append(_process(int(number)))
            except (OSError, IndexError):
                continue
    return found


def descriptors(number: int) -> list[str]:
    """What each open descriptor refers to, by kind: `pipe`, `anon_inode:[pidfd]` and so on."""
    found = []
    for entry in os.scandir(f"/proc/{number}/fd"):
        try:
            found.append(os.readlink(entry.path).partition(":[")[0])
        except OSError:
            continue
    return sorted(found)


def resident_kib(number: int) -> int:
    for line in Path(f"/proc/{number}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def end(number: int, how: signal.Signals) -> None:
    """Sends a signal to a process that may be gone already."""
    try:
        os.kill(number, how)
    except ProcessLookupError:
        pass
