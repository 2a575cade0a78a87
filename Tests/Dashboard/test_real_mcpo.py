"""The dashboard of the real mcpo, with real calls through it, and what its token allows."""

import pytest
from playwright.sync_api import expect

from support.dashboard import Dashboard
from support.program import Program, real_mcpo

TOKEN = "correct-horse"
CLIENT = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "dashboard tests", "version": "1"},
}


@pytest.fixture
def mcpo():
    with Program(real_mcpo(), MCPO_HTTP_TOKEN=TOKEN) as mcpo:
        mcpo.ask(1, "initialize", CLIENT)
        yield mcpo


@pytest.fixture
def dashboard(context, mcpo):
    """In real time."""
    dashboard = Dashboard(context, mcpo, frozen=False)
    yield dashboard.open()
    dashboard.is_clean()


def call(mcpo: Program, number: int, tool: str, arguments: dict) -> dict:
    return mcpo.ask(number, "tools/call", {"name": tool, "arguments": arguments})


def test_calls_through_mcpo_are_shown_with_their_server(dashboard: Dashboard):
    for number in range(2, 7):
        call(dashboard.mcpo, number, "echo", {"text": str(number)})
    row = dashboard.find("#tools tbody tr").filter(has_text="echo")
    expect(row).to_contain_text("StubServer", timeout=10_000)
    expect(row).to_contain_text("5")
    expect(dashboard.find("#servers")).to_contain_text("StubServer")


def test_what_the_token_allows_is_done(dashboard: Dashboard):
    dashboard.find("#manage summary").click()
    dashboard.find("#unlock-token").fill(TOKEN)
    dashboard.find("#unlock-token").press("Enter")
    dashboard.find("#limit-max").fill("7")
    dashboard.find("#limit-max").press("Enter")
    expect(dashboard.find("#answer")).to_contain_text("At most 7 calls", timeout=10_000)
    dashboard.find("#clear button").click()
    dashboard.find("#yes").click()
    expect(dashboard.find("#answer")).to_contain_text("dropped from the cache", timeout=10_000)
    dashboard.find("#reload").click()
    expect(dashboard.find("#answer")).to_contain_text("--config", timeout=10_000)
