"""What is stored, merged and dropped in front of servers that people use, and that mcpo's own figures say so."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.routes import python, sdk1_python, through
from support.wire import Wire


class Session(Wire):
    """Calls one after the other, each with what it took: the cache, or an execution."""

    def __init__(self, command: list[str], era: str) -> None:
        super().__init__(command, era)
        self._count = 0

    def ask(self, method: str, **params: object) -> dict:
        self._count += 1
        identifier = str(self._count)
        self.request(identifier, method, json.dumps(params)[1:-1])
        return json.loads(self.answer(identifier)["result"])

    def run(self, tool: str, **arguments: object) -> dict:
        return self.ask("tools/call", name=tool, arguments=arguments)

    def metrics(self) -> dict:
        return self.run("mcpo_metrics")["structuredContent"]


@contextmanager
def session(command: list[str], era: str) -> Iterator[Session]:
    """mcpo before a server, the server's tools known to both."""
    with Session(through("mcpo", command), era) as opened:
        opened.open()
        opened.ask("tools/list")
        yield opened


def status(result: dict) -> str | None:
    """How a result says that it is from the cache."""
    note = result.get("_meta", {}).get("mcpo/cache")
    assert note is None or note["age"] >= 0
    return note and note["status"]


def text(result: dict) -> str:
    return result["content"][0]["text"]


def sqlite(directory: Path) -> list[str]:
    script = "import mcp_server_sqlite; mcp_server_sqlite.main()"
    return [str(sdk1_python()), "-c", script, "--db-path", str(directory / "test.db")]


def test_sqlite_reads_are_stored_and_never_older_than_a_write(tmp_path):
    with session(sqlite(tmp_path), "legacy") as wire:
        wire.run("create_table", query="CREATE TABLE poems (line TEXT)")
        wire.run("write_query", query="INSERT INTO poems VALUES ('roses')")
        first = wire.run("read_query", query="SELECT * FROM poems")
        again = wire.run("read_query", query="SELECT * FROM poems")
        assert (status(first), status(again)) == (None, "hit")
        assert text(first) == text(again) and "roses" in text(first)
        for flower in ("violets", "tulips"):
            write = {"query": f"INSERT INTO poems VALUES ('{flower}')"}
            assert status(wire.run("write_query", **write)) is None
            after = wire.run("read_query", query="SELECT * FROM poems")
            assert status(after) is None and flower in text(after)
        assert text(wire.run("read_query", query="SELECT count(*) FROM poems")).count("3") == 1


def test_equal_writes_run_each_time(tmp_path):
    with session(sqlite(tmp_path), "legacy") as wire:
        wire.run("create_table", query="CREATE TABLE poems (line TEXT)")
        for _ in range(3):
            assert status(wire.run("write_query", query="INSERT INTO poems VALUES ('rose')")) is None
        assert "3" in text(wire.run("read_query", query="SELECT count(*) FROM poems"))


def test_a_statement_that_writes_is_never_stored_whatever_the_tool_is_called(tmp_path):
    with session(sqlite(tmp_path), "legacy") as wire:
        wire.run("create_table", query="CREATE TABLE poems (line TEXT)")
        for _ in range(2):
            assert status(wire.run("read_query", query="DELETE FROM poems")) is None


def test_errors_of_a_tool_are_not_stored(tmp_path):
    with session(sqlite(tmp_path), "legacy") as wire:
        broken = [wire.run("read_query", query="SELECT * FROM nowhere") for _ in range(2)]
        failed = [result for result in broken if result.get("isError")]
        # This server reports what went wrong as an ordinary text; where it says so itself, it counts.
        assert all(status(result) is None for result in failed)


def test_the_time_is_asked_for_each_time(era):
    with session(python("-m", "mcp_server_time", "--local-timezone", "Europe/Paris"), era) as wire:
        for _ in range(3):
            assert status(wire.run("get_current_time", timezone="UTC")) is None


def test_git_status_and_diff_are_asked_for_each_time(era, tmp_path):
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    with session(python("-m", "mcp_server_git", "--repository", str(tmp_path)), era) as wire:
        for name in ("one.txt", "two.txt"):
            told = wire.run("git_status", repo_path=str(tmp_path))
            assert status(told) is None and name not in text(told)
            (tmp_path / name).write_text("new\n")
            assert name in text(wire.run("git_status", repo_path=str(tmp_path)))
        assert status(wire.run("git_diff_unstaged", repo_path=str(tmp_path))) is None
        assert status(wire.run("git_diff_unstaged", repo_path=str(tmp_path))) is None


def test_the_figures_are_true_to_the_requests(tmp_path):
    with session(sqlite(tmp_path), "legacy") as wire:
        wire.run("create_table", query="CREATE TABLE poems (line TEXT)")
        for _ in range(5):
            wire.run("read_query", query="SELECT * FROM poems")
        wire.run("list_tables")
        figures = wire.metrics()
        read = figures["performance"]["read_query"]
        assert (read["total_requests"], read["cache_hits"], read["dedup_joined"]) == (5, 4, 0)
        assert read["current_concurrent"] == 0 and read["success_rate"] == 100
        assert read["min_duration"] <= read["p50_duration"] <= read["p99_duration"] <= read["max_duration"]
        assert figures["performance"]["create_table"]["total_requests"] == 1
        assert "mcpo_metrics" not in figures["performance"]
        # read_query and list_tables; tools/list was asked for by mcpo itself before.
        assert figures["cache"]["default"]["hits"] == 4 + figures["performance"]["tools/list"]["cache_hits"]
        assert figures["cache"]["default"]["current_size"] >= 2
        assert figures["connection"]["status"] == "healthy"


def test_equal_calls_in_flight_run_once():
    """The repeated call of the annotated tool takes a while; all of them get its one answer."""
    script = str(Path(__file__).parent / "servers" / "counting.py")
    with session(python(script), "legacy") as wire:
        for number in range(20):
            wire.request(f'"{number}"', "tools/call", '"name":"slow_lookup","arguments":{"key":"a"}')
        told = [json.loads(wire.answer(f'"{number}"')["result"]) for number in range(20)]
        assert {text(result) for result in told} == {"execution 1 of a"}
        assert wire.metrics()["performance"]["slow_lookup"]["dedup_joined"] == 19
        assert wire.metrics()["dedup"]["in_flight"] == 0


def test_the_metrics_tool_can_be_read_and_refuses_other_formats():
    with session(python("-m", "mcp_server_time", "--local-timezone", "Europe/Paris"), "legacy") as wire:
        listed = {tool["name"]: tool for tool in wire.ask("tools/list")["tools"]}
        assert listed["mcpo_metrics"]["annotations"]["readOnlyHint"] is True
        assert "tools/list" in text(wire.run("mcpo_metrics", format="text"))
        assert json.loads(text(wire.run("mcpo_metrics", format="json")))["cache"]
        wire.request('"odd"', "tools/call", '"name":"mcpo_metrics","arguments":{"format":"xml"}')
        assert json.loads(wire.answer('"odd"')["error"])["code"] == -32602
