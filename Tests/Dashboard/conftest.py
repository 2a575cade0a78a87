"""Chromium is started once. `dashboard` is the page in front of `mcpo`; what no page may do is checked after each test."""

import os
import shutil

import pytest

pytest.register_assert_rewrite("support.dashboard")

from playwright.sync_api import sync_playwright  # noqa: E402 (the rewriting must come first)

from support.dashboard import Dashboard  # noqa: E402
from support.fake import FakeMcpo  # noqa: E402

CHROMIUM = shutil.which(os.environ.get("CHROMIUM", "chromium"))


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def mcpo():
    with FakeMcpo() as mcpo:
        yield mcpo


@pytest.fixture
def view() -> dict:
    """The browser's settings: a test that wants others is parametrised with `view`."""
    return {}


@pytest.fixture
def context(browser, view):
    context = browser.new_context(**{"locale": "en-GB", "timezone_id": "UTC"} | view)
    yield context
    context.close()


@pytest.fixture
def dashboard(context, mcpo):
    dashboard = Dashboard(context, mcpo)
    yield dashboard
    dashboard.is_clean()
