"""Names come from strangers, and the page is one that holds a token."""

import pytest

from support.dashboard import Dashboard
from support.fake import CONTENT_SECURITY_POLICY, PAGE, alert, cache, endpoint, server

EVIL = "<img src=x onerror=\"window.hurt=1\"><script>window.hurt=1</script>&amp;\u202egnp.exe"


def test_names_are_text_and_nothing_else(dashboard: Dashboard):
    document = dashboard.mcpo.document
    document["performance"][EVIL] = endpoint(EVIL, server=EVIL)
    document["connection"]["servers"] = {EVIL: server(reason=EVIL, status=EVIL)}
    document["connection"]["status"] = EVIL
    document["cache"] = {EVIL: cache()}
    document["alerts"] = [alert(EVIL, EVIL, 1, 2), alert("slow", EVIL, 1, 2), alert("constructor", "toString", 1, 2)]
    document["version"] = EVIL
    dashboard.open()
    dashboard.tick(2)
    assert EVIL in dashboard.find("#tools .name").text_content()
    assert dashboard.page.evaluate("window.hurt") is None
    assert dashboard.find("img").count() == 0
    assert dashboard.find("script").count() == 1
    assert dashboard.find("#clear-server option").nth(1).text_content() == EVIL


def test_names_that_objects_have_by_themselves_are_names(dashboard: Dashboard):
    names = ["__proto__", "constructor", "toString", "hasOwnProperty", ""]
    for name in names:
        dashboard.mcpo.document["performance"][name] = endpoint(name)
        dashboard.mcpo.document["connection"]["servers"][name] = server()
    dashboard.open()
    dashboard.tick(2)
    assert sorted(dashboard.column("#tools", "Tool")) == sorted(names)


def test_the_page_works_under_its_policy(dashboard: Dashboard):
    response = dashboard.page.goto(dashboard.mcpo.url)
    assert response.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    dashboard.rest()
    assert dashboard.text("#status") == "Healthy"  # and `dashboard` fails the test for any violation


def test_the_page_refers_to_nothing_outside_and_never_writes_html():
    page = PAGE.read_text()
    for forbidden in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "https:", "//cdn", "@import"):
        assert forbidden not in page, forbidden


def test_it_asks_for_the_page_and_for_the_metrics_and_for_nothing_else(dashboard: Dashboard):
    dashboard.open()
    dashboard.tick(3)
    assert {url for url in dashboard.asked if not url.startswith("data:")} == {dashboard.mcpo.url, dashboard.mcpo.url + "metrics"}


@pytest.mark.parametrize("wrong", ["document.body.append(Object.assign(new Image(), {src: 'http://localhost:1/'}))",
                                   "void fetch('http://localhost:1/').catch(() => {})", "console.error('oh')",
                                   "setTimeout(() => { throw new Error('oh') }, 0)"])  # fmt: skip
def test_what_every_test_watches_for_would_be_noticed(context, mcpo, wrong: str):
    dashboard = Dashboard(context, mcpo, frozen=False).open()
    dashboard.is_clean()
    dashboard.page.evaluate(wrong)
    with pytest.raises(AssertionError):
        for _ in range(1000):
            dashboard.is_clean()
            dashboard.page.wait_for_timeout(5)
