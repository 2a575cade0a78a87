"""Pagination, and the freshness hints of 2026-07-28."""

import anyio

from support.play import Scenario, Stage, play
from support.routes import own_server

KINDS = {"tools": "tools", "prompts": "prompts", "resources": "resources", "resource_templates": "resourceTemplates"}


async def turn_pages(stage: Stage) -> None:
    for kind in KINDS:
        fetch = getattr(stage.client, f"list_{kind}")
        cursor, number = None, 0
        while number == 0 or cursor is not None:
            page = await stage.step(f"{kind} {number}", fetch(cursor=cursor))
            cursor, number = page.next_cursor, number + 1
        await stage.step(f"{kind} lost", fetch(cursor="no such page"))
    await stage.step("read", stage.client.read_resource("page://1"))
    async with anyio.create_task_group() as group:
        for number in range(20):
            group.start_soon(stage.call, f"call {number}", f"tool_{number % 7}")


PAGES = Scenario(lambda directory: own_server("pages"), turn_pages)


def test_every_list_is_turned_page_by_page_with_the_servers_cursors(mode, route):
    seen = play(PAGES, mode, route)
    for kind, member in KINDS.items():
        pages = [seen.result(f"{kind} {number}") for number in range(3)]
        assert [len(page[member]) for page in pages] == [3, 3, 1]
        assert pages[0]["nextCursor"] == 'after 3 «=/+?&%20» \\ " 🙂'
        assert pages[2].get("nextCursor") is None
        assert seen.error(f"{kind} lost")["data"] == {"cursor": "no such page"}


def test_freshness_hints_are_the_servers(mode, route):
    seen = play(PAGES, mode, route)
    if mode == "legacy":
        assert "ttlMs" not in seen.result("tools 0")
        return
    answers = {name: seen.result(name) for name in ("tools 0", "resources 0", "read")}
    hints = {name: (answer["ttlMs"], answer["cacheScope"]) for name, answer in answers.items()}
    assert hints == {"tools 0": (3_600_000, "public"), "resources 0": (5_000, "private"), "read": (1234, "private")}
    if mode == "auto":
        assert seen.result("handshake")["discovered"]["ttlMs"] == 60_000


def test_twenty_calls_at_once_each_get_their_own_answer(mode, route):
    seen = play(PAGES, mode, route)
    assert [seen.text(f"call {number}") for number in range(20)] == [f"tool_{number % 7}" for number in range(20)]
