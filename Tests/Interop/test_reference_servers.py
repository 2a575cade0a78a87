"""Servers that people use: time, git, fetch and sqlite, as published."""

import http.server
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.play import Scenario, Stage, play
from support.routes import python, sdk1_python

# --- time -----------------------------------------------------------------------------------------------------------


async def tell_the_time(stage: Stage) -> None:
    await stage.step("list", stage.client.list_tools())
    now = await stage.client.call_tool("get_current_time", {"timezone": "UTC"})
    await stage.step("now", without_the_moment(now))
    noon = {"source_timezone": "Asia/Tokyo", "time": "12:00", "target_timezone": "Asia/Kolkata"}
    converted = await stage.client.call_tool("convert_time", noon)
    await stage.step("convert", without_the_date(converted))
    await stage.call("nowhere", "get_current_time", {"timezone": "Nowhere/Land"})
    await stage.call("unknown", "no_such_tool")


async def without_the_moment(result) -> dict:
    """What the time was is the one thing that two runs may disagree on."""
    told = dict(result.structured_content)
    assert json.loads(result.content[0].text) == told
    assert told.pop("datetime").endswith("+00:00") and told.pop("day_of_week")
    return {"told": told, "error": result.is_error}


async def without_the_date(result) -> dict:
    """Noon of today, whichever day that is."""
    told = result.structured_content
    times = [told[place].pop("datetime").partition("T")[2] for place in ("source", "target")]
    assert all(told[place].pop("day_of_week") for place in ("source", "target"))
    return {"told": told, "times": times}


TIME = Scenario(lambda directory: python("-m", "mcp_server_time", "--local-timezone", "Europe/Paris"), tell_the_time)


def test_time_is_told_and_converted(mode, route):
    seen = play(TIME, mode, route)
    assert [tool["name"] for tool in seen.result("list")["tools"]] == ["get_current_time", "convert_time"]
    assert "Europe/Paris" in json.dumps(seen.result("list"))
    assert seen.result("now")["told"] == {"timezone": "UTC", "is_dst": False}
    assert seen.result("convert")["times"] == ["12:00:00+09:00", "08:30:00+05:30"]
    assert seen.result("convert")["told"]["time_difference"] == "-3.5h"
    assert seen.result("nowhere")["isError"] is True
    assert seen.error("unknown") == {"code": -32602, "message": "Unknown tool: no_such_tool"}


# --- git ------------------------------------------------------------------------------------------------------------

GIT = {
    "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.com", "GIT_AUTHOR_DATE": "1785240000 +0000",
    "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.com",
    "GIT_COMMITTER_DATE": "1785240000 +0000", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null",
}  # fmt: skip
"""With author, dates and configuration fixed, commits have the same hashes in every run."""


def make_repository(directory: Path) -> None:
    """One commit, and on top of it one file changed and one new."""

    def git(*arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=directory, env={"PATH": "/usr/bin:/bin", **GIT}, check=True)

    git("init", "--quiet", "--initial-branch=main")
    (directory / "poem.txt").write_text("roses are red\n")
    git("add", "poem.txt")
    git("commit", "--quiet", "--message=Plant roses")
    (directory / "poem.txt").write_text("roses are red\nviolets are blue\n")
    (directory / "été.txt").write_text("chaud\n")


async def use_git(stage: Stage) -> None:
    repository = {"repo_path": str(stage.directory)}
    await stage.step("list", stage.client.list_tools())
    await stage.call("status", "git_status", repository)
    await stage.call("unstaged", "git_diff_unstaged", repository)
    await stage.call("add", "git_add", {**repository, "files": ["poem.txt"]})
    await stage.call("staged", "git_diff_staged", repository)
    await stage.call("commit", "git_commit", {**repository, "message": "Add violets"})
    await stage.call("log", "git_log", {**repository, "max_count": 5})
    await stage.call("show", "git_show", {**repository, "revision": "HEAD"})
    await stage.call("branch", "git_create_branch", {**repository, "branch_name": "summer"})
    await stage.call("checkout", "git_checkout", {**repository, "branch_name": "summer"})
    await stage.call("status after", "git_status", repository)
    await stage.call("outside", "git_status", {"repo_path": "/"})


REPOSITORY = Scenario(
    lambda directory: python("-m", "mcp_server_git", "--repository", directory),
    use_git,
    make_repository,
    environment=GIT,
)


def test_git_shows_changes_and_commits_them(mode, route):
    seen = play(REPOSITORY, mode, route)
    assert "modified:   poem.txt" in seen.text("status")
    assert "+violets are blue" in seen.text("unstaged") and "+violets are blue" in seen.text("staged")
    assert "committed successfully" in seen.text("commit")
    assert "Add violets" in seen.text("log") and "Plant roses" in seen.text("log")
    assert "+violets are blue" in seen.text("show")


def test_git_is_read_anew_after_every_change(mode, route):
    seen = play(REPOSITORY, mode, route)
    assert "On branch main" in seen.text("status") and "On branch summer" in seen.text("status after")
    assert "poem.txt" not in seen.text("status after")
    assert seen.result("outside")["isError"] is True


# --- sqlite ---------------------------------------------------------------------------------------------------------


async def use_sqlite(stage: Stage) -> None:
    client = stage.client
    await stage.step("list", client.list_tools())
    await stage.call("create", "create_table", {"query": "CREATE TABLE fruit (name TEXT, count INTEGER)"})
    await stage.call("none", "read_query", {"query": "SELECT * FROM fruit"})
    await stage.call("insert", "write_query", {"query": "INSERT INTO fruit VALUES ('pêche', 3), ('apple', 5)"})
    await stage.call("two", "read_query", {"query": "SELECT * FROM fruit"})
    await stage.call("tables", "list_tables")
    await stage.call("describe", "describe_table", {"table_name": "fruit"})
    await stage.call("wrong", "read_query", {"query": "DROP TABLE fruit"})
    await stage.step("resources", client.list_resources())
    await stage.step("memo before", client.read_resource("memo://insights"))
    await stage.call("insight", "append_insight", {"insight": "Apples sell best"})
    await stage.step("memo after", client.read_resource("memo://insights"))
    await stage.step("prompts", client.list_prompts())
    await stage.step("prompt", client.get_prompt("mcp-demo", {"topic": "fruit"}))


SQLITE = Scenario(
    lambda directory: [str(sdk1_python()), "-c", "import mcp_server_sqlite; mcp_server_sqlite.main()",
                       "--db-path", str(directory / "test.db")],
    use_sqlite,
)  # fmt: skip


@pytest.mark.modes("legacy", "auto")
def test_sqlite_reads_what_it_has_written(mode, route):
    seen = play(SQLITE, mode, route)
    assert len(seen.result("list")["tools"]) == 6
    assert seen.text("none") == "[]"
    assert seen.text("insert") == "[{'affected_rows': 2}]"
    assert seen.text("two") == "[{'name': 'pêche', 'count': 3}, {'name': 'apple', 'count': 5}]"
    assert seen.text("tables") == "[{'name': 'fruit'}]"
    assert "'name': 'count'" in seen.text("describe")
    assert "Only SELECT" in seen.text("wrong")


@pytest.mark.modes("legacy", "auto")
def test_an_insight_updates_the_memo_and_says_so(mode, route):
    seen = play(SQLITE, mode, route)
    assert "No business insights" in seen.result("memo before")["contents"][0]["text"]
    assert "Apples sell best" in seen.result("memo after")["contents"][0]["text"]
    assert seen.notifications == [{"method": "notifications/resources/updated", "params": {"uri": "memo://insights"}}]
    assert "topic: fruit" in seen.result("prompt")["messages"][0]["content"]["text"]


@pytest.mark.modes("2026-07-28")
def test_sqlite_refuses_a_client_that_takes_2026_07_28_for_granted(mode, route):
    seen = play(SQLITE, mode, route)
    for step in ("list", "create", "resources", "prompt"):
        assert seen.error(step)["code"] == -32602


# --- fetch ----------------------------------------------------------------------------------------------------------

PAGES = {
    "/robots.txt": ("text/plain", "User-agent: *\nDisallow: /private\n"),
    "/": ("text/html", "<html><head><title>Été</title></head><body><article><h1>Hello</h1>"
                       + "<p>A paragraph that is long enough to be taken for content.</p>" * 20
                       + "</article></body></html>"),
    "/plain": ("text/plain; charset=utf-8", "plain ünïcode " * 50),
    "/private": ("text/plain", "a secret"),
}  # fmt: skip


class Site(http.server.BaseHTTPRequestHandler):
    """Some pages on the loopback, and a robots.txt that forbids one of them."""

    def do_GET(self) -> None:
        kind, body = PAGES.get(self.path, ("text/plain", "not here"))
        self.send_response(200 if self.path in PAGES else 404)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Quiet: the test says what went wrong."""


@contextmanager
def site() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


async def fetch_pages(stage: Stage) -> None:
    with site() as url:
        stage.transcript.replacements[url] = "<site>"
        await stage.step("list", stage.client.list_tools())
        await stage.call("page", "fetch", {"url": f"{url}/"})
        await stage.call("raw", "fetch", {"url": f"{url}/", "raw": True, "max_length": 60})
        await stage.call("part", "fetch", {"url": f"{url}/plain", "max_length": 20, "start_index": 6})
        await stage.call("forbidden", "fetch", {"url": f"{url}/private"})
        await stage.call("missing", "fetch", {"url": f"{url}/missing"})
        await stage.call("too short", "fetch", {"url": f"{url}/", "max_length": 0})
        await stage.step("prompts", stage.client.list_prompts())
        await stage.step("prompt", stage.client.get_prompt("fetch", {"url": f"{url}/private"}))
        await stage.step("no prompt", stage.client.get_prompt("fetch", {}))


# Where its extractor finds a `node` it runs `npm install` in the middle of the first call, which takes its time and the
# network; on this PATH it finds none and does without.
FETCH = Scenario(
    lambda directory: python("-m", "mcp_server_fetch", "--allow-private-ips"),
    fetch_pages,
    environment={"PATH": str(Path(sys.executable).parent)},
)


def test_pages_are_fetched_whole_and_in_parts(mode, route):
    seen = play(FETCH, mode, route)
    assert "A paragraph that is long enough" in seen.text("page")
    assert "<title>" in seen.text("raw") and "Content truncated" in seen.text("raw")
    assert "ünïcode plain ünïcod" in seen.text("part") and "start_index of 26" in seen.text("part")


def test_robots_txt_binds_the_tool_and_not_the_prompt(mode, route):
    seen = play(FETCH, mode, route)
    assert seen.result("forbidden")["isError"] is True and "robots.txt" in seen.text("forbidden")
    assert "a secret" in seen.result("prompt")["messages"][0]["content"]["text"]


def test_failures_of_a_fetch_are_the_servers_own(mode, route):
    seen = play(FETCH, mode, route)
    assert seen.result("missing")["isError"] is True and "404" in seen.text("missing")
    assert seen.result("too short")["isError"] is True
    assert seen.error("no prompt")["message"]
