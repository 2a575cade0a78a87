"""`mcpo check` in front of servers that people use: each is spoken to in its own era, and no tool is called."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from support.routes import mcpo_binary, python, sdk1_python


def check(command: list[str], *options: str) -> dict[str, list[str]]:
    """The rows of the table, by their first cell."""
    ended = subprocess.run(
        [str(mcpo_binary()), "check", *options, "--", *command],
        capture_output=True, text=True, timeout=60,
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")},
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    rows = [re.split(r"  +", line) for line in ended.stdout.splitlines()]
    return {row[0]: row[1:] for row in rows if row}


TIME = python("-m", "mcp_server_time", "--local-timezone", "Europe/Paris")


def test_the_time_is_never_cached_although_it_is_read_only():
    rows = check(TIME)
    assert rows["era"] == ["modern (2026-07-28)"]
    assert rows["says"][0].startswith("mcp-time ")
    assert rows["get_current_time"] == ["no", "-", "reads", '5. realtime: "current"']
    assert rows["convert_time"] == ["no", "-", "reads", '5. realtime: "time"']


@pytest.fixture
def sqlite(tmp_path: Path) -> list[str]:
    script = "import mcp_server_sqlite; mcp_server_sqlite.main()"
    return [str(sdk1_python()), "-c", script, "--db-path", str(tmp_path / "test.db")]


def test_sqlite_reads_are_cached_and_its_writes_are_not(sqlite):
    rows = check(sqlite)
    assert rows["era"] == ["legacy (2025-11-25)"]
    assert rows["tools"] == ["6, 3 of them cached"]
    assert rows["read_query"] == ["yes", "1m", "reads", '6. dynamic: "read"']
    assert rows["describe_table"][:3] == ["yes", "1h", "reads"]
    for name in ("write_query", "create_table", "append_insight"):
        assert rows[name][:3] == ["no", "-", "writes"]


def test_sqlite_without_annotations_is_not_cached_by_annotations(sqlite):
    rows = check(sqlite, "--cache-policy", "annotated")
    assert rows["tools"] == ["6, 0 of them cached"]
    assert rows["read_query"] == ["no", "-", "unknown", "3. policy annotated"]


def test_git_is_cached_where_its_answer_does_not_change_by_itself(tmp_path):
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    rows = check(python("-m", "mcp_server_git", "--repository", tmp_path))
    assert rows["era"] == ["modern (2026-07-28)"]
    for name in ("git_status", "git_diff", "git_diff_staged", "git_diff_unstaged", "git_log"):
        assert rows[name][:3] == ["no", "-", "reads"]
    for name in ("git_commit", "git_add", "git_reset", "git_checkout"):
        assert rows[name][:3] == ["no", "-", "writes"]
    assert rows["git_show"][:3] == ["yes", "1m", "reads"]
