"""Pictures of the page in each of its states, to be looked at: python shots.py FOLDER"""

import random
import sys
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import sync_playwright

from conftest import CHROMIUM
from support.dashboard import Dashboard
from support.fake import FakeMcpo, empty_document
from support.lively import go_on, lively_document

VIEWS = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 900}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 900}},
    "tablet": {"color_scheme": "light", "viewport": {"width": 820, "height": 1100}},
    "phone": {"color_scheme": "light", "viewport": {"width": 360, "height": 740}, "device_scale_factor": 2},
    "phone-dark": {"color_scheme": "dark", "viewport": {"width": 360, "height": 740}, "device_scale_factor": 2},
}


def busy(dashboard: Dashboard) -> None:
    dashboard.mcpo.document = lively_document()
    dashboard.open()
    dice = random.Random(1)
    for second in range(302):
        go_on(dashboard.mcpo.document, second, dice)
        dashboard.tick()


def empty(dashboard: Dashboard) -> None:
    dashboard.open()


def away(dashboard: Dashboard) -> None:
    dashboard.mcpo.document = lively_document()
    dashboard.open()
    dashboard.tick(40)
    dashboard.mcpo.stop()
    dashboard.tick(30)
    dashboard.find("#rate summary").click()


def locked(dashboard: Dashboard) -> None:
    dashboard.mcpo.token = "token"
    dashboard.open()
    dashboard.page.keyboard.type("wrong\n")
    dashboard.rest()
    dashboard.tick(2)


def managed(dashboard: Dashboard) -> None:
    dashboard.mcpo.document = empty_document()
    dashboard.mcpo.answers["POST /reload"] = (409, {"error": "servers.json:7:32: mcpo.cache.polcy: is no key of mcpo"})
    dashboard.open()
    dashboard.find("#manage summary").click()
    dashboard.find("#unlock-token").fill("token")
    dashboard.find("#unlock-token").press("Enter")
    dashboard.find("#reload").click()
    dashboard.page.wait_for_timeout(200)


def asked(dashboard: Dashboard) -> None:
    managed(dashboard)
    dashboard.find("#clear button").click()


STATES: list[Callable[[Dashboard], None]] = [busy, empty, away, locked, managed, asked]


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"])
        for name, view in VIEWS.items():
            for state in STATES:
                context = browser.new_context(**view)
                with FakeMcpo() as mcpo:
                    dashboard = Dashboard(context, mcpo)
                    state(dashboard)
                    dashboard.page.wait_for_timeout(500)  # bars on their way
                    dashboard.page.screenshot(path=folder / f"{name}-{state.__name__}.png", full_page=state is not asked)
                    dashboard.is_clean()
                    if state is away:
                        mcpo.start()
                context.close()
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
