"""The processes below one of ours, read from /proc."""

import time
from pathlib import Path

CAN_LOOK = Path("/proc/self/task").exists()


def children(pid: int) -> list[int]:
    found: list[int] = []
    for listing in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += map(int, listing.read_text().split())
        except OSError:  # the thread has just ended
            continue
    return found


def descendants(pid: int) -> list[int]:
    below = children(pid)
    return below + [deeper for child in below for deeper in descendants(child)]


def command_of(pid: int) -> list[str]:
    """Its arguments; none when there is no such process any more."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
    except OSError:
        return []


def running(pid: int, command: list[str]) -> list[int]:
    """The processes below `pid` that run exactly `command`; mcpo and its helpers have it among their arguments."""
    return [one for one in descendants(pid) if command_of(one) == command]


def gone(pids: list[int], within: float) -> bool:
    """Whether all of them end in time. Nothing announces the end of a process that is not ours: this looks again."""
    deadline = time.monotonic() + within
    while any(command_of(pid) for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
