"""What must hold in front of any mcpo: the stand-in, and the real one."""

import pytest
from playwright.sync_api import expect

from support.dashboard import Dashboard
from support.fake import CONTENT_SECURITY_POLICY, FakeMcpo
from support.program import Program, real_mcpo


@pytest.fixture(params=["stand-in", "mcpo"])
def mcpo(request):
    with FakeMcpo() if request.param == "stand-in" else Program(real_mcpo()) as mcpo:
        yield mcpo


@pytest.fixture
def dashboard(context, mcpo):
    """In real time."""
    dashboard = Dashboard(context, mcpo, frozen=False)
    yield dashboard
    dashboard.is_clean()


def test_the_page_comes_as_html_with_its_policy(dashboard: Dashboard):
    response = dashboard.page.goto(dashboard.mcpo.url)
    assert response.status == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["content-security-policy"] == CONTENT_SECURITY_POLICY


def test_it_shows_that_nothing_has_happened_yet(dashboard: Dashboard):
    dashboard.open()
    assert dashboard.find("#nothing").is_visible()
    assert dashboard.text("#facts").startswith("Version ")


def test_it_is_live(dashboard: Dashboard):
    dashboard.open()
    before = dashboard.text("#updated")
    expect(dashboard.find("#updated")).not_to_have_text(before, timeout=5000)


def test_it_survives_a_restart(dashboard: Dashboard):
    dashboard.open()
    expect(dashboard.find("#status")).to_have_text("Healthy", timeout=10_000)
    dashboard.mcpo.stop()
    expect(dashboard.find("#status")).to_have_text("No answer", timeout=5000)
    dashboard.mcpo.start()
    expect(dashboard.find("#status")).to_have_text("Healthy", timeout=15_000)
